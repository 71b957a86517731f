/* linux/modload.c - init_module(2). */
#include "linux/modload.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/os.h"

/* A driver without its hardware says ENODEV, ENXIO or ENOENT; a loaded or built-in one EEXIST. */
static bool is_fine(int err)
{
	return err == EEXIST || err == ENODEV || err == ENXIO || err == ENOENT;
}

int cb_module_load(struct cb_env *env, const char *name, struct cb_bytes elf)
{
	if (syscall(SYS_init_module, elf.p, elf.n, "") == 0 || is_fine(errno))
		return 0;
	return cb_os_fail(env, errno, "loading %s", name);
}
