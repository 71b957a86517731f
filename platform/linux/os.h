/* linux/os.h - system calls at the edge: errno becomes CB_E*, small files of /proc and /sys. */
#ifndef CB_LINUX_OS_H
#define CB_LINUX_OS_H

#include "core/mem.h"

/* The CB_E* code for an errno. */
int cb_os_code(int err);
/* cb_fail() with cb_os_code(err), and ": " and what the error means after the text. */
int cb_os_fail(struct cb_env *env, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));

/* A whole file, at most max bytes of it, appended. Files of /proc have no size: they are read to
 * their end. */
CB_MUST int cb_os_read(struct cb_env *env, const char *path, size_t max, struct cb_buf *ret);
/* A short file's text without the blanks and newlines round it, NUL-terminated; empty when the file
 * can't be read. Returns its length. */
size_t cb_os_text(const char *path, char *ret, size_t room);
/* The same with the path put together from a format. */
size_t cb_os_textf(char *ret, size_t room, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* One write(2) to a file that exists. */
CB_MUST int cb_os_write(struct cb_env *env, const char *path, const char *text);

#endif
