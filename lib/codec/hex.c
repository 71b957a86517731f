/* Hexadecimal. */
#include "codec/hex.h"

static const char digits[] = "0123456789abcdef";

static unsigned value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

void cb_hex(char *out, const void *p, size_t n)
{
	const uint8_t *b = p;

	for (; n > 0; n--, b++) {
		*out++ = digits[*b >> 4];
		*out++ = digits[*b & 15];
	}
	*out = 0;
}

void cb_hex_add(struct cb_buf *b, struct cb_bytes in)
{
	for (size_t i = 0; i < in.n; i++) {
		char text[3];

		cb_hex(text, in.p + i, 1);
		cb_buf_add(b, text, 2);
	}
}

bool cb_hex_parse(struct cb_str text, uint8_t *ret, size_t n)
{
	if (text.n % 2 != 0 || text.n / 2 != n)
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (value(text.p[i]) > 15)
			return false;
	for (size_t i = 0; i < n; i++)
		ret[i] = (uint8_t)(value(text.p[2 * i]) << 4 | value(text.p[2 * i + 1]));
	return true;
}
