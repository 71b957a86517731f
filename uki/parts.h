/* uki/parts.h - where our own parts, the cache and the stubs are. */
#ifndef CB_UKI_PARTS_H
#define CB_UKI_PARTS_H

#include "core/arch.h"
#include "uki/host.h"

/* cloud-boot-init of an architecture: $CLOUD_BOOT_LIBEXEC/init-ARCH/cloud-boot-init, else in
 * ../libexec/cloud-boot beside the command's own directory, else in the build tree it runs from. */
CB_MUST int cb_parts_init(struct cb_host *h, enum cb_arch arch, const char **ret);
/* "x64", "aa64": the architecture in names of EFI things, lower case. */
const char *cb_parts_efi_name(struct cb_host *h, enum cb_arch arch);
/* loader.efi of an architecture, looked for in the same places: efi-x64/loader.efi. */
CB_MUST int cb_parts_loader(struct cb_host *h, enum cb_arch arch, const char **ret);
/* debian-apt.sh, looked for in the same places. */
CB_MUST int cb_parts_apt(struct cb_host *h, const char **ret);

/* ${XDG_CACHE_HOME:-~/.cache}/cloud-boot/NAME, made with its parents when it is missing. */
CB_MUST int cb_parts_cache(struct cb_host *h, const char *name, const char **ret);

/* mkdir -p. */
CB_MUST int cb_parts_mkdirs(struct cb_host *h, const char *path);

#endif
