/* uefi/proto/loaded_image.h - EFI_LOADED_IMAGE_PROTOCOL (UEFI 2.10, 9.1). */
#ifndef CB_UEFI_PROTO_LOADED_IMAGE_H
#define CB_UEFI_PROTO_LOADED_IMAGE_H

#include "uefi/uefi.h"

#define EFI_LOADED_IMAGE_GUID \
	{ 0x5b1b31a1, 0x9562, 0x11d2, { 0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b } }

struct efi_loaded_image {
	uint32_t revision;
	efi_handle parent;
	struct efi_system_table *st;
	efi_handle device;
	struct efi_device_path *path;      /* of the file, below device */
	void *reserved;
	uint32_t options_size;             /* bytes */
	void *options;
	void *base;
	uint64_t size;
	uint32_t code_type, data_type;
	efi_status (EFIAPI *unload)(efi_handle image);
};

#endif
