/* linux/efivarfs.c - EFI variables through efivarfs (Linux, Documentation/filesystems/efivarfs.rst).
 *
 * The kernel sets the immutable flag on most variables, since some firmware doesn't start without them;
 * it is lifted for one write and put back. One write(2) is one SetVariable(). */
#include "linux/efivarfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/fmt.h"
#include "core/limits.h"
#include "core/str.h"
#include "linux/os.h"

#define PATH_ROOM 1024u

struct path { char text[PATH_ROOM]; };

static int make_path(struct cb_efivars *v, struct cb_str name, struct cb_uuid vendor, struct path *ret)
{
	const struct cb_efivarfs *f = (const struct cb_efivarfs *)v;
	char guid[CB_UUID_TEXT];

	cb_uuid_text(vendor, guid);

	size_t dir = cb_str_c(f->dir).n + 1;
	size_t n = cb_fmt(ret->text, sizeof(ret->text), "%s/%.*s-%s", f->dir, CB_STR_ARG(name), guid);

	if (name.n == 0 || cb_str_chr(name, '\0') != SIZE_MAX)
		return cb_fail(v->env, CB_EINVAL, "a variable's name is empty, or has a zero byte");
	if (n >= sizeof(ret->text))
		return cb_fail(v->env, CB_ELIMIT, "%s: a path of %zu bytes, %u is the most", f->dir, n,
			       PATH_ROOM - 1);
	for (size_t i = 0; i < name.n; i++)
		if (ret->text[dir + i] == '/')
			ret->text[dir + i] = '!'; /* as the kernel shows it */
	return 0;
}

/* errno of a change, in words that tell what to do. */
static int refused(struct cb_env *env, struct cb_str name, const char *what, int err)
{
	int code = cb_os_code(err);
	const char *why;

	switch (err) {
	case ENOSPC:
		why = "the firmware has no room for it; delete boot entries that nobody needs (efibootmgr -b "
		      "NUMBER -B)";
		break;
	case EROFS:
		code = CB_EAUTH;
		why = "EFI variables are read-only here; try mount -o remount,rw " CB_EFIVARS;
		break;
	case EPERM:
	case EACCES:
		why = geteuid() == 0 ? "it is locked, or only its owner's signature changes it" :
				       "only root may do that";
		break;
	case EINVAL:
		why = "the firmware refuses it (other attributes than it has, or read-only)";
		break;
	default:
		return cb_os_fail(env, err, "%s %.*s", what, CB_STR_ARG(name));
	}
	return cb_fail(env, code, "%s %.*s: %s", what, CB_STR_ARG(name), why);
}

static int get(struct cb_efivars *v, struct cb_str name, struct cb_uuid vendor, uint32_t *ret_attributes,
	       struct cb_buf *ret)
{
	struct path path;
	struct cb_buf file;
	int r = make_path(v, name, vendor, &path);

	if (r < 0)
		return r;
	cb_buf_init(&file, v->env, sizeof(cb_le32) + CB_MAX_EFIVAR + 1);
	r = cb_os_read(v->env, path.text, file.max, &file);

	const cb_le32 *attributes = cb_view(cb_le32, cb_buf_bytes(&file), 0);

	if (r == 0 && file.n == file.max)
		r = cb_fail(v->env, CB_ELIMIT, "%s is over %u bytes", path.text, CB_MAX_EFIVAR);
	else if (r == 0 && file.n == 0)
		/* created, but never written */
		r = cb_fail(v->env, CB_ENOENT, "no variable %.*s", CB_STR_ARG(name));
	else if (r == 0 && attributes == NULL)
		r = cb_fail(v->env, CB_ECORRUPT, "%s has %zu bytes, 4 are its attributes", path.text, file.n);
	if (r == 0) {
		cb_buf_add(ret, file.p + sizeof(*attributes), file.n - sizeof(*attributes));
		r = cb_buf_status(ret);
	}
	if (r == 0)
		*ret_attributes = cb_get_le32(*attributes);
	cb_buf_fini(&file);
	return r;
}

/* The request is an unsigned long in glibc, an int in musl, and 32 bits to the kernel. */
static bool flags_call(int fd, uint32_t request, unsigned *flags)
{
	return syscall(SYS_ioctl, fd, request, flags) == 0;
}

/* Lift the immutable flag. True when it was there. A plain folder's files have none, or no such call. */
static bool unlock(const char *path)
{
	unsigned flags = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;

	bool locked = flags_call(fd, FS_IOC_GETFLAGS, &flags) && (flags & FS_IMMUTABLE_FL) != 0;

	flags &= ~(unsigned)FS_IMMUTABLE_FL;
	if (locked)
		locked = flags_call(fd, FS_IOC_SETFLAGS, &flags); /* if not, the write tells why */
	(void)close(fd); /* nothing was written */
	return locked;
}

static void lock(const char *path)
{
	unsigned flags = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (flags_call(fd, FS_IOC_GETFLAGS, &flags)) {
		flags |= FS_IMMUTABLE_FL;
		(void)flags_call(fd, FS_IOC_SETFLAGS, &flags); /* if not, the next mount does */
	}
	(void)close(fd); /* nothing was written */
}

/* One write(2). errno, or 0. A plain file keeps its old tail: it is cut off. */
static int write_file(const char *path, struct cb_bytes file)
{
	struct stat st;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644), err = 0;

	if (fd < 0)
		return errno;

	ssize_t put = write(fd, file.p, file.n);

	if (put != (ssize_t)file.n)
		err = put < 0 ? errno : EIO;
	if (err == 0 && fstat(fd, &st) == 0 && st.st_size > put && ftruncate(fd, put) < 0)
		err = errno;
	if (close(fd) != 0 && err == 0)
		err = errno;
	return err;
}

/* True when the variable holds just that. */
static int verify(struct cb_efivars *v, struct cb_str name, struct cb_uuid vendor, uint32_t attributes,
		  struct cb_bytes data)
{
	struct cb_buf now;
	uint32_t now_attributes = 0;

	cb_buf_init(&now, v->env, CB_MAX_EFIVAR);

	int r = get(v, name, vendor, &now_attributes, &now);

	if (r == 0 && (now_attributes != attributes || now.n != data.n || memcmp(now.p, data.p, data.n) != 0))
		r = cb_fail(v->env, CB_EIO,
			    "%.*s reads back as %zu bytes with attributes 0x%x; %zu with 0x%x were written",
			    CB_STR_ARG(name), now.n, now_attributes, data.n, attributes);
	cb_buf_fini(&now);
	return r;
}

static int replace(struct cb_efivars *v, struct cb_str name, const char *path, uint32_t attributes,
		   struct cb_bytes data)
{
	cb_le32 head = cb_put_le32(attributes);
	bool there = access(path, F_OK) == 0, locked;
	struct cb_buf file;

	cb_buf_init(&file, v->env, sizeof(head) + CB_MAX_EFIVAR);
	cb_buf_add(&file, &head, sizeof(head));
	cb_buf_add(&file, data.p, data.n);

	int r = cb_buf_status(&file), err;

	if (r == 0) {
		locked = there && unlock(path);
		err = write_file(path, cb_buf_bytes(&file));
		if (locked)
			lock(path);
		else if (err != 0 && !there)
			(void)unlink(path); /* what open(2) made; it holds nothing */
		if (err != 0)
			r = refused(v->env, name, "writing", err);
	}
	cb_buf_fini(&file);
	return r;
}

static int delete(struct cb_efivars *v, struct cb_str name, const char *path)
{
	bool locked = unlock(path);

	if (unlink(path) == 0 || errno == ENOENT)
		return 0;

	int err = errno;

	if (locked)
		lock(path);
	return refused(v->env, name, "deleting", err);
}

static int set(struct cb_efivars *v, struct cb_str name, struct cb_uuid vendor, uint32_t attributes,
	       struct cb_bytes data)
{
	struct path path;
	int r = make_path(v, name, vendor, &path);

	if (r < 0)
		return r;
	if (data.n == 0)
		return delete(v, name, path.text);
	r = replace(v, name, path.text, attributes, data);
	return r == 0 ? verify(v, name, vendor, attributes, data) : r;
}

/* "NAME-GUID". */
static bool split(const char *file, struct cb_str *ret_name, struct cb_uuid *ret_vendor)
{
	struct cb_str s = cb_str_c(file);
	size_t dash = s.n < CB_UUID_TEXT + 1 ? 0 : s.n - CB_UUID_TEXT;

	if (dash == 0 || s.p[dash] != '-')
		return false;
	*ret_name = cb_str_sub(s, 0, dash);
	return cb_uuid_parse(cb_str_sub(s, dash + 1, SIZE_MAX), ret_vendor);
}

static int each(struct cb_efivars *v, int (*fn)(void *ctx, struct cb_str name, struct cb_uuid vendor),
		void *ctx)
{
	const struct cb_efivarfs *f = (const struct cb_efivarfs *)v;
	DIR *d = opendir(f->dir);
	struct cb_uuid vendor;
	struct cb_str name;
	struct dirent *e;
	int r = 0;

	if (d == NULL)
		return cb_os_fail(v->env, errno, "%s", f->dir);
	errno = 0;
	while (r >= 0 && (e = readdir(d)) != NULL) {
		if (split(e->d_name, &name, &vendor))
			r = fn(ctx, name, vendor);
		errno = 0;
	}
	if (r >= 0 && errno != 0)
		r = cb_os_fail(v->env, errno, "reading %s", f->dir);
	(void)closedir(d); /* nothing was written */
	return r < 0 ? r : 0;
}

static const struct cb_efivars_ops ops = { get, set, each };

int cb_efivarfs_open(struct cb_env *env, const char *dir, struct cb_efivarfs *ret)
{
	struct statfs fs;

	if (statfs(dir, &fs) < 0)
		return cb_fail(env, CB_EUNSUP,
			       "there are no EFI variables in %s: this machine wasn't started by UEFI, "
			       "or its kernel has no efivarfs", dir);
	if (fs.f_type == SYSFS_MAGIC)
		return cb_fail(env, CB_EUNSUP,
			       "nothing is mounted on %s; try mount -t efivarfs efivarfs %s", dir, dir);
	*ret = (struct cb_efivarfs){ { &ops, env }, dir };
	return 0;
}
