/* image/devpath_parse.c - device paths from text. */
#include "image/devpath_priv.h"

#include "codec/hex.h"
#include "core/limits.h"
#include "core/str.h"
#include "core/utf.h"

#define FIXED_MAX 64u

/* One node in the making. */
struct node {
	struct cb_env *env;
	uint8_t fixed[FIXED_MAX];
	struct cb_buf rest;
};

/* "12" or "0x1f". */
static bool parse_number(struct cb_str s, uint64_t *ret)
{
	if (cb_str_starts(s, CB_STR("0x")) || cb_str_starts(s, CB_STR("0X")))
		return cb_str_u64(cb_str_sub(s, 2, SIZE_MAX), 16, ret);
	return cb_str_u64(s, 10, ret);
}

static bool set_number(struct node *n, char kind, size_t off, struct cb_str s)
{
	size_t width = cb_devtext_width(kind);
	uint64_t v;

	if (kind == 'h' && s.n == 7 && cb_str_starts(s, CB_STR("PNP"))) {
		if (!cb_str_u64(cb_str_sub(s, 3, SIZE_MAX), 16, &v))
			return false;
		v = v << 16 | 0x41d0;
	} else if (!cb_devtext_value(kind, s, &v) && !parse_number(s, &v)) {
		return false;
	}
	if (width < 8 && v >> 8 * width != 0)
		return false;
	for (size_t i = 0; i < width; i++)
		n->fixed[off + i] = (uint8_t)(v >> 8 * i & 0xff);
	return true;
}

static bool set_ipv4(struct node *n, size_t off, struct cb_str s)
{
	struct cb_str part;
	uint64_t v;

	for (size_t i = 0; i < 4; i++) {
		if (!cb_str_next(&s, '.', &part) || !cb_str_u64(part, 10, &v) || v > 255)
			return false;
		n->fixed[off + i] = (uint8_t)v;
	}
	return s.n == 0;
}

/* All eight groups, as print writes them. */
static bool set_ipv6(struct node *n, size_t off, struct cb_str s)
{
	struct cb_str part;

	for (size_t i = 0; i < 16; i += 2)
		if (!cb_str_next(&s, ':', &part) || part.n != 4 || !cb_hex_parse(part, n->fixed + off + i, 2))
			return false;
	return s.n == 0;
}

static bool set_eui(struct node *n, size_t off, struct cb_str s)
{
	struct cb_str part;

	for (size_t i = off + 8; i > off; i--)
		if (!cb_str_next(&s, '-', &part) || part.n != 2 || !cb_hex_parse(part, n->fixed + i - 1, 1))
			return false;
	return s.n == 0;
}

static bool set_fixed(struct node *n, const struct cb_devtext *e, char kind, size_t off, struct cb_str s)
{
	struct cb_uuid u;

	switch (kind) {
	case 'g':
		if (!cb_uuid_parse(s, &u))
			return false;
		cb_uuid_to_guid(u, n->fixed + off);
		return true;
	case 'm':
		return (s.n == 12 || s.n == 64) && cb_hex_parse(s, n->fixed + off, s.n / 2);
	case 'M':
		return s.n == 12 && cb_hex_parse(s, n->fixed + off, 6);
	case 'R':
		return s.n == 18 && cb_str_starts(s, CB_STR("0x")) &&
		       cb_hex_parse(cb_str_sub(s, 2, SIZE_MAX), n->fixed + off, 8);
	case 'N':
		return set_eui(n, off, s);
	case 'i':
		return set_ipv4(n, off, s);
	case 'I':
		return set_ipv6(n, off, s);
	case 'L':
		return cb_str_ieq(s, cb_str_c(e->word));
	default:
		return set_number(n, kind, off, s);
	}
}

static bool add_hex(struct cb_buf *b, struct cb_str s)
{
	uint8_t *p = s.n / 2 > 0 ? cb_buf_reserve(b, s.n / 2) : NULL;

	if (p == NULL || s.n % 2 != 0 || !cb_hex_parse(s, p, s.n / 2))
		return false;
	cb_buf_commit(b, s.n / 2);
	return true;
}

/* *args is all that is left of the text in the brackets. */
static bool add_rest(struct node *n, char kind, struct cb_str *args)
{
	struct cb_str s = *args;
	uint64_t v;

	if (kind == 's') {
		(void)cb_str_next(args, ',', &s); /* an empty one is one, too */
		cb_buf_str(&n->rest, s);
		cb_buf_add(&n->rest, "", 1);
		return true;
	}
	*args = (struct cb_str){ "", 0 };
	switch (kind) {
	case 'a':
		cb_buf_str(&n->rest, s);
		return true;
	case 'W':
		if (s.n < 2 || s.p[0] != '"' || s.p[s.n - 1] != '"')
			return false;
		cb_utf8_to_utf16(&n->rest, cb_str_sub(s, 1, s.n - 2));
		return true;
	case 'l':
		for (struct cb_str part; cb_str_next(&s, ',', &part);) {
			cb_le32 unit;

			if (!parse_number(part, &v) || v > UINT32_MAX)
				return false;
			unit = cb_put_le32((uint32_t)v);
			cb_buf_add(&n->rest, &unit, sizeof(unit));
		}
		return n->rest.n > 0;
	default:
		return add_hex(&n->rest, s);
	}
}

/* The text between the brackets by one entry of the table. */
static bool fill(struct node *n, const struct cb_devtext *e, struct cb_str args)
{
	struct cb_str s;

	memset(n->fixed, 0, sizeof(n->fixed));
	memcpy(n->fixed + e->fixed_off, e->fixed, e->fixed_n);
	n->rest.n = 0;
	for (const char *f = e->fields; f[0] != '\0'; f += 2) {
		if (f[0] == 'x' && args.n == 0)
			continue;
		if (cb_devtext_is_rest(f[0])) {
			if (!add_rest(n, f[0], &args))
				return false;
			continue;
		}
		if (!cb_str_next(&args, ',', &s) || !set_fixed(n, e, f[0], cb_devtext_off(f[1]), s))
			return false;
	}
	return args.n == 0;
}

/* "3,24,687474": type, subtype and bytes of any node; type 0: only subtype and bytes. */
static bool fill_generic(struct node *n, struct cb_str args, uint64_t *type, uint64_t *subtype)
{
	struct cb_str s;

	if (*type == 0 && (!cb_str_next(&args, ',', &s) || !parse_number(s, type)))
		return false;
	if (!cb_str_next(&args, ',', &s) || !parse_number(s, subtype) || *type > 255 || *subtype > 255)
		return false;
	n->rest.n = 0;
	return args.n == 0 || add_hex(&n->rest, args);
}

static int named(struct node *n, struct cb_str name, struct cb_str args, struct cb_buf *ret)
{
	static const char *const generic[] = { CB_DEVTEXT_GENERIC, "HardwarePath", "AcpiPath", "Msg",
					       "MediaPath", "BbsPath" };
	bool known = false;

	if (cb_str_ieq(name, CB_STR("File"))) { /* as efibootmgr prints it */
		cb_devpath_add_file(ret, args);
		return 0;
	}
	for (const struct cb_devtext *e = cb_devtexts; e->name != NULL; e++) {
		if (!cb_str_ieq(name, cb_str_c(e->name)))
			continue;
		known = true;
		if (!fill(n, e, args))
			continue;
		cb_devpath_add(ret, e->type, e->subtype, (struct cb_bytes){ n->fixed, e->size },
			       cb_buf_bytes(&n->rest));
		return cb_buf_status(&n->rest);
	}
	for (uint64_t i = 0; i < sizeof(generic) / sizeof(generic[0]); i++) {
		uint64_t type = i, subtype;

		if (!cb_str_ieq(name, cb_str_c(generic[i])))
			continue;
		known = true;
		if (!fill_generic(n, args, &type, &subtype))
			continue;
		cb_devpath_add(ret, (uint8_t)type, (uint8_t)subtype, (struct cb_bytes){ NULL, 0 },
			       cb_buf_bytes(&n->rest));
		return cb_buf_status(&n->rest);
	}
	if (cb_buf_status(&n->rest) < 0)
		return cb_buf_status(&n->rest);
	return cb_fail(n->env, CB_EINVAL, known ? "device path: %.*s(%.*s) is not how that is written" :
						  "device path: there is no %.*s(%.*s)",
		       CB_STR_ARG(name), CB_STR_ARG(args));
}

static bool is_separator(char c)
{
	return c == '/' || c == ',' || c == ';';
}

/* Letters and digits before a bracket; 0: text of a file. */
static size_t name_length(struct cb_str s)
{
	size_t n = 0;

	while (n < s.n && (cb_is_alpha(s.p[n]) || cb_is_digit(s.p[n])))
		n++;
	return n < s.n && s.p[n] == '(' ? n : 0;
}

/* Past the bracket that closes the first one; 0: there is none. */
static size_t past_brackets(struct cb_str s)
{
	size_t depth = 0;

	for (size_t i = 0; i < s.n; i++) {
		depth += s.p[i] == '(';
		if (s.p[i] == ')' && --depth == 0)
			return i + 1;
	}
	return 0;
}

/* One node off *text; a name is followed by a bracket, all else is a file. */
static int parse_node(struct node *n, struct cb_str *text, struct cb_buf *ret)
{
	size_t name = name_length(*text), end = 0;
	struct cb_str s;

	if (name == 0) {
		while (end < text->n && !is_separator(text->p[end]))
			end++;
		s = cb_str_sub(*text, 0, end);
		*text = cb_str_sub(*text, end, SIZE_MAX);
		cb_devpath_add_file(ret, s);
		return 0;
	}
	end = past_brackets(*text);
	if (end == 0)
		return cb_fail(n->env, CB_EINVAL, "device path: no ')' in %.*s", CB_STR_ARG(*text));
	s = cb_str_sub(*text, 0, end);
	*text = cb_str_sub(*text, end, SIZE_MAX);
	if (text->n > 0 && !is_separator(text->p[0]))
		return cb_fail(n->env, CB_EINVAL, "device path: %.*s after %.*s", CB_STR_ARG(*text),
			       CB_STR_ARG(s));
	return named(n, cb_str_sub(s, 0, name), cb_str_sub(s, name + 1, end - name - 2), ret);
}

int cb_devpath_parse(struct cb_env *env, struct cb_str text, struct cb_buf *ret)
{
	const struct cb_bytes none = { NULL, 0 };
	struct node n = { .env = env };
	bool node = text.n > 0;       /* a node comes next, not a separator */
	int r = 0;

	cb_buf_init(&n.rest, env, CB_MAX_EFIVAR);
	while (r == 0 && text.n > 0) {
		char c = text.p[0];

		if (node && !is_separator(c)) {
			r = parse_node(&n, &text, ret);
			node = false;
			continue;
		}
		text = cb_str_sub(text, 1, SIZE_MAX);
		if (c == ',')
			cb_devpath_add(ret, CB_DEVPATH_END, CB_DEVPATH_END_INSTANCE, none, none);
		else if (c == ';')
			cb_devpath_add_end(ret);
		else if (node || text.n == 0)
			r = cb_fail(env, CB_EINVAL, "device path: a '/' with no node beside it");
		node = true;
	}
	cb_buf_fini(&n.rest);
	if (r < 0)
		return r;
	cb_devpath_add_end(ret);
	return cb_buf_status(ret);
}
