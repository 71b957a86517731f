/* uefi/proto/dt_fixup.h - device trees: the configuration table that has one (UEFI 2.10, 4.6.1), and the
 * protocol by which firmware fits another one to the machine (EFI_DT_FIXUP_PROTOCOL, EBBR 2.1). */
#ifndef CB_UEFI_PROTO_DT_FIXUP_H
#define CB_UEFI_PROTO_DT_FIXUP_H

#include "uefi/uefi.h"

#define EFI_DTB_TABLE_GUID \
	{ 0xb1b621d5, 0xf19c, 0x41a5, { 0x83, 0x0b, 0xd9, 0x15, 0x2c, 0x69, 0xaa, 0xe0 } }
#define EFI_DT_FIXUP_GUID \
	{ 0xe617d64c, 0xfe08, 0x46da, { 0xf4, 0xdc, 0xbb, 0xd5, 0x87, 0x0c, 0x73, 0x00 } }

#define EFI_DT_APPLY_FIXUPS   1u
#define EFI_DT_RESERVE_MEMORY 2u

struct efi_dt_fixup {
	uint64_t revision;
	/* *n is the room at fdt; EFI_BUFFER_TOO_SMALL sets what is needed. */
	efi_status (EFIAPI *fixup)(struct efi_dt_fixup *f, void *fdt, size_t *n, uint32_t flags);
};

#endif
