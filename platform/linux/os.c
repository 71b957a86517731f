/* linux/os.c - errno, and small files. */
#include "linux/os.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/fmt.h"
#include "core/str.h"

#define READ_STEP (64u << 10)
#define PATH_ROOM 512u

int cb_os_code(int err)
{
	switch (err) {
	case 0:
		return CB_OK;
	case ENOMEM:
		return CB_ENOMEM;
	case ENOENT:
	case ENODEV:
	case ENXIO:
	case ENOMEDIUM:
		return CB_ENOENT;
	case ENOTDIR:
		return CB_ENOTDIR;
	case EISDIR:
		return CB_EISDIR;
	case ELOOP:
		return CB_ELOOP;
	case ENOSYS:
	case EOPNOTSUPP:
		return CB_EUNSUP;
	case ENOEXEC:
		return CB_ECORRUPT;
	case EPERM:
	case EACCES:
	case EKEYREJECTED:
	case ENOKEY:
	case EBADMSG:
	case ENODATA:
		return CB_EAUTH;
	case ETIMEDOUT:
		return CB_ETIMEDOUT;
	case EINVAL:
		return CB_EINVAL;
	case EFBIG:
	case E2BIG:
	case ENAMETOOLONG:
	case EMFILE:
	case ENFILE:
	case ENOSPC:
		return CB_ELIMIT;
	default:
		return CB_EIO;
	}
}

int cb_os_fail(struct cb_env *env, int err, const char *fmt, ...)
{
	char text[CB_DIAG_TEXT / 2];
	va_list ap;

	va_start(ap, fmt);
	(void)cb_vfmt(text, sizeof(text), fmt, ap); /* a long one is cut */
	va_end(ap);
	return cb_fail(env, cb_os_code(err), "%s: %s", text, strerror(err));
}

static ssize_t read_some(int fd, void *p, size_t n)
{
	ssize_t got;

	do
		got = read(fd, p, n);
	while (got < 0 && errno == EINTR);
	return got;
}

int cb_os_read(struct cb_env *env, const char *path, size_t max, struct cb_buf *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t left = max;
	ssize_t got = 1;

	if (fd < 0)
		return cb_os_fail(env, errno, "%s", path);
	while (left > 0 && got > 0) {
		size_t step = left < READ_STEP ? left : READ_STEP;
		void *p = cb_buf_reserve(ret, step);

		if (p == NULL)
			break;
		got = read_some(fd, p, step);
		if (got > 0) {
			cb_buf_commit(ret, (size_t)got);
			left -= (size_t)got;
		}
	}

	int err = got < 0 ? errno : 0;

	(void)close(fd); /* nothing was written */
	if (cb_buf_status(ret) < 0)
		return cb_wrap(env, cb_buf_status(ret), "%s", path);
	return err != 0 ? cb_os_fail(env, err, "reading %s", path) : 0;
}

size_t cb_os_text(const char *path, char *ret, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read_some(fd, ret, room - 1) : 0;

	if (fd >= 0)
		(void)close(fd); /* nothing was written */

	struct cb_str s = cb_str_trim((struct cb_str){ ret, got > 0 ? (size_t)got : 0 });

	memmove(ret, s.p, s.n);
	ret[s.n] = '\0';
	return s.n;
}

size_t cb_os_textf(char *ret, size_t room, const char *fmt, ...)
{
	char path[PATH_ROOM];
	va_list ap;

	va_start(ap, fmt);
	size_t n = cb_vfmt(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (n >= sizeof(path)) {
		ret[0] = '\0';
		return 0;
	}
	return cb_os_text(path, ret, room);
}

int cb_os_write(struct cb_env *env, const char *path, const char *text)
{
	size_t n = strlen(text);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return cb_os_fail(env, errno, "%s", path);

	ssize_t put = write(fd, text, n);
	int err = put < 0 ? errno : (size_t)put != n ? EIO : 0;

	if (close(fd) != 0 && err == 0)
		err = errno;
	return err != 0 ? cb_os_fail(env, err, "writing %s", path) : 0;
}
