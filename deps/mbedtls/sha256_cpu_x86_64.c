/* SHA-256 blocks by the SHA instructions of x86 (Intel SDM volume 2, SHA256RNDS2 and friends). */
#include <cpuid.h>
#include <immintrin.h>

#include "sha256_alt.h"

/* Four schedule words at a time: W[t] = s1(W[t-2]) + W[t-7] + s0(W[t-15]) + W[t-16]. */
#define SCHEDULE(w0, w1, w2, w3)							\
	_mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(w0, w1),		\
					   _mm_alignr_epi8(w3, w2, 4)), w3)

__attribute__((target("sha,sse4.1,ssse3")))
static void blocks_ni(uint32_t state[8], const unsigned char *p, size_t n)
{
	const __m128i *k = (const __m128i *)(const void *)cb_sha256_k;
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	/* The instructions keep the state as ABEF and CDGH, most significant first. */
	__m128i dcba = _mm_loadu_si128((const __m128i *)(const void *)state);
	__m128i hgfe = _mm_loadu_si128((const __m128i *)(const void *)(state + 4));
	__m128i badc = _mm_shuffle_epi32(dcba, 0xb1), efgh = _mm_shuffle_epi32(hgfe, 0x1b);
	__m128i abef = _mm_alignr_epi8(badc, efgh, 8), cdgh = _mm_blend_epi16(efgh, badc, 0xf0);

	for (; n > 0; n--, p += 64) {
		const __m128i *in = (const __m128i *)(const void *)p;
		__m128i w[4], abef0 = abef, cdgh0 = cdgh;

#pragma GCC unroll 16
		for (unsigned i = 0; i < 16; i++) {
			__m128i *now = &w[i % 4];

			if (i < 4)
				*now = _mm_shuffle_epi8(_mm_loadu_si128(in + i), swap);
			else
				*now = SCHEDULE(*now, w[(i + 1) % 4], w[(i + 2) % 4], w[(i + 3) % 4]);

			__m128i wk = _mm_add_epi32(*now, _mm_loadu_si128(k + i));

			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, wk);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(wk, 0x0e));
		}
		abef = _mm_add_epi32(abef, abef0);
		cdgh = _mm_add_epi32(cdgh, cdgh0);
	}

	__m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);

	_mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(feba, dchg, 0xf0));
	_mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

cb_sha256_blocks_fn *cb_sha256_blocks_cpu(void)
{
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1))
		return cb_sha256_blocks_c;
	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_SHA))
		return cb_sha256_blocks_c;
	return blocks_ni;
}
