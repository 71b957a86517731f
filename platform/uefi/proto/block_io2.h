/* uefi/proto/block_io2.h - EFI_BLOCK_IO2_PROTOCOL (UEFI 2.10, 13.10), of which only reading is used. */
#ifndef CB_UEFI_PROTO_BLOCK_IO2_H
#define CB_UEFI_PROTO_BLOCK_IO2_H

#include "uefi/proto/block_io.h"

#define EFI_BLOCK_IO2_GUID \
	{ 0xa77b2472, 0xe282, 0x4e9f, { 0xa2, 0x45, 0xc2, 0xc0, 0xe2, 0x7b, 0xbc, 0xc1 } }

struct efi_block_io2 {
	struct efi_block_io_media *media;
	void *reset;
	/* token NULL: the call comes back when the data is there. */
	efi_status (EFIAPI *read)(struct efi_block_io2 *b, uint32_t media_id, uint64_t lba, void *token,
				  size_t n, void *buf);
	void *write, *flush;
};

#endif
