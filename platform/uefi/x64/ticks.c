/* uefi/x64/ticks.c - the time stamp counter. */
#include "uefi/env.h"

uint64_t cb_uefi_ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

uint64_t cb_uefi_tick_rate(void)
{
	return 0;             /* CPUID leaf 15h is seldom filled in for guests */
}
