/* net/url.c - taking addresses apart, and putting references on top of them. */
#include "net/url.h"

#include "core/limits.h"
#include "core/str.h"

#define PORT_HTTP  80u
#define PORT_HTTPS 443u
#define PORT_MAX   65535u

static bool is_text(struct cb_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((uint8_t)s.p[i] <= ' ' || (uint8_t)s.p[i] >= 0x7f)
			return false;
	return true;
}

/* Letters, digits, '-', '.', '_': what DNS and certificates know; ':' and hex digits in
 * brackets. */
static bool is_host(struct cb_str s, bool ip6)
{
	uint64_t digit;

	for (size_t i = 0; i < s.n; i++) {
		bool hex = cb_str_u64(cb_str_sub(s, i, 1), 16, &digit);

		if (ip6 ? !hex && s.p[i] != ':' && s.p[i] != '.' :
			  !cb_is_alpha(s.p[i]) && !cb_is_digit(s.p[i]) &&
			  cb_str_chr(CB_STR("-._"), s.p[i]) == SIZE_MAX)
			return false;
	}
	return s.n > 0 && s.n <= CB_MAX_HOST;
}

static int bad(struct cb_env *env, struct cb_str text, const char *why)
{
	return cb_fail(env, CB_EINVAL, "%.*s: %s", CB_STR_ARG(text), why);
}

static int parse_port(struct cb_env *env, struct cb_str all, struct cb_str text, struct cb_url *u)
{
	uint64_t n;

	if (text.n == 0)
		return 0; /* "host:": the scheme's own (RFC 3986, 6.2.3) */
	if (!cb_str_u64(text, 10, &n) || n == 0 || n > PORT_MAX)
		return bad(env, all, "a port is a number from 1 to 65535");
	u->port = (uint16_t)n;
	return 0;
}

/* host, host:port, [address]:port */
static int parse_authority(struct cb_env *env, struct cb_str all, struct cb_str s, struct cb_url *u)
{
	size_t end;

	if (cb_str_chr(s, '@') != SIZE_MAX)
		return cb_fail(
			env, CB_EINVAL,
			"an address has a user name in it: credentials are settings of their own");
	u->host_is_ip6 = s.n > 0 && s.p[0] == '[';
	end = cb_str_chr(s, u->host_is_ip6 ? ']' : ':');
	if (u->host_is_ip6 && end == SIZE_MAX)
		return bad(env, all, "'[' without ']'");
	end = end < s.n ? end : s.n;
	u->host = u->host_is_ip6 ? cb_str_sub(s, 1, end - 1) : cb_str_sub(s, 0, end);
	if (!is_host(u->host, u->host_is_ip6))
		return bad(env, all, "no name of a host");
	s = cb_str_sub(s, u->host_is_ip6 ? end + 1 : end, SIZE_MAX);
	if (s.n == 0)
		return 0;
	if (s.p[0] != ':')
		return bad(env, all, "no name of a host");
	return parse_port(env, all, cb_str_sub(s, 1, SIZE_MAX), u);
}

static bool scheme(struct cb_str *text, bool *ret_tls)
{
	static const struct cb_str http = CB_STR("http://"), https = CB_STR("https://");

	*ret_tls = cb_str_ieq(cb_str_sub(*text, 0, https.n), https);
	if (!*ret_tls && !cb_str_ieq(cb_str_sub(*text, 0, http.n), http))
		return false;
	*text = cb_str_sub(*text, *ret_tls ? https.n : http.n, SIZE_MAX);
	return true;
}

static struct cb_str without_fragment(struct cb_str s)
{
	return cb_str_sub(s, 0, cb_str_chr(s, '#'));
}

int cb_url_parse(struct cb_env *env, struct cb_str text, struct cb_url *ret)
{
	struct cb_str left = without_fragment(text);
	struct cb_url u = { .path = CB_STR("/") };
	size_t slash, query;
	int r;

	if (text.n > CB_MAX_URL)
		return cb_fail(env, CB_ELIMIT, "an address of %zu bytes, %u is the most", text.n,
			       CB_MAX_URL);
	if (!is_text(left))
		return bad(env, text, "blanks and control characters don't belong into an address");
	if (!scheme(&left, &u.tls))
		return bad(env, text, "an address begins with http:// or https://");
	u.port = u.tls ? PORT_HTTPS : PORT_HTTP;
	slash = cb_str_chr(left, '/');
	query = cb_str_chr(left, '?');
	if (query < slash)
		return bad(env, text, "'?' before the first '/'");
	if (slash != SIZE_MAX)
		u.path = cb_str_sub(left, slash, SIZE_MAX);
	r = parse_authority(env, text, cb_str_sub(left, 0, slash), &u);
	if (r < 0)
		return r;
	*ret = u;
	return 0;
}

/* RFC 3986, 5.2.4, for a path that begins with '/': each "/." goes, each "/.." takes the segment
 * before it. */
static struct cb_str remove_dots(char *p, size_t n)
{
	size_t path = 0, out = 0;

	while (path < n && p[path] != '?')
		path++;
	for (size_t i = 0; i < path;) {
		size_t end = i + 1;

		while (end < path && p[end] != '/')
			end++;

		struct cb_str segment = { p + i, end - i };
		bool last = end == path;

		if (cb_str_eq(segment, CB_STR("/.."))) {
			while (out > 0 && p[--out] != '/')
				;
		} else if (!cb_str_eq(segment, CB_STR("/."))) {
			memmove(p + out, p + i, end - i);
			out += end - i;
			i = end;
			continue;
		}
		if (last)
			p[out++] = '/'; /* the segment had room for it */
		i = end;
	}
	memmove(p + out, p + path, n - path);
	return (struct cb_str){ p, out + n - path };
}

int cb_url_join(struct cb_arena *a, const struct cb_url *base, struct cb_str ref,
		struct cb_url *ret)
{
	struct cb_str left = ref, whole, path, folder;
	struct cb_url u = *base;
	bool tls;

	ref = without_fragment(ref);
	if (scheme(&left, &tls))
		return cb_url_parse(a->env, ref, ret);
	if (ref.n > CB_MAX_URL || !is_text(ref))
		return bad(a->env, cb_str_sub(ref, 0, 64), "no address to go on to");
	if (cb_str_starts(ref, CB_STR("//"))) {
		whole = cb_arena_fmt(a, "%s:%.*s", base->tls ? "https" : "http", CB_STR_ARG(ref));
		return whole.p != NULL ? cb_url_parse(a->env, whole, ret) : a->env->diag->code;
	}
	folder = cb_str_sub(base->path, 0, cb_str_chr(base->path, '?'));
	if (ref.n == 0)
		return bad(a->env, folder, "an empty address to go on to");
	if (ref.p[0] == '?')
		path = cb_arena_fmt(a, "%.*s%.*s", CB_STR_ARG(folder), CB_STR_ARG(ref));
	else if (ref.p[0] == '/')
		path = cb_arena_str(a, ref);
	else
		path = cb_arena_fmt(a, "%.*s/%.*s", (int)cb_str_rchr(folder, '/'), folder.p,
				    CB_STR_ARG(ref));
	if (path.p == NULL)
		return a->env->diag->code;
	u.path = remove_dots((char *)path.p, path.n);
	*ret = u;
	return 0;
}

bool cb_url_same_origin(const struct cb_url *a, const struct cb_url *b)
{
	return a->tls == b->tls && a->port == b->port && cb_str_ieq(a->host, b->host);
}

bool cb_url_ip4(struct cb_str host, uint8_t ret[4])
{
	struct cb_str part;
	unsigned n = 0;
	uint64_t v;

	while (cb_str_next(&host, '.', &part)) {
		if (n == 4 || part.n > 3 || !cb_str_u64(part, 10, &v) || v > 255)
			return false;
		ret[n++] = (uint8_t)v;
	}
	return n == 4;
}

bool cb_url_is_loopback(const struct cb_url *u)
{
	uint8_t ip4[4];

	if (u->host_is_ip6)
		return cb_str_eq(u->host, CB_STR("::1"));
	return cb_str_ieq(u->host, CB_STR("localhost")) || (cb_url_ip4(u->host, ip4) && ip4[0] == 127);
}

void cb_url_host(const struct cb_url *u, struct cb_buf *ret)
{
	cb_buf_fmt(ret, "%s%.*s%s", u->host_is_ip6 ? "[" : "", CB_STR_ARG(u->host),
		   u->host_is_ip6 ? "]" : "");
	if (u->port != (u->tls ? PORT_HTTPS : PORT_HTTP))
		cb_buf_fmt(ret, ":%u", u->port);
}

void cb_url_text(const struct cb_url *u, struct cb_buf *ret)
{
	cb_buf_fmt(ret, "http%s://", u->tls ? "s" : "");
	cb_url_host(u, ret);
	cb_buf_str(ret, u->path);
}
