/* core/bytes.h - untrusted bytes: borrowed views, on-disk integers, a cursor.
 *
 * On-disk integers are byte-array types: no alignment, no padding, no packed
 * attribute, and a forgotten conversion does not compile. */
#ifndef CB_CORE_BYTES_H
#define CB_CORE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cb_bytes { const uint8_t *p; size_t n; };   /* borrowed, never freed */

typedef struct { uint8_t b[2]; } cb_le16;
typedef struct { uint8_t b[4]; } cb_le32;
typedef struct { uint8_t b[8]; } cb_le64;
typedef struct { uint8_t b[2]; } cb_be16;
typedef struct { uint8_t b[4]; } cb_be32;
typedef struct { uint8_t b[8]; } cb_be64;

static inline uint16_t cb_get_le16(cb_le16 v) { return (uint16_t)(v.b[0] | v.b[1] << 8); }
static inline uint32_t cb_get_le32(cb_le32 v)
{
	return (uint32_t)v.b[0] | (uint32_t)v.b[1] << 8 | (uint32_t)v.b[2] << 16 |
	       (uint32_t)v.b[3] << 24;
}
/* Spelled out: gcc 12 makes one load of this, but not of the loop form. */
static inline uint64_t cb_get_le64(cb_le64 v)
{
	return (uint64_t)v.b[0] | (uint64_t)v.b[1] << 8 | (uint64_t)v.b[2] << 16 |
	       (uint64_t)v.b[3] << 24 | (uint64_t)v.b[4] << 32 | (uint64_t)v.b[5] << 40 |
	       (uint64_t)v.b[6] << 48 | (uint64_t)v.b[7] << 56;
}
static inline uint16_t cb_get_be16(cb_be16 v) { return (uint16_t)(v.b[1] | v.b[0] << 8); }
static inline uint32_t cb_get_be32(cb_be32 v)
{
	return (uint32_t)v.b[3] | (uint32_t)v.b[2] << 8 | (uint32_t)v.b[1] << 16 |
	       (uint32_t)v.b[0] << 24;
}
static inline uint64_t cb_get_be64(cb_be64 v)
{
	return (uint64_t)v.b[7] | (uint64_t)v.b[6] << 8 | (uint64_t)v.b[5] << 16 |
	       (uint64_t)v.b[4] << 24 | (uint64_t)v.b[3] << 32 | (uint64_t)v.b[2] << 40 |
	       (uint64_t)v.b[1] << 48 | (uint64_t)v.b[0] << 56;
}

cb_le16 cb_put_le16(uint16_t v);
cb_le32 cb_put_le32(uint32_t v);
cb_le64 cb_put_le64(uint64_t v);
cb_be16 cb_put_be16(uint16_t v);
cb_be32 cb_put_be32(uint32_t v);
cb_be64 cb_put_be64(uint64_t v);

/* True when [off, off+len) lies within [0, size); never overflows. */
static inline bool cb_in_range(uint64_t off, uint64_t len, uint64_t size)
{
	return len <= size && off <= size - len;
}
/* *r = a op b, or false and *r untouched when the true result doesn't fit. */
static inline bool cb_add(uint64_t a, uint64_t b, uint64_t *r)
{
	uint64_t t;

	return __builtin_add_overflow(a, b, &t) ? false : (*r = t, true);
}
static inline bool cb_mul(uint64_t a, uint64_t b, uint64_t *r)
{
	uint64_t t;

	return __builtin_mul_overflow(a, b, &t) ? false : (*r = t, true);
}
static inline bool cb_shl(uint64_t a, unsigned s, uint64_t *r)
{
	return s > 63 || a > UINT64_MAX >> s ? false : (*r = a << s, true);
}
/* v rounded up to a power of two, or false when that doesn't fit. */
static inline bool cb_align_up(uint64_t v, uint64_t align, uint64_t *r)
{
	return cb_add(v, align - 1, &v) ? (*r = v & ~(align - 1), true) : false;
}
static inline bool cb_is_pow2(uint64_t v) { return v != 0 && (v & (v - 1)) == 0; }
static inline uint64_t cb_min(uint64_t a, uint64_t b) { return a < b ? a : b; }
static inline uint64_t cb_max(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* A view of a T at off, or NULL when it doesn't fit. T is made of cb_le/be types. */
#define cb_view(T, bytes, off) ((const T *)cb_view_raw((bytes), (off), sizeof(T)))
static inline const void *cb_view_raw(struct cb_bytes s, size_t off, size_t n)
{
	return cb_in_range(off, n, s.n) ? s.p + off : NULL;
}

/* A reader that fails once and stays failed: every later read gives 0 or an
 * empty view and consumes nothing. Test cb_cur_ok() once, before using values. */
struct cb_cur { const uint8_t *p; size_t left; bool bad; };

static inline struct cb_cur cb_cur(struct cb_bytes s) { return (struct cb_cur){ s.p, s.n, false }; }
static inline bool cb_cur_ok(const struct cb_cur *c) { return !c->bad; }
struct cb_bytes cb_cur_take(struct cb_cur *c, uint64_t n);
uint8_t  cb_cur_u8(struct cb_cur *c);
uint16_t cb_cur_le16(struct cb_cur *c);
uint32_t cb_cur_le32(struct cb_cur *c);
uint64_t cb_cur_le64(struct cb_cur *c);
uint16_t cb_cur_be16(struct cb_cur *c);
uint32_t cb_cur_be32(struct cb_cur *c);
uint64_t cb_cur_be64(struct cb_cur *c);
/* A cursor over the next n bytes, and this one moved past them. */
struct cb_cur cb_cur_sub(struct cb_cur *c, uint64_t n);

#endif
