/* linux/efivarfs.h - EFI variables as Linux shows them: a folder with one file each, NAME-GUID, 4 bytes of
 * attributes and then the value. Any folder that looks like it will do. */
#ifndef CB_LINUX_EFIVARFS_H
#define CB_LINUX_EFIVARFS_H

#include "image/efivars.h"

#define CB_EFIVARS "/sys/firmware/efi/efivars"

struct cb_efivarfs {
	struct cb_efivars vars;
	const char *dir;              /* borrowed */
};

/* CB_EUNSUP: there are no EFI variables in dir; the report says why. Nothing is held open. */
CB_MUST int cb_efivarfs_open(struct cb_env *env, const char *dir, struct cb_efivarfs *ret);

#endif
