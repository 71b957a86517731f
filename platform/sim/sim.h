/* sim/sim.h - a world for tests: an allocator and a device that fail on demand and count.
 *
 * Freestanding: it wraps whichever platform runs the tests, libc's or the firmware's. */
#ifndef CB_SIM_SIM_H
#define CB_SIM_SIM_H

#include "block/blk.h"

struct cb_sim {
	struct cb_env env;
	struct cb_diag diag;
	const struct cb_platform *under;
	void *under_ctx;
	uint64_t live, live_n;        /* bytes and blocks allocated now */
	uint64_t peak, allocs;        /* highest live; calls */
	uint64_t fail_alloc;          /* the Nth next allocation fails; 0: none */
	uint64_t fail_read;           /* the Nth next device read fails; 0: none */
	uint64_t reads, read_bytes;   /* of every cb_sim_blk */
	uint64_t now_ns;              /* advances 1 us a look */
	uint64_t random;              /* xorshift state */
	bool failed;                  /* a demanded failure happened */
};

void cb_sim_init(struct cb_sim *s, const struct cb_platform *under, void *under_ctx);
/* Over borrowed memory like cb_blk_mem, but it counts, fails, and insists on the promises
 * of blk.h: whole blocks in range, at most max_count, buffers aligned to buf_align. */
CB_MUST int cb_sim_blk(struct cb_sim *s, const void *p, size_t n, uint32_t block_size,
		       uint32_t max_count, uint32_t buf_align, struct cb_blk **ret);
uint64_t cb_sim_random(struct cb_sim *s);

#endif
