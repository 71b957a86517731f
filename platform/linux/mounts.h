/* linux/mounts.h - the file systems that the kernel itself provides, and a volume to write to. */
#ifndef CB_LINUX_MOUNTS_H
#define CB_LINUX_MOUNTS_H

#include "core/err.h"

/* /proc, /sys, /dev, /run. What is mounted already is left alone. */
CB_MUST int cb_mounts_early(struct cb_env *env);
/* EFI variables and the kernel's security settings, where this machine has them; for after modules. */
void cb_mounts_late(void);

/* A FAT volume, read-only, on `at`, which is made. */
CB_MUST int cb_mount_fat(struct cb_env *env, const char *device, const char *at);
/* From now on it may be written. CB_EAUTH: the device can't. */
CB_MUST int cb_mount_unlock(struct cb_env *env, const char *at);
/* Everything is on the device when this succeeds. */
CB_MUST int cb_unmount(struct cb_env *env, const char *at);

#endif
