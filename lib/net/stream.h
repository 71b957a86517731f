/* net/stream.h - a connection that carries bytes: EFI_TCP4, TLS over another stream, a test's script. */
#ifndef CB_NET_STREAM_H
#define CB_NET_STREAM_H

#include "core/err.h"
#include "net/url.h"

struct cb_stream {
	const struct cb_stream_ops *ops;
	struct cb_env *env;
};

struct cb_stream_ops {
	/* At least one byte and at most n, or 0 at the end that the other side said. CB_ETIMEDOUT when
	 * nothing came for timeout_ns; CB_EIO when the connection broke. */
	int (*read)(struct cb_stream *s, void *buf, size_t n, uint64_t timeout_ns, size_t *ret_n);
	/* All n bytes. */
	int (*write)(struct cb_stream *s, const void *buf, size_t n, uint64_t timeout_ns);
	/* Give everything back; the connection is over. */
	void (*close)(struct cb_stream *s);
};

/* Makes streams. */
struct cb_dial {
	/* To u's host and port, with TLS when u says so: then the certificate has been judged, too. */
	int (*open)(struct cb_dial *d, const struct cb_url *u, uint64_t timeout_ns, struct cb_stream **ret);
};

#endif
