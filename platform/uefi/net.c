/* uefi/net.c - EFI_IP4_CONFIG2 (UEFI 2.10, 28.5), and waiting. */
#include "uefi/net_priv.h"

#include "core/fmt.h"
#include "core/log.h"
#include "uefi/proto/ip4_config2.h"

#define STEP_US     10000u
#define TPL_CALLBACK 8u
#define INFO_MAX    1024u            /* with its routes */

static const struct efi_guid config2_guid = EFI_IP4_CONFIG2_GUID;

int uefi_child_open(struct cb_uefi *u, struct cb_env *env, const struct efi_guid *service,
		    const struct efi_guid *protocol, const char *what, struct uefi_child *ret)
{
	efi_handle *handles;
	size_t n = cb_uefi_handles(u, service, &handles);
	struct uefi_child c = { .u = u };

	for (size_t i = 0; i < n && c.protocol == NULL; i++) {
		c.binding = cb_uefi_protocol(u, handles[i], service);
		c.handle = NULL;
		if (c.binding == NULL ||
		    EFI_IS_ERROR(c.binding->create_child(c.binding, &c.handle)))
			continue;
		c.protocol = cb_uefi_protocol(u, c.handle, protocol);
		if (c.protocol == NULL)
			(void)c.binding->destroy_child(c.binding, c.handle); /* of no use to us */
	}
	cb_uefi_free_pool(u, handles);
	if (c.protocol == NULL)
		return cb_fail(env, CB_EUNSUP, "this firmware has no %s", what);
	*ret = c;
	return 0;
}

void uefi_child_close(struct uefi_child *c)
{
	if (c->protocol != NULL)
		(void)c->binding->destroy_child(c->binding, c->handle); /* nothing can be done */
	c->protocol = NULL;
}

int uefi_event(struct cb_uefi *u, struct cb_env *env, efi_event *ret)
{
	efi_status s = u->st->bs->create_event(0, TPL_CALLBACK, NULL, NULL, ret);

	return EFI_IS_ERROR(s) ? cb_fail(env, cb_uefi_error(s), "no event can be made") : 0;
}

bool uefi_await(struct cb_uefi *u, struct cb_env *env, const volatile efi_status *status,
		void (*poll)(void *arg), void *arg, uint64_t timeout_ns)
{
	uint64_t start = cb_now_ns(env);

	(void)u;
	while (*status == EFI_NOT_READY) {
		poll(arg);
		if (cb_now_ns(env) - start > timeout_ns)
			return *status != EFI_NOT_READY;
	}
	return true;
}

static bool has_address(struct efi_ip4_config2 *c, struct efi_ip4 *ret)
{
	union { struct efi_ip4_interface_info info; uint8_t room[INFO_MAX]; } b;
	size_t n = sizeof(b);

	if (EFI_IS_ERROR(c->get_data(c, EFI_IP4_INTERFACE_INFO, &n, &b)))
		return false;
	*ret = b.info.station;
	return (ret->b[0] | ret->b[1] | ret->b[2] | ret->b[3]) != 0;
}

static void text_of(struct efi_ip4 a, char ret[CB_IP4_TEXT])
{
	(void)cb_fmt(ret, CB_IP4_TEXT, "%u.%u.%u.%u", a.b[0], a.b[1], a.b[2], a.b[3]); /* it fits */
}

/* Setting the policy that is there already does nothing: DHCP may be at work since the
 * firmware's own start. */
static void ask_dhcp(struct efi_ip4_config2 *c)
{
	uint32_t policy = EFI_IP4_POLICY_DHCP;

	(void)c->set_data(c, EFI_IP4_POLICY, sizeof(policy), &policy); /* the address tells */
}

size_t uefi_dns_servers(struct cb_uefi *u, struct efi_ip4 *ret, size_t max)
{
	efi_handle *handles;
	size_t count = cb_uefi_handles(u, &config2_guid, &handles), found = 0;

	for (size_t i = 0; i < count && found == 0; i++) {
		struct efi_ip4_config2 *c = cb_uefi_protocol(u, handles[i], &config2_guid);
		size_t n = max * sizeof(*ret);

		if (c != NULL && !EFI_IS_ERROR(c->get_data(c, EFI_IP4_DNS_SERVER, &n, ret)) &&
		    n <= max * sizeof(*ret))
			found = n / sizeof(*ret);
	}
	cb_uefi_free_pool(u, handles);
	return found;
}

int cb_uefi_net_up(struct cb_uefi *u, struct cb_env *env, uint64_t timeout_ns,
		   char ret[CB_IP4_TEXT])
{
	efi_handle *handles;
	size_t n = cb_uefi_handles(u, &config2_guid, &handles);
	uint64_t start = cb_now_ns(env);
	struct efi_ip4 a;
	int r = CB_ETIMEDOUT;

	if (n == 0) {
		/* A quick boot leaves NICs alone. */
		cb_uefi_connect_all(u);
		n = cb_uefi_handles(u, &config2_guid, &handles);
	}
	if (n == 0)
		return cb_fail(env, CB_EUNSUP,
			       "this firmware has no network: no NIC, or no IPv4 stack");
	for (size_t i = 0; i < n; i++)
		ask_dhcp(cb_uefi_protocol(u, handles[i], &config2_guid));
	while (r < 0 && cb_now_ns(env) - start < timeout_ns) {
		for (size_t i = 0; i < n && r < 0; i++)
			r = has_address(cb_uefi_protocol(u, handles[i], &config2_guid), &a) ? 0 : r;
		if (r < 0)
			(void)u->st->bs->stall(STEP_US); /* always succeeds */
	}
	cb_uefi_free_pool(u, handles);
	if (r < 0)
		return cb_fail(env, CB_ETIMEDOUT,
			       "no DHCP server answered on %zu interface%s in %llu s", n,
			       n == 1 ? "" : "s", (unsigned long long)(timeout_ns / 1000000000u));
	text_of(a, ret);
	return 0;
}
