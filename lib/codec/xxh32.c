/* xxHash32: four lanes take 16 bytes a step, then the lanes and the rest are mixed. */
#include "codec/xxh32.h"

#include "core/mem.h"

#define P1 0x9e3779b1u
#define P2 0x85ebca77u
#define P3 0xc2b2ae3du
#define P4 0x27d4eb2fu
#define P5 0x165667b1u

static inline uint32_t rol(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static inline uint32_t word(const uint8_t *p)
{
	return cb_get_le32(*(const cb_le32 *)p);
}

static void lanes(uint32_t acc[4], const uint8_t *p, size_t n)
{
	uint32_t a = acc[0], b = acc[1], c = acc[2], d = acc[3];

	for (; n >= 16; n -= 16, p += 16) {
		a = rol(a + word(p) * P2, 13) * P1;
		b = rol(b + word(p + 4) * P2, 13) * P1;
		c = rol(c + word(p + 8) * P2, 13) * P1;
		d = rol(d + word(p + 12) * P2, 13) * P1;
	}
	acc[0] = a;
	acc[1] = b;
	acc[2] = c;
	acc[3] = d;
}

void cb_xxh32_init(struct cb_xxh32 *x)
{
	*x = (struct cb_xxh32){ .acc = { P1 + P2, P2, 0, 0u - P1 } };
}

void cb_xxh32_add(struct cb_xxh32 *x, const void *p, size_t n)
{
	const uint8_t *b = p;
	size_t have = x->size % 16;

	if (n == 0)
		return;
	x->size += n;
	if (have > 0) {
		size_t take = n < 16 - have ? n : 16 - have;

		memcpy(x->rest + have, b, take);
		if (have + take < 16)
			return;
		lanes(x->acc, x->rest, 16);
		b += take;
		n -= take;
	}
	lanes(x->acc, b, n);
	memcpy(x->rest, b + n / 16 * 16, n % 16);
}

uint32_t cb_xxh32_get(const struct cb_xxh32 *x)
{
	const uint8_t *p = x->rest, *end = x->rest + x->size % 16;
	uint32_t h = P5;               /* seed + P5 when the lanes never ran */

	if (x->size >= 16)
		h = rol(x->acc[0], 1) + rol(x->acc[1], 7) + rol(x->acc[2], 12) + rol(x->acc[3], 18);
	h += (uint32_t)x->size;        /* modulo 2^32, as specified */
	for (; end - p >= 4; p += 4)
		h = rol(h + word(p) * P3, 17) * P4;
	for (; p < end; p++)
		h = rol(h + *p * P5, 11) * P1;
	h = (h ^ h >> 15) * P2;
	h = (h ^ h >> 13) * P3;
	return h ^ h >> 16;
}

uint32_t cb_xxh32(const void *p, size_t n)
{
	struct cb_xxh32 x;

	cb_xxh32_init(&x);
	cb_xxh32_add(&x, p, n);
	return cb_xxh32_get(&x);
}
