/* uefi/proto/block_io.h - EFI_BLOCK_IO_PROTOCOL (UEFI 2.10, 13.9). */
#ifndef CB_UEFI_PROTO_BLOCK_IO_H
#define CB_UEFI_PROTO_BLOCK_IO_H

#include "uefi/uefi.h"

#define EFI_BLOCK_IO_GUID \
	{ 0x964e5b21, 0x6459, 0x11d2, { 0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b } }

/* What revision 1 has; later fields follow. */
struct efi_block_io_media {
	uint32_t media_id;
	bool removable, present, logical_partition, read_only, write_caching;
	uint32_t block_size, io_align;
	uint64_t last_block;
};

struct efi_block_io {
	uint64_t revision;
	struct efi_block_io_media *media;
	efi_status (EFIAPI *reset)(struct efi_block_io *b, bool extended);
	efi_status (EFIAPI *read)(struct efi_block_io *b, uint32_t media_id, uint64_t lba, size_t n,
				  void *buf);
	efi_status (EFIAPI *write)(struct efi_block_io *b, uint32_t media_id, uint64_t lba, size_t n,
				   const void *buf);
	efi_status (EFIAPI *flush)(struct efi_block_io *b);
};

#endif
