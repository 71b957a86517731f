/* uki/files.c - inputs over pread, outputs through a temporary name beside the target. */
#include "uki/files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/hash.h"
#include "codec/hex.h"

static int file_read(void *ctx, uint64_t off, void *buf, size_t n)
{
	const struct cb_hostfile *f = ctx;
	uint8_t *p = buf;

	while (n > 0) {
		ssize_t got = pread(f->fd, p, n, (off_t)off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return cb_host_errno(f->h, "reading %s", f->path);
		if (got == 0)
			return cb_fail(&f->h->env, CB_EIO,
				       "reading %s: it became shorter meanwhile", f->path);
		p += got;
		off += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

int cb_hostfile_open(struct cb_host *h, const char *path, struct cb_hostfile *ret)
{
	struct stat st;
	int r = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) < 0)
		r = cb_host_errno(h, "%s", path);
	else if (!S_ISREG(st.st_mode))
		r = cb_fail(&h->env, S_ISDIR(st.st_mode) ? CB_EISDIR : CB_EINVAL,
			    "%s: not a regular file", path);
	if (r < 0) {
		if (fd >= 0)
			(void)close(fd); /* read only */
		return cb_host_advise(h, r, CB_REPORT_INPUT, "give a file that exists and can be read");
	}
	*ret = (struct cb_hostfile){
		.h = h, .path = path, .fd = fd, .mtime = st.st_mtime, .open = true,
		.in = { .read = file_read, .ctx = ret, .size = (uint64_t)st.st_size },
	};
	return 0;
}

void cb_hostfile_close(struct cb_hostfile *f)
{
	if (f->open)
		(void)close(f->fd); /* read only */
	*f = (struct cb_hostfile){ 0 };
}

int cb_hostfile_slurp(struct cb_host *h, const char *path, struct cb_buf *ret)
{
	struct cb_hostfile f = { 0 };
	int r = cb_hostfile_open(h, path, &f);

	if (r < 0)
		return r;
	if (f.in.size > CB_HOSTFILE_MAX) {
		r = cb_fail(&h->env, CB_ELIMIT, "%s: %llu bytes, %u are the most", path,
			    (unsigned long long)f.in.size, CB_HOSTFILE_MAX);
	} else if (f.in.size > 0) {
		void *p = cb_buf_reserve(ret, (size_t)f.in.size);

		r = p != NULL ? file_read(&f, 0, p, (size_t)f.in.size) : cb_buf_status(ret);
		if (r == 0)
			cb_buf_commit(ret, (size_t)f.in.size);
	}
	cb_hostfile_close(&f);
	return r;
}

/* Where output goes. */
struct out {
	struct cb_host *h;
	const char *path;         /* for reports */
	int fd;
	bool seekable;
	bool ends_in_hole;
	bool sum;                 /* hash is wanted */
	struct cb_hash hash;
};

static int put(struct out *o, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(o->fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return cb_host_errno(o->h, "writing %s", o->path);
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

static int out_write(void *ctx, const void *p, size_t n)
{
	struct out *o = ctx;

	if (o->sum)
		cb_hash_add(&o->hash, p, n);
	o->ends_in_hole = false;
	return put(o, p, n);
}

static int out_zeros(void *ctx, uint64_t n)
{
	static const uint8_t zeros[64 << 10];
	struct out *o = ctx;

	if (n == 0)
		return 0;
	if (o->seekable && lseek(o->fd, (off_t)n, SEEK_CUR) < 0)
		return cb_host_errno(o->h, "writing %s", o->path);
	o->ends_in_hole = o->seekable;
	while (n > 0 && (!o->seekable || o->sum)) {
		size_t now = (size_t)cb_min(n, sizeof(zeros));
		int r = o->seekable ? 0 : put(o, zeros, now);

		if (r < 0)
			return r;
		if (o->sum)
			cb_hash_add(&o->hash, zeros, now);
		n -= now;
	}
	return 0;
}

static int write_pieces(struct out *o, const struct cb_pieces *l, char *ret_sha256)
{
	const struct cb_sink sink = { .write = out_write, .zeros = out_zeros, .ctx = o };
	uint8_t sum[CB_HASH_MAX];

	o->sum = ret_sha256 != NULL;
	cb_hash_init(&o->hash, CB_HASH_SHA256);

	int r = cb_pieces_write(l, &sink);

	if (r == 0 && o->ends_in_hole && ftruncate(o->fd, (off_t)l->size) < 0)
		r = cb_host_errno(o->h, "writing %s", o->path);
	if (o->sum)
		cb_hex(ret_sha256, sum, cb_hash_fini(&o->hash, sum));
	return r;
}

/* Mode and owner of the file that is replaced, else what the umask gives. */
static int set_mode(int fd, const char *path)
{
	struct stat old;
	mode_t mask = umask(0);

	(void)umask(mask); /* put back */
	if (stat(path, &old) < 0 || !S_ISREG(old.st_mode))
		return fchmod(fd, 0666 & ~mask);
	if (fchown(fd, old.st_uid, old.st_gid) < 0)
		return fchmod(fd, old.st_mode & 0777); /* only root gives files away */
	return fchmod(fd, old.st_mode & 07777);
}

/* A new file beside path, open and named tmp, that takes path's place when it is complete. */
static int write_beside(struct cb_host *h, const char *path, char *tmp, const struct cb_pieces *l,
			char *ret_sha256)
{
	struct out o = { .h = h, .path = path, .fd = mkstemp(tmp), .seekable = true };
	int r;

	if (o.fd < 0)
		return cb_host_errno(h, "writing %s", path);
	r = write_pieces(&o, l, ret_sha256);
	if (r == 0 && set_mode(o.fd, path) < 0)
		r = cb_host_errno(h, "writing %s", path);
	if (close(o.fd) < 0 && r == 0)
		r = cb_host_errno(h, "writing %s", path);
	if (r == 0 && rename(tmp, path) < 0)
		r = cb_host_errno(h, "writing %s", path);
	if (r < 0)
		(void)unlink(tmp); /* it may not be there */
	return r;
}

int cb_hostfile_replaceable(struct cb_host *h, const char *path)
{
	struct stat st;

	if (strcmp(path, "-") == 0 || stat(path, &st) < 0 || S_ISREG(st.st_mode))
		return 0;
	if (S_ISDIR(st.st_mode))
		(void)cb_fail(&h->env, CB_EISDIR, "%s is a directory", path);
	else
		(void)cb_fail(&h->env, CB_EINVAL, "%s is a device, not a file", path);
	return cb_host_advise(h, CB_EINVAL, CB_REPORT_OUTPUT,
			      "name a file; what is to be on a device can be copied there from it");
}

int cb_hostfile_write(struct cb_host *h, const char *path, const struct cb_pieces *l, char *ret_sha256)
{
	char *tmp;
	int r = cb_pieces_status(l);

	if (r == 0)
		r = cb_hostfile_replaceable(h, path);
	if (r < 0)
		return r;
	if (strcmp(path, "-") == 0) {
		struct out o = { .h = h, .path = "standard output", .fd = STDOUT_FILENO };

		r = write_pieces(&o, l, ret_sha256);
	} else {
		tmp = cb_host_template(h, path);
		r = tmp != NULL ? write_beside(h, path, tmp, l, ret_sha256) : CB_ENOMEM;
	}
	if (r < 0)
		return cb_host_advise(h, r, CB_REPORT_OUTPUT,
				      "choose a place that exists, is writable and has room");
	return 0;
}

int cb_hostfile_write_device(struct cb_host *h, const char *path, const struct cb_pieces *l)
{
	/* O_EXCL on a device: not while it is mounted, or part of something that is. */
	struct out o = { .h = h, .path = path, .fd = open(path, O_WRONLY | O_EXCL | O_CLOEXEC) };
	int r = cb_pieces_status(l);

	if (o.fd < 0)
		r = cb_host_errno(h, "writing %s", path);
	if (r == 0)
		r = write_pieces(&o, l, NULL);
	if (r == 0 && fsync(o.fd) < 0)
		r = cb_host_errno(h, "writing %s", path);
	if (r == 0)
		(void)ioctl(o.fd, BLKRRPART); /* a device that can't have partitions needs no news of them */
	if (o.fd >= 0 && close(o.fd) < 0 && r == 0)
		r = cb_host_errno(h, "writing %s", path);
	return cb_host_advise(h, r, CB_REPORT_OUTPUT, "choose a device that is writable and not in use");
}

int cb_hostfile_put(struct cb_host *h, const char *path, struct cb_bytes data)
{
	const struct cb_input in = cb_input_mem(data);
	struct cb_pieces l;

	if (path == NULL)
		return CB_ENOMEM;
	cb_pieces_init(&l, &h->env);
	cb_pieces_add(&l, &in);

	int r = cb_hostfile_write(h, path, &l, NULL);

	cb_pieces_fini(&l);
	return r;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	(void)remove(path); /* what is left is a temporary file in the cache */
	return 0;
}

void cb_hostfile_remove_tree(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS); /* as above */
}
