/* uefi/net_priv.h - what the parts of the network share: children of a service, tokens that are awaited. */
#ifndef CB_UEFI_NET_PRIV_H
#define CB_UEFI_NET_PRIV_H

#include "uefi/disk.h"
#include "uefi/net.h"
#include "uefi/proto/service_binding.h"

/* A protocol instance of our own. */
struct uefi_child {
	struct cb_uefi *u;
	struct efi_service_binding *binding;
	efi_handle handle;
	void *protocol;
};
/* From the first service that gives one. CB_EUNSUP: there is none. */
CB_MUST int uefi_child_open(struct cb_uefi *u, struct cb_env *env, const struct efi_guid *service,
			    const struct efi_guid *protocol, const char *what, struct uefi_child *ret);
void uefi_child_close(struct uefi_child *c);       /* a zeroed one is fine */

/* Call poll(arg) until *status is another one than EFI_NOT_READY. False: the time was over. */
bool uefi_await(struct cb_uefi *u, struct cb_env *env, const volatile efi_status *status,
		void (*poll)(void *arg), void *arg, uint64_t timeout_ns);
/* An event that nobody is notified of: tokens want one. */
CB_MUST int uefi_event(struct cb_uefi *u, struct cb_env *env, efi_event *ret);

/* The name servers that came with the lease, at most max of them. 0: none did, or the firmware doesn't
 * say. */
size_t uefi_dns_servers(struct cb_uefi *u, struct efi_ip4 *ret, size_t max);

/* dns.c: dotted digits, else the firmware's resolver. */
CB_MUST int uefi_resolve(struct cb_uefi *u, struct cb_env *env, struct cb_str host, uint64_t timeout_ns,
			 struct efi_ip4 *ret);

#endif
