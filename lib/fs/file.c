/* fs/file.c - files as callers read them: whole, by range, from front to back. */
#include "fs/fs.h"

#include "core/log.h"

#define SLICE (8u << 20)      /* bytes between two looks at cb_poll() */

static int check_file(struct cb_fs *fs, const struct cb_node *f)
{
	if (f->type == CB_FT_FILE)
		return 0;
	if (f->type == CB_FT_DIR)
		return cb_fail(fs->env, CB_EISDIR, "file %llu is a directory",
			       (unsigned long long)f->id);
	return cb_fail(fs->env, CB_EINVAL, "file %llu is not a regular file",
		       (unsigned long long)f->id);
}

/* n bytes that lie below the end: the driver may give them in pieces. */
static int read_all(struct cb_fs *fs, const struct cb_node *f, uint64_t off, uint8_t *buf, size_t n)
{
	while (n > 0) {
		size_t want = n < SLICE ? n : SLICE;
		int64_t got = fs->ops->read(fs, f, off, buf, want);

		if (got < 0)
			return (int)got;
		if (got == 0 || (uint64_t)got > want)
			return cb_fail(fs->env, CB_EIO, "file %llu: %lld bytes of %zu at %llu",
				       (unsigned long long)f->id, (long long)got, want,
				       (unsigned long long)off);
		if (cb_poll(fs->env))
			return cb_fail(fs->env, CB_ECANCELED, "stopped");
		off += (uint64_t)got;
		buf += (size_t)got;
		n -= (size_t)got;
	}
	return 0;
}

int cb_fs_pread(struct cb_fs *fs, const struct cb_node *f, uint64_t off, void *buf, size_t n)
{
	int r = check_file(fs, f);

	if (r < 0)
		return r;
	if (!cb_in_range(off, n, f->size))
		return cb_fail(fs->env, CB_EINVAL, "file %llu: %zu bytes at %llu, it ends at %llu",
			       (unsigned long long)f->id, n, (unsigned long long)off,
			       (unsigned long long)f->size);
	return read_all(fs, f, off, buf, n);
}

int cb_fs_slurp(struct cb_fs *fs, const struct cb_node *f, uint64_t max, struct cb_buf *ret)
{
	int r = check_file(fs, f);

	if (r < 0)
		return r;
	if (f->size > max || f->size > SIZE_MAX)
		return cb_fail(fs->env, CB_ELIMIT, "a file of %llu bytes, over the limit of %llu",
			       (unsigned long long)f->size, (unsigned long long)max);

	size_t n = (size_t)f->size;
	uint8_t *to = cb_buf_reserve(ret, n);

	if (to == NULL)
		return cb_buf_status(ret);
	r = read_all(fs, f, 0, to, n);
	if (r < 0)
		return r;
	cb_buf_commit(ret, n);
	return 0;
}

int cb_file_init(struct cb_file *f, struct cb_fs *fs, const struct cb_node *node)
{
	int r = check_file(fs, node);

	if (r < 0)
		return r;
	*f = (struct cb_file){ .fs = fs, .node = *node };
	return 0;
}

void cb_file_fini(struct cb_file *f)
{
	if (f->ahead != NULL)
		cb_free(f->fs->env, f->ahead, CB_FILE_AHEAD);
	f->ahead = NULL;
	f->ahead_n = f->ahead_at = 0;
}

static size_t take_ahead(struct cb_file *f, uint8_t *to, size_t n)
{
	size_t now = (size_t)cb_min(n, f->ahead_n - f->ahead_at);

	if (now > 0)
		memcpy(to, f->ahead + f->ahead_at, now);
	f->ahead_at += now;
	f->pos += now;
	return now;
}

static int fill_ahead(struct cb_file *f)
{
	size_t want = (size_t)cb_min(CB_FILE_AHEAD, f->node.size - f->pos);

	if (f->ahead == NULL)
		f->ahead = cb_alloc_aligned(f->fs->env, CB_FILE_AHEAD, 4096);
	if (f->ahead == NULL)
		return CB_ENOMEM;
	f->ahead_at = f->ahead_n = 0;

	int r = read_all(f->fs, &f->node, f->pos, f->ahead, want);

	if (r == 0)
		f->ahead_n = want;
	return r;
}

int64_t cb_file_read(struct cb_file *f, void *buf, size_t n)
{
	uint8_t *to = buf;
	size_t done;
	int r;

	n = (size_t)cb_min(n, f->node.size - f->pos);
	done = take_ahead(f, to, n);
	if (n - done >= CB_FILE_AHEAD) {
		r = read_all(f->fs, &f->node, f->pos, to + done, n - done);
		if (r < 0)
			return r;
		f->pos += n - done;
		f->ahead_at = f->ahead_n = 0;
		return (int64_t)n;
	}
	while (done < n) {
		r = fill_ahead(f);
		if (r < 0)
			return r;
		done += take_ahead(f, to + done, n - done);
	}
	return (int64_t)n;
}

int cb_file_seek(struct cb_file *f, uint64_t pos)
{
	if (pos > f->node.size)
		return cb_fail(f->fs->env, CB_EINVAL, "file %llu: to byte %llu, it ends at %llu",
			       (unsigned long long)f->node.id, (unsigned long long)pos,
			       (unsigned long long)f->node.size);

	uint64_t first = f->pos - f->ahead_at;

	if (f->ahead_n > 0 && pos >= first && pos - first <= f->ahead_n)
		f->ahead_at = (size_t)(pos - first);
	else
		f->ahead_at = f->ahead_n = 0;
	f->pos = pos;
	return 0;
}
