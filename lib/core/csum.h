/* core/csum.h - the one place where a checksum decides; the fuzz build links another. */
#ifndef CB_CORE_CSUM_H
#define CB_CORE_CSUM_H

#include <stdbool.h>
#include <stdint.h>

/* True when the sums are equal. Every driver asks here, so that fuzzing gets past them all
 * (platform/sim/csum.c) while each program that ships links core/csum.c. */
bool cb_csum_ok(uint64_t computed, uint64_t stored);

#endif
