/* uefi/dns.c - names to addresses: EFI_DNS4 (UEFI 2.10, 29.7), with the servers that DHCP gave. */
#include "uefi/net_priv.h"

#include "core/limits.h"
#include "core/str.h"
#include "core/utf.h"
#include "uefi/proto/dns4.h"

#define SERVERS 8u
#define RETRIES 3u
#define RETRY_SECONDS 2u

static void poll_dns(void *arg)
{
	struct efi_dns4 *d = arg;

	(void)d->poll(d); /* the token tells */
}

static int ask(struct cb_uefi *u, struct cb_env *env, struct efi_dns4 *d, struct cb_str host,
	       uint64_t timeout_ns, struct efi_ip4 *ret)
{
	struct efi_ip4 servers[SERVERS];
	struct efi_dns4_config config = { .use_default = true, .protocol = EFI_DNS_UDP, .retries = RETRIES,
					  .retry_seconds = RETRY_SECONDS };
	struct efi_dns4_token t = { .status = EFI_NOT_READY, .retries = RETRIES,
				    .retry_seconds = RETRY_SECONDS };
	efi_char16 name[CB_MAX_HOST + 1] = { 0 };
	efi_status s;
	int r = uefi_event(u, env, &t.event);

	if (r < 0)
		return r;
	/* Without a list the firmware asks the DHCP server once more: seconds. */
	config.servers_n = uefi_dns_servers(u, servers, SERVERS);
	config.servers = config.servers_n > 0 ? servers : NULL;
	for (size_t i = 0; i < host.n && i < CB_MAX_HOST; i++)
		name[i] = (uint8_t)host.p[i]; /* ASCII: net/url.c saw to that */
	s = d->configure(d, &config);
	if (!EFI_IS_ERROR(s))
		s = d->host_to_ip(d, name, &t);
	if (!EFI_IS_ERROR(s) && !uefi_await(u, env, &t.status, poll_dns, d, timeout_ns)) {
		(void)d->cancel(d, &t); /* the child goes in any case */
		r = cb_fail(env, CB_ETIMEDOUT, "the name %.*s: no answer", CB_STR_ARG(host));
	} else if (EFI_IS_ERROR(s) || EFI_IS_ERROR(t.status)) {
		r = cb_fail(env, CB_ENOENT, "there is no address for the name %.*s", CB_STR_ARG(host));
	} else if (t.addresses == NULL || t.addresses->n == 0) {
		r = cb_fail(env, CB_ENOENT, "the name %.*s has no IPv4 address", CB_STR_ARG(host));
	} else {
		*ret = t.addresses->v[0];
	}
	if (t.addresses != NULL) {
		cb_uefi_free_pool(u, t.addresses->v);
		cb_uefi_free_pool(u, t.addresses);
	}
	(void)u->st->bs->close_event(t.event); /* it was ours */
	return r;
}

int uefi_resolve(struct cb_uefi *u, struct cb_env *env, struct cb_str host, uint64_t timeout_ns,
		 struct efi_ip4 *ret)
{
	static const struct efi_guid service = EFI_DNS4_BINDING_GUID, protocol = EFI_DNS4_GUID;
	struct uefi_child child = { .protocol = NULL };
	int r;

	if (cb_url_ip4(host, ret->b))
		return 0;
	r = uefi_child_open(u, env, &service, &protocol, "DNS", &child);
	if (r == 0)
		r = ask(u, env, child.protocol, host, timeout_ns, ret);
	uefi_child_close(&child);
	return r;
}
