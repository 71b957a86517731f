/* uefi/tcp.c - EFI_TCP4 as cb_stream (UEFI 2.10, 28.1). One token at a time: the data is where
 * it was asked for when the token is done. */
#include "uefi/net_priv.h"

#include "core/log.h"
#include "uefi/proto/tcp4.h"

#define TTL          64u
#define CLOSE_NS     UINT64_C(1000000000)
#define CALL_MAX     (1u << 20)

struct tcp {
	struct cb_stream stream;         /* first */
	struct uefi_child child;
	struct efi_tcp4 *tcp;
	efi_event event;
};

static void poll_tcp(void *arg)
{
	struct efi_tcp4 *t = arg;

	(void)t->poll(t); /* the token tells */
}

static bool await(struct tcp *t, const volatile efi_status *status, uint64_t timeout_ns)
{
	return uefi_await(t->child.u, t->stream.env, status, poll_tcp, t->tcp, timeout_ns);
}

static int broke(struct tcp *t, const char *what, efi_status s)
{
	return cb_fail(t->stream.env, CB_EIO, "%s: %s (EFI status %llu)", what,
		       s == EFI_CONNECTION_RESET || s == EFI_CONNECTION_REFUSED
			       ? "the other side said no"
			       : "the connection broke",
		       (unsigned long long)(s & ~EFI_ERROR_BIT));
}

static int tcp_read(struct cb_stream *s, void *buf, size_t n, uint64_t timeout_ns, size_t *ret_n)
{
	struct tcp *t = (struct tcp *)s;
	uint32_t want = n < CALL_MAX ? (uint32_t)n : CALL_MAX;
	struct efi_tcp4_receive rx = { .n = want, .fragments_n = 1, .fragment = { want, buf } };
	struct efi_tcp4_io io = { .token = { t->event, EFI_NOT_READY }, .packet.receive = &rx };
	efi_status status = t->tcp->receive(t->tcp, &io);

	if (status == EFI_CONNECTION_FIN) {
		*ret_n = 0;
		return 0;
	}
	if (EFI_IS_ERROR(status))
		return broke(t, "receiving", status);
	if (!await(t, &io.token.status, timeout_ns)) {
		(void)t->tcp->cancel(t->tcp, &io.token); /* rx must not be written to any more */
		return cb_fail(s->env, CB_ETIMEDOUT, "the server sent nothing for %llu s",
			       (unsigned long long)(timeout_ns / 1000000000u));
	}
	if (io.token.status == EFI_CONNECTION_FIN)
		rx.n = 0;
	else if (EFI_IS_ERROR(io.token.status))
		return broke(t, "receiving", io.token.status);
	*ret_n = rx.n < want ? rx.n : want;
	return 0;
}

static int tcp_write(struct cb_stream *s, const void *buf, size_t n, uint64_t timeout_ns)
{
	struct tcp *t = (struct tcp *)s;
	const uint8_t *p = buf;

	while (n > 0) {
		uint32_t part = n < CALL_MAX ? (uint32_t)n : CALL_MAX;
		struct efi_tcp4_transmit tx = { .push = true, .n = part, .fragments_n = 1,
						.fragment = { part, (void *)(uintptr_t)p } };
		struct efi_tcp4_io io = { .token = { t->event, EFI_NOT_READY },
					  .packet.transmit = &tx };
		efi_status status = t->tcp->transmit(t->tcp, &io);

		if (EFI_IS_ERROR(status))
			return broke(t, "sending", status);
		if (!await(t, &io.token.status, timeout_ns)) {
			(void)t->tcp->cancel(t->tcp, &io.token); /* tx goes away */
			return cb_fail(s->env, CB_ETIMEDOUT, "the server took nothing for %llu s",
				       (unsigned long long)(timeout_ns / 1000000000u));
		}
		if (EFI_IS_ERROR(io.token.status))
			return broke(t, "sending", io.token.status);
		p += part;
		n -= part;
	}
	return 0;
}

static void tcp_close(struct cb_stream *s)
{
	struct tcp *t = (struct tcp *)s;
	struct efi_tcp4_close c = { .token = { t->event, EFI_NOT_READY }, .abort = true };

	/* What was received is all that mattered: no lingering in the firmware. */
	if (t->tcp != NULL && !EFI_IS_ERROR(t->tcp->close(t->tcp, &c)) &&
	    !await(t, &c.token.status, CLOSE_NS))
		(void)t->tcp->configure(t->tcp, NULL); /* aborts what is left */
	uefi_child_close(&t->child);
	if (t->event != NULL)
		(void)t->child.u->st->bs->close_event(t->event); /* it was ours */
	cb_free(s->env, t, sizeof(*t));
}

static const struct cb_stream_ops ops = { tcp_read, tcp_write, tcp_close };

static int connect(struct tcp *t, struct efi_ip4 to, uint16_t port, uint64_t timeout_ns)
{
	struct efi_tcp4_config config = {
		.time_to_live = TTL,
		.point = { .use_default_address = true,
			   .remote = to,
			   .remote_port = port,
			   .active = true },
	};
	struct efi_token token = { t->event, EFI_NOT_READY };
	efi_status s = t->tcp->configure(t->tcp, &config);

	if (EFI_IS_ERROR(s))
		return broke(t, "connecting", s);
	s = t->tcp->connect(t->tcp, &token);
	if (EFI_IS_ERROR(s))
		return broke(t, "connecting", s);
	if (!await(t, &token.status, timeout_ns)) {
		(void)t->tcp->configure(t->tcp, NULL); /* token goes away */
		return cb_fail(t->stream.env, CB_ETIMEDOUT, "connecting: no answer in %llu s",
			       (unsigned long long)(timeout_ns / 1000000000u));
	}
	return EFI_IS_ERROR(token.status) ? broke(t, "connecting", token.status) : 0;
}

static int dial_open(struct cb_dial *dial, const struct cb_url *url, uint64_t timeout_ns,
		     struct cb_stream **ret)
{
	static const struct efi_guid service = EFI_TCP4_BINDING_GUID, protocol = EFI_TCP4_GUID;
	const struct cb_uefi_dial *d = (const struct cb_uefi_dial *)dial;
	struct efi_ip4 to;
	struct tcp *t;
	int r;

	if (url->host_is_ip6)
		return cb_fail(d->env, CB_EUNSUP,
			       "the firmware is asked for IPv4 only, not for %.*s",
			       CB_STR_ARG(url->host));
	r = uefi_resolve(d->u, d->env, url->host, timeout_ns, &to);
	if (r < 0)
		return r;
	t = cb_alloc(d->env, sizeof(*t));
	if (t == NULL)
		return CB_ENOMEM;
	*t = (struct tcp){ .stream = { &ops, d->env }, .child = { .u = d->u } };
	r = uefi_child_open(d->u, d->env, &service, &protocol, "TCP", &t->child);
	if (r == 0) {
		t->tcp = t->child.protocol;
		r = uefi_event(d->u, d->env, &t->event);
	}
	if (r == 0)
		r = connect(t, to, url->port, timeout_ns);
	if (r < 0) {
		tcp_close(&t->stream);
		return r;
	}
	*ret = &t->stream;
	return 0;
}

void cb_uefi_dial_init(struct cb_uefi_dial *d, struct cb_uefi *u, struct cb_env *env)
{
	*d = (struct cb_uefi_dial){ { dial_open }, u, env };
}
