/* net/http.h - one HTTP exchange: a request, its answer. Who may see credentials, where
 * redirects lead, what is tried again: that is policy, above this (net/fetch.h). */
#ifndef CB_NET_HTTP_H
#define CB_NET_HTTP_H

#include "net/url.h"

struct cb_http_field { struct cb_str name, value; };

struct cb_http_request {
	const char *method;                  /* "GET", "HEAD", "POST" */
	struct cb_url url;
	const struct cb_http_field *fields;  /* beside Host and those about the connection */
	size_t fields_n;
	struct cb_bytes body;
	uint64_t stall_ns;                   /* CB_ETIMEDOUT when nothing moves for that long */
};

#define CB_HTTP_UNKNOWN UINT64_MAX

struct cb_http_answer {
	unsigned status;                     /* 200..599 */
	const struct cb_http_field *fields;  /* valid during the call */
	size_t fields_n;
	uint64_t length;                     /* of the body; CB_HTTP_UNKNOWN */
};

/* Both may stop the exchange by returning an error, which comes back from it. */
struct cb_http_receiver {
	int (*head)(void *ctx, const struct cb_http_answer *a);
	int (*body)(void *ctx, const void *p, size_t n);
	void *ctx;
};

struct cb_http {
	/* Exactly one exchange. Whatever its status, an answer that came whole is success. */
	int (*exchange)(struct cb_http *h, const struct cb_http_request *req,
			const struct cb_http_receiver *to);
};

/* The first field of that name, in any case; .p NULL when there is none. */
struct cb_str cb_http_field(const struct cb_http_answer *a, const char *name);

#endif
