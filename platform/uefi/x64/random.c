/* uefi/x64/random.c - RDRAND (Intel SDM volume 1, 7.3.17). */
#include "uefi/env.h"

#define TRIES 10u                  /* as the manual advises */

static bool has_rdrand(void)
{
	uint32_t a = 1, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return (c & UINT32_C(1) << 30) != 0;
}

bool cb_uefi_cpu_random(uint64_t *ret)
{
	uint8_t ok = 0;

	for (unsigned i = 0; i < TRIES && !ok && has_rdrand(); i++)
		__asm__ volatile("rdrand %0; setc %1" : "=r"(*ret), "=qm"(ok) : : "cc");
	return ok && *ret != 0 && *ret != UINT64_MAX; /* broken processors give these for ever */
}
