/* net/http1.c - requests and answers of HTTP/1.1 (RFC 9112). */
#include "net/http1.h"

#include "core/limits.h"
#include "core/str.h"

#define BUFFER_SIZE (64u << 10)
#define INTERIM_MAX 8u               /* 1xx answers before the real one */

struct cb_str cb_http_field(const struct cb_http_answer *a, const char *name)
{
	for (size_t i = 0; i < a->fields_n; i++)
		if (cb_str_ieq(a->fields[i].name, cb_str_c(name)))
			return a->fields[i].value;
	return (struct cb_str){ NULL, 0 };
}

/* RFC 9110, 5.6.2. */
static bool is_token(struct cb_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!cb_is_alpha(s.p[i]) && !cb_is_digit(s.p[i]) &&
		    cb_str_chr(CB_STR("!#$%&'*+-.^_`|~"), s.p[i]) == SIZE_MAX)
			return false;
	return s.n > 0;
}

static bool is_value(struct cb_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((uint8_t)s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
			return false;
	return true;
}

static int parse_status(struct cb_env *env, struct cb_str line, unsigned *ret)
{
	uint64_t status;

	if (!cb_str_starts(line, CB_STR("HTTP/1.")) || line.n < 12 || !cb_is_digit(line.p[7]) ||
	    line.p[8] != ' ' || (line.n > 12 && line.p[12] != ' ') ||
	    !cb_str_u64(cb_str_sub(line, 9, 3), 10, &status) || status < 100 || status > 599)
		return cb_fail(env, CB_ECORRUPT, "no answer of HTTP/1.1: %.*s",
			       CB_STR_ARG(cb_str_sub(line, 0, 40)));
	*ret = (unsigned)status;
	return 0;
}

static int parse_field(struct cb_env *env, struct cb_str line, struct cb_http_field *ret)
{
	size_t colon = cb_str_chr(line, ':');
	struct cb_http_field f = { cb_str_sub(line, 0, colon), CB_STR("") };

	if (colon != SIZE_MAX)
		f.value = cb_str_trim(cb_str_sub(line, colon + 1, SIZE_MAX));
	/* 5.2: a line that goes on is obsolete, and a way to smuggle things in. */
	if (colon == SIZE_MAX || !is_token(f.name) || !is_value(f.value))
		return cb_fail(env, CB_ECORRUPT, "no header field: %.*s",
			       CB_STR_ARG(cb_str_sub(line, 0, 40)));
	*ret = f;
	return 0;
}

/* RFC 9112, 6.3: how long the body is. */
static int find_length(struct cb_env *env, struct cb_http_answer *a, bool *ret_chunked)
{
	struct cb_str coding = cb_http_field(a, "transfer-encoding");
	bool known = false;

	a->length = CB_HTTP_UNKNOWN;
	*ret_chunked = coding.p != NULL;
	if (coding.p != NULL && !cb_str_ieq(coding, CB_STR("chunked")))
		return cb_fail(env, CB_EUNSUP, "transfer coding %.*s", CB_STR_ARG(coding));
	for (size_t i = 0; i < a->fields_n && coding.p == NULL; i++) {
		uint64_t n;

		if (!cb_str_ieq(a->fields[i].name, CB_STR("content-length")))
			continue;
		if (!cb_str_u64(a->fields[i].value, 10, &n) || (known && n != a->length))
			return cb_fail(env, CB_ECORRUPT, "Content-Length: %.*s",
				       CB_STR_ARG(a->fields[i].value));
		a->length = n;
		known = true;
	}
	return 0;
}

int cb_http1_parse(struct cb_arena *arena, struct cb_str text, struct cb_http_answer *ret,
		   bool *ret_chunked)
{
	struct cb_http_field *fields = cb_new(arena, struct cb_http_field, CB_MAX_HTTP_FIELDS);
	struct cb_http_answer a = { .fields = fields };
	struct cb_str line;
	int r;

	if (fields == NULL)
		return arena->env->diag->code;
	if (!cb_str_line(&text, &line))
		line = CB_STR("");
	r = parse_status(arena->env, line, &a.status);
	while (r == 0 && cb_str_line(&text, &line) && line.n > 0) {
		if (a.fields_n == CB_MAX_HTTP_FIELDS)
			return cb_fail(arena->env, CB_ELIMIT, "more than %u header fields",
				       CB_MAX_HTTP_FIELDS);
		r = parse_field(arena->env, line, &fields[a.fields_n]);
		a.fields_n++;
	}
	if (r == 0)
		r = find_length(arena->env, &a, ret_chunked);
	if (r == 0)
		*ret = a;
	return r;
}

/* One exchange under way. */
struct exchange {
	struct cb_env *env;
	struct cb_stream *s;
	const struct cb_http_request *req;
	const struct cb_http_receiver *to;
	uint8_t *buf;                    /* BUFFER_SIZE */
	size_t at, n;                    /* of what was read and not yet used */
};

static int fill(struct exchange *x)
{
	x->at = x->n = 0;
	return x->s->ops->read(x->s, x->buf, BUFFER_SIZE, x->req->stall_ns, &x->n);
}

static int send(struct exchange *x, const struct cb_http1 *h)
{
	const struct cb_http_request *req = x->req;
	struct cb_buf b;
	int r;

	cb_buf_init(&b, x->env, CB_MAX_HTTP_HEAD);
	cb_buf_fmt(&b, "%s %.*s HTTP/1.1\r\nHost: ", req->method, CB_STR_ARG(req->url.path));
	cb_url_host(&req->url, &b);
	cb_buf_fmt(&b, "\r\nUser-Agent: %.*s\r\nConnection: close\r\n", CB_STR_ARG(h->agent));
	for (size_t i = 0; i < req->fields_n; i++)
		cb_buf_fmt(&b, "%.*s: %.*s\r\n", CB_STR_ARG(req->fields[i].name),
			   CB_STR_ARG(req->fields[i].value));
	if (req->body.n > 0)
		cb_buf_fmt(&b, "Content-Length: %zu\r\n", req->body.n);
	cb_buf_fmt(&b, "\r\n");
	r = cb_buf_status(&b);
	for (size_t i = 0; i < req->fields_n && r == 0; i++)
		if (!is_token(req->fields[i].name) || !is_value(req->fields[i].value))
			r = cb_fail(x->env, CB_EINVAL, "no header field: %.*s",
				    CB_STR_ARG(req->fields[i].name));
	if (r == 0)
		r = x->s->ops->write(x->s, b.p, b.n, req->stall_ns);
	if (r == 0 && req->body.n > 0)
		r = x->s->ops->write(x->s, req->body.p, req->body.n, req->stall_ns);
	cb_wipe(b.p, b.n); /* it may have had credentials */
	cb_buf_fini(&b);
	return r;
}

/* Up to and with the empty line. */
static int read_head(struct exchange *x, struct cb_buf *head)
{
	bool blank = false; /* the line has had nothing but CR so far */

	head->n = 0;
	for (;;) {
		if (x->at == x->n) {
			int r = fill(x);

			if (r < 0)
				return r;
			if (x->n == 0)
				return cb_fail(
					x->env, CB_EIO,
					head->n == 0
						? "the server closed the connection"
						: "the server closed the connection within its answer");
		}

		uint8_t byte = x->buf[x->at++];

		cb_buf_add(head, &byte, 1);
		if (cb_buf_status(head) < 0)
			return cb_fail(x->env, CB_ELIMIT,
				       "the head of the answer has more than %u bytes",
				       CB_MAX_HTTP_HEAD);
		if (byte == '\n' && blank)
			return 0;
		blank = byte == '\n' || (blank && byte == '\r');
	}
}

static int read_chunked(struct exchange *x)
{
	struct cb_chunked c;
	int r = 0;

	cb_chunked_init(&c, x->env);
	for (;;) {
		r = cb_chunked_feed(&c, x->buf + x->at, x->n - x->at, x->to);
		if (r < 0 || c.at == CB_CHUNK_DONE)
			return r;
		r = fill(x);
		if (r < 0)
			return r;
		if (x->n == 0)
			return cb_fail(x->env, CB_EIO, "the body ends within a chunk");
	}
}

static int read_body(struct exchange *x, uint64_t length)
{
	uint64_t got = 0;

	while (got < length) {
		size_t part = (size_t)cb_min(x->n - x->at, length - got);
		int r = part > 0 ? x->to->body(x->to->ctx, x->buf + x->at, part) : 0;

		got += part;
		if (r < 0 || got == length)
			return r;
		r = fill(x);
		if (r < 0)
			return r;
		if (x->n == 0 && length != CB_HTTP_UNKNOWN)
			return cb_fail(x->env, CB_EIO, "the body ends after %llu of %llu bytes",
				       (unsigned long long)got, (unsigned long long)length);
		if (x->n == 0)
			return 0;
	}
	return 0;
}

static int answer(struct exchange *x, struct cb_arena *a, struct cb_buf *head)
{
	struct cb_http_answer ans = { .status = 100 };
	bool chunked = false;
	unsigned interim = 0;
	int r = 0;

	while (r == 0 && ans.status < 200) {
		if (interim++ > INTERIM_MAX || ans.status == 101)
			return cb_fail(x->env, CB_ECORRUPT, "the answer never came: only %u",
				       ans.status);
		r = read_head(x, head);
		if (r == 0)
			r = cb_http1_parse(a, (struct cb_str){ (const char *)head->p, head->n },
					   &ans, &chunked);
	}
	if (r == 0)
		r = x->to->head(x->to->ctx, &ans);
	if (r < 0)
		return r;
	if (cb_str_eq(cb_str_c(x->req->method), CB_STR("HEAD")) || ans.status == 204 ||
	    ans.status == 304)
		return 0;
	return chunked ? read_chunked(x) : read_body(x, ans.length);
}

static int exchange(struct cb_http *http, const struct cb_http_request *req,
		    const struct cb_http_receiver *to)
{
	const struct cb_http1 *h = (const struct cb_http1 *)http;
	struct exchange x = { .env = h->env, .req = req, .to = to };
	struct cb_arena a;
	struct cb_buf head;
	int r = h->dial->open(h->dial, &req->url, req->stall_ns, &x.s);

	if (r < 0)
		return r;
	cb_arena_init(&a, h->env, 4 * CB_MAX_HTTP_HEAD);
	cb_buf_init(&head, h->env, CB_MAX_HTTP_HEAD);
	x.buf = cb_alloc(h->env, BUFFER_SIZE);
	r = x.buf != NULL ? send(&x, h) : CB_ENOMEM;
	if (r == 0)
		r = answer(&x, &a, &head);
	cb_free(h->env, x.buf, BUFFER_SIZE);
	cb_buf_fini(&head);
	cb_arena_fini(&a);
	x.s->ops->close(x.s);
	return r;
}

void cb_http1_init(struct cb_http1 *h, struct cb_env *env, struct cb_dial *dial,
		   struct cb_str agent)
{
	*h = (struct cb_http1){ { exchange }, env, dial, agent };
}
