/* uefi/files.h - writing files through the firmware's own FAT driver. */
#ifndef CB_UEFI_FILES_H
#define CB_UEFI_FILES_H

#include "uefi/env.h"

/* Replace the file at path ("\\cloud-boot\\probe.json", its folders are made) on the volume of a handle.
 * CB_EUNSUP: no file system there; CB_EAUTH: it can't be written; CB_ELIMIT: full. A file that
 * could not be written whole is removed. */
CB_MUST int cb_uefi_write_file(struct cb_uefi *u, struct cb_env *env, efi_handle volume, struct cb_str path,
			       struct cb_bytes data);

#endif
