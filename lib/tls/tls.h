/* tls/tls.h - TLS 1.3 and 1.2 (RFC 8446, RFC 5246) as a client, over any stream: mbedTLS underneath.
 *
 * ECDHE and AEAD ciphers only. The server's certificate must lead to one of ours, name the host, and be valid now:
 * otherwise there is no stream. */
#ifndef CB_TLS_TLS_H
#define CB_TLS_TLS_H

#include "core/mem.h"
#include "net/stream.h"

#define CB_TLS_NO_TIME INT64_MIN

/* https goes over TLS, http straight to `below`. */
struct cb_tls_dial {
	struct cb_dial dial;         /* first */
	struct cb_env *env;
	struct cb_dial *below;       /* borrowed, as is ca */
	struct cb_bytes ca;          /* certificates in DER, one behind the other; n 0: nobody is trusted */
	int64_t now;                 /* seconds since 1970, for what is valid; CB_TLS_NO_TIME: nobody knows */
};
/* Opening fails with CB_EAUTH when the server can't be trusted, CB_EUNSUP when the two have nothing in common or
 * there is no randomness, and as streams of `below` do. All streams are closed before fini. */
void cb_tls_dial_init(struct cb_tls_dial *d, struct cb_env *env, struct cb_dial *below, struct cb_bytes ca,
		      int64_t now);
void cb_tls_dial_fini(struct cb_tls_dial *d);

#endif
