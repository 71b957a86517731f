/* block/cache.h - bounded memory in front of a slow device, with read-ahead.
 *
 * Small reads are served from lines of 8 KiB; those that go on where an earlier one ended fetch
 * more and more ahead. A read of CB_CACHE_BYPASS bytes goes to the device, straight into the caller's
 * buffer, when that is aligned for it. Read-only: nobody writes to a disk that is being searched. */
#ifndef CB_BLOCK_CACHE_H
#define CB_BLOCK_CACHE_H

#include "block/blk.h"

#define CB_CACHE_MIN    (1u << 20)
#define CB_CACHE_BYPASS (128u << 10)

struct cb_cache_stats {
	uint64_t reads, read_bytes;  /* of the device */
	uint64_t hits, misses;       /* lines asked for: found, fetched */
	uint64_t ahead;              /* lines fetched before anybody asked */
	uint64_t bypassed;           /* requests */
};

/* size: bytes of lines, CB_CACHE_MIN to CB_MAX_BLK_CACHE; taken as they are needed, with 512 KiB
 * more for reading ahead. Takes its own reference on parent, and its name. */
CB_MUST int cb_blk_cache(struct cb_blk *parent, size_t size, struct cb_blk **ret);

/* Both: cache as cb_blk_cache() made it. */
/* Give the memory of lines and read-ahead back; it is taken again when somebody reads. */
void cb_blk_cache_drop(struct cb_blk *cache);
const struct cb_cache_stats *cb_blk_cache_stats(const struct cb_blk *cache);

#endif
