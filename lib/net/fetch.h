/* net/fetch.h - getting one resource over any transport: redirects, who may see credentials, what is tried
 * again and when, going on where a broken transfer stopped. Written once, for init and loader. */
#ifndef CB_NET_FETCH_H
#define CB_NET_FETCH_H

#include "net/http.h"

struct cb_fetch {
	struct cb_env *env;
	struct cb_http *http;
	/* Sleep; true: stop now. */
	bool (*wait)(void *ctx, uint64_t ns);
	void *wait_ctx;
	uint64_t stall_ns;            /* of each exchange */
	unsigned tries;               /* at least 1 */
};

struct cb_fetch_request {
	struct cb_url url;
	struct cb_str accept;         /* of the Accept header; empty: any */
	struct cb_str authorization;  /* value of Authorization; only url's own origin sees it */
	bool need_tls;                /* no redirect may lead to another plain HTTP server */
	uint64_t max;                 /* bytes of the body; more is CB_ELIMIT */
};

struct cb_fetch_sink {
	/* The size of the whole, if the server told; may be NULL. */
	int (*begin)(void *ctx, uint64_t size);
	/* Bytes in order, each once. */
	int (*write)(void *ctx, const void *p, size_t n);
	void *ctx;
};

/* Success is a whole answer of status 2xx. CB_ENOENT: 404, 410. CB_EAUTH: 401, 403. CB_ETIMEDOUT, CB_EIO:
 * still failing after all tries. The report names the address that failed, which may be another one. */
CB_MUST int cb_fetch(struct cb_fetch *f, const struct cb_fetch_request *req, const struct cb_fetch_sink *to);

#endif
