/* block/cache.c - lines of a device in memory, second-chance replacement, read-ahead by streams. */
#include "block/cache.h"

#include "core/limits.h"
#include "core/mem.h"

#define LINE        (8u << 10)     /* at least a block: drivers with larger ones get larger lines */
#define AHEAD_MAX   (512u << 10)    /* bytes of one device read */
#define STREAMS     4u
#define NONE        UINT32_MAX

struct line {
	uint64_t no;                /* bytes at no * line_size */
	uint8_t *data;              /* NULL before its first use */
	uint32_t next;              /* in its bucket */
	bool filled, used;          /* used: since the hand last passed */
};

/* Somebody who reads on and on. */
struct stream {
	uint64_t next;              /* the line after the last one fetched for it */
	uint32_t window;            /* lines to fetch then */
};

struct cache {
	struct cb_blk blk;
	struct cb_blk *parent;
	struct cb_cache_stats stats;
	uint32_t line_size, lines_n, hand;
	uint64_t lines_total;       /* of the device, a short last one included */
	struct line *lines;
	uint32_t *buckets;          /* lines_n rounded up to a power of two */
	uint32_t buckets_n;
	uint8_t *scratch;           /* AHEAD_MAX bytes, NULL before their first use */
	struct stream streams[STREAMS];
	uint32_t oldest;            /* stream */
};

static uint32_t bucket_of(const struct cache *c, uint64_t no)
{
	/* Fibonacci hashing: neighbours spread over the buckets. */
	return (uint32_t)(no * UINT64_C(0x9e3779b97f4a7c15) >> 40) & (c->buckets_n - 1);
}

static uint32_t find(const struct cache *c, uint64_t no)
{
	uint32_t i = c->buckets[bucket_of(c, no)];

	while (i != NONE && c->lines[i].no != no)
		i = c->lines[i].next;
	return i;
}

static size_t line_bytes(const struct cache *c, uint64_t no)
{
	return (size_t)cb_min(c->line_size, cb_blk_size(&c->blk) - no * c->line_size);
}

static void forget(struct cache *c, uint32_t i)
{
	struct line *l = &c->lines[i];
	uint32_t *at;

	if (!l->filled)
		return;
	at = &c->buckets[bucket_of(c, l->no)];
	while (*at != i)
		at = &c->lines[*at].next;
	*at = l->next;
	l->filled = false;
}

/* An empty line with memory, the next one that nobody used since the hand last came by. */
static int take(struct cache *c, uint32_t *ret)
{
	struct line *l = &c->lines[c->hand];

	while (l->used) {
		l->used = false;
		c->hand = (c->hand + 1) % c->lines_n;
		l = &c->lines[c->hand];
	}
	forget(c, c->hand);
	if (l->data == NULL)
		l->data = cb_alloc_aligned(c->blk.env, c->line_size, c->parent->buf_align);
	if (l->data == NULL)
		return CB_ENOMEM;
	*ret = c->hand;
	c->hand = (c->hand + 1) % c->lines_n;
	return 0;
}

/* Lines fetched ahead count as used: they get one round of the hand to prove it. */
static void keep(struct cache *c, uint32_t i, uint64_t no)
{
	uint32_t *head = &c->buckets[bucket_of(c, no)];
	struct line *l = &c->lines[i];

	l->no = no;
	l->next = *head;
	l->filled = true;
	l->used = true;
	*head = i;
}

static int read_device(struct cache *c, uint64_t off, void *buf, size_t n)
{
	uint64_t blocks = n / c->blk.block_size;

	c->stats.reads += (blocks + c->parent->max_count - 1) / c->parent->max_count;
	c->stats.read_bytes += n;
	return cb_blk_pread(c->parent, off, buf, n);
}

static int fetch_one(struct cache *c, uint64_t no)
{
	uint32_t i;
	int r = take(c, &i);

	if (r == 0)
		r = read_device(c, no * c->line_size, c->lines[i].data, line_bytes(c, no));
	if (r == 0)
		keep(c, i, no);
	return r;
}

/* count >= 2 lines. One read and a copy cost less than two reads on every device that we know. */
static int fetch_many(struct cache *c, uint64_t first, uint32_t count)
{
	uint64_t last = first + count - 1;
	size_t n = (size_t)(count - 1) * c->line_size + line_bytes(c, last);
	int r;

	if (c->scratch == NULL)
		c->scratch = cb_alloc_aligned(c->blk.env, AHEAD_MAX, c->parent->buf_align);
	if (c->scratch == NULL)
		return CB_ENOMEM;
	r = read_device(c, first * c->line_size, c->scratch, n);
	for (uint32_t k = 0; k < count && r == 0; k++) {
		uint32_t i;

		r = take(c, &i);
		if (r < 0)
			break;
		memcpy(c->lines[i].data, c->scratch + (size_t)k * c->line_size, line_bytes(c, first + k));
		keep(c, i, first + k);
	}
	return r;
}

/* Lines to fetch for a miss of `need` lines from `first`: more when somebody reads on there. */
static uint32_t plan(struct cache *c, uint64_t first, uint32_t need)
{
	uint32_t most = AHEAD_MAX / c->line_size, count = need;
	struct stream *s = NULL;

	for (uint32_t i = 0; i < STREAMS; i++)
		if (c->streams[i].window > 0 && c->streams[i].next == first)
			s = &c->streams[i];
	if (s != NULL) {
		s->window = s->window * 2 < most ? s->window * 2 : most;
		if (count < s->window)
			count = s->window;
	} else {
		s = &c->streams[c->oldest];
		c->oldest = (c->oldest + 1) % STREAMS;
		s->window = need;
	}
	if (count > c->lines_total - first)
		count = (uint32_t)(c->lines_total - first);
	for (uint32_t k = need; k < count; k++)
		if (find(c, first + k) != NONE)
			count = k;
	s->next = first + count;
	return count;
}

/* The first `need` lines, all missing, and perhaps more. */
static int fetch(struct cache *c, uint64_t first, uint32_t need)
{
	uint32_t count = plan(c, first, need);
	int r = count == 1 ? fetch_one(c, first) : fetch_many(c, first, count);

	c->stats.misses += need;
	if (r == CB_EIO && count > need) {
		/* A bad block further on is not this request's business. */
		cb_clear(c->blk.env);
		return need == 1 ? fetch_one(c, first) : fetch_many(c, first, need);
	}
	c->stats.ahead += r == 0 ? count - need : 0;
	return r;
}

static uint32_t missing_run(const struct cache *c, uint64_t first, uint64_t last)
{
	uint32_t most = AHEAD_MAX / c->line_size, n = 1;

	while (n < most && first + n <= last && find(c, first + n) == NONE)
		n++;
	return n;
}

static int cache_read(struct cb_blk *b, uint64_t lba, uint32_t count, void *buf)
{
	struct cache *c = (struct cache *)b;
	uint64_t off = lba * b->block_size, end = off + (uint64_t)count * b->block_size;
	uint64_t last = (end - 1) / c->line_size, fetched_to = 0;
	uint8_t *to = buf;

	if (end - off >= CB_CACHE_BYPASS && (uintptr_t)buf % c->parent->buf_align == 0) {
		c->stats.bypassed++;
		return read_device(c, off, buf, (size_t)(end - off));
	}
	while (off < end) {
		uint64_t no = off / c->line_size;
		size_t skip = (size_t)(off % c->line_size);
		size_t n = (size_t)cb_min(c->line_size - skip, end - off);
		uint32_t i = find(c, no);

		if (i == NONE) {
			uint32_t need = missing_run(c, no, last);
			int r = fetch(c, no, need);

			if (r < 0)
				return r;
			fetched_to = no + need;
			i = find(c, no);
		}
		c->stats.hits += no >= fetched_to;
		c->lines[i].used = true;
		memcpy(to, c->lines[i].data + skip, n);
		off += n;
		to += n;
	}
	return 0;
}

void cb_blk_cache_drop(struct cb_blk *cache)
{
	struct cache *c = (struct cache *)cache;

	for (uint32_t i = 0; c->lines != NULL && i < c->lines_n; i++) {
		forget(c, i);
		cb_free(cache->env, c->lines[i].data, c->line_size);
		c->lines[i].data = NULL;
	}
	cb_free(cache->env, c->scratch, AHEAD_MAX);
	c->scratch = NULL;
}

static void cache_destroy(struct cb_blk *b)
{
	struct cache *c = (struct cache *)b;

	cb_blk_cache_drop(b);
	cb_free(b->env, c->lines, c->lines_n * sizeof(*c->lines));
	cb_free(b->env, c->buckets, c->buckets_n * sizeof(*c->buckets));
	cb_blk_unref(c->parent);
	cb_free(b->env, c, sizeof(*c));
}

static const struct cb_blk_ops cache_ops = {
	.kind = "cache", .read = cache_read, .destroy = cache_destroy
};

int cb_blk_cache(struct cb_blk *parent, size_t size, struct cb_blk **ret)
{
	struct cache *c;

	if (size < CB_CACHE_MIN || size > CB_MAX_BLK_CACHE)
		return cb_fail(parent->env, CB_EINVAL, "%s: a cache of %zu bytes, not %u to %u", parent->name,
			       size, CB_CACHE_MIN, CB_MAX_BLK_CACHE);
	c = cb_alloc(parent->env, sizeof(*c));
	if (c == NULL)
		return CB_ENOMEM;
	c->blk = *parent;
	c->blk.ops = &cache_ops;
	c->blk.refs = 1;
	c->blk.buf_align = 1;
	c->blk.max_count = UINT32_MAX / parent->block_size;
	c->parent = cb_blk_ref(parent);
	c->line_size = parent->block_size > LINE ? parent->block_size : LINE;
	c->lines_total = cb_blk_size(parent) / c->line_size + (cb_blk_size(parent) % c->line_size != 0);
	c->lines_n = (uint32_t)(size / c->line_size);
	c->buckets_n = 1;
	while (c->buckets_n < c->lines_n)
		c->buckets_n *= 2;
	c->lines = cb_alloc(parent->env, c->lines_n * sizeof(*c->lines));
	if (c->lines != NULL)
		c->buckets = cb_alloc(parent->env, c->buckets_n * sizeof(*c->buckets));
	if (c->buckets == NULL) {
		cb_blk_unref(&c->blk);
		return CB_ENOMEM;
	}
	memset(c->buckets, 0xff, c->buckets_n * sizeof(*c->buckets)); /* NONE */
	*ret = &c->blk;
	return 0;
}

const struct cb_cache_stats *cb_blk_cache_stats(const struct cb_blk *cache)
{
	return &((const struct cache *)cache)->stats;
}
