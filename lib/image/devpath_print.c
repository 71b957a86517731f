/* image/devpath_print.c - device paths as text. */
#include "image/devpath_priv.h"

#include "codec/hex.h"
#include "core/limits.h"
#include "core/str.h"
#include "core/utf.h"

static uint64_t number_at(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = n; i > 0; i--)
		v = v << 8 | p[i - 1];
	return v;
}

static void put_number(struct cb_buf *b, char kind, uint64_t v)
{
	const char *word = cb_devtext_word(kind, v);

	if (word != NULL)
		cb_buf_fmt(b, "%s", word);
	else if (kind == 'B' || kind == 'n' || kind == 'u' || kind == 'Q')
		cb_buf_fmt(b, "%llu", (unsigned long long)v);
	else if (kind == 'h' && (v & 0xffff) == 0x41d0) /* "PNP" in five bits a letter */
		cb_buf_fmt(b, "PNP%04X", (unsigned)(v >> 16));
	else if (kind == 'z' || kind == 'h')
		cb_buf_fmt(b, "0x%08x", (unsigned)v);
	else
		cb_buf_fmt(b, "0x%llx", (unsigned long long)v);
}

/* A hardware address: Ethernet's when nothing is behind its six bytes. */
static void put_mac(struct cb_buf *b, const uint8_t *p)
{
	size_t n = 32;

	while (n > 6 && p[n - 1] == 0)
		n--;
	cb_hex_add(b, (struct cb_bytes){ p, n == 6 ? 6 : 32 });
}

static void put_fixed(struct cb_buf *b, const struct cb_devtext *e, char kind, const uint8_t *p)
{
	char guid[CB_UUID_TEXT];

	switch (kind) {
	case 'g':
		cb_uuid_text(cb_uuid_from_guid(p), guid);
		cb_buf_fmt(b, "%s", guid);
		return;
	case 'm':
		put_mac(b, p);
		return;
	case 'M':
		cb_hex_add(b, (struct cb_bytes){ p, 6 });
		return;
	case 'R':
		cb_buf_fmt(b, "0x");
		cb_hex_add(b, (struct cb_bytes){ p, 8 });
		return;
	case 'N':
		for (size_t i = 8; i > 0; i--)
			cb_buf_fmt(b, "%02X%s", p[i - 1], i > 1 ? "-" : "");
		return;
	case 'i':
		cb_buf_fmt(b, "%u.%u.%u.%u", p[0], p[1], p[2], p[3]);
		return;
	case 'I':
		for (size_t i = 0; i < 16; i += 2)
			cb_buf_fmt(b, "%02x%02x%s", p[i], p[i + 1], i < 14 ? ":" : "");
		return;
	case 'L':
		cb_buf_fmt(b, "%s", e->word);
		return;
	default:
		put_number(b, kind, number_at(p, cb_devtext_width(kind)));
		return;
	}
}

/* What is behind the fixed part. False: it isn't of that form. */
static bool put_rest(struct cb_buf *b, char kind, struct cb_cur *rest)
{
	struct cb_bytes all = { rest->p, rest->left };
	size_t n = 0;

	switch (kind) {
	case 's':
		while (n < all.n && all.p[n] != 0)
			n++;
		cb_buf_add(b, all.p, n);
		(void)cb_cur_take(rest, n + 1); /* the cursor remembers */
		return cb_cur_ok(rest);
	case 'l':
		for (; rest->left >= 4; n++)
			cb_buf_fmt(b, "%s0x%x", n > 0 ? "," : "", cb_cur_le32(rest));
		return n > 0 && rest->left == 0;
	case 'W':
		cb_buf_fmt(b, "\"");
		cb_utf16_to_utf8(b, all);
		cb_buf_fmt(b, "\"");
		break;
	case 'a':
		cb_buf_add(b, all.p, all.n);
		break;
	default:
		cb_hex_add(b, all);
		break;
	}
	(void)cb_cur_take(rest, rest->left); /* all of it */
	return true;
}

static bool fits(const struct cb_devtext *e, const struct cb_devnode *n)
{
	return e->type == n->type && e->subtype == n->subtype && n->body.n >= e->size &&
	       (e->fixed_n == 0 || memcmp(n->body.p + e->fixed_off, e->fixed, e->fixed_n) == 0);
}

static bool put_named(struct cb_buf *b, const struct cb_devtext *e, const struct cb_devnode *n)
{
	struct cb_cur rest = cb_cur(n->body);
	const char *comma = "";

	(void)cb_cur_take(&rest, e->size); /* fits() has measured it */
	cb_buf_fmt(b, "%s(", e->name);
	for (const char *f = e->fields; f[0] != '\0'; f += 2) {
		if (f[0] == 'x' && rest.left == 0)
			continue;
		cb_buf_fmt(b, "%s", comma);
		comma = ",";
		if (!cb_devtext_is_rest(f[0]))
			put_fixed(b, e, f[0], n->body.p + cb_devtext_off(f[1]));
		else if (!put_rest(b, f[0], &rest))
			return false;
	}
	cb_buf_fmt(b, ")");
	return rest.left == 0;
}

/* Printable, and the very bytes when it is read back. */
static bool is_faithful(struct cb_buf *b, size_t mark, const struct cb_devnode *n)
{
	struct cb_str text;
	struct cb_buf back;
	struct cb_bytes list;
	struct cb_devnode again, end;
	bool same;

	if (b->n == mark)
		return false;
	text = (struct cb_str){ (const char *)b->p + mark, b->n - mark };
	for (size_t i = 0; i < text.n; i++)
		if ((uint8_t)text.p[i] < 0x20 || text.p[i] == 0x7f)
			return false;
	cb_buf_init(&back, b->env, CB_MAX_EFIVAR);

	int r = cb_devpath_parse(b->env, text, &back);

	list = cb_buf_bytes(&back);
	same = r == 0 && cb_devpath_next(b->env, &list, &again) == 0 &&
	       cb_devpath_next(b->env, &list, &end) == 0 && list.n == 0 && end.type == CB_DEVPATH_END &&
	       again.type == n->type && again.subtype == n->subtype && again.body.n == n->body.n &&
	       (n->body.n == 0 || memcmp(again.body.p, n->body.p, n->body.n) == 0);
	if (r == CB_ENOMEM)
		b->status = r;
	else if (!same)
		cb_clear(b->env);
	cb_buf_fini(&back);
	return same;
}

static void put_node(struct cb_buf *b, const struct cb_devnode *n)
{
	const struct cb_devtext *e = cb_devtexts;
	size_t mark = b->n;

	for (; e->name != NULL; e++) {
		if (!fits(e, n))
			continue;
		if (put_named(b, e, n) && cb_buf_status(b) == 0 && is_faithful(b, mark, n))
			return;
		b->n = mark;  /* what was begun is taken back */
	}
	if (cb_devpath_is_file(n)) {
		cb_utf16_to_utf8(b, n->body);
		if (cb_buf_status(b) == 0 && is_faithful(b, mark, n))
			return;
		b->n = mark;
	}
	cb_buf_fmt(b, CB_DEVTEXT_GENERIC "(%u,%u", n->type, n->subtype);
	if (n->body.n > 0) {
		cb_buf_fmt(b, ",");
		cb_hex_add(b, n->body);
	}
	cb_buf_fmt(b, ")");
}

/* What stands between two paths; NULL for every other node. */
static const char *separator(const struct cb_devnode *n)
{
	if (n->type != CB_DEVPATH_END || n->body.n > 0)
		return NULL;
	return n->subtype == CB_DEVPATH_END_INSTANCE ? "," : n->subtype == CB_DEVPATH_END_ENTIRE ? ";" : NULL;
}

void cb_devpath_print(struct cb_env *env, struct cb_bytes path, struct cb_buf *ret)
{
	bool first = true;
	struct cb_devnode n;

	while (path.n > 0) {
		if (cb_devpath_next(env, &path, &n) < 0) {
			cb_clear(env);
			cb_buf_fmt(ret, "/?");
			return;
		}

		const char *end = separator(&n);

		if (end != NULL && path.n == 0 && end[0] == ';')
			return;
		if (end != NULL) {
			cb_buf_fmt(ret, "%s", end);
			first = true;
			continue;
		}
		if (!first)
			cb_buf_fmt(ret, "/");
		first = false;
		put_node(ret, &n);
	}
}
