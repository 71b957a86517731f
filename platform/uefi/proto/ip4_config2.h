/* uefi/proto/ip4_config2.h - EFI_IP4_CONFIG2_PROTOCOL (UEFI 2.10, 28.5). */
#ifndef CB_UEFI_PROTO_IP4_CONFIG2_H
#define CB_UEFI_PROTO_IP4_CONFIG2_H

#include "uefi/proto/service_binding.h"

#define EFI_IP4_CONFIG2_GUID \
	{ 0x5b446ed1, 0xe30b, 0x4faa, { 0x87, 0x1a, 0x36, 0x54, 0xec, 0xa3, 0x60, 0x80 } }

enum efi_ip4_config2_type {
	EFI_IP4_INTERFACE_INFO, EFI_IP4_POLICY, EFI_IP4_MANUAL_ADDRESS, EFI_IP4_GATEWAY,
	EFI_IP4_DNS_SERVER,
};
enum efi_ip4_policy { EFI_IP4_POLICY_STATIC, EFI_IP4_POLICY_DHCP };

/* A route table follows where the pointer says. */
struct efi_ip4_interface_info {
	efi_char16 name[32];
	uint8_t type;
	uint32_t address_size;
	uint8_t address[32];
	struct efi_ip4 station, mask;
	uint32_t routes_n;
	void *routes;
};

struct efi_ip4_config2 {
	efi_status (EFIAPI *set_data)(struct efi_ip4_config2 *c, uint32_t type, size_t n, void *data);
	efi_status (EFIAPI *get_data)(struct efi_ip4_config2 *c, uint32_t type, size_t *n, void *data);
	void *register_data_notify, *unregister_data_notify;
};

#endif
