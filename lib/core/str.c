/* core/str.c - operations on (pointer, length) text. */
#include "core/str.h"

#include "core/utf.h"

#define DISTANCE_MAX 64u

struct cb_str cb_str_c(const char *s)
{
	size_t n = 0;

	while (s != NULL && s[n] != '\0')
		n++;
	return (struct cb_str){ s, n };
}

bool cb_str_eq(struct cb_str a, struct cb_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool cb_str_ieq(struct cb_str a, struct cb_str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (cb_to_lower(a.p[i]) != cb_to_lower(b.p[i]))
			return false;
	return true;
}

int cb_str_cmp(struct cb_str a, struct cb_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int r = n > 0 ? memcmp(a.p, b.p, n) : 0;

	if (r != 0)
		return r;
	return (a.n > b.n) - (a.n < b.n);
}

bool cb_str_starts(struct cb_str s, struct cb_str prefix)
{
	return s.n >= prefix.n && cb_str_eq(cb_str_sub(s, 0, prefix.n), prefix);
}

bool cb_str_ends(struct cb_str s, struct cb_str suffix)
{
	return s.n >= suffix.n && cb_str_eq(cb_str_sub(s, s.n - suffix.n, suffix.n), suffix);
}

size_t cb_str_chr(struct cb_str s, char c)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == c)
			return i;
	return SIZE_MAX;
}

size_t cb_str_rchr(struct cb_str s, char c)
{
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == c)
			return i - 1;
	return SIZE_MAX;
}

size_t cb_str_find(struct cb_str s, struct cb_str sub)
{
	for (size_t i = 0; cb_in_range(i, sub.n, s.n); i++)
		if (cb_str_eq(cb_str_sub(s, i, sub.n), sub))
			return i;
	return SIZE_MAX;
}

struct cb_str cb_str_sub(struct cb_str s, size_t from, size_t n)
{
	if (from > s.n)
		from = s.n;
	if (n > s.n - from)
		n = s.n - from;
	return (struct cb_str){ n > 0 ? s.p + from : s.p, n };
}

struct cb_str cb_str_trim(struct cb_str s)
{
	while (s.n > 0 && cb_is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && cb_is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool cb_str_next(struct cb_str *s, char sep, struct cb_str *ret)
{
	if (s->n == 0)
		return false;

	size_t at = cb_str_chr(*s, sep);

	*ret = cb_str_sub(*s, 0, at);
	*s = at == SIZE_MAX ? (struct cb_str){ s->p, 0 } : cb_str_sub(*s, at + 1, SIZE_MAX);
	return true;
}

bool cb_str_line(struct cb_str *s, struct cb_str *ret)
{
	struct cb_str line;

	if (!cb_str_next(s, '\n', &line))
		return false;
	if (cb_str_ends(line, CB_STR("\r")))
		line.n--;
	*ret = line;
	return true;
}

bool cb_str_word(struct cb_str *s, struct cb_str *ret)
{
	size_t i = 0;

	while (i < s->n && cb_is_blank(s->p[i]))
		i++;
	*s = cb_str_sub(*s, i, SIZE_MAX);
	if (s->n == 0)
		return false;
	for (i = 0; i < s->n && !cb_is_blank(s->p[i]);)
		i++;
	*ret = cb_str_sub(*s, 0, i);
	*s = cb_str_sub(*s, i, SIZE_MAX);
	return true;
}

static unsigned digit_value(char c)
{
	if (cb_is_digit(c))
		return (unsigned)(c - '0');
	c = cb_to_lower(c);
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 99;
}

bool cb_str_u64(struct cb_str s, unsigned base, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned d = digit_value(s.p[i]);

		if (d >= base || !cb_mul(v, base, &v) || !cb_add(v, d, &v))
			return false;
	}
	*ret = v;
	return true;
}

unsigned cb_str_distance(struct cb_str a, struct cb_str b, unsigned max)
{
	uint8_t row[DISTANCE_MAX + 1];

	if (a.n > DISTANCE_MAX || b.n > DISTANCE_MAX)
		return max + 1;
	for (size_t j = 0; j <= b.n; j++)
		row[j] = (uint8_t)j;
	for (size_t i = 1; i <= a.n; i++) {
		unsigned diag = row[0];

		row[0] = (uint8_t)i;
		for (size_t j = 1; j <= b.n; j++) {
			unsigned best = diag + (a.p[i - 1] != b.p[j - 1]);

			diag = row[j];
			if (row[j] + 1u < best)
				best = row[j] + 1u;
			if (row[j - 1] + 1u < best)
				best = row[j - 1] + 1u;
			row[j] = (uint8_t)best;
		}
	}
	return row[b.n] <= max ? row[b.n] : max + 1;
}

void cb_str_escape(struct cb_buf *b, struct cb_str s)
{
	while (s.n > 0) {
		uint32_t cp;
		size_t n = cb_utf8_get(s, &cp);

		if (n == 0 || cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) {
			cb_buf_fmt(b, "\\x%02x", (uint8_t)s.p[0]);
			n = 1;
		} else {
			cb_buf_add(b, s.p, n);
		}
		s = cb_str_sub(s, n, SIZE_MAX);
	}
}
