/* SHA-256 blocks by the ARMv8 cryptographic extension (Arm ARM, SHA256H and friends). */
#include <arm_neon.h>

#include "sha256_alt.h"

static void blocks_ce(uint32_t state[8], const unsigned char *p, size_t n)
{
	uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);

	for (; n > 0; n--, p += 64) {
		uint32x4_t w[4], abcd0 = abcd, efgh0 = efgh;

#pragma GCC unroll 16
		for (unsigned i = 0; i < 16; i++) {
			uint32x4_t *now = &w[i % 4];

			if (i < 4)
				*now = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(p + 16 * i)));
			else
				*now = vsha256su1q_u32(vsha256su0q_u32(*now, w[(i + 1) % 4]),
						       w[(i + 2) % 4], w[(i + 3) % 4]);

			uint32x4_t wk = vaddq_u32(*now, vld1q_u32(cb_sha256_k + 4 * i)), before = abcd;

			abcd = vsha256hq_u32(abcd, efgh, wk);
			efgh = vsha256h2q_u32(efgh, before, wk);
		}
		abcd = vaddq_u32(abcd, abcd0);
		efgh = vaddq_u32(efgh, efgh0);
	}
	vst1q_u32(state, abcd);
	vst1q_u32(state + 4, efgh);
}

cb_sha256_blocks_fn *cb_sha256_blocks_cpu(void)
{
	uint64_t isar0;

	/* Firmware may read it; Linux emulates the read for programs (cpu-feature-registers). */
	__asm__("mrs %0, id_aa64isar0_el1" : "=r"(isar0));
	return (isar0 >> 12 & 15) >= 1 ? blocks_ce : cb_sha256_blocks_c;
}
