/* codec/xxh32.h - xxHash, 32 bits, as LZ4 frames use it (xxHash specification 0.1.1). */
#ifndef CB_CODEC_XXH32_H
#define CB_CODEC_XXH32_H

#include <stddef.h>
#include <stdint.h>

/* Seed 0. */
struct cb_xxh32 {
	uint32_t acc[4];
	uint64_t size;             /* bytes so far */
	uint8_t rest[16];          /* size % 16 of them */
};

void cb_xxh32_init(struct cb_xxh32 *x);
void cb_xxh32_add(struct cb_xxh32 *x, const void *p, size_t n);
uint32_t cb_xxh32_get(const struct cb_xxh32 *x);
uint32_t cb_xxh32(const void *p, size_t n);

#endif
