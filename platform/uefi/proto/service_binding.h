/* uefi/proto/service_binding.h - EFI_SERVICE_BINDING_PROTOCOL (UEFI 2.10, 11.6): protocols that are made for
 * each user. */
#ifndef CB_UEFI_PROTO_SERVICE_BINDING_H
#define CB_UEFI_PROTO_SERVICE_BINDING_H

#include "uefi/uefi.h"

struct efi_service_binding {
	/* *child NULL: a new handle. */
	efi_status (EFIAPI *create_child)(struct efi_service_binding *b, efi_handle *child);
	efi_status (EFIAPI *destroy_child)(struct efi_service_binding *b, efi_handle child);
};

struct efi_ip4 { uint8_t b[4]; };

#endif
