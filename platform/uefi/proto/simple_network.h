/* uefi/proto/simple_network.h - EFI_SIMPLE_NETWORK_PROTOCOL
 * (UEFI 2.10, 24.1): switching a card on and off. */
#ifndef CB_UEFI_PROTO_SIMPLE_NETWORK_H
#define CB_UEFI_PROTO_SIMPLE_NETWORK_H

#include "uefi/uefi.h"

#define EFI_SIMPLE_NETWORK_GUID \
	{ 0xa19832b9, 0xac25, 0x11d3, { 0x9a, 0x2d, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d } }

enum efi_simple_network_state { EFI_NETWORK_STOPPED, EFI_NETWORK_STARTED, EFI_NETWORK_INITIALIZED };

struct efi_simple_network_mode {
	uint32_t state;                    /* more follows */
};

struct efi_simple_network {
	uint64_t revision;
	efi_status (EFIAPI *start)(struct efi_simple_network *n);
	efi_status (EFIAPI *stop)(struct efi_simple_network *n);
	efi_status (EFIAPI *initialize)(struct efi_simple_network *n, size_t extra_rx, size_t extra_tx);
	void *reset;
	efi_status (EFIAPI *shutdown)(struct efi_simple_network *n);
	void *receive_filters, *station_address, *statistics, *mcast_ip_to_mac, *nv_data;
	void *get_status, *transmit, *receive;
	efi_event wait_for_packet;
	const struct efi_simple_network_mode *mode;
};

#endif
