/* boot/stage_room.c - what goes from the cache: leftovers of an interrupted staging, targets that make room.
 *
 * Two directory entries may share one file's clusters after a power cut in a rename. So after an
 * interruption a pair is kept only if it is, byte for byte, what the note says. */
#include "boot/stage_priv.h"

#include "core/log.h"
#include "core/str.h"

#define NAMES_MAX 64u
#define SLACK     (64u << 10)             /* directories, the note: bytes beside the files */

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

/* Names in \EFI\Linux that end as a kernel's or an initrd's do; what stands before that end. */
struct names {
	struct cb_stage *s;
	struct cb_str kernel_end, initrd_end;
	struct cb_str v[NAMES_MAX];
	unsigned n;
};

static int collect(void *arg, const struct cb_folder_entry *e)
{
	struct names *l = arg;
	struct cb_str end = cb_str_ends(e->name, l->kernel_end) ? l->kernel_end : l->initrd_end, safe;

	if (e->is_dir || l->n == NAMES_MAX || !cb_str_ends(e->name, end) || e->name.n == end.n)
		return 0;
	safe = cb_str_sub(e->name, 0, e->name.n - end.n);
	for (unsigned i = 0; i < l->n; i++)
		if (cb_str_ieq(l->v[i], safe))
			return 0;
	l->v[l->n] = cb_arena_str(&l->s->arena, safe);
	return l->v[l->n++].p != NULL ? 0 : l->s->env->diag->code;
}

static int list(struct cb_stage *s, struct cb_str kernel_end, struct cb_str initrd_end, struct names *ret)
{
	int r;

	*ret = (struct names){ .s = s, .kernel_end = kernel_end, .initrd_end = initrd_end };
	r = s->cache->ops->list(s->cache, CB_STR(CB_STAGE_LINUX), collect, ret);
	if (r != CB_ENOENT)
		return r;
	cb_clear(s->env);
	return 0;
}

static struct cb_stage_target *by_safe(const struct cb_stage *s, struct cb_str safe)
{
	for (unsigned i = 0; i < s->note.n; i++)
		if (cb_str_ieq(s->note.v[i].safe, safe))
			return &s->note.v[i];
	return NULL;
}

static int clean_one(struct cb_stage *s, struct cb_str safe)
{
	const struct cb_stage_target *t = by_safe(s, safe);
	struct cb_stage_paths p;
	bool did = false, kernel = false, initrd = false;
	int r = cb_stage_paths(s, safe, &p);

	if (r == 0 && t != NULL)
		r = cb_stage_is(s, p.kernel, &t->kernel, &kernel);
	if (r == 0 && kernel)
		r = cb_stage_is(s, p.initrd, &t->initrd, &initrd);
	if (r == 0 && !(kernel && initrd))
		r = cb_stage_remove_pair(s, &p, &did);
	if (r == 0)
		r = cb_stage_remove(s, p.kernel_new, &did);
	if (r == 0)
		r = cb_stage_remove(s, p.initrd_new, &did);
	return r == 0 && did ? cb_stage_sync(s) : r;
}

int cb_stage_clean(struct cb_stage *s)
{
	struct names l;
	int r = list(s, CB_STR("-vmlinuz.new"), CB_STR("-initrd.new"), &l);

	for (unsigned i = 0; i < l.n && r == 0; i++)
		r = clean_one(s, l.v[i]);
	return r < 0 ? cb_wrap(s->env, r, "clearing away an interrupted staging") : 0;
}

static int prune(struct cb_stage *s, struct cb_str safe, bool *did)
{
	struct cb_stage_paths p;
	int r = cb_stage_paths(s, safe, &p);

	if (r == 0)
		r = cb_stage_remove_pair(s, &p, did);
	if (r == 0 && *did) {
		cb_log(s->env, CB_LOG_DEBUG, "removed %.*s for its room", CB_STR_ARG(safe));
		r = cb_stage_sync(s);
	}
	return r;
}

/* Files of a note that is gone: only where everything is ours. */
static int prune_unknown(struct cb_stage *s, bool *did)
{
	struct names l;
	int r = s->ours ? list(s, CB_STR("-vmlinuz.efi"), CB_STR("-initrd"), &l) : 0;

	for (unsigned i = 0; s->ours && i < l.n && r == 0 && !*did; i++)
		if (by_safe(s, l.v[i]) == NULL && !cb_str_ieq(l.v[i], s->safe))
			r = prune(s, l.v[i], did);
	return r;
}

/* One thing less; *did stays false when nothing of ours is left to go. The old files of the target itself
 * are the last: they could still be started if what comes fails. */
static int prune_one(struct cb_stage *s, bool *did)
{
	int r = prune_unknown(s, did);

	while (r == 0 && !*did) {
		struct cb_stage_target *t = s->note.v, *end = t + s->note.n;

		while (t < end && cb_str_ieq(t->safe, s->safe))
			t++;
		if (t == end)
			break;
		r = prune(s, t->safe, did);
		s->pruned += *did;
		cb_stage_note_remove(&s->note, t);
	}
	return r == 0 && !*did ? prune(s, s->safe, did) : r;
}

static bool needs(const struct cb_folder_space *sp, uint64_t a, uint64_t b, uint64_t *ret)
{
	return cb_is_pow2(sp->cluster) && cb_align_up(a, sp->cluster, &a) &&
	       cb_align_up(b, sp->cluster, &b) && cb_add(a, b, ret) &&
	       cb_add(*ret, SLACK + 4 * (uint64_t)sp->cluster, ret);
}

int cb_stage_room(struct cb_stage *s, uint64_t a, uint64_t b)
{
	struct cb_folder_space sp;
	uint64_t need = 0;
	bool did = true;
	int r = 0;

	while (r == 0 && did) {
		r = s->cache->ops->space(s->cache, &sp);
		if (r == 0 && !needs(&sp, a, b, &need))
			r = cb_fail(s->env, CB_EIO, "clusters of %u bytes, files of %llu and %llu",
				    sp.cluster, (unsigned long long)a, (unsigned long long)b);
		if (r < 0 || sp.free >= need)
			return r;
		did = false;
		r = prune_one(s, &did);
	}
	if (r < 0)
		return cb_wrap(s->env, r, "making room");
	s->trouble = CB_STAGE_NO_ROOM;
	return cb_fail(s->env, CB_ELIMIT, "the cache partition has %llu MB, %llu MB of them free; %llu MB "
		       "are needed, and nothing of ours is left that could go",
		       (unsigned long long)(sp.total / 1000000), (unsigned long long)(sp.free / 1000000),
		       (unsigned long long)(need / 1000000 + 1));
}
