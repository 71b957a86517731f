/* uefi/proto/device_path.h - EFI_DEVICE_PATH_PROTOCOL (UEFI 2.10, 10.2): on a handle lies the path itself,
 * which lib/image/devpath reads. */
#ifndef CB_UEFI_PROTO_DEVICE_PATH_H
#define CB_UEFI_PROTO_DEVICE_PATH_H

#include "uefi/uefi.h"

#define EFI_DEVICE_PATH_GUID \
	{ 0x09576e91, 0x6d3f, 0x11d2, { 0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b } }

struct efi_device_path { uint8_t type, subtype, size[2]; };

#endif
