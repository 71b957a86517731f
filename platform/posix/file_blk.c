/* posix/file_blk.c - image files and the kernel's block devices as cb_blk. */
#include "posix/file_blk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fmt.h"
#include "core/mem.h"

#define FILE_BLOCK 512u
#define MAX_BYTES  (1u << 30)  /* a call; Linux moves at most 0x7ffff000 */

struct file_blk {
	struct cb_blk blk;
	int fd;
	uint64_t size;         /* bytes that are there; blk counts whole blocks */
};

static int io_failed(struct cb_blk *b, const char *what, uint64_t off, int err)
{
	return cb_fail(b->env, CB_EIO, "%s: %s at %llu: %s", b->name, what, (unsigned long long)off,
		       err != 0 ? strerror(err) : "the file ends early");
}

static int file_read(struct cb_blk *b, uint64_t lba, uint32_t count, void *buf)
{
	const struct file_blk *f = (const struct file_blk *)b;
	uint64_t off = lba * b->block_size;
	size_t n = (size_t)count * b->block_size;
	size_t there = (size_t)cb_min(n, f->size - off);
	uint8_t *p = buf;

	memset(p + there, 0, n - there);
	while (there > 0) {
		ssize_t got = pread(f->fd, p, there, (off_t)off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return io_failed(b, "read", off, got < 0 ? errno : 0);
		p += got;
		off += (uint64_t)got;
		there -= (size_t)got;
	}
	return 0;
}

static int file_write(struct cb_blk *b, uint64_t lba, uint32_t count, const void *buf)
{
	const struct file_blk *f = (const struct file_blk *)b;
	uint64_t off = lba * b->block_size;
	size_t n = (size_t)count * b->block_size;
	const uint8_t *p = buf;

	while (n > 0) {
		ssize_t put = pwrite(f->fd, p, n, (off_t)off);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return io_failed(b, "write", off, errno);
		p += put;
		off += (uint64_t)put;
		n -= (size_t)put;
	}
	return 0;
}

static int file_flush(struct cb_blk *b)
{
	const struct file_blk *f = (const struct file_blk *)b;

	return fsync(f->fd) == 0 ? 0 : io_failed(b, "fsync", 0, errno);
}

static void file_destroy(struct cb_blk *b)
{
	struct file_blk *f = (struct file_blk *)b;

	if (f->fd >= 0)
		(void)close(f->fd); /* everything that mattered was fsynced and checked */
	cb_free(b->env, f, sizeof(*f));
}

static const struct cb_blk_ops ro_ops = {
	.kind = "file", .read = file_read, .destroy = file_destroy
};
static const struct cb_blk_ops rw_ops = {
	.kind = "file", .read = file_read, .write = file_write, .flush = file_flush,
	.destroy = file_destroy,
};

/* Before open(2), which would wait for ever on a FIFO. */
static int check_type(struct cb_env *env, const char *path, const struct stat *st)
{
	if (S_ISREG(st->st_mode) || S_ISBLK(st->st_mode))
		return 0;
	return cb_fail(env, CB_EINVAL, "%s is %s, not a file or block device", path,
		       S_ISDIR(st->st_mode) ? "a directory" : "something else");
}

static int os_failed(struct cb_env *env, const char *path, int err)
{
	int code = err == ENOENT || err == ENXIO || err == ENOMEDIUM || err == ENOTDIR ? CB_ENOENT :
		   err == EACCES || err == EPERM || err == EROFS ? CB_EINVAL : CB_EIO;

	return cb_fail(env, code, "%s: %s", path, strerror(err));
}

static int measure(struct file_blk *f, const char *path, bool writable)
{
	struct cb_blk *b = &f->blk;
	struct stat st;
	int sector = 0, r;

	if (fstat(f->fd, &st) != 0)
		return os_failed(b->env, path, errno);
	r = check_type(b->env, path, &st);
	if (r < 0)
		return r;
	if (S_ISREG(st.st_mode)) {
		b->block_size = FILE_BLOCK;
		f->size = (uint64_t)st.st_size;
		if (writable && f->size % FILE_BLOCK != 0)
			return cb_fail(b->env, CB_EINVAL,
				       "%s: writing needs a multiple of %u bytes, not %llu", path,
				       FILE_BLOCK, (unsigned long long)f->size);
	} else {
		off_t end = lseek(f->fd, 0, SEEK_END);

		if (end < 0 || ioctl(f->fd, BLKSSZGET, &sector) != 0)
			return os_failed(b->env, path, errno);
		f->size = (uint64_t)end;
		b->block_size = (uint32_t)sector;
		if (sector <= 0)
			return cb_fail(b->env, CB_EIO, "%s: blocks of %d bytes", path, sector);
	}
	b->nblocks = f->size / b->block_size + (f->size % b->block_size != 0);
	b->max_count = MAX_BYTES / b->block_size;
	return cb_blk_check(b);
}

int cb_posix_blk(struct cb_env *env, const char *path, bool writable, struct cb_blk **ret)
{
	const char *slash = strrchr(path, '/');
	struct stat st;
	int r;

	if (stat(path, &st) != 0)
		return os_failed(env, path, errno);
	r = check_type(env, path, &st);
	if (r < 0)
		return r;

	struct file_blk *f = cb_alloc(env, sizeof(*f));

	if (f == NULL)
		return CB_ENOMEM;
	f->blk = (struct cb_blk){
		.ops = writable ? &rw_ops : &ro_ops, .env = env, .buf_align = 1, .refs = 1,
	};
	(void)cb_fmt(f->blk.name, sizeof(f->blk.name), "%s", /* a long name is cut */
		     slash != NULL && slash[1] != '\0' ? slash + 1 : path);
	f->fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	r = f->fd >= 0 ? measure(f, path, writable) : os_failed(env, path, errno);
	if (r < 0) {
		cb_blk_unref(&f->blk);
		return r;
	}
	*ret = &f->blk;
	return 0;
}
