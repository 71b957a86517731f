/* uefi/proto/dns4.h - EFI_DNS4_PROTOCOL (UEFI 2.10, 29.7). */
#ifndef CB_UEFI_PROTO_DNS4_H
#define CB_UEFI_PROTO_DNS4_H

#include "uefi/proto/service_binding.h"

#define EFI_DNS4_BINDING_GUID \
	{ 0xb625b186, 0xe063, 0x44f7, { 0x89, 0x05, 0x6a, 0x74, 0xdc, 0x6f, 0x52, 0xb4 } }
#define EFI_DNS4_GUID \
	{ 0xae3d28cc, 0xe05b, 0x4fa1, { 0xa0, 0x11, 0x7e, 0xb5, 0x5a, 0x3f, 0x14, 0x01 } }

#define EFI_DNS_UDP 17u

struct efi_dns4_config {
	size_t servers_n;
	struct efi_ip4 *servers;           /* NULL: those of the interface */
	bool use_default, cache;
	uint8_t protocol;
	struct efi_ip4 station, mask;
	uint16_t local_port;
	uint32_t retries, retry_seconds;
};

struct efi_dns4_addresses { uint32_t n; struct efi_ip4 *v; };

struct efi_dns4_token {
	efi_event event;
	efi_status status;
	uint32_t retries, retry_seconds;
	struct efi_dns4_addresses *addresses; /* the firmware's pool memory, ours to free */
};

struct efi_dns4 {
	void *get_mode_data;
	efi_status (EFIAPI *configure)(struct efi_dns4 *d, struct efi_dns4_config *c);
	efi_status (EFIAPI *host_to_ip)(struct efi_dns4 *d, efi_char16 *name, struct efi_dns4_token *t);
	void *ip_to_host, *general_lookup, *update_cache;
	efi_status (EFIAPI *poll)(struct efi_dns4 *d);
	efi_status (EFIAPI *cancel)(struct efi_dns4 *d, struct efi_dns4_token *t);
};

#endif
