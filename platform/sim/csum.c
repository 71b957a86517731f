/* platform/sim/csum.c - for fuzzing: every checksum is right. */
#include "core/csum.h"

bool cb_csum_ok(uint64_t computed, uint64_t stored)
{
	(void)computed;
	(void)stored;
	return true;
}
