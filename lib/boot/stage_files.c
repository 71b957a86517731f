/* boot/stage_files.c - single files of the cache: is it there, is it the one, write it and read it back. */
#include "boot/stage_priv.h"

#include "codec/hash.h"
#include "core/log.h"
#include "core/str.h"

#define CHUNK (256u << 10)

int cb_stage_paths(struct cb_stage *s, struct cb_str safe, struct cb_stage_paths *ret)
{
	struct cb_arena *a = &s->arena;
	struct cb_stage_paths p = {
		.kernel = cb_arena_fmt(a, CB_STAGE_LINUX "/%.*s-vmlinuz.efi", CB_STR_ARG(safe)),
		.initrd = cb_arena_fmt(a, CB_STAGE_LINUX "/%.*s-initrd", CB_STR_ARG(safe)),
		.kernel_new = cb_arena_fmt(a, CB_STAGE_LINUX "/%.*s-vmlinuz.new", CB_STR_ARG(safe)),
		.initrd_new = cb_arena_fmt(a, CB_STAGE_LINUX "/%.*s-initrd.new", CB_STR_ARG(safe)),
	};

	if (p.kernel.p == NULL || p.initrd.p == NULL || p.kernel_new.p == NULL || p.initrd_new.p == NULL)
		return s->env->diag->code;
	*ret = p;
	return 0;
}

struct wanted {
	struct cb_str name;
	bool dir, found;
	uint64_t size;
};

static int compare(void *arg, const struct cb_folder_entry *e)
{
	struct wanted *w = arg;

	if (e->is_dir == w->dir && cb_str_ieq(e->name, w->name)) {
		w->found = true;
		w->size = e->size;
	}
	return 0;
}

int cb_stage_look(struct cb_stage *s, struct cb_str path, uint64_t *ret_size)
{
	size_t slash = cb_str_rchr(path, '/');
	struct wanted w = { .name = cb_str_sub(path, slash + 1, SIZE_MAX) };
	int r = s->cache->ops->list(s->cache, cb_str_sub(path, 0, slash), compare, &w);

	if (r == 0 && !w.found)
		r = cb_fail(s->env, CB_ENOENT, "%.*s is not there", CB_STR_ARG(path));
	if (r == 0)
		*ret_size = w.size;
	return r;
}

int cb_stage_exists(struct cb_stage *s, struct cb_str path, bool *ret)
{
	uint64_t size;
	int r = cb_stage_look(s, path, &size);

	if (r < 0 && r != CB_ENOENT)
		return r;
	if (r < 0)
		cb_clear(s->env);
	*ret = r == 0;
	return 0;
}

int cb_stage_digest(struct cb_stage *s, const struct cb_input *in, struct cb_stage_file *ret)
{
	uint8_t digest[CB_HASH_MAX];
	uint8_t *buf = NULL;
	struct cb_hash h;
	int r = 0;

	cb_hash_init(&h, CB_HASH_SHA256);
	if (in->mem != NULL) {
		cb_hash_add(&h, in->mem, (size_t)in->size); /* memory: it fits */
	} else if (in->size > 0) {
		buf = cb_alloc_aligned(s->env, CHUNK, 4096);
		r = buf != NULL ? 0 : CB_ENOMEM;
		for (uint64_t off = 0; r == 0 && off < in->size; off += CHUNK) {
			size_t n = (size_t)cb_min(CHUNK, in->size - off);

			r = cb_input_read(s->env, in, off, buf, n);
			if (r == 0)
				cb_hash_add(&h, buf, n);
		}
		cb_free(s->env, buf, CHUNK);
	}
	(void)cb_hash_fini(&h, digest); /* 32 bytes */
	if (r < 0)
		return r;
	ret->size = in->size;
	memcpy(ret->sha256, digest, sizeof(ret->sha256));
	return 0;
}

static int add_to_hash(void *arg, const void *p, size_t n)
{
	cb_hash_add(arg, p, n);
	return 0;
}

int cb_stage_is(struct cb_stage *s, struct cb_str path, const struct cb_stage_file *want, bool *ret)
{
	uint8_t digest[CB_HASH_MAX];
	uint64_t size = 0;
	struct cb_hash h;
	int r = cb_stage_look(s, path, &size);

	*ret = false;
	if (r == CB_ENOENT || want->size == 0 || size != want->size) {
		*ret = r == CB_ENOENT && want->size == 0;
		r = r == CB_ENOENT ? 0 : r;
		if (r == 0)
			cb_clear(s->env);
		return r;
	}
	if (r < 0)
		return r;
	cb_hash_init(&h, CB_HASH_SHA256);
	r = s->cache->ops->read(s->cache, path, add_to_hash, &h);
	(void)cb_hash_fini(&h, digest); /* 32 bytes */
	if (r == CB_ENOMEM)
		return r;
	*ret = r == 0 && memcmp(digest, want->sha256, sizeof(want->sha256)) == 0;
	if (r < 0)
		cb_log(s->env, CB_LOG_DEBUG, "%s", s->env->diag->text);
	cb_clear(s->env);
	return 0;
}

int cb_stage_sync(struct cb_stage *s)
{
	return s->cache->ops->sync(s->cache);
}

struct cb_stage_target *cb_stage_by_safe(const struct cb_stage *s, struct cb_str safe)
{
	for (unsigned i = 0; i < s->note.n; i++)
		if (cb_str_ieq(s->note.v[i].safe, safe))
			return &s->note.v[i];
	return NULL;
}

int cb_stage_make_dir(struct cb_stage *s, struct cb_str path)
{
	size_t slash = cb_str_rchr(path, '/');
	struct wanted w = { .name = cb_str_sub(path, slash + 1, SIZE_MAX), .dir = true };
	struct cb_str above = slash != SIZE_MAX ? cb_str_sub(path, 0, slash) : CB_STR("");
	int r = s->cache->ops->list(s->cache, above, compare, &w);

	if (r < 0 || w.found)
		return r;
	r = s->cache->ops->make_dir(s->cache, path);
	return r == 0 ? cb_stage_sync(s) : r;
}

int cb_stage_remove(struct cb_stage *s, struct cb_str path, bool *did)
{
	bool there = false;
	int r = cb_stage_exists(s, path, &there);

	if (r < 0 || !there)
		return r;
	*did = true;
	return s->cache->ops->remove(s->cache, path);
}

int cb_stage_put(struct cb_stage *s, struct cb_str path, const struct cb_input *in,
		 const struct cb_stage_file *want)
{
	bool right = false;
	int r = s->cache->ops->write(s->cache, path, in);

	if (r == 0)
		r = cb_stage_sync(s);
	if (r == 0)
		r = cb_stage_is(s, path, want, &right);
	if (r == 0 && !right)
		r = cb_fail(s->env, CB_EIO, "%.*s reads back with other bytes than were written",
			    CB_STR_ARG(path));
	return r;
}
