/* Base64 (RFC 4648, sections 4 and 5): three bytes are four digits of six bits. */
#include "codec/base64.h"

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define NONE  64u

static const char alphabets[2][65] = { [CB_BASE64_STD] = ALNUM "+/", [CB_BASE64_URL] = ALNUM "-_" };

static unsigned value(enum cb_base64_kind kind, char c)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0') + 52;
	for (unsigned v = 62; v < 64; v++)
		if (c == alphabets[kind][v])
			return v;
	return NONE;
}

void cb_base64_add(struct cb_buf *b, enum cb_base64_kind kind, struct cb_bytes in)
{
	for (size_t i = 0; i < in.n; i += 3) {
		size_t n = in.n - i < 3 ? in.n - i : 3;
		uint32_t bits = (uint32_t)in.p[i] << 16;
		char four[4];

		if (n > 1)
			bits |= (uint32_t)in.p[i + 1] << 8;
		if (n > 2)
			bits |= in.p[i + 2];
		for (unsigned d = 0; d < 4; d++)
			four[d] = d <= n ? alphabets[kind][bits >> (18 - 6 * d) & 63] : '=';
		cb_buf_add(b, four, kind == CB_BASE64_URL ? n + 1 : 4);
	}
}

/* What is left over after whole groups: d digits of 6 bits, then `pad` times '='. */
static int finish(struct cb_env *env, enum cb_base64_kind kind, uint32_t bits, unsigned d,
		  unsigned pad, struct cb_buf *ret)
{
	if (d == 1 || (kind == CB_BASE64_STD && (d + pad) % 4 != 0) || (kind == CB_BASE64_URL && pad > 0))
		return cb_fail(env, CB_ECORRUPT, "base64: the last group has %u digits and %u '='", d, pad);
	if ((d == 2 && (bits & 15) != 0) || (d == 3 && (bits & 3) != 0))
		return cb_fail(env, CB_ECORRUPT, "base64: bits are left over after the last byte");
	if (d > 0) {
		uint8_t two[2] = { (uint8_t)(bits >> (d == 2 ? 4 : 10)), (uint8_t)(bits >> 2) };

		cb_buf_add(ret, two, d - 1);
	}
	return cb_buf_status(ret);
}

int cb_base64_parse(struct cb_env *env, enum cb_base64_kind kind, struct cb_str text, struct cb_buf *ret)
{
	uint32_t bits = 0;
	unsigned d = 0, pad = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		unsigned v = value(kind, c);

		if (c == '\r' || c == '\n')
			continue;
		if (c == '=' && d >= 2 && pad < 2) {
			pad++;
			continue;
		}
		if (v == NONE || pad > 0)
			return cb_fail(env, CB_ECORRUPT, "base64: byte 0x%02x at %zu", (uint8_t)c, i);
		bits = bits << 6 | v;
		if (++d == 4) {
			uint8_t three[3] = { (uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits };

			cb_buf_add(ret, three, 3);
			d = 0;
		}
	}
	return finish(env, kind, bits, d, pad, ret);
}
