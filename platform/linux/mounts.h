/* linux/mounts.h - the file systems that the kernel itself provides. */
#ifndef CB_LINUX_MOUNTS_H
#define CB_LINUX_MOUNTS_H

#include "core/err.h"

/* /proc, /sys, /dev, /run. What is mounted already is left alone. */
CB_MUST int cb_mounts_early(struct cb_env *env);
/* EFI variables and the kernel's security settings, where this machine has them; for after modules. */
void cb_mounts_late(void);

#endif
