/* uefi/proto/simple_fs.h - EFI_SIMPLE_FILE_SYSTEM_PROTOCOL and EFI_FILE_PROTOCOL (UEFI 2.10,
 * 13.4 and 13.5). */
#ifndef CB_UEFI_PROTO_SIMPLE_FS_H
#define CB_UEFI_PROTO_SIMPLE_FS_H

#include "uefi/uefi.h"

#define EFI_SIMPLE_FILE_SYSTEM_GUID \
	{ 0x964e5b22, 0x6459, 0x11d2, { 0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b } }

#define EFI_FILE_MODE_READ      UINT64_C(1)
#define EFI_FILE_MODE_WRITE     UINT64_C(2)
#define EFI_FILE_MODE_CREATE    (UINT64_C(1) << 63)
#define EFI_FILE_DIRECTORY      UINT64_C(0x10)

/* Revision 1. */
struct efi_file {
	uint64_t revision;
	efi_status (EFIAPI *open)(struct efi_file *f, struct efi_file **ret, const efi_char16 *name,
				  uint64_t mode, uint64_t attributes);
	efi_status (EFIAPI *close)(struct efi_file *f);
	efi_status (EFIAPI *delete)(struct efi_file *f);   /* closes it too */
	efi_status (EFIAPI *read)(struct efi_file *f, size_t *n, void *buf);
	efi_status (EFIAPI *write)(struct efi_file *f, size_t *n, const void *buf);
	efi_status (EFIAPI *get_position)(struct efi_file *f, uint64_t *ret);
	efi_status (EFIAPI *set_position)(struct efi_file *f, uint64_t at);
	void *get_info, *set_info;
	efi_status (EFIAPI *flush)(struct efi_file *f);
};

struct efi_simple_fs {
	uint64_t revision;
	efi_status (EFIAPI *open_volume)(struct efi_simple_fs *v, struct efi_file **ret);
};

#endif
