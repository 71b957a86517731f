/* uki/initramfs.h - writes the archive that docs/initramfs.md describes. */
#ifndef CB_UKI_INITRAMFS_H
#define CB_UKI_INITRAMFS_H

#include "uki/modules.h"

struct cb_initramfs_plan {
	const char *init;                 /* path of cloud-boot-init */
	const char *stub;                 /* and of the UEFI stub, for UKIs that init makes */
	struct cb_str osrel;
	const struct cb_modules *modules; /* NULL: the kernel has none */
};

/* Append the compressed archive. */
CB_MUST int cb_initramfs_write(struct cb_host *h, const struct cb_initramfs_plan *plan,
			       struct cb_buf *ret);

#endif
