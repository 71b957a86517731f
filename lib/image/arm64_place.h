/* image/arm64_place.h - where an arm64 kernel, its initrd and its device tree go in memory, and the few
 * instructions that start it, for kexec_load(2), which leaves all of that to its caller. */
#ifndef CB_IMAGE_ARM64_PLACE_H
#define CB_IMAGE_ARM64_PLACE_H

#include "image/memmap.h"

#define CB_ARM64_START_SIZE 48u

/* Physical addresses; sizes are multiples of 64 KiB, the largest page that arm64 has. */
struct cb_arm64_place {
	struct cb_memrange kernel, initrd, fdt, start;   /* initrd: empty when there is none */
	uint8_t code[CB_ARM64_START_SIZE];               /* goes to start.start, where the CPU goes too */
};

/* image is an arm64 Image (Documentation/arch/arm64/booting.rst); fdt_n at most CB_MAX_FDT. Takes the
 * memory from m. CB_ENOTMINE: no Image. CB_ENOMEM: it doesn't fit. */
CB_MUST int cb_arm64_place(struct cb_memmap *m, struct cb_bytes image, uint64_t initrd_n, uint64_t fdt_n,
			   struct cb_arm64_place *ret);

#endif
