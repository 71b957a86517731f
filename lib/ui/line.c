/* ui/line.c - typing, deleting and moving in one line; a character is a code point and one column wide. */
#include "ui/line.h"

#include "core/str.h"
#include "core/utf.h"

void cb_line_init(struct cb_line *l, struct cb_env *env, size_t max)
{
	cb_buf_init(&l->text, env, max);
	l->at = 0;
}

void cb_line_fini(struct cb_line *l)
{
	cb_wipe(l->text.p, l->text.n);
	cb_buf_fini(&l->text);
}

struct cb_str cb_line_text(const struct cb_line *l)
{
	return (struct cb_str){ (const char *)l->text.p, l->text.n };
}

static bool is_continuation(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

static size_t before(const struct cb_line *l, size_t at)
{
	if (at > 0)
		at--;
	while (at > 0 && is_continuation(l->text.p[at]))
		at--;
	return at;
}

static size_t after(const struct cb_line *l, size_t at)
{
	if (at < l->text.n)
		at++;
	while (at < l->text.n && is_continuation(l->text.p[at]))
		at++;
	return at;
}

int cb_line_set(struct cb_line *l, struct cb_str text)
{
	l->text.n = 0;
	cb_buf_str(&l->text, text);
	l->at = l->text.n;
	return cb_buf_status(&l->text);
}

static bool insert(struct cb_line *l, uint32_t cp)
{
	char bytes[4];
	size_t n = cp < 0x20 || cp == 0x7f ? 0 : cb_utf8_put(bytes, cp);
	size_t tail = l->text.n - l->at;

	if (n == 0 || l->text.n + n > l->text.max || cb_buf_reserve(&l->text, n) == NULL)
		return false;
	cb_buf_commit(&l->text, n);
	memmove(l->text.p + l->at + n, l->text.p + l->at, tail);
	memcpy(l->text.p + l->at, bytes, n);
	l->at += n;
	return true;
}

static bool cut(struct cb_line *l, size_t from, size_t to)
{
	if (from == to)
		return false;
	memmove(l->text.p + from, l->text.p + to, l->text.n - to);
	cb_wipe(l->text.p + l->text.n - (to - from), to - from);
	l->text.n -= to - from;
	l->at = from;
	return true;
}

static bool move(struct cb_line *l, size_t to)
{
	bool moved = l->at != to;

	l->at = to;
	return moved;
}

bool cb_line_press(struct cb_line *l, const struct cb_press *p)
{
	switch (p->kind) {
	case CB_PRESS_CHAR:
		return insert(l, p->cp);
	case CB_PRESS_BACKSPACE:
		return cut(l, before(l, l->at), l->at);
	case CB_PRESS_DELETE:
		return cut(l, l->at, after(l, l->at));
	case CB_PRESS_LEFT:
		return move(l, before(l, l->at));
	case CB_PRESS_RIGHT:
		return move(l, after(l, l->at));
	case CB_PRESS_HOME:
		return move(l, 0);
	case CB_PRESS_END:
		return move(l, l->text.n);
	default:
		return false;
	}
}

struct cb_str cb_line_window(const struct cb_line *l, unsigned cols, unsigned *ret_cursor)
{
	size_t from = l->at, to = l->at;
	unsigned left = 0, width;

	/* The cursor may stand behind the last character: it takes a column too. */
	while (from > 0 && left + 1 < cols) {
		from = before(l, from);
		left++;
	}
	for (width = left; to < l->text.n && width < cols; width++)
		to = after(l, to);
	*ret_cursor = left;
	return cb_str_sub(cb_line_text(l), from, to - from);
}
