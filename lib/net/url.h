/* net/url.h - http and https addresses (RFC 3986, RFC 9110 4.2), and what a redirect makes of them. */
#ifndef CB_NET_URL_H
#define CB_NET_URL_H

#include "core/mem.h"

/* Views into the text, but for path after cb_url_join(). */
struct cb_url {
	bool tls;
	struct cb_str host;          /* name or address, without the brackets of IPv6; may be of any case */
	bool host_is_ip6;
	uint16_t port;               /* the scheme's own when none was given */
	struct cb_str path;          /* with its query, begins with '/'; "/" when there was none */
};

/* CB_EINVAL names what is wrong: another scheme, user names (nobody should write a password there),
 * a host that can't be, blanks and control bytes. A fragment is dropped. */
CB_MUST int cb_url_parse(struct cb_env *env, struct cb_str text, struct cb_url *ret);
/* What a reference (Location, RFC 9110 10.2.2) means on the page base; text it needs is the arena's. */
CB_MUST int cb_url_join(struct cb_arena *a, const struct cb_url *base, struct cb_str ref, struct cb_url *ret);
/* Scheme, host and port: who may see credentials. */
bool cb_url_same_origin(const struct cb_url *a, const struct cb_url *b);
/* Whether host is an IPv4 address, in four decimal numbers, and which. */
bool cb_url_ip4(struct cb_str host, uint8_t ret[4]);
/* "localhost", 127.0.0.0/8, ::1, and nothing else: what never leaves the machine (SPEC 5.1). */
bool cb_url_is_loopback(const struct cb_url *u);
/* The value of the Host header: the port is left out where it is the scheme's own. */
void cb_url_host(const struct cb_url *u, struct cb_buf *ret);
void cb_url_text(const struct cb_url *u, struct cb_buf *ret);

#endif
