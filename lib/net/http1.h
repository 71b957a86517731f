/* net/http1.h - an HTTP/1.1 client over streams (RFC 9112): one connection an exchange, no
 * pipelining. */
#ifndef CB_NET_HTTP1_H
#define CB_NET_HTTP1_H

#include "net/http.h"
#include "net/stream.h"

struct cb_http1 {
	struct cb_http http;         /* first */
	struct cb_env *env;
	struct cb_dial *dial;
	struct cb_str agent;         /* of User-Agent */
};
void cb_http1_init(struct cb_http1 *h, struct cb_env *env, struct cb_dial *dial,
		   struct cb_str agent);

/* The head of an answer: status line and fields up to the empty line, which is part of text.
 * Views into text and the arena. CB_ECORRUPT, CB_ELIMIT say what is wrong with it. */
CB_MUST int cb_http1_parse(struct cb_arena *a, struct cb_str text, struct cb_http_answer *ret,
			   bool *ret_chunked);

/* net/chunked.c: the chunked coding (RFC 9112, 7.1), in pieces of any size. */
struct cb_chunked {
	struct cb_env *env;
	enum {
		CB_CHUNK_SIZE,
		CB_CHUNK_DATA,
		CB_CHUNK_DATA_END,
		CB_CHUNK_TRAILER,
		CB_CHUNK_DONE
	} at;
	uint64_t left;               /* of the chunk */
	size_t line_n;               /* bytes of the line so far */
	bool any_digit, in_extension;
};
void cb_chunked_init(struct cb_chunked *c, struct cb_env *env);
/* Take as much of p as belongs to the body; data goes to `to`. c->at is CB_CHUNK_DONE at the
 * end. */
CB_MUST int cb_chunked_feed(struct cb_chunked *c, const uint8_t *p, size_t n,
			    const struct cb_http_receiver *to);

#endif
