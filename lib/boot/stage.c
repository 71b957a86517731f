/* boot/stage.c - the order of things: look, make room, write, verify, swap, note; then the firmware. */
#include "boot/stage_priv.h"

#include "codec/hash.h"
#include "codec/hex.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/str.h"

#define ARENA_CAP (1u << 20)
#define HASH_TEXT 4u                      /* bytes of a hash that tell names apart */

/* One target's staging: what is wanted, and where. */
struct job {
	const struct cb_stage_item *item;
	struct cb_stage_file kernel, initrd;
	struct cb_stage_paths paths;
	bool noted;                       /* the note has these very files */
	bool changed;                     /* the note has other ones */
};

int cb_stage_init(struct cb_stage *s, struct cb_env *env)
{
	*s = (struct cb_stage){ .env = env };
	cb_arena_init(&s->arena, env, ARENA_CAP);
	return cb_stage_note_init(&s->arena, &s->note);
}

void cb_stage_fini(struct cb_stage *s)
{
	cb_arena_fini(&s->arena);
}

/* Bytes that FAT, firmware and kernel command lines all take as they are. */
static struct cb_str make_safe(struct cb_stage *s, struct cb_str name)
{
	struct cb_str safe = cb_arena_str(&s->arena, cb_str_sub(name, 0, CB_STAGE_SAFE_MAX / 2));
	char *p = (char *)safe.p;

	for (size_t i = 0; p != NULL && i < safe.n; i++)
		if (!cb_is_alpha(p[i]) && !cb_is_digit(p[i]) && cb_str_chr(CB_STR("._-"), p[i]) == SIZE_MAX)
			p[i] = '_';
	return safe;
}

/* Another target has these file names; or somebody else, on a partition that isn't ours. */
static int is_taken(struct cb_stage *s, struct cb_str safe, bool *ret)
{
	struct cb_stage_paths p;
	int r = 0;

	*ret = false;
	for (unsigned i = 0; i < s->note.n; i++)
		*ret = *ret || cb_str_ieq(s->note.v[i].safe, safe);
	if (s->ours || *ret)
		return 0;
	r = cb_stage_paths(s, safe, &p);
	if (r == 0)
		r = cb_stage_exists(s, p.kernel, ret);
	return r == 0 && !*ret ? cb_stage_exists(s, p.initrd, ret) : r;
}

/* The note remembers; a name that is new gets a hash when its plain form is somebody else's. */
static int choose_names(struct cb_stage *s, struct job *j)
{
	const struct cb_stage_target *t = cb_stage_note_find(&s->note, j->item->name);
	struct cb_str safe = t != NULL ? t->safe : make_safe(s, j->item->name);
	uint8_t digest[CB_HASH_MAX];
	char hex[2 * HASH_TEXT + 1];
	bool taken = false;
	int r = 0;

	if (t == NULL && safe.p != NULL)
		r = is_taken(s, safe, &taken);
	if (r < 0)
		return r;
	if (taken) {
		(void)cb_hash_bytes(CB_HASH_SHA256, (struct cb_bytes){ (const uint8_t *)j->item->name.p,
				    j->item->name.n }, digest); /* 32 bytes */
		cb_hex(hex, digest, HASH_TEXT);
		safe = cb_arena_fmt(&s->arena, "%.*s-%s", CB_STR_ARG(safe), hex);
	}
	if (safe.p == NULL)
		return s->env->diag->code;
	s->safe = safe;
	return cb_stage_paths(s, safe, &j->paths);
}

/* The entry, whose text has a limit, before anything is written for it. */
static int make_entry(struct cb_stage *s, const struct cb_stage_item *item)
{
	struct cb_boot_entry *e = &s->entry;

	e->name = cb_arena_str(&s->arena, item->name);
	e->file = cb_arena_fmt(&s->arena, "\\EFI\\Linux\\%.*s-vmlinuz.efi", CB_STR_ARG(s->safe));
	if (item->initrd.size > 0)
		e->options = cb_arena_fmt(&s->arena, "initrd=\\EFI\\Linux\\%.*s-initrd%s%.*s",
					  CB_STR_ARG(s->safe), item->cmdline.n > 0 ? " " : "",
					  CB_STR_ARG(item->cmdline));
	else
		e->options = cb_arena_str(&s->arena, item->cmdline);
	if (e->name.p == NULL || e->file.p == NULL || e->options.p == NULL)
		return s->env->diag->code;
	if (e->options.n > CB_MAX_LOAD_OPTIONS)
		return cb_fail(s->env, CB_ELIMIT, "command line and initrd= have %zu bytes, %u is the most "
			       "that a kernel takes", e->options.n, CB_MAX_LOAD_OPTIONS);
	return 0;
}

static int look_around(struct cb_stage *s, struct job *j)
{
	const struct cb_stage_target *t;
	bool left = false;
	int r = cb_stage_note_load(s);

	if (r == 0)
		r = cb_stage_guard_load(s);
	if (r == 0)
		r = choose_names(s, j);
	if (r == 0)
		r = make_entry(s, j->item);
	if (r == 0)
		r = cb_stage_digest(s, &j->item->kernel, &j->kernel);
	if (r == 0)
		r = cb_stage_digest(s, &j->item->initrd, &j->initrd);
	if (r < 0)
		return r;
	t = cb_stage_note_find(&s->note, j->item->name);
	j->noted = t != NULL && cb_stage_file_eq(&t->kernel, &j->kernel) &&
		   cb_stage_file_eq(&t->initrd, &j->initrd);
	j->changed = t != NULL && !j->noted;
	r = cb_stage_is(s, j->paths.kernel, &j->kernel, &s->kept);
	if (r == 0 && s->kept)
		r = cb_stage_is(s, j->paths.initrd, &j->initrd, &s->kept);
	if (r == 0)
		r = cb_stage_exists(s, j->paths.kernel_new, &left);
	if (r == 0 && !left)
		r = cb_stage_exists(s, j->paths.initrd_new, &left);
	s->kept = s->kept && !left;
	return r;
}

/* Nothing may start half a pair: the old kernel goes first, the new one comes last. */
static int swap(struct cb_stage *s, const struct job *j)
{
	const struct cb_folder_ops *ops = s->cache->ops;
	bool did = false;
	int r = cb_stage_remove_pair(s, &j->paths, &did);

	if (r == 0 && did)
		r = cb_stage_sync(s);
	if (r == 0 && j->initrd.size > 0) {
		r = ops->rename(s->cache, j->paths.initrd_new, j->paths.initrd);
		if (r == 0)
			r = cb_stage_sync(s);
	}
	if (r == 0)
		r = ops->rename(s->cache, j->paths.kernel_new, j->paths.kernel);
	return r == 0 ? cb_stage_sync(s) : r;
}

static int write_pair(struct cb_stage *s, const struct job *j)
{
	int r = cb_stage_begin(s);

	if (r == 0)
		r = cb_stage_make_dir(s, CB_STR("EFI"));
	if (r == 0)
		r = cb_stage_make_dir(s, CB_STR(CB_STAGE_LINUX));
	if (r == 0)
		r = cb_stage_room(s, j->kernel.size, j->initrd.size);
	if (r == 0 && j->initrd.size > 0)
		r = cb_stage_put(s, j->paths.initrd_new, &j->item->initrd, &j->initrd);
	if (r == 0)
		r = cb_stage_put(s, j->paths.kernel_new, &j->item->kernel, &j->kernel);
	return r == 0 ? swap(s, j) : r;
}

/* The target as the newest one. The oldest is forgotten when the note is full: its files go with it. */
static int add_to_note(struct cb_stage *s, const struct job *j)
{
	struct cb_stage_target *t = cb_stage_note_find(&s->note, j->item->name);
	struct cb_stage_paths p;
	bool did = false;
	int r = 0;

	if (t != NULL) {
		cb_stage_note_remove(&s->note, t);
	} else if (s->note.n == CB_STAGE_TARGETS) {
		r = cb_stage_paths(s, s->note.v[0].safe, &p);
		if (r == 0)
			r = cb_stage_begin(s);
		if (r == 0)
			r = cb_stage_remove_pair(s, &p, &did);
		if (r == 0 && did)
			r = cb_stage_sync(s);
		cb_stage_note_remove(&s->note, s->note.v);
	}
	s->note.v[s->note.n++] = (struct cb_stage_target){
		.name = s->entry.name, .safe = s->safe, .when = s->now,
		.kernel = j->kernel, .initrd = j->initrd,
	};
	return r;
}

static int remember(struct cb_stage *s, const struct job *j)
{
	bool keeps = false;
	int r = 0;

	if (s->kept && j->noted && s->note_good) {
		r = cb_stage_guard_trusts(s, j->paths.kernel, &keeps);
		if (r < 0 || (keeps && cb_stage_guard_to_variable(s)))
			return r;
	}
	r = add_to_note(s, j);
	return r == 0 ? cb_stage_note_save(s) : r;
}

int cb_stage_write(struct cb_stage *s, const struct cb_stage_item *item)
{
	struct job j = { .item = item };
	int r;

	s->trouble = CB_STAGE_BROKEN;
	if (item->name.n == 0 || item->name.n > CB_STAGE_NAME_MAX || item->kernel.size == 0)
		return cb_fail(s->env, CB_EINVAL, "a target needs a kernel, and a name of at most %u bytes",
			       CB_STAGE_NAME_MAX);
	r = look_around(s, &j);
	if (r == 0)
		r = cb_stage_guard_check(s, s->entry.name, j.changed);
	if (r == 0 && !s->kept)
		r = write_pair(s, &j);
	if (r == 0)
		r = remember(s, &j);
	return r;
}

int cb_stage_arm(struct cb_stage *s, uint16_t *ret_number, unsigned *ret_written)
{
	int r;

	s->trouble = CB_STAGE_NO_VARS;
	if (s->vars == NULL)
		return cb_fail(s->env, CB_EUNSUP, "this machine has no EFI variables");
	r = cb_bootvars_place(s->vars, &s->entry, s->once ? CB_BOOT_ONCE : CB_BOOT_ALWAYS, ret_number,
			      ret_written);
	if (r == 0 && s->again && !s->once)
		r = cb_bootvars_next(s->vars, *ret_number);
	return r;
}

/* Ours is what the note says that we wrote. */
static int replace_boot_file(struct cb_stage *s, struct cb_str path, const struct cb_input *program,
			     const struct cb_stage_file *want)
{
	const struct cb_folder_ops *ops = s->cache->ops;
	struct cb_str temp = cb_arena_fmt(&s->arena, "%.*s.new", CB_STR_ARG(cb_str_sub(path, 0, path.n - 4)));
	bool did = false, there = false, old = false;
	int r = temp.p != NULL ? cb_stage_begin(s) : s->env->diag->code;

	if (r == 0)
		r = cb_stage_make_dir(s, CB_STR("EFI"));
	if (r == 0)
		r = cb_stage_make_dir(s, CB_STR(CB_STAGE_BOOT));
	if (r == 0)
		r = cb_stage_exists(s, path, &there);
	if (r == 0 && there && !s->ours)
		r = cb_stage_is(s, path, &s->note.boot_file, &old);
	if (r == 0 && there && !s->ours && !old)
		r = cb_fail(s->env, CB_EINVAL, "%.*s is there, and it isn't ours", CB_STR_ARG(path));
	/* The old one goes first: without it firmware starts us. */
	if (r == 0)
		r = cb_stage_remove(s, path, &did);
	if (r == 0 && did)
		r = cb_stage_sync(s);
	if (r == 0)
		r = cb_stage_room(s, program->size, 0);
	if (r == 0)
		r = cb_stage_put(s, temp, program, want);
	if (r == 0)
		r = ops->rename(s->cache, temp, path);
	return r == 0 ? cb_stage_sync(s) : r;
}

int cb_stage_boot_file(struct cb_stage *s, struct cb_str name, const struct cb_input *program)
{
	struct cb_str path = cb_arena_fmt(&s->arena, CB_STAGE_BOOT "/%.*s", CB_STR_ARG(name));
	struct cb_stage_file want;
	bool same = false;
	int r = path.p != NULL ? cb_stage_digest(s, program, &want) : s->env->diag->code;

	s->trouble = CB_STAGE_BROKEN;
	if (r == 0)
		r = cb_stage_is(s, path, &want, &same);
	if (r == 0 && !same)
		r = replace_boot_file(s, path, program, &want);
	if (r < 0)
		return r;
	s->note.boot_file = want;
	s->note.guard.how = CB_STAGE_BY_FILE;
	return cb_stage_note_save(s);
}
