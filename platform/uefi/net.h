/* uefi/net.h - IPv4 over the firmware's own stack: an address by DHCP, names by DNS, streams by TCP. */
#ifndef CB_UEFI_NET_H
#define CB_UEFI_NET_H

#include "net/stream.h"
#include "uefi/env.h"

/* Lease an address on the first interface that gets one. CB_EUNSUP: this firmware has no network stack, or
 * the machine no NIC; CB_ETIMEDOUT: no server answered. ret: "10.0.2.15". */
#define CB_IP4_TEXT 16u
CB_MUST int cb_uefi_net_up(struct cb_uefi *u, struct cb_env *env, uint64_t timeout_ns,
			   char ret[CB_IP4_TEXT]);

/* Streams over TCP4; what https has on top of them is lib/tls. */
struct cb_uefi_dial {
	struct cb_dial dial;         /* first */
	struct cb_uefi *u;
	struct cb_env *env;
};
void cb_uefi_dial_init(struct cb_uefi_dial *d, struct cb_uefi *u, struct cb_env *env);

#endif
