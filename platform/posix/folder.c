/* posix/folder.c - files below one directory through openat(2) and its kin. */
#include "posix/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/fmt.h"
#include "core/log.h"

#define PATH_ROOM 512u
#define CHUNK     (1u << 20)

static int failed(struct cb_folder *f, const char *what, const char *path, int err)
{
	int code = err == ENOENT ? CB_ENOENT : err == ENOMEM ? CB_ENOMEM :
		   err == ENOSPC || err == EDQUOT || err == EFBIG || err == ENAMETOOLONG ? CB_ELIMIT :
		   err == EACCES || err == EPERM || err == EROFS ? CB_EAUTH : CB_EIO;

	return cb_fail(f->env, code, "%s %s: %s", what, path, strerror(err));
}

static int fd_of(const struct cb_folder *f)
{
	return ((const struct cb_posix_folder *)f)->fd;
}

/* A path for the system; too long ones have no file. */
static int text(struct cb_folder *f, struct cb_str path, char ret[PATH_ROOM])
{
	if (path.n == 0)
		path = CB_STR(".");
	if (cb_fmt(ret, PATH_ROOM, "%.*s", CB_STR_ARG(path)) >= PATH_ROOM)
		return cb_fail(f->env, CB_ELIMIT, "a path of %zu bytes", path.n);
	return 0;
}

static int folder_unlock(struct cb_folder *f)
{
	const struct cb_posix_folder *p = (const struct cb_posix_folder *)f;

	return p->unlock != NULL ? p->unlock(p->arg) : 0;
}

static int list_one(struct cb_folder *f, int dir, const char *name,
		    int (*fn)(void *arg, const struct cb_folder_entry *e), void *arg)
{
	struct cb_folder_entry e = { .name = { name, strlen(name) } };
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return failed(f, "looking at", name, errno);
	e.is_dir = S_ISDIR(st.st_mode);
	e.size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	return fn(arg, &e);
}

static int folder_list(struct cb_folder *f, struct cb_str dir,
		       int (*fn)(void *arg, const struct cb_folder_entry *e), void *arg)
{
	const struct dirent *d;
	char path[PATH_ROOM];
	int r = text(f, dir, path), fd;
	DIR *list;

	if (r < 0)
		return r;
	fd = openat(fd_of(f), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	list = fd >= 0 ? fdopendir(fd) : NULL;
	if (list == NULL) {
		int err = errno;

		if (fd >= 0)
			(void)close(fd); /* nothing was written */
		return failed(f, "opening", path, err);
	}
	while (r == 0 && (errno = 0, d = readdir(list)) != NULL)
		r = list_one(f, fd, d->d_name, fn, arg);
	if (r == 0 && errno != 0)
		r = failed(f, "reading", path, errno);
	(void)closedir(list); /* nothing was written */
	return r;
}

static int read_all(struct cb_folder *f, const char *path, int fd,
		    int (*put)(void *arg, const void *p, size_t n), void *arg)
{
	uint8_t *buf = cb_alloc_aligned(f->env, CHUNK, 4096);
	ssize_t got = 1;
	int r = buf != NULL ? 0 : CB_ENOMEM;

	/* What was written goes from memory, so that the device is asked. Dirty pages stay: those are
	 * of files that nobody synced, and nobody relies on. */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* else the copy in memory is read */
	while (r == 0 && got > 0) {
		got = read(fd, buf, CHUNK);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got < 0)
			r = failed(f, "reading", path, errno);
		else if (got > 0)
			r = put(arg, buf, (size_t)got);
		if (r == 0 && cb_poll(f->env))
			r = cb_fail(f->env, CB_ECANCELED, "stopped");
	}
	cb_free(f->env, buf, CHUNK);
	return r;
}

static int folder_read(struct cb_folder *f, struct cb_str path,
		       int (*put)(void *arg, const void *p, size_t n), void *arg)
{
	char name[PATH_ROOM];
	int r = text(f, path, name), fd;

	if (r < 0)
		return r;
	fd = openat(fd_of(f), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return failed(f, "opening", name, errno);
	r = read_all(f, name, fd, put, arg);
	(void)close(fd); /* nothing was written */
	return r;
}

/* n bytes at off. On FAT a power cut leaves clusters that no name leads to, for good; but when the name and
 * the first cluster are on the medium before the rest is written, removing the name frees them all. */
static int write_all(struct cb_folder *f, const char *path, int fd, uint64_t off, struct cb_bytes s)
{
	while (s.n > 0) {
		ssize_t put = write(fd, s.p, s.n < CHUNK ? s.n : CHUNK);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 || (off == 0 && fsync(fd) != 0))
			return failed(f, "writing", path, errno);
		off += (uint64_t)put;
		s = (struct cb_bytes){ s.p + put, s.n - (size_t)put };
		if (cb_poll(f->env))
			return cb_fail(f->env, CB_ECANCELED, "stopped");
	}
	return 0;
}

static int write_input(struct cb_folder *f, const char *path, int fd, const struct cb_input *in)
{
	uint8_t *buf;
	int r = 0;

	if (in->mem != NULL)
		return write_all(f, path, fd, 0, (struct cb_bytes){ in->mem, (size_t)in->size });
	buf = cb_alloc_aligned(f->env, CHUNK, 4096);
	if (buf == NULL)
		return CB_ENOMEM;
	for (uint64_t off = 0; r == 0 && off < in->size; off += CHUNK) {
		size_t n = (size_t)cb_min(CHUNK, in->size - off);

		r = cb_input_read(f->env, in, off, buf, n);
		if (r == 0)
			r = write_all(f, path, fd, off, (struct cb_bytes){ buf, n });
	}
	cb_free(f->env, buf, CHUNK);
	return r;
}

static int folder_write(struct cb_folder *f, struct cb_str path, const struct cb_input *data)
{
	char name[PATH_ROOM];
	int r = text(f, path, name), fd;

	if (r < 0)
		return r;
	fd = openat(fd_of(f), name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return failed(f, "making", name, errno);
	r = write_input(f, name, fd, data);
	if (close(fd) != 0 && r == 0)
		r = failed(f, "writing", name, errno);
	return r;
}

static int folder_make_dir(struct cb_folder *f, struct cb_str path)
{
	char name[PATH_ROOM];
	int r = text(f, path, name);

	if (r == 0 && mkdirat(fd_of(f), name, 0700) != 0 && errno != EEXIST)
		r = failed(f, "making", name, errno);
	return r;
}

static int folder_rename(struct cb_folder *f, struct cb_str from, struct cb_str to)
{
	char a[PATH_ROOM], b[PATH_ROOM];
	int r = text(f, from, a);

	if (r == 0)
		r = text(f, to, b);
	if (r == 0 && renameat(fd_of(f), a, fd_of(f), b) != 0)
		r = failed(f, "renaming to", b, errno);
	return r;
}

static int folder_remove(struct cb_folder *f, struct cb_str path)
{
	char name[PATH_ROOM];
	int r = text(f, path, name);

	if (r == 0 && unlinkat(fd_of(f), name, 0) != 0)
		r = failed(f, "removing", name, errno);
	return r;
}

/* syncfs() moves everything to the device, fsync() asks the device to keep it: vfat's syncfs() doesn't. */
static int folder_sync(struct cb_folder *f)
{
	if (syncfs(fd_of(f)) != 0 || fsync(fd_of(f)) != 0)
		return failed(f, "syncing", "the volume", errno);
	return 0;
}

static int folder_space(struct cb_folder *f, struct cb_folder_space *ret)
{
	struct statvfs st;

	if (fstatvfs(fd_of(f), &st) != 0)
		return failed(f, "asking for the room of", "the volume", errno);
	*ret = (struct cb_folder_space){
		.free = (uint64_t)st.f_bavail * st.f_frsize, .total = (uint64_t)st.f_blocks * st.f_frsize,
		.cluster = (uint32_t)st.f_bsize,
	};
	return 0;
}

static const struct cb_folder_ops ops = {
	.unlock = folder_unlock, .list = folder_list, .read = folder_read, .write = folder_write,
	.make_dir = folder_make_dir, .rename = folder_rename, .remove = folder_remove,
	.sync = folder_sync, .space = folder_space,
};

int cb_posix_folder_open(struct cb_env *env, const char *path, struct cb_posix_folder *ret)
{
	struct cb_posix_folder f = { .folder = { &ops, env } };

	f.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f.fd < 0)
		return failed(&f.folder, "opening", path, errno);
	*ret = f;
	return 0;
}

void cb_posix_folder_close(struct cb_posix_folder *f)
{
	if (f->fd >= 0)
		(void)close(f->fd); /* what mattered was synced and checked */
	f->fd = -1;
}
