/* image/memmap.h - free physical memory, from the text of Linux's /proc/iomem, and finding room in it. */
#ifndef CB_IMAGE_MEMMAP_H
#define CB_IMAGE_MEMMAP_H

#include "core/mem.h"

struct cb_memrange { uint64_t start, end; };   /* end is the first byte behind */

struct cb_memmap {
	struct cb_env *env;
	struct cb_memrange *ram, *taken;       /* in the arena */
	size_t ram_n, taken_n, taken_room;
};

/* "System RAM" without what lies "reserved" inside. CB_ENOENT when no RAM is listed: a reader without
 * the right to see addresses gets zeros. Up to CB_MAX_MEMRANGES lines. */
CB_MUST int cb_memmap_parse(struct cb_arena *a, struct cb_str iomem, struct cb_memmap *ret);

/* The lowest room for size bytes within [from, to), at a multiple of align (a power of two); it is
 * taken from then on. CB_ENOMEM when there is none. */
CB_MUST int cb_memmap_take(struct cb_memmap *m, uint64_t size, uint64_t align, uint64_t from, uint64_t to,
			   uint64_t *ret);

#endif
