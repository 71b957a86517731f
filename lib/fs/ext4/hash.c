/* fs/ext4/hash.c - the hashes of directory names: legacy, half MD4, TEA, each with names read as
 * signed or unsigned characters (Documentation/filesystems/ext4/directory.rst). */
#include "fs/ext4/ext4_priv.h"

enum { LEGACY, HALF_MD4, TEA, LEGACY_UNSIGNED, HALF_MD4_UNSIGNED, TEA_UNSIGNED };

#define TEA_DELTA 0x9e3779b9u
#define HASH_END  0xfffffffeu      /* stands for "past the last entry" in a 32-bit position */

static uint32_t rotl(uint32_t v, unsigned s)
{
	return v << s | v >> (32 - s);
}

/* A character as the machine that made the directory saw it. */
static uint32_t get_char(struct cb_str name, size_t i, bool is_signed)
{
	uint8_t c = (uint8_t)name.p[i];

	return is_signed ? (uint32_t)(int32_t)(int8_t)c : c;
}

static uint32_t hash_legacy(struct cb_str name, bool is_signed)
{
	uint32_t h, h0 = 0x12a3fe2d, h1 = 0x37abe8f9;

	for (size_t i = 0; i < name.n; i++) {
		h = h1 + (h0 ^ get_char(name, i, is_signed) * 7152373u);
		if ((h & 0x80000000u) != 0)
			h -= 0x7fffffff;
		h1 = h0;
		h0 = h;
	}
	return h0 << 1;
}

/* Up to words * 4 characters from `at` on, packed big end first, filled up with the length. */
static void pack(struct cb_str name, size_t at, bool is_signed, uint32_t *out, unsigned words)
{
	uint32_t len = (uint32_t)(name.n - at);
	uint32_t pad = len | len << 8;
	size_t n = (size_t)cb_min(len, words * 4u);
	uint32_t v;
	unsigned w = 0;

	pad |= pad << 16;
	v = pad;
	for (size_t i = 0; i < n; i++) {
		v = get_char(name, at + i, is_signed) + (v << 8);
		if (i % 4 == 3) {
			out[w++] = v;
			v = pad;
		}
	}
	if (w < words)
		out[w++] = v;
	while (w < words)
		out[w++] = pad;
}

static void tea(uint32_t buf[4], const uint32_t in[4])
{
	uint32_t sum = 0, b0 = buf[0], b1 = buf[1];

	for (int i = 0; i < 16; i++) {
		sum += TEA_DELTA;
		b0 += ((b1 << 4) + in[0]) ^ (b1 + sum) ^ ((b1 >> 5) + in[1]);
		b1 += ((b0 << 4) + in[2]) ^ (b0 + sum) ^ ((b0 >> 5) + in[3]);
	}
	buf[0] += b0;
	buf[1] += b1;
}

/* The three round functions of MD4, RFC 1320. */
static uint32_t md4_f(unsigned round, uint32_t x, uint32_t y, uint32_t z)
{
	if (round == 0)
		return z ^ (x & (y ^ z));
	if (round == 1)
		return (x & y) + ((x ^ y) & z);
	return x ^ y ^ z;
}

/* MD4 with eight words instead of sixteen. */
static void half_md4(uint32_t buf[4], const uint32_t in[8])
{
	static const uint32_t add[3] = { 0, 0x5a827999, 0x6ed9eba1 };
	static const uint8_t shift[3][4] = { { 3, 7, 11, 19 }, { 3, 5, 9, 13 }, { 3, 9, 11, 15 } };
	static const uint8_t order[3][8] = {
		{ 0, 1, 2, 3, 4, 5, 6, 7 }, { 1, 3, 5, 7, 0, 2, 4, 6 }, { 3, 7, 2, 6, 1, 5, 0, 4 },
	};
	uint32_t v[4] = { buf[0], buf[1], buf[2], buf[3] };

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 8; i++) {
			/* The register that is written goes a, d, c, b, a, ... */
			unsigned a = (4 - i % 4) % 4, b = (a + 1) % 4, c = (a + 2) % 4, d = (a + 3) % 4;

			v[a] += md4_f(round, v[b], v[c], v[d]) + in[order[round][i]] + add[round];
			v[a] = rotl(v[a], shift[round][i % 4]);
		}
	}
	for (unsigned i = 0; i < 4; i++)
		buf[i] += v[i];
}

bool cb_ext4_hash(unsigned version, const uint32_t seed[4], struct cb_str name, uint32_t *ret)
{
	uint32_t buf[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 }, in[8];
	bool is_signed = version <= TEA, seeded = (seed[0] | seed[1] | seed[2] | seed[3]) != 0;
	uint32_t h;

	if (seeded)
		memcpy(buf, seed, sizeof(buf));
	switch (version) {
	case LEGACY:
	case LEGACY_UNSIGNED:
		h = hash_legacy(name, is_signed);
		break;
	case HALF_MD4:
	case HALF_MD4_UNSIGNED:
		for (size_t at = 0; at < name.n; at += 32) {
			pack(name, at, is_signed, in, 8);
			half_md4(buf, in);
		}
		h = buf[1];
		break;
	case TEA:
	case TEA_UNSIGNED:
		for (size_t at = 0; at < name.n; at += 16) {
			pack(name, at, is_signed, in, 4);
			tea(buf, in);
		}
		h = buf[0];
		break;
	default:
		return false;
	}
	/* The lowest bit marks a run of equal hashes that goes on in the next block. */
	h &= ~UINT32_C(1);
	*ret = h == HASH_END ? HASH_END - 2 : h;
	return true;
}
