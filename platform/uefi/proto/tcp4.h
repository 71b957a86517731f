/* uefi/proto/tcp4.h - EFI_TCP4_PROTOCOL (UEFI 2.10, 28.1). */
#ifndef CB_UEFI_PROTO_TCP4_H
#define CB_UEFI_PROTO_TCP4_H

#include "uefi/proto/service_binding.h"

#define EFI_TCP4_BINDING_GUID \
	{ 0x00720665, 0x67eb, 0x4a99, { 0xba, 0xf7, 0xd3, 0xc3, 0x3a, 0x1c, 0x7c, 0xc9 } }
#define EFI_TCP4_GUID \
	{ 0x65530bc7, 0xa359, 0x410f, { 0xb0, 0x10, 0x5a, 0xad, 0xc7, 0xec, 0x2b, 0x62 } }

struct efi_tcp4_access_point {
	bool use_default_address;
	struct efi_ip4 station, mask;
	uint16_t station_port;
	struct efi_ip4 remote;
	uint16_t remote_port;
	bool active;
};

struct efi_tcp4_config {
	uint8_t type_of_service, time_to_live;
	struct efi_tcp4_access_point point;
	void *option;                      /* NULL: the firmware's defaults */
};

struct efi_token { efi_event event; efi_status status; };

struct efi_tcp4_fragment { uint32_t n; void *p; };

/* With one fragment: all that we use. */
struct efi_tcp4_receive {
	bool urgent;
	uint32_t n, fragments_n;
	struct efi_tcp4_fragment fragment;
};

struct efi_tcp4_transmit {
	bool push, urgent;
	uint32_t n, fragments_n;
	struct efi_tcp4_fragment fragment;
};

struct efi_tcp4_io {
	struct efi_token token;
	union { struct efi_tcp4_receive *receive; struct efi_tcp4_transmit *transmit; } packet;
};

struct efi_tcp4_close { struct efi_token token; bool abort; };

struct efi_tcp4 {
	void *get_mode_data;
	/* NULL: back to the unconfigured state, everything is aborted. */
	efi_status (EFIAPI *configure)(struct efi_tcp4 *t, struct efi_tcp4_config *c);
	void *routes;
	efi_status (EFIAPI *connect)(struct efi_tcp4 *t, struct efi_token *token);
	void *accept;
	efi_status (EFIAPI *transmit)(struct efi_tcp4 *t, struct efi_tcp4_io *io);
	efi_status (EFIAPI *receive)(struct efi_tcp4 *t, struct efi_tcp4_io *io);
	efi_status (EFIAPI *close)(struct efi_tcp4 *t, struct efi_tcp4_close *c);
	efi_status (EFIAPI *cancel)(struct efi_tcp4 *t, struct efi_token *token);
	efi_status (EFIAPI *poll)(struct efi_tcp4 *t);
};

#endif
