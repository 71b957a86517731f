/* uefi/proto/load_file2.h - EFI_LOAD_FILE2_PROTOCOL (UEFI 2.10, 13.2). */
#ifndef CB_UEFI_PROTO_LOAD_FILE2_H
#define CB_UEFI_PROTO_LOAD_FILE2_H

#include "uefi/uefi.h"

#define EFI_LOAD_FILE2_GUID \
	{ 0x4006c0c1, 0xfcb3, 0x403e, { 0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d } }

/* Linux asks for its initrd here: Documentation/admin-guide/efi-stub.rst. */
#define LINUX_EFI_INITRD_MEDIA_GUID \
	{ 0x5568e427, 0x68fc, 0x4f3d, { 0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68 } }

struct efi_load_file2 {
	efi_status (EFIAPI *load_file)(struct efi_load_file2 *f, struct efi_device_path *path,
				       bool boot_policy, size_t *n, void *buf);
};

#endif
