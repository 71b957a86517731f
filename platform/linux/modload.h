/* linux/modload.h - giving a module to the kernel. */
#ifndef CB_LINUX_MODLOAD_H
#define CB_LINUX_MODLOAD_H

#include "core/bytes.h"
#include "core/err.h"

/* An uncompressed module; name is for the report. 0 also when it is there already, or says that its
 * hardware isn't (ENODEV and kin). */
CB_MUST int cb_module_load(struct cb_env *env, const char *name, struct cb_bytes elf);

#endif
