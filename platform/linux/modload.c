/* linux/modload.c - finit_module(2), init_module(2). */
#include "linux/modload.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/os.h"

#define INIT_COMPRESSED_FILE 4    /* <linux/module.h>, since 5.17 */

/* A driver without its hardware says ENODEV, ENXIO or ENOENT; a loaded or built-in one EEXIST. */
static bool is_fine(int err)
{
	return err == EEXIST || err == ENODEV || err == ENXIO || err == ENOENT;
}

int cb_module_load_file(struct cb_env *env, const char *path, bool compressed)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return cb_os_fail(env, errno, "%s", path);

	int err = syscall(SYS_finit_module, fd, "", compressed ? INIT_COMPRESSED_FILE : 0) == 0 ? 0 : errno;

	(void)close(fd); /* nothing was written */
	if (err == 0 || is_fine(err))
		return 0;
	/* An older kernel doesn't know the flag (EINVAL); one may know it and not this compression. */
	if (compressed && (err == EINVAL || err == EOPNOTSUPP || err == ENOEXEC))
		return cb_fail(env, CB_EUNSUP, "%s: this kernel doesn't decompress modules", path);
	return cb_os_fail(env, err, "loading %s", path);
}

int cb_module_load(struct cb_env *env, const char *name, struct cb_bytes elf)
{
	if (syscall(SYS_init_module, elf.p, elf.n, "") == 0 || is_fine(errno))
		return 0;
	return cb_os_fail(env, errno, "loading %s", name);
}
