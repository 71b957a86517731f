/* linux/modload.h - giving a module's file to the kernel. */
#ifndef CB_LINUX_MODLOAD_H
#define CB_LINUX_MODLOAD_H

#include "core/bytes.h"
#include "core/err.h"

/* 0 also when the module is there already, or says that its hardware isn't (ENODEV and kin).
 * CB_EUNSUP: the file is compressed and this kernel doesn't decompress. */
CB_MUST int cb_module_load_file(struct cb_env *env, const char *path, bool compressed);
/* The same from memory, uncompressed; name is for the report. */
CB_MUST int cb_module_load(struct cb_env *env, const char *name, struct cb_bytes elf);

#endif
