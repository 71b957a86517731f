/* linux/bootnext.h - leaving the machine to the firmware's next boot entry (UEFI 3.1.2 "BootNext"). */
#ifndef CB_LINUX_BOOTNEXT_H
#define CB_LINUX_BOOTNEXT_H

#include <stdint.h>

#include "core/err.h"

/* Make the first active entry behind the running one in BootOrder the choice of the next boot only.
 * CB_ENOENT: there is none. CB_EUNSUP: no EFI variables here. dir: where efivarfs is mounted. */
CB_MUST int cb_boot_next_entry(struct cb_env *env, const char *dir, uint16_t *ret);

#define CB_EFIVARS "/sys/firmware/efi/efivars"

#endif
