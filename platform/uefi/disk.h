/* uefi/disk.h - the machine's disks through EFI_BLOCK_IO, _IO2 or EFI_DISK_IO, under the names that Linux
 * would give them. */
#ifndef CB_UEFI_DISK_H
#define CB_UEFI_DISK_H

#include "block/blk.h"
#include "uefi/env.h"

struct cb_uefi_disk {
	efi_handle handle;
	struct cb_str name;          /* as Linux would say: image/efidisk.h */
	struct cb_bytes path;        /* its device path, the firmware's, END included */
};

/* Whole disks that have a medium, in the order of cb_efidisk_order(). An array in the arena. */
CB_MUST int cb_uefi_disks(struct cb_uefi *u, struct cb_arena *a, struct cb_uefi_disk **ret, size_t *ret_n);

/* Read-only, and in blocks of 512 bytes where the device's own have an odd size. A changed medium is CB_EIO
 * from then on: what was read before belongs to another one. */
CB_MUST int cb_uefi_blk(struct cb_uefi *u, struct cb_env *env, const struct cb_uefi_disk *d,
			struct cb_blk **ret);

/* Let every driver bind every controller: after a quick boot only the boot disk may be connected. Takes
 * up to a second. */
void cb_uefi_connect_all(struct cb_uefi *u);

/* All handles that have a protocol; free with cb_uefi_free_pool(). 0 and NULL when there are none. */
size_t cb_uefi_handles(struct cb_uefi *u, const struct efi_guid *g, efi_handle **ret);
void cb_uefi_free_pool(struct cb_uefi *u, void *p);
/* A protocol of a handle, NULL when it has none. */
void *cb_uefi_protocol(struct cb_uefi *u, efi_handle h, const struct efi_guid *g);
/* A device path with its END, where it lies; n 0 for NULL and for one that makes no sense. */
struct cb_bytes cb_uefi_path_bytes(const struct efi_device_path *path);
/* That of a handle. */
struct cb_bytes cb_uefi_path(struct cb_uefi *u, efi_handle h);

#endif
