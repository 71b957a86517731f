/* uefi/proto/disk_io.h - EFI_DISK_IO_PROTOCOL (UEFI 2.10, 13.7), of which only reading is used. */
#ifndef CB_UEFI_PROTO_DISK_IO_H
#define CB_UEFI_PROTO_DISK_IO_H

#include "uefi/uefi.h"

#define EFI_DISK_IO_GUID \
	{ 0xce345171, 0xba0b, 0x11d2, { 0x8e, 0x4f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b } }

struct efi_disk_io {
	uint64_t revision;
	efi_status (EFIAPI *read)(struct efi_disk_io *d, uint32_t media_id, uint64_t off, size_t n,
				  void *buf);
	void *write;
};

#endif
