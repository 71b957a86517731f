/* uefi/aa64/random.c - RNDR (Arm ARM, FEAT_RNG). */
#include "uefi/env.h"

#define TRIES 10u

bool cb_uefi_cpu_random(uint64_t *ret)
{
	uint64_t features, ok = 0;

	__asm__ volatile("mrs %0, id_aa64isar0_el1" : "=r"(features));
	for (unsigned i = 0; i < TRIES && ok == 0 && features >> 60 != 0; i++)
		__asm__ volatile("mrs %0, s3_3_c2_c4_0; cset %1, ne" : "=r"(*ret), "=r"(ok) : : "cc");
	return ok != 0 && *ret != 0 && *ret != UINT64_MAX;
}
