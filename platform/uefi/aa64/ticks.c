/* uefi/aa64/ticks.c - the generic timer's virtual counter. */
#include "uefi/env.h"

uint64_t cb_uefi_ticks(void)
{
	uint64_t v;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(v));
	return v;
}

uint64_t cb_uefi_tick_rate(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(v));
	return v;
}
