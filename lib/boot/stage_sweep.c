/* boot/stage_sweep.c - what an interrupted staging left, before anything new is written.
 *
 * FAT has no order of its own: after a power cut a name may be left for clusters that are free, or two
 * names for the same ones. Whatever is written next could get these clusters, and would lose them when
 * the stale name is removed. So everything of ours that isn't, byte for byte, what the note says goes
 * first, and both names where one may be a copy of the other. */
#include "boot/stage_priv.h"

#include "core/str.h"

#define NAMES_MAX 64u

int cb_stage_remove_pair(struct cb_stage *s, const struct cb_stage_paths *p, bool *did)
{
	bool kernel = false;
	int r = cb_stage_exists(s, p->kernel, &kernel);

	if (r == 0 && kernel)
		r = cb_stage_disarm(s, p->kernel);
	if (r == 0)
		r = cb_stage_remove(s, p->kernel, did);
	if (r == 0 && kernel)
		r = cb_stage_sync(s);
	if (r == 0)
		r = cb_stage_remove(s, p->initrd, did);
	return r;
}

/* Names in a directory by how they end; what stands before the end. */
struct names {
	struct cb_stage *s;
	const char *const *ends;          /* NULL-terminated */
	struct cb_str v[NAMES_MAX];
	unsigned n;
};

static int collect(void *arg, const struct cb_folder_entry *e)
{
	struct names *l = arg;
	struct cb_str stem = { NULL, 0 };

	for (size_t i = 0; l->ends[i] != NULL; i++)
		if (cb_str_ends(e->name, cb_str_c(l->ends[i])))
			stem = cb_str_sub(e->name, 0, e->name.n - cb_str_c(l->ends[i]).n);
	if (e->is_dir || l->n == NAMES_MAX || stem.n == 0)
		return 0;
	for (unsigned i = 0; i < l->n; i++)
		if (cb_str_ieq(l->v[i], stem))
			return 0;
	l->v[l->n] = cb_arena_str(&l->s->arena, stem);
	return l->v[l->n++].p != NULL ? 0 : l->s->env->diag->code;
}

static int list(struct cb_stage *s, const char *dir, const char *const *ends, struct names *ret)
{
	int r;

	*ret = (struct names){ .s = s, .ends = ends };
	r = s->cache->ops->list(s->cache, cb_str_c(dir), collect, ret);
	if (r != CB_ENOENT)
		return r;
	cb_clear(s->env);
	return 0;
}

/* name may be a second name for what want describes. */
static int may_share(struct cb_stage *s, struct cb_str name, const struct cb_stage_file *want, bool *right)
{
	bool same = false;
	int r = want->size > 0 ? cb_stage_is(s, name, want, &same) : 0;

	*right = *right && !same;
	return r;
}

static int is_right(struct cb_stage *s, const struct cb_stage_target *t, const struct cb_stage_paths *p,
		    bool *ret)
{
	int r = cb_stage_is(s, p->kernel, &t->kernel, ret);

	if (r == 0 && *ret)
		r = cb_stage_is(s, p->initrd, &t->initrd, ret);
	if (r == 0 && *ret)
		r = may_share(s, p->kernel_new, &t->kernel, ret);
	if (r == 0 && *ret)
		r = may_share(s, p->initrd_new, &t->initrd, ret);
	return r;
}

static int sweep_target(struct cb_stage *s, struct cb_str safe, bool *did)
{
	struct cb_stage_target *t = cb_stage_by_safe(s, safe);
	struct cb_stage_paths p;
	bool right = false, left = false;
	int r = cb_stage_paths(s, safe, &p);

	if (r == 0 && t != NULL)
		r = is_right(s, t, &p, &right);
	if (r == 0)
		r = cb_stage_remove(s, p.kernel_new, &left);
	if (r == 0)
		r = cb_stage_remove(s, p.initrd_new, &left);
	/* On somebody else's partition names that the note doesn't have are theirs. */
	if (r == 0 && !right && (t != NULL || s->ours || left))
		r = cb_stage_remove_pair(s, &p, did);
	if (r == 0 && !right && t != NULL)
		cb_stage_note_remove(&s->note, t);
	*did = *did || left;
	return r;
}

static int sweep_targets(struct cb_stage *s, bool *did)
{
	static const char *const ends[] = { "-vmlinuz.efi", "-initrd", "-vmlinuz.new", "-initrd.new", NULL };
	struct names *l = cb_new(&s->arena, struct names, 1);
	int r = l != NULL ? list(s, CB_STAGE_LINUX, ends, l) : s->env->diag->code;

	for (unsigned i = 0; r == 0 && i < l->n; i++)
		if (!s->kept || !cb_str_ieq(l->v[i], s->safe))
			r = sweep_target(s, l->v[i], did);
	return r;
}

static int pass_over(void *arg, const void *p, size_t n)
{
	(void)arg;
	(void)p;
	(void)n;
	return 0;
}

static int can_be_read(struct cb_stage *s, struct cb_str path, bool *ret)
{
	int r = s->cache->ops->read(s->cache, path, pass_over, NULL);

	if (r == CB_ENOMEM)
		return r;
	cb_clear(s->env);
	*ret = r == 0;
	return 0;
}

/* This one may be the user's, who put it there by hand: any content will do. If it shared the clusters of
 * the one beside it, it can't be read any more. */
static int sweep_boot_file(struct cb_stage *s, struct cb_str stem, bool *did)
{
	struct cb_arena *a = &s->arena;
	struct cb_str file = cb_arena_fmt(a, CB_STAGE_BOOT "/%.*s.EFI", CB_STR_ARG(stem));
	struct cb_str temp = cb_arena_fmt(a, CB_STAGE_BOOT "/%.*s.new", CB_STR_ARG(stem));
	bool left = false, good = false;
	int r = file.p != NULL && temp.p != NULL ? cb_stage_remove(s, temp, &left) : s->env->diag->code;

	if (r == 0)
		r = can_be_read(s, file, &good);
	if (r == 0 && !good && (left || s->ours || s->note.boot_file.size > 0))
		r = cb_stage_remove(s, file, did);
	*did = *did || left;
	return r;
}

static int sweep_boot_files(struct cb_stage *s, bool *did)
{
	static const char *const ends[] = { ".EFI", ".new", NULL };
	struct names *l = cb_new(&s->arena, struct names, 1);
	int r = l != NULL ? list(s, CB_STAGE_BOOT, ends, l) : s->env->diag->code;

	for (unsigned i = 0; r == 0 && i < l->n; i++)
		if (cb_str_starts(l->v[i], CB_STR("BOOT")))
			r = sweep_boot_file(s, l->v[i], did);
	return r;
}

int cb_stage_begin(struct cb_stage *s)
{
	bool did = false;
	int r;

	if (s->begun)
		return 0;
	r = s->cache->ops->unlock(s->cache);
	if (r < 0)
		return r;
	r = cb_stage_note_sweep(s, &did);
	if (r == 0)
		r = sweep_boot_files(s, &did);
	if (r == 0)
		r = sweep_targets(s, &did);
	if (r == 0 && did)
		r = cb_stage_sync(s);
	s->begun = r == 0;
	return r < 0 ? cb_wrap(s->env, r, "clearing away an interrupted staging") : 0;
}
