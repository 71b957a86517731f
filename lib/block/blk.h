/* block/blk.h - a random-access device of equal blocks; drivers stack on each other.
 *
 * Drivers see whole, aligned, in-range blocks only. Callers see bytes. The
 * code between (blk.c) does bounds, splitting and bounce buffers, once. */
#ifndef CB_BLOCK_BLK_H
#define CB_BLOCK_BLK_H

#include "core/bytes.h"
#include "core/err.h"

struct cb_blk;

struct cb_blk_ops {
	const char *kind;   /* "file", "efi", "part", "luks", "raid1", "mem" */
	/* count >= 1, lba + count <= nblocks, buf aligned to buf_align. All or error. */
	int (*read)(struct cb_blk *b, uint64_t lba, uint32_t count, void *buf);
	/* NULL: read-only. */
	int (*write)(struct cb_blk *b, uint64_t lba, uint32_t count, const void *buf);
	int (*flush)(struct cb_blk *b);     /* NULL: nothing to do */
	/* Free the driver's own state. Parents are unref'd by the driver here. */
	void (*destroy)(struct cb_blk *b);
};

/* First member of each driver's struct. Filled by the driver, then constant. */
struct cb_blk {
	const struct cb_blk_ops *ops;
	struct cb_env *env;
	uint64_t nblocks;      /* nblocks * block_size < 2^63 */
	uint32_t block_size;   /* bytes; power of two, 512..65536 */
	uint32_t max_count;    /* blocks per call */
	uint32_t buf_align;    /* bytes; power of two */
	uint32_t refs;
	char name[48];         /* for reports: "nvme0n1p2 > luks" */
};

static inline uint64_t cb_blk_size(const struct cb_blk *b) { return b->nblocks * b->block_size; }

/* Every constructor ends with this: checks the ranges promised above. */
CB_MUST int cb_blk_check(const struct cb_blk *b);

struct cb_blk *cb_blk_ref(struct cb_blk *b);
void cb_blk_unref(struct cb_blk *b);            /* NULL is fine */

/* Read n bytes at byte off. CB_EINVAL past the end: nothing is read short. */
CB_MUST int cb_blk_pread(struct cb_blk *b, uint64_t off, void *buf, size_t n);

/* A window on parent. Takes its own reference on parent. */
CB_MUST int cb_blk_slice(struct cb_blk *parent, uint64_t lba, uint64_t nblocks,
			 const char *name, struct cb_blk **ret);
/* The same in bytes, for a range that need not be aligned to parent's blocks: read-only blocks of
 * 512 bytes, a last part of one left out. */
CB_MUST int cb_blk_window(struct cb_blk *parent, uint64_t off, uint64_t size, const char *name,
			  struct cb_blk **ret);
/* Over borrowed memory: tests, fuzzers, RAM disks. n is a multiple of block_size. */
CB_MUST int cb_blk_mem(struct cb_env *env, const void *p, size_t n, uint32_t block_size,
		       struct cb_blk **ret);

#endif
