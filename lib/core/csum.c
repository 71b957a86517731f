/* core/csum.c - checksums count. */
#include "core/csum.h"

bool cb_csum_ok(uint64_t computed, uint64_t stored)
{
	return computed == stored;
}
