/* SHA-224 and SHA-256 (FIPS 180-4) behind mbedTLS's interface.
 *
 * mbedTLS has no x86 SHA instructions, and picks its ARM ones with operating system calls that
 * firmware lacks. Its hook for one block at a time (PROCESS_ALT) can't remember what the CPU
 * offers without a global, hence the whole module. */
#include <string.h>

#include "mbedtls/sha256.h"

const uint32_t cb_sha256_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static const uint32_t init_256[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};
static const uint32_t init_224[8] = {
	0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4,
};

static inline uint32_t ror(uint32_t v, unsigned n)
{
	return v >> n | v << (32 - n);
}

static inline uint32_t get_be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_be32(unsigned char *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> (24 - 8 * i));
}

static inline uint32_t sigma(uint32_t v, unsigned a, unsigned b, unsigned c)
{
	return ror(v, a) ^ ror(v, b) ^ ror(v, c);
}

/* One step of 6.2.2. The eight variables turn by one place a step: the caller turns their names. */
#define STEP(a, b, c, d, e, f, g, h, k, w) do {						\
	uint32_t t1 = h + sigma(e, 6, 11, 25) + (g ^ (e & (f ^ g))) + (k) + (w);		\
	d += t1;									\
	h = t1 + sigma(a, 2, 13, 22) + ((a & b) | (c & (a | b)));			\
} while (0)

/* The schedule needs the last 16 words only. */
static inline void next_word(uint32_t w[16], unsigned i)
{
	uint32_t a = w[(i + 1) % 16], b = w[(i + 14) % 16];

	w[i % 16] += (ror(a, 7) ^ ror(a, 18) ^ a >> 3) + w[(i + 9) % 16] +
		     (ror(b, 17) ^ ror(b, 19) ^ b >> 10);
}

static void one_block(uint32_t state[8], const unsigned char *p)
{
	uint32_t w[16], a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

	for (unsigned i = 0; i < 16; i++)
		w[i] = get_be32(p + 4 * i);
	for (const uint32_t *k = cb_sha256_k; ; k += 16) {
		STEP(a, b, c, d, e, f, g, h, k[0], w[0]);
		STEP(h, a, b, c, d, e, f, g, k[1], w[1]);
		STEP(g, h, a, b, c, d, e, f, k[2], w[2]);
		STEP(f, g, h, a, b, c, d, e, k[3], w[3]);
		STEP(e, f, g, h, a, b, c, d, k[4], w[4]);
		STEP(d, e, f, g, h, a, b, c, k[5], w[5]);
		STEP(c, d, e, f, g, h, a, b, k[6], w[6]);
		STEP(b, c, d, e, f, g, h, a, k[7], w[7]);
		STEP(a, b, c, d, e, f, g, h, k[8], w[8]);
		STEP(h, a, b, c, d, e, f, g, k[9], w[9]);
		STEP(g, h, a, b, c, d, e, f, k[10], w[10]);
		STEP(f, g, h, a, b, c, d, e, k[11], w[11]);
		STEP(e, f, g, h, a, b, c, d, k[12], w[12]);
		STEP(d, e, f, g, h, a, b, c, k[13], w[13]);
		STEP(c, d, e, f, g, h, a, b, k[14], w[14]);
		STEP(b, c, d, e, f, g, h, a, k[15], w[15]);
		if (k == cb_sha256_k + 48)
			break;
#pragma GCC unroll 16
		for (unsigned i = 0; i < 16; i++)
			next_word(w, i);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

void cb_sha256_blocks_c(uint32_t state[8], const unsigned char *p, size_t n)
{
	for (; n > 0; n--, p += 64)
		one_block(state, p);
}

void mbedtls_sha256_init(mbedtls_sha256_context *ctx)
{
	memset(ctx, 0, sizeof(*ctx));
}

void mbedtls_sha256_free(mbedtls_sha256_context *ctx)
{
	if (ctx == NULL)
		return;
	memset(ctx, 0, sizeof(*ctx));
	__asm__ volatile("" : : "r"(ctx) : "memory"); /* the store above stays */
}

void mbedtls_sha256_clone(mbedtls_sha256_context *dst, const mbedtls_sha256_context *src)
{
	*dst = *src;
}

int mbedtls_sha256_starts(mbedtls_sha256_context *ctx, int is224)
{
	if (is224 != 0 && is224 != 1)
		return MBEDTLS_ERR_SHA256_BAD_INPUT_DATA;
	ctx->total = 0;
	ctx->is224 = is224;
	memcpy(ctx->state, is224 ? init_224 : init_256, sizeof(ctx->state));
	ctx->blocks = cb_sha256_blocks_cpu();
	return 0;
}

int mbedtls_sha256_update(mbedtls_sha256_context *ctx, const unsigned char *p, size_t n)
{
	size_t have = ctx->total % 64;

	ctx->total += n;
	if (have > 0) {
		size_t take = n < 64 - have ? n : 64 - have;

		if (take > 0)
			memcpy(ctx->buf + have, p, take);
		if (have + take < 64)
			return 0;
		ctx->blocks(ctx->state, ctx->buf, 1);
		p += take;
		n -= take;
	}
	if (n >= 64)
		ctx->blocks(ctx->state, p, n / 64);
	if (n % 64 > 0)
		memcpy(ctx->buf, p + n / 64 * 64, n % 64);
	return 0;
}

int mbedtls_internal_sha256_process(mbedtls_sha256_context *ctx, const unsigned char data[64])
{
	ctx->blocks(ctx->state, data, 1);
	return 0;
}

int mbedtls_sha256_finish(mbedtls_sha256_context *ctx, unsigned char *output)
{
	static const unsigned char pad[64] = { 0x80 };
	uint64_t bits = ctx->total * 8;
	size_t have = ctx->total % 64;
	unsigned char size[8];

	put_be32(size, (uint32_t)(bits >> 32));
	put_be32(size + 4, (uint32_t)bits);
	(void)mbedtls_sha256_update(ctx, pad, have < 56 ? 56 - have : 120 - have); /* always 0 */
	(void)mbedtls_sha256_update(ctx, size, sizeof(size));
	for (unsigned i = 0; i < (ctx->is224 ? 7 : 8); i++)
		put_be32(output + 4 * i, ctx->state[i]);
	return 0;
}
