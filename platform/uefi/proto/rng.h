/* uefi/proto/rng.h - EFI_RNG_PROTOCOL (UEFI 2.10, 37.5). */
#ifndef CB_UEFI_PROTO_RNG_H
#define CB_UEFI_PROTO_RNG_H

#include "uefi/uefi.h"

#define EFI_RNG_GUID \
	{ 0x3152bca5, 0xeade, 0x433d, { 0x86, 0x2e, 0xc0, 0x1c, 0xdc, 0x29, 0x1f, 0x44 } }

struct efi_rng {
	void *get_info;
	efi_status (EFIAPI *get_rng)(struct efi_rng *r, const struct efi_guid *algorithm, size_t n,
				     uint8_t *buf);
};

#endif
