/* core/bytes.c - writing on-disk integers; the cursor. */
#include "core/bytes.h"

cb_le16 cb_put_le16(uint16_t v)
{
	return (cb_le16){ { (uint8_t)v, (uint8_t)(v >> 8) } };
}

cb_le32 cb_put_le32(uint32_t v)
{
	return (cb_le32){ { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) } };
}

cb_le64 cb_put_le64(uint64_t v)
{
	cb_le64 r;

	for (unsigned i = 0; i < 8; i++)
		r.b[i] = (uint8_t)(v >> (8 * i));
	return r;
}

cb_be16 cb_put_be16(uint16_t v)
{
	return (cb_be16){ { (uint8_t)(v >> 8), (uint8_t)v } };
}

cb_be32 cb_put_be32(uint32_t v)
{
	return (cb_be32){ { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v } };
}

cb_be64 cb_put_be64(uint64_t v)
{
	cb_be64 r;

	for (unsigned i = 0; i < 8; i++)
		r.b[7 - i] = (uint8_t)(v >> (8 * i));
	return r;
}

struct cb_bytes cb_cur_take(struct cb_cur *c, uint64_t n)
{
	if (c->bad || n > c->left) {
		c->bad = true;
		return (struct cb_bytes){ c->p, 0 };
	}

	struct cb_bytes r = { c->p, (size_t)n };

	c->p += r.n;
	c->left -= r.n;
	return r;
}

struct cb_cur cb_cur_sub(struct cb_cur *c, uint64_t n)
{
	struct cb_bytes s = cb_cur_take(c, n);

	return (struct cb_cur){ s.p, s.n, c->bad };
}

uint8_t cb_cur_u8(struct cb_cur *c)
{
	struct cb_bytes s = cb_cur_take(c, 1);

	return s.n == 1 ? s.p[0] : 0;
}

uint16_t cb_cur_le16(struct cb_cur *c)
{
	const cb_le16 *v = cb_view(cb_le16, cb_cur_take(c, 2), 0);

	return v != NULL ? cb_get_le16(*v) : 0;
}

uint32_t cb_cur_le32(struct cb_cur *c)
{
	const cb_le32 *v = cb_view(cb_le32, cb_cur_take(c, 4), 0);

	return v != NULL ? cb_get_le32(*v) : 0;
}

uint64_t cb_cur_le64(struct cb_cur *c)
{
	const cb_le64 *v = cb_view(cb_le64, cb_cur_take(c, 8), 0);

	return v != NULL ? cb_get_le64(*v) : 0;
}

uint16_t cb_cur_be16(struct cb_cur *c)
{
	const cb_be16 *v = cb_view(cb_be16, cb_cur_take(c, 2), 0);

	return v != NULL ? cb_get_be16(*v) : 0;
}

uint32_t cb_cur_be32(struct cb_cur *c)
{
	const cb_be32 *v = cb_view(cb_be32, cb_cur_take(c, 4), 0);

	return v != NULL ? cb_get_be32(*v) : 0;
}

uint64_t cb_cur_be64(struct cb_cur *c)
{
	const cb_be64 *v = cb_view(cb_be64, cb_cur_take(c, 8), 0);

	return v != NULL ? cb_get_be64(*v) : 0;
}
