/* tests/unit/test_fetch.c - redirects, credentials, retries and resumed transfers, over a
 * scripted transport. */
#include "core/fmt.h"
#include "net/fetch.h"
#include "unit/check.h"

#define SECOND UINT64_C(1000000000)
#define MAX    8u

/* One exchange: what it answers, and what the request should have been. */
struct step {
	const char *url;             /* expected */
	unsigned status;
	const char *name, *value;    /* a field of the answer; NULL: none */
	const char *body;
	int fails;                   /* after the body */
	const char *range;           /* expected; NULL: none */
	bool authorized;             /* expected */
};

struct play {
	struct cb_http http;         /* first */
	struct cb_check *t;
	const struct step *steps;
	size_t n, at;
	uint64_t waited_ns;
	unsigned waits;
	struct cb_buf body;
	uint64_t size;
	unsigned begins;
};

static struct cb_str sent_field(const struct cb_http_request *req, const char *name)
{
	for (size_t i = 0; i < req->fields_n; i++)
		if (cb_str_ieq(req->fields[i].name, cb_str_c(name)))
			return req->fields[i].value;
	return (struct cb_str){ NULL, 0 };
}

static void check_request(struct play *p, const struct step *s, const struct cb_http_request *req)
{
	struct cb_check *t = p->t;
	struct cb_buf url;

	cb_buf_init(&url, t->env, 4096);
	cb_url_text(&req->url, &url);
	CB_CHECK_STR(t, ((struct cb_str){ (const char *)url.p, url.n }), s->url);
	cb_buf_fini(&url);
	CB_CHECK_STR(t, sent_field(req, "range"), s->range != NULL ? s->range : "");
	CB_CHECK_INT(t, sent_field(req, "authorization").n > 0, s->authorized);
}

static int play_exchange(struct cb_http *h, const struct cb_http_request *req,
			 const struct cb_http_receiver *to)
{
	struct play *p = (struct play *)h;
	struct cb_http_field field;
	struct cb_http_answer a = { .fields = &field, .length = CB_HTTP_UNKNOWN };
	int r = 0;

	if (p->at == p->n)
		return cb_fail(p->t->env, CB_EINVAL, "one exchange too many");

	const struct step *s = &p->steps[p->at++];

	check_request(p, s, req);
	a.status = s->status;
	if (s->name != NULL) {
		field = (struct cb_http_field){ cb_str_c(s->name), cb_str_c(s->value) };
		a.fields_n = 1;
	}
	if (s->fails == 0)
		a.length = cb_str_c(s->body).n;
	if (s->status > 0)
		r = to->head(to->ctx, &a);
	if (r == 0 && s->body != NULL)
		r = to->body(to->ctx, s->body, cb_str_c(s->body).n);
	return r < 0 ? r : s->fails < 0 ? cb_fail(p->t->env, s->fails, "broke") : 0;
}

static bool play_wait(void *ctx, uint64_t ns)
{
	struct play *p = ctx;

	p->waits++;
	p->waited_ns += ns;
	return p->waits > 20;
}

static int play_begin(void *ctx, uint64_t size)
{
	((struct play *)ctx)->size = size;
	((struct play *)ctx)->begins++;
	return 0;
}

static int play_write(void *ctx, const void *p, size_t n)
{
	cb_buf_add(&((struct play *)ctx)->body, p, n);
	return cb_buf_status(&((struct play *)ctx)->body);
}

static int run(struct cb_check *t, struct play *p, const struct step *steps, size_t n, uint64_t max)
{
	struct cb_fetch_request req = { .authorization = CB_STR("Bearer x"),
					.need_tls = true,
					.max = max };
	struct cb_fetch f = {
		.env = t->env, .http = &p->http, .wait = play_wait, .wait_ctx = p, .tries = 3
	};
	const struct cb_fetch_sink to = { play_begin, play_write, p };

	*p = (struct play){ .http = { play_exchange }, .t = t, .steps = steps, .n = n };
	cb_buf_init(&p->body, t->env, 1024);
	CB_CHECK_INT(t, cb_url_parse(t->env, CB_STR("https://a/x"), &req.url), 0);
	return cb_fetch(&f, &req, &to);
}

static void check_body(struct cb_check *t, struct play *p, const char *want)
{
	CB_CHECK_STR(t, ((struct cb_str){ (const char *)p->body.p, p->body.n }), want);
	CB_CHECK_INT(t, p->at, p->n);
	cb_buf_fini(&p->body);
}

static void plain(struct cb_check *t)
{
	static const struct step steps[] = { { "https://a/x", 200, NULL, NULL, "hello", 0, NULL,
					       true } };
	struct play p;

	CB_CHECK_INT(t, run(t, &p, steps, 1, 5), 0);
	CB_CHECK_INT(t, p.size, 5);
	check_body(t, &p, "hello");
	CB_CHECK_ERR(t, run(t, &p, steps, 1, 4), CB_ELIMIT, "https://a/x: 5 bytes, at most 4");
	check_body(t, &p, "");
}

/* Another scheme, host or port never sees the credentials; coming back, the first one does. */
static void redirects(struct cb_check *t)
{
	static const struct step steps[] = {
		{ "https://a/x", 302, "Location", "https://b/y", "moved", 0, NULL, true },
		{ "https://b/y", 307, "Location", "../z", "", 0, NULL, false },
		{ "https://b/z", 301, "Location", "https://a:8443/", "", 0, NULL, false },
		{ "https://a:8443/", 308, "Location", "https://A:443/w", "", 0, NULL, false },
		{ "https://A/w", 200, NULL, NULL, "body", 0, NULL, true },
	};
	static const struct step down[] = { { "https://a/x", 302, "Location", "http://a/x", "", 0,
					      NULL, true } };
	static const struct step nowhere[] = { { "https://a/x", 302, NULL, NULL, "", 0, NULL,
						 true } };
	static const struct step self = { "https://a/x", 302, "Location", "/x", "", 0, NULL, true };
	struct step many[11];
	struct play p;

	CB_CHECK_INT(t, run(t, &p, steps, 5, 99), 0);
	check_body(t, &p, "body");
	CB_CHECK_ERR(t, run(t, &p, down, 1, 99), CB_EAUTH, "a redirect to plain http://a");
	check_body(t, &p, "");
	CB_CHECK_ERR(t, run(t, &p, nowhere, 1, 99), CB_ECORRUPT, "without a Location");
	check_body(t, &p, "");
	for (size_t i = 0; i < 11; i++)
		many[i] = self;
	CB_CHECK_ERR(t, run(t, &p, many, 11, 99), CB_ELIMIT, "more than 10 redirects");
	check_body(t, &p, "");
}

static void retries(struct cb_check *t)
{
	static const struct step steps[] = {
		{ "https://a/x", 503, "Retry-After", "7", "busy", 0, NULL, true },
		{ "https://a/x", 0, NULL, NULL, NULL, CB_ETIMEDOUT, NULL, true },
		{ "https://a/x", 200, NULL, NULL, "ok", 0, NULL, true },
	};
	static const struct step never[] = {
		{ "https://a/x", 429, "Retry-After", "86400", "", 0, NULL, true },
		{ "https://a/x", 500, NULL, NULL, "", 0, NULL, true },
		{ "https://a/x", 500, NULL, NULL, "", 0, NULL, true },
	};
	static const struct step final[] = { { "https://a/x", 404, NULL, NULL, "", 0, NULL,
					       true } };
	static const struct step denied[] = { { "https://a/x", 401, NULL, NULL, "", 0, NULL,
						true } };
	struct play p;

	CB_CHECK_INT(t, run(t, &p, steps, 3, 99), 0);
	CB_CHECK_INT(t, p.waited_ns, 7 * SECOND + 2 * SECOND);
	check_body(t, &p, "ok");
	CB_CHECK_ERR(t, run(t, &p, never, 3, 99), CB_EIO, "answers 500");
	CB_CHECK_INT(t, p.waited_ns, 30 * SECOND + 2 * SECOND);
	check_body(t, &p, "");
	CB_CHECK_ERR(t, run(t, &p, final, 1, 99), CB_ENOENT, "answers 404");
	CB_CHECK_INT(t, p.waits, 0);
	check_body(t, &p, "");
	CB_CHECK_ERR(t, run(t, &p, denied, 1, 99), CB_EAUTH, "answers 401");
	check_body(t, &p, "");
}

static void resumes(struct cb_check *t)
{
	static const struct step part[] = {
		{ "https://a/x", 200, NULL, NULL, "hel", CB_EIO, NULL, true },
		{ "https://a/x", 206, "Content-Range", "bytes 3-4/5", "l", CB_ETIMEDOUT, "bytes=3-",
		  true },
		{ "https://a/x", 206, "Content-Range", "bytes 4-4/5", "o", 0, "bytes=4-", true },
	};
	static const struct step whole[] = { /* a server that doesn't know ranges */
		{ "https://a/x", 200, NULL, NULL, "hel", CB_EIO, NULL, true },
		{ "https://a/x", 200, NULL, NULL, "hello", 0, "bytes=3-", true },
	};
	static const struct step other[] = {
		{ "https://a/x", 200, NULL, NULL, "hel", CB_EIO, NULL, true },
		{ "https://a/x", 206, "Content-Range", "bytes 0-4/5", "hello", 0, "bytes=3-",
		  true },
	};
	struct play p;

	CB_CHECK_INT(t, run(t, &p, part, 3, 5), 0);
	CB_CHECK_INT(t, p.begins, 1);
	check_body(t, &p, "hello");
	CB_CHECK_INT(t, run(t, &p, whole, 2, 5), 0);
	check_body(t, &p, "hello");
	CB_CHECK_ERR(t, run(t, &p, other, 2, 5), CB_ECORRUPT, "another part");
	check_body(t, &p, "hel");
}

CB_SUITE(fetch, CB_TEST(plain), CB_TEST(redirects), CB_TEST(retries), CB_TEST(resumes));
