/* core/utf.c - UTF-8 and UTF-16LE. */
#include "core/utf.h"

#include "core/str.h"

#define REPLACEMENT 0xfffdu

size_t cb_utf8_get(struct cb_str s, uint32_t *ret_cp)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	static const uint8_t mask[5] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };

	if (s.n == 0)
		return 0;

	uint8_t lead = (uint8_t)s.p[0];
	size_t n = lead < 0x80 ? 1 : lead >= 0xf8 ? 0 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 :
		   lead >= 0xc0 ? 2 : 0;

	if (n == 0 || n > s.n)
		return 0;

	uint32_t cp = lead & mask[n];

	for (size_t i = 1; i < n; i++) {
		if (((uint8_t)s.p[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | ((uint8_t)s.p[i] & 0x3fu);
	}
	if (cp < least[n] || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
		return 0;
	*ret_cp = cp;
	return n;
}

size_t cb_utf8_put(char *out, uint32_t cp)
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | (cp >> 18 & 7));
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

void cb_utf16_to_utf8(struct cb_buf *b, struct cb_bytes utf16)
{
	struct cb_cur c = cb_cur(utf16);
	char out[4];

	while (c.left >= 2) {
		uint32_t cp = cb_cur_le16(&c);

		if (cp == 0)
			return;
		if (cp >= 0xd800 && cp < 0xdc00 && c.left >= 2) {
			struct cb_cur ahead = c;
			uint32_t low = cb_cur_le16(&ahead);

			if (low >= 0xdc00 && low < 0xe000) {
				cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
				c = ahead;
			}
		}
		if (cp >= 0xd800 && cp < 0xe000)
			cp = REPLACEMENT;
		cb_buf_add(b, out, cb_utf8_put(out, cp));
	}
}

static void put_unit(struct cb_buf *b, uint32_t unit)
{
	cb_le16 v = cb_put_le16((uint16_t)unit);

	cb_buf_add(b, &v, sizeof(v));
}

void cb_utf8_to_utf16(struct cb_buf *b, struct cb_str utf8)
{
	while (utf8.n > 0) {
		uint32_t cp = REPLACEMENT;
		size_t n = cb_utf8_get(utf8, &cp);

		utf8 = cb_str_sub(utf8, n > 0 ? n : 1, SIZE_MAX);
		if (cp < 0x10000) {
			put_unit(b, cp);
			continue;
		}
		put_unit(b, 0xd800 + ((cp - 0x10000) >> 10));
		put_unit(b, 0xdc00 + ((cp - 0x10000) & 0x3ff));
	}
}
