/* core/input.h - bytes of known number that are read where they lie: a file, a file on a disk that we
 * parse ourselves, a range of another input, memory.
 *
 * An input is a value. It borrows: what it reads from must outlive it. */
#ifndef CB_CORE_INPUT_H
#define CB_CORE_INPUT_H

#include "core/bytes.h"
#include "core/err.h"

struct cb_input {
	/* Fill buf with the n > 0 bytes at off, which the source has: all, or an error. */
	int (*read)(void *ctx, uint64_t off, void *buf, size_t n);
	void *ctx;
	const uint8_t *mem;   /* not NULL: all bytes are here, and read is not used */
	uint64_t base;        /* where byte 0 lies in the source */
	uint64_t size;        /* bytes */
};

static inline struct cb_input cb_input_mem(struct cb_bytes s)
{
	return (struct cb_input){ .mem = s.p, .size = s.n };
}
/* Read n bytes at byte off. CB_EINVAL past the end: nothing is read short. */
CB_MUST int cb_input_read(struct cb_env *env, const struct cb_input *in, uint64_t off, void *buf,
			  size_t n);
/* The n bytes at off as an input of their own; both are clamped to what is there. */
struct cb_input cb_input_sub(const struct cb_input *in, uint64_t off, uint64_t n);

#endif
