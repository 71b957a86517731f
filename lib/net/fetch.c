/* net/fetch.c - the policy of transfers (SPEC 4.4). */
#include "net/fetch.h"

#include "core/fmt.h"
#include "core/limits.h"
#include "core/str.h"

#define SECOND      UINT64_C(1000000000)
#define WAIT_FIRST  SECOND
#define WAIT_MOST   (30 * SECOND)    /* also of what Retry-After asks for */
#define FIELDS      3u

/* One transfer, over all its exchanges. */
struct transfer {
	struct cb_fetch *f;
	const struct cb_fetch_request *req;
	const struct cb_fetch_sink *to;
	struct cb_arena arena;
	struct cb_url url;               /* where the redirects led */
	uint64_t got;                    /* bytes that the sink has */
	bool begun;
	/* Of the exchange under way: */
	unsigned status;
	uint64_t skip;                   /* bytes of the body that the sink has already */
	struct cb_str location;
	uint64_t retry_ns;               /* what the server asks for; 0: nothing */
};

/* "bytes 500-999/1234" begins where we stopped. */
static bool goes_on(const struct transfer *t, const struct cb_http_answer *a)
{
	struct cb_str range = cb_http_field(a, "content-range");
	uint64_t first;

	if (!cb_str_starts(range, CB_STR("bytes ")))
		return false;
	range = cb_str_sub(range, 6, SIZE_MAX);
	return cb_str_u64(cb_str_sub(range, 0, cb_str_chr(range, '-')), 10, &first) &&
	       first == t->got;
}

static int begin(struct transfer *t, const struct cb_http_answer *a)
{
	uint64_t whole = a->length;

	t->skip = t->got;
	if (a->status == 206) {
		if (!goes_on(t, a))
			return cb_fail(t->f->env, CB_ECORRUPT,
				       "the server sends another part than was asked for");
		t->skip = 0;
		if (whole != CB_HTTP_UNKNOWN)
			whole += t->got;
	}
	if (whole != CB_HTTP_UNKNOWN && whole > t->req->max)
		return cb_fail(t->f->env, CB_ELIMIT, "%llu bytes, at most %llu are taken",
			       (unsigned long long)whole, (unsigned long long)t->req->max);
	if (t->begun || t->to->begin == NULL)
		return 0;
	t->begun = true;
	return t->to->begin(t->to->ctx, whole);
}

static int on_head(void *ctx, const struct cb_http_answer *a)
{
	struct transfer *t = ctx;
	struct cb_str after = cb_http_field(a, "retry-after"),
		      location = cb_http_field(a, "location");
	uint64_t seconds;

	t->status = a->status;
	if (a->status / 100 == 2)
		return begin(t, a);
	if (cb_str_u64(after, 10, &seconds))
		t->retry_ns = cb_min(seconds, WAIT_MOST / SECOND) * SECOND;
	if (a->status / 100 == 3 && location.p != NULL) {
		t->location = cb_arena_str(&t->arena, location);
		return t->location.p != NULL ? 0 : t->f->env->diag->code;
	}
	return 0;
}

static int on_body(void *ctx, const void *p, size_t n)
{
	struct transfer *t = ctx;
	size_t had = (size_t)cb_min(t->skip, n);

	if (t->status / 100 != 2)
		return 0; /* the words of an error page are for browsers */
	t->skip -= had;
	n -= had;
	if (n == 0)
		return 0;
	if (n > t->req->max - t->got)
		return cb_fail(t->f->env, CB_ELIMIT, "more than %llu bytes",
			       (unsigned long long)t->req->max);

	int r = t->to->write(t->to->ctx, (const uint8_t *)p + had, n);

	if (r == 0)
		t->got += n;
	return r;
}

static int once(struct transfer *t)
{
	const struct cb_http_receiver receiver = { on_head, on_body, t };
	struct cb_http_field fields[FIELDS];
	struct cb_http_request req = { .method = "GET", .url = t->url, .fields = fields,
				       .stall_ns = t->f->stall_ns };
	char range[40];
	size_t n = 0;

	t->status = 0;
	t->retry_ns = 0;
	t->location = (struct cb_str){ NULL, 0 };
	if (t->req->accept.n > 0)
		fields[n++] = (struct cb_http_field){ CB_STR("Accept"), t->req->accept };
	if (t->req->authorization.n > 0 && cb_url_same_origin(&t->url, &t->req->url))
		fields[n++] = (struct cb_http_field){ CB_STR("Authorization"),
						      t->req->authorization };
	if (t->got > 0) {
		size_t length = cb_fmt(range, sizeof(range), "bytes=%llu-",
				       (unsigned long long)t->got);

		fields[n++] = (struct cb_http_field){ CB_STR("Range"), { range, length } };
	}
	req.fields_n = n;
	return t->f->http->exchange(t->f->http, &req, &receiver);
}

static bool is_redirect(unsigned status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static int follow(struct transfer *t)
{
	struct cb_url next;
	int r;

	if (t->location.p == NULL)
		return cb_fail(t->f->env, CB_ECORRUPT, "status %u without a Location", t->status);
	r = cb_url_join(&t->arena, &t->url, t->location, &next);
	if (r < 0)
		return cb_wrap(t->f->env, r, "redirect");
	if (!next.tls && t->req->need_tls && !cb_url_same_origin(&t->url, &next))
		return cb_fail(t->f->env, CB_EAUTH, "a redirect to plain http://%.*s",
			       CB_STR_ARG(next.host));
	t->url = next;
	return 0;
}

static int judge(struct transfer *t)
{
	unsigned s = t->status;

	if (s / 100 == 2)
		return 0;
	return cb_fail(t->f->env,
		       s == 404 || s == 410   ? CB_ENOENT
		       : s == 401 || s == 403 ? CB_EAUTH
		       : s == 408 || s == 504 ? CB_ETIMEDOUT
					      : CB_EIO,
		       "the server answers %u", s);
}

/* What may be better the next time (RFC 9110, 15; RFC 6585). */
static bool is_passing(const struct transfer *t, int r)
{
	if (t->status == 408 || t->status == 429)
		return true;
	if (t->status / 100 == 5)
		return t->status != 501 && t->status != 505;
	return (t->status == 0 || t->status / 100 == 2) && (r == CB_EIO || r == CB_ETIMEDOUT);
}

/* One try: an exchange and those that its redirects lead to. */
static int attempt(struct transfer *t)
{
	for (unsigned redirects = 0;; redirects++) {
		int r = once(t);

		if (r < 0 || !is_redirect(t->status))
			return r < 0 ? r : judge(t);
		if (redirects == CB_MAX_REDIRECTS)
			return cb_fail(t->f->env, CB_ELIMIT, "more than %u redirects",
				       CB_MAX_REDIRECTS);
		r = follow(t);
		if (r < 0)
			return r;
	}
}

static int with_address(struct transfer *t, int r)
{
	struct cb_buf text;

	cb_buf_init(&text, t->f->env, CB_MAX_URL + CB_MAX_HOST);
	cb_url_text(&t->url, &text);
	r = cb_wrap(t->f->env, r, "%.*s", (int)text.n, (const char *)text.p);
	cb_buf_fini(&text);
	return r;
}

int cb_fetch(struct cb_fetch *f, const struct cb_fetch_request *req, const struct cb_fetch_sink *to)
{
	struct transfer t = { .f = f, .req = req, .to = to, .url = req->url };
	uint64_t pause = WAIT_FIRST;
	struct cb_mark mark;
	int r = 0;

	cb_arena_init(&t.arena, f->env, 2 * CB_MAX_REDIRECTS * CB_MAX_HTTP_HEAD);
	mark = cb_arena_mark(&t.arena);
	for (unsigned tries = 1;; tries++) {
		uint64_t before = t.got;

		r = attempt(&t);
		/* What makes progress may go on for ever: it ends by itself. */
		if (t.got > before)
			tries = 1;
		if (r == 0 || tries >= f->tries || !is_passing(&t, r))
			break;
		if (f->wait(f->wait_ctx, t.retry_ns > 0 ? t.retry_ns : pause)) {
			r = cb_fail(f->env, CB_ECANCELED, "stopped");
			break;
		}
		pause = cb_min(2 * pause, WAIT_MOST);
		cb_clear(f->env);
		t.url = req->url; /* the redirect may have been to a server that is gone */
		cb_arena_rewind(&t.arena, mark);
	}
	if (r < 0)
		r = with_address(&t, r);
	cb_arena_fini(&t.arena);
	return r;
}
