/* tests/unit/test_http1.c - answers of all kinds, in pieces of any size, over a connection that
 * is a script. */
#include "core/fmt.h"
#include "core/limits.h"
#include "net/http1.h"
#include "unit/check.h"

/* A server that says `answer`, step bytes at a time, and keeps what it was sent. */
struct script {
	struct cb_dial dial;         /* first */
	struct cb_stream stream;
	struct cb_env *env;
	struct cb_str answer;
	size_t at, step;
	bool stalls;                 /* after the answer: instead of ending */
	int refuse;                  /* the status of open() */
	struct cb_buf sent;
	unsigned opened, closed;
};

static struct script *of_stream(struct cb_stream *s)
{
	return (struct script *)(void *)((char *)s - offsetof(struct script, stream));
}

static int script_read(struct cb_stream *s, void *buf, size_t n, uint64_t timeout_ns, size_t *ret_n)
{
	struct script *sc = of_stream(s);
	size_t part = (size_t)cb_min(cb_min(n, sc->step), sc->answer.n - sc->at);

	(void)timeout_ns;
	if (part == 0 && sc->stalls)
		return cb_fail(s->env, CB_ETIMEDOUT, "nothing came");
	memcpy(buf, sc->answer.p + sc->at, part);
	sc->at += part;
	*ret_n = part;
	return 0;
}

static int script_write(struct cb_stream *s, const void *buf, size_t n, uint64_t timeout_ns)
{
	(void)timeout_ns;
	cb_buf_add(&of_stream(s)->sent, buf, n);
	return cb_buf_status(&of_stream(s)->sent);
}

static void script_close(struct cb_stream *s)
{
	of_stream(s)->closed++;
}

static const struct cb_stream_ops script_ops = { script_read, script_write, script_close };

static int script_open(struct cb_dial *d, const struct cb_url *u, uint64_t timeout_ns,
		       struct cb_stream **ret)
{
	struct script *sc = (struct script *)d;

	(void)u;
	(void)timeout_ns;
	if (sc->refuse < 0)
		return cb_fail(sc->env, sc->refuse, "refused");
	sc->opened++;
	*ret = &sc->stream;
	return 0;
}

struct got {
	unsigned status, heads;
	uint64_t length;
	struct cb_buf body;
	int stop;                    /* what body() returns */
};

static int got_head(void *ctx, const struct cb_http_answer *a)
{
	struct got *g = ctx;

	g->heads++;
	g->status = a->status;
	g->length = a->length;
	return 0;
}

static int got_body(void *ctx, const void *p, size_t n)
{
	struct got *g = ctx;

	cb_buf_add(&g->body, p, n);
	return g->stop < 0 ? g->stop : cb_buf_status(&g->body);
}

static int get(struct cb_check *t, struct script *sc, const struct cb_http_request *req,
	       struct got *g)
{
	const struct cb_http_receiver to = { got_head, got_body, g };
	struct cb_http1 h;

	sc->dial.open = script_open;
	sc->stream = (struct cb_stream){ &script_ops, t->env };
	sc->env = t->env;
	cb_buf_init(&sc->sent, t->env, 64u << 10);
	cb_buf_init(&g->body, t->env, 1u << 20);
	cb_http1_init(&h, t->env, &sc->dial, CB_STR("test"));
	return h.http.exchange(&h.http, req, &to);
}

static struct cb_http_request request(struct cb_check *t, const char *url, const char *method)
{
	struct cb_http_request req = { .method = method, .stall_ns = 1 };

	CB_CHECK_INT(t, cb_url_parse(t->env, cb_str_c(url), &req.url), 0);
	return req;
}

static void answers(struct cb_check *t)
{
	static const struct { const char *answer, *body; unsigned status;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", 200 },
		{ "HTTP/1.0 200\r\n\r\nuntil the end", "until the end", 200 },
		{ "HTTP/1.1 404 Not Found\r\ncontent-length:  3 \r\nX: y\r\n\r\nno!and more", "no!",
		  404 },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
		  "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n",
		  "hello world", 200 },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "00A \r\n0123456789\r\n0\r\nT: u\r\n\r\n",
		  "0123456789", 200 },
		{ "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\nx\n0\n\n", "x", 200 },
		{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nL: m\r\n\r\n"
		  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		  "", 200 },
		{ "HTTP/1.1 204 No Content\r\n\r\nignored", "", 204 },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", "ok",
		  200 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t step = 1; step <= 64; step += step < 8 ? 1 : 56) {
			struct script sc = { .answer = cb_str_c(cases[i].answer), .step = step };
			struct cb_http_request req = request(t, "http://h/x", "GET");
			struct got g = { 0 };

			CB_CHECK_INT(t, get(t, &sc, &req, &g), 0);
			CB_CHECK_INT(t, g.status, cases[i].status);
			CB_CHECK_INT(t, g.heads, 1);
			CB_CHECK_STR(t, ((struct cb_str){ (const char *)g.body.p, g.body.n }),
				     cases[i].body);
			CB_CHECK_INT(t, sc.closed, sc.opened);
			cb_buf_fini(&g.body);
			cb_buf_fini(&sc.sent);
		}
}

static void bad_answers(struct cb_check *t)
{
	static const struct { const char *answer; int code; const char *why;
	} cases[] = {
		{ "", CB_EIO, "closed the connection" },
		{ "HTTP/1.1 200 OK\r\nCont", CB_EIO, "within its answer" },
		{ "SSH-2.0-x\r\n\r\n", CB_ECORRUPT, "no answer of HTTP" },
		{ "HTTP/1.1 2x0 OK\r\n\r\n", CB_ECORRUPT, "no answer of HTTP" },
		{ "HTTP/2 200\r\n\r\n", CB_ECORRUPT, "no answer of HTTP" },
		{ "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", CB_ECORRUPT, "no header field" },
		{ "HTTP/1.1 200 OK\r\nA b\r\n\r\n", CB_ECORRUPT, "no header field" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", CB_EIO,
		  "after 5 of 9 bytes" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", CB_ECORRUPT, "Content-Length" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		  CB_ECORRUPT, "Content-Length" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", CB_EUNSUP,
		  "transfer coding gzip" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", CB_ECORRUPT,
		  "size of a chunk" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", CB_ECORRUPT,
		  "without a size" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc", CB_ECORRUPT,
		  "behind a chunk" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", CB_EIO,
		  "within a chunk" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
		  CB_ECORRUPT, "2^56" },
		{ "HTTP/1.1 101 Switching\r\n\r\n", CB_ECORRUPT, "never came" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t step = 1; step <= 1024; step += 1023) {
			struct script sc = { .answer = cb_str_c(cases[i].answer), .step = step };
			struct cb_http_request req = request(t, "http://h/", "GET");
			struct got g = { 0 };

			CB_CHECK_ERR(t, get(t, &sc, &req, &g), cases[i].code, cases[i].why);
			CB_CHECK_INT(t, sc.closed, sc.opened);
			cb_buf_fini(&g.body);
			cb_buf_fini(&sc.sent);
		}
}

/* Answers that never end are ended by our limits. */
static void endless(struct cb_check *t)
{
	static char head[CB_MAX_HTTP_HEAD + 64];
	struct cb_http_request req = request(t, "http://h/", "GET");
	struct script sc = { .answer = { head, sizeof(head) }, .step = 4096 };
	struct got g = { 0 };

	memset(head, 'a', sizeof(head));
	(void)cb_fmt(head, 24, "HTTP/1.1 200 OK\r\nX: "); /* fits */
	head[20] = 'a';
	CB_CHECK_ERR(t, get(t, &sc, &req, &g), CB_ELIMIT, "head of the answer");
	cb_buf_fini(&g.body);
	cb_buf_fini(&sc.sent);
	sc = (struct script){ .answer = CB_STR("HTTP/1.1 200 OK\r\n\r\nx"),
			      .step = 99,
			      .stalls = true };
	CB_CHECK_ERR(t, get(t, &sc, &req, &g), CB_ETIMEDOUT, "nothing came");
	CB_CHECK_INT(t, sc.closed, 1);
	cb_buf_fini(&g.body);
	cb_buf_fini(&sc.sent);
	sc = (struct script){ .refuse = CB_EIO };
	CB_CHECK_ERR(t, get(t, &sc, &req, &g), CB_EIO, "refused");
	cb_buf_fini(&g.body);
	cb_buf_fini(&sc.sent);
}

static void requests(struct cb_check *t)
{
	static const struct cb_http_field fields[] = { { CB_STR("Accept"), CB_STR("*/*") },
						       { CB_STR("Range"), CB_STR("bytes=5-") } };
	static const struct cb_http_field smuggled[] = { { CB_STR("A"), CB_STR("b\r\nC: d") } };
	struct cb_http_request req = request(t, "http://[::1]:81/a?b", "GET");
	struct script sc = { .answer = CB_STR("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
			     .step = 99 };
	struct got g = { 0 };

	req.fields = fields;
	req.fields_n = 2;
	req.method = "HEAD";
	CB_CHECK_INT(t, get(t, &sc, &req, &g), 0); /* a HEAD has no body, whatever it says */
	CB_CHECK_INT(t, g.length, 9);
	CB_CHECK_STR(
		t, ((struct cb_str){ (const char *)sc.sent.p, sc.sent.n }),
		"HEAD /a?b HTTP/1.1\r\nHost: [::1]:81\r\nUser-Agent: test\r\nConnection: close\r\n"
		"Accept: */*\r\nRange: bytes=5-\r\n\r\n");
	cb_buf_fini(&g.body);
	cb_buf_fini(&sc.sent);
	req.fields = smuggled;
	req.fields_n = 1;
	sc.at = 0;
	CB_CHECK_ERR(t, get(t, &sc, &req, &g), CB_EINVAL, "no header field");
	CB_CHECK_INT(t, sc.sent.n, 0);
	cb_buf_fini(&g.body);
	cb_buf_fini(&sc.sent);
}

static int scenario(struct cb_check *t, void *arg)
{
	struct script sc = {
		.answer = CB_STR(
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
		.step = 7
	};
	struct cb_http_request req = { .method = "GET", .stall_ns = 1 };
	struct got g = { 0 };
	int r = cb_url_parse(t->env, CB_STR("http://h/"), &req.url);

	(void)arg;
	if (r == 0)
		r = get(t, &sc, &req, &g);
	CB_CHECK_INT(t, sc.closed, sc.opened);
	cb_buf_fini(&g.body);
	cb_buf_fini(&sc.sent);
	return r;
}

static void faults(struct cb_check *t)
{
	cb_check_faults(t, scenario, NULL, 100);
}

CB_SUITE(http1, CB_TEST(answers), CB_TEST(bad_answers), CB_TEST(endless), CB_TEST(requests),
	 CB_TEST(faults));
