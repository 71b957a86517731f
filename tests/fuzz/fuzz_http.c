/* tests/fuzz/fuzz_http.c - what a server sends: a transfer by lib/net over connections whose bytes are the
 * input's.
 *
 * The first byte says how many bytes a read gives; 0x01 ends a connection, and what follows is the next
 * one's. */
#include "net/fetch.h"
#include "net/http1.h"

#include "core/str.h"
#include "posix/posix.h"
#include "sim/sim.h"

#define BODY_MAX 65536u
#define NEXT     0x01

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct cb_dial dial;
	struct cb_stream stream;
	struct cb_bytes left;        /* of the input */
	size_t piece;
	uint64_t got, begun;
	bool open, told;
};

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static struct world *of(struct cb_stream *s)
{
	return (struct world *)(void *)((uint8_t *)s - offsetof(struct world, stream));
}

static int read(struct cb_stream *s, void *buf, size_t n, uint64_t timeout_ns, size_t *ret_n)
{
	struct world *w = of(s);
	size_t i = 0;

	(void)timeout_ns;
	check(w->open && n > 0);
	while (i < n && i < w->piece && i < w->left.n && w->left.p[i] != NEXT) {
		((uint8_t *)buf)[i] = w->left.p[i];
		i++;
	}
	w->left = (struct cb_bytes){ w->left.p + i, w->left.n - i };
	*ret_n = i;
	return 0;
}

static int write(struct cb_stream *s, const void *buf, size_t n, uint64_t timeout_ns)
{
	(void)buf, (void)timeout_ns;
	check(of(s)->open && n > 0);
	return 0;
}

static void close(struct cb_stream *s)
{
	struct world *w = of(s);

	check(w->open);
	w->open = false;
	while (w->left.n > 0 && w->left.p[0] != NEXT)
		w->left = (struct cb_bytes){ w->left.p + 1, w->left.n - 1 };
	if (w->left.n > 0)
		w->left = (struct cb_bytes){ w->left.p + 1, w->left.n - 1 };
}

static const struct cb_stream_ops ops = { read, write, close };

static int open(struct cb_dial *d, const struct cb_url *u, uint64_t timeout_ns, struct cb_stream **ret)
{
	struct world *w = (struct world *)d;

	(void)timeout_ns;
	check(!w->open && u->host.n > 0 && u->port != 0 && u->path.p[0] == '/');
	if (w->left.n == 0)
		return cb_fail(w->stream.env, CB_EIO, "nobody is there");
	w->open = true;
	*ret = &w->stream;
	return 0;
}

static int begin(void *ctx, uint64_t n)
{
	struct world *w = ctx;

	check(!w->told && (n == CB_HTTP_UNKNOWN || n <= BODY_MAX));
	w->told = true;
	w->begun = n;
	return 0;
}

static int take(void *ctx, const void *p, size_t n)
{
	struct world *w = ctx;

	check(w->told && p != NULL && n > 0);
	w->got += n;
	check(w->got <= BODY_MAX);
	return 0;
}

static bool no_wait(void *ctx, uint64_t ns)
{
	(void)ctx;
	check(ns > 0 && ns <= UINT64_C(30000000000));
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_sim sim;
	struct world w = { .dial = { open }, .stream = { &ops, &sim.env } };
	struct cb_fetch_request req = { .max = BODY_MAX, .authorization = CB_STR("Bearer x") };
	const struct cb_fetch_sink to = { begin, take, &w };
	struct cb_http1 http;
	struct cb_fetch f = { .env = &sim.env, .http = &http.http, .wait = no_wait, .tries = 3 };
	int r;

	if (size < 1)
		return 0;
	cb_sim_init(&sim, &cb_posix_platform, NULL);
	w.piece = data[0] > 0 ? data[0] : 4096;
	w.left = (struct cb_bytes){ data + 1, size - 1 };
	cb_http1_init(&http, &sim.env, &w.dial, CB_STR("fuzz"));
	check(cb_url_parse(&sim.env, CB_STR("https://a.test/x"), &req.url) == 0);
	r = cb_fetch(&f, &req, &to);
	check(!w.open);
	check(r == 0 || sim.diag.len > 0);
	check(sim.live_n == 0);
	return 0;
}
