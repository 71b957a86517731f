/* tests/unit/test_block_cache.c - what the cache reads, what it keeps, and that it gives it right. */
#include "block/cache.h"

#include "core/limits.h"
#include "unit/check.h"

#define DISK (4u << 20)
#define LINE (8u << 10)

static uint8_t *disk, *out;

struct world {
	struct cb_blk *dev, *cache;
	const struct cb_cache_stats *stats;
};

static bool make(struct cb_check *t, uint32_t bs, uint32_t align, struct world *w)
{
	disk = cb_alloc(t->env, DISK);
	out = cb_alloc_aligned(t->env, 1u << 20, 4096);
	if (disk == NULL || out == NULL)
		return false;
	for (size_t i = 0; i < DISK; i += 8) {
		cb_le64 v = cb_put_le64(i * UINT64_C(0x9e3779b97f4a7c15));

		memcpy(disk + i, &v, 8);
	}
	/* 5 blocks less: the last line is short */
	if (cb_sim_blk(t->sim, disk, DISK - 5 * bs, bs, 1024, align, &w->dev) < 0)
		return false;
	if (cb_blk_cache(w->dev, CB_CACHE_MIN, &w->cache) < 0)
		return false;
	w->stats = cb_blk_cache_stats(w->cache);
	return true;
}

static void done(struct cb_check *t, struct world *w)
{
	cb_blk_unref(w->cache);
	cb_blk_unref(w->dev);
	cb_free(t->env, disk, DISK);
	cb_free(t->env, out, 1u << 20);
}

static void get(struct cb_check *t, const struct world *w, uint64_t off, size_t n, size_t shift)
{
	memset(out + shift, 0xee, n);
	CB_CHECK_INT(t, cb_blk_pread(w->cache, off, out + shift, n), 0);
	CB_CHECK(t, memcmp(out + shift, disk + off, n) == 0);
}

static void sequential_reads_grow(struct cb_check *t)
{
	struct world w;

	CB_REQUIRE(t, make(t, 512, 1, &w));
	for (uint64_t off = 0; off + 4096 <= 2u << 20; off += 4096)
		get(t, &w, off, 4096, 1);
	/* 1 + 2 + 4 + 8 + 16 + 32 + 64 + 64 + 64 lines, then one more read: 256 lines in 10 reads. */
	CB_CHECK_INT(t, w.stats->reads, 10);
	CB_CHECK_INT(t, t->sim->reads, 10);
	CB_CHECK_INT(t, w.stats->read_bytes, 319 * LINE);
	CB_CHECK_INT(t, t->sim->read_bytes, 319 * LINE);
	CB_CHECK_INT(t, w.stats->misses, 10);
	CB_CHECK_INT(t, w.stats->ahead, 309);
	CB_CHECK_INT(t, w.stats->hits, 512 - 10);
	done(t, &w);
}

static void random_reads_are_kept(struct cb_check *t)
{
	struct world w;

	CB_REQUIRE(t, make(t, 512, 1, &w));
	for (int round = 0; round < 3; round++)
		for (uint64_t i = 0; i < 40; i++)
			get(t, &w, (i * 37 % 128) * 2 * LINE + 100, 700, 3);
	CB_CHECK_INT(t, w.stats->reads, 40);
	CB_CHECK_INT(t, w.stats->misses, 40);
	CB_CHECK_INT(t, w.stats->hits, 80);
	CB_CHECK_INT(t, w.stats->ahead, 0);
	done(t, &w);
}

static void big_reads_go_through(struct cb_check *t)
{
	struct world w;

	CB_REQUIRE(t, make(t, 512, 4096, &w));
	get(t, &w, 3 * 512, 1u << 19, 0);
	CB_CHECK_INT(t, w.stats->bypassed, 1);
	CB_CHECK_INT(t, w.stats->reads, 1);
	CB_CHECK_INT(t, t->sim->read_bytes, 1u << 19);
	CB_CHECK_INT(t, w.stats->misses, 0);
	/* Not aligned for the device: through the lines, in reads of 512 KiB. */
	get(t, &w, 2u << 20, 1u << 19, 1);
	CB_CHECK_INT(t, w.stats->bypassed, 1);
	CB_CHECK_INT(t, w.stats->reads, 2);
	CB_CHECK_INT(t, w.stats->misses, 64);
	done(t, &w);
}

static void two_streams_at_once(struct cb_check *t)
{
	struct world w;

	CB_REQUIRE(t, make(t, 4096, 1, &w));
	for (uint64_t off = 0; off < 31u * LINE; off += 4096) {
		get(t, &w, off, 4096, 0);
		get(t, &w, (1u << 20) + off, 4096, 0);
	}
	CB_CHECK_INT(t, w.stats->reads, 10);      /* 1 + 2 + 4 + 8 + 16 lines, twice */
	done(t, &w);
}

static void anything_anywhere(struct cb_check *t)
{
	static const uint32_t sizes[] = { 512, 4096, 65536 };

	for (size_t s = 0; s < 3; s++) {
		struct world w;

		CB_REQUIRE(t, make(t, sizes[s], 1u << (4 * s), &w));

		uint64_t before = t->sim->live, size = cb_blk_size(w.cache);

		for (int i = 0; i < (t->thorough ? 2000 : 100); i++) {
			uint64_t off = cb_sim_random(t->sim) % size;
			size_t n = (size_t)(cb_sim_random(t->sim) % (i % 100 == 0 ? 300000 : 9000));

			if (n > size - off)
				n = (size_t)(size - off);
			get(t, &w, off, n, (size_t)i % 3);
		}
		CB_CHECK(t, t->sim->live - before <= CB_CACHE_MIN + (512u << 10));
		CB_CHECK_INT(t, w.stats->read_bytes, t->sim->read_bytes);
		CB_CHECK_INT(t, w.stats->reads, t->sim->reads);
		CB_CHECK_ERR(t, cb_blk_pread(w.cache, size - 1, out, 2), CB_EINVAL, "past the end");
		t->sim->reads = t->sim->read_bytes = 0;
		done(t, &w);
	}
}

static void bad_block_ahead(struct cb_check *t)
{
	struct world w;

	CB_REQUIRE(t, make(t, 512, 1, &w));
	for (uint64_t off = 0; off < 3 * LINE; off += 4096)
		get(t, &w, off, 4096, 0);
	t->sim->fail_read = 1;
	get(t, &w, 3 * LINE, 4096, 0);            /* 4 lines fail, then one is read */
	CB_CHECK(t, t->sim->failed);
	CB_CHECK_INT(t, t->env->diag->len, 0);
	CB_CHECK_INT(t, w.stats->ahead, 1);
	t->sim->fail_read = 1;
	CB_CHECK_ERR(t, cb_blk_pread(w.cache, 100 * LINE, out, 1), CB_EIO, "simulated failure");
	get(t, &w, 100 * LINE, 100, 0);
	done(t, &w);
}

static int read_some(struct cb_check *t, void *arg)
{
	struct cb_blk *dev, *c;
	int r = cb_sim_blk(t->sim, disk, DISK, 512, 1024, 1, &dev);

	(void)arg;
	if (r < 0)
		return r;
	r = cb_blk_cache(dev, CB_CACHE_MIN, &c);
	cb_blk_unref(dev);
	if (r < 0)
		return r;
	for (uint64_t i = 0; i < 5 && r == 0; i++)
		r = cb_blk_pread(c, i * 20000, out, 12345);
	cb_blk_unref(c);
	return r;
}

static void faults(struct cb_check *t)
{
	struct world w;

	CB_REQUIRE(t, make(t, 512, 1, &w));
	cb_check_faults(t, read_some, NULL, 1000);
	CB_CHECK_ERR(t, cb_blk_cache(w.dev, 1000, &w.cache), CB_EINVAL, "a cache of 1000 bytes");
	CB_CHECK_ERR(t, cb_blk_cache(w.dev, CB_MAX_BLK_CACHE + 1, &w.cache), CB_EINVAL, "a cache of");
	done(t, &w);
}

/* What was given back is fetched again, and nothing else is held than before the first read. */
static void memory_goes_back(struct cb_check *t)
{
	struct world w;
	uint64_t before;

	CB_REQUIRE(t, make(t, 512, 1, &w));
	before = t->sim->live;
	get(t, &w, 0, 700, 3);
	get(t, &w, LINE, 2 * LINE, 0);
	CB_CHECK(t, t->sim->live > before);
	cb_blk_cache_drop(w.cache);
	CB_CHECK_INT(t, t->sim->live, before);
	get(t, &w, 100, 700, 3);
	CB_CHECK_INT(t, w.stats->hits, 0);
	done(t, &w);
}

CB_SUITE(block_cache, CB_TEST(memory_goes_back),
	 CB_TEST(sequential_reads_grow), CB_TEST(random_reads_are_kept),
	 CB_TEST(big_reads_go_through), CB_TEST(two_streams_at_once), CB_TEST(anything_anywhere),
	 CB_TEST(bad_block_ahead), CB_TEST(faults));
