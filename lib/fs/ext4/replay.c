/* fs/ext4/replay.c - the transactions of a log: which are complete and whole, and what they hold.
 *
 * First pass: up to the last complete transaction, checksums of its control blocks, revokes. Second
 * pass: the blocks that no later revoke has taken back. */
#include "fs/ext4/journal_priv.h"

#include "codec/crc.h"
#include "core/csum.h"
#include "core/limits.h"

enum { TAG_ESCAPED = 1, TAG_SAME_UUID = 2, TAG_LAST = 8 };

#define HEAD       12u
#define UUID       16u
#define TAIL       4u              /* checksum at the end of descriptors and revokes */
#define COMMIT_CSUM_TYPE 12u
#define COMMIT_CSUM 16u
#define COMMIT_SEC 48u
#define CRC32_TYPE 1u
#define CRC32_SIZE 4u

struct disk_tag { cb_be32 block_lo; cb_be16 csum, flags; };
struct disk_tag3 { cb_be32 block_lo, flags, block_hi, csum; };
_Static_assert(sizeof(struct disk_tag) == 8, "journal tag, followed by block_hi with 64bit");
_Static_assert(sizeof(struct disk_tag3) == 16, "journal tag of checksum v3");

struct tag { uint64_t block; uint32_t flags, csum; };

/* A walk along the ring, at most once round. */
struct walk {
	struct ext4_log *l;
	uint32_t at, left;
	uint32_t tid;              /* of the transaction that we are in */
};

static uint32_t be32_at(const uint8_t *p, size_t at)
{
	cb_be32 v;

	memcpy(&v, p + at, sizeof(v));
	return cb_get_be32(v);
}

static void sift(struct ext4_pair *p, size_t root, size_t n)
{
	for (;;) {
		size_t child = 2 * root + 1;
		struct ext4_pair t;

		if (child >= n)
			return;
		if (child + 1 < n && (p[child].key < p[child + 1].key ||
				      (p[child].key == p[child + 1].key &&
				       p[child].value < p[child + 1].value)))
			child++;
		if (p[root].key > p[child].key ||
		    (p[root].key == p[child].key && p[root].value >= p[child].value))
			return;
		t = p[root];
		p[root] = p[child];
		p[child] = t;
		root = child;
	}
}

/* Heapsort: no recursion, no second copy. */
void cb_ext4_sort(struct ext4_pair *p, size_t n)
{
	for (size_t i = n / 2; i > 0; i--)
		sift(p, i - 1, n);
	for (size_t i = n; i > 1; i--) {
		struct ext4_pair t = p[0];

		p[0] = p[i - 1];
		p[i - 1] = t;
		sift(p, 0, i - 1);
	}
}

/* CRC-32 with the highest bit first, of the oldest journal checksums. */
static uint32_t crc32_be(uint32_t reg, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		reg ^= (uint32_t)p[i] << 24;
		for (int bit = 0; bit < 8; bit++)
			reg = reg << 1 ^ ((reg & 0x80000000u) != 0 ? 0x04c11db7u : 0);
	}
	return reg;
}

static void advance(struct walk *w, uint32_t n)
{
	struct ext4_log *l = w->l;

	w->left -= n;
	w->at += n;                /* n <= left <= last - first: one turn is enough */
	if (w->at >= l->last)
		w->at -= l->last - l->first;
}

/* The next control block of the present transaction: its type, or 0 where the log ends. */
static int next_block(struct walk *w, const uint8_t **ret)
{
	struct ext4_log *l = w->l;
	const uint8_t *p;
	int r;

	if (w->left == 0)
		return 0;
	r = cb_ext4_log_read(l, w->at, &p);
	if (r < 0)
		return r;
	if (be32_at(p, 0) != JBD2_MAGIC || be32_at(p, 8) != w->tid)
		return 0;
	if (cb_poll(l->m->fs.env))
		return cb_fail(l->m->fs.env, CB_ECANCELED, "stopped");
	advance(w, 1);
	*ret = p;
	return (int)cb_min(be32_at(p, 4), 255);
}

/* The tag at *at of a descriptor; false behind the last one. */
static bool next_tag(const struct ext4_log *l, const uint8_t *desc, size_t *at, bool *done,
		     struct tag *ret)
{
	struct cb_bytes b = { desc, l->m->s.block_size - (l->sums ? TAIL : 0) };
	bool v3 = (l->incompat & JBD2_INCOMPAT_CSUM_V3) != 0;
	bool is64 = (l->incompat & JBD2_INCOMPAT_64BIT) != 0;
	/* v2 was specified with a 16-bit sum of its own behind the tag, which stays unused. */
	size_t size = v3 ? 16 : (is64 ? 12u : 8u) + ((l->incompat & JBD2_INCOMPAT_CSUM_V2) != 0 ? 2u : 0u);

	if (*done || !cb_in_range(*at, size, b.n))
		return false;
	if (v3) {
		const struct disk_tag3 *t = cb_view(struct disk_tag3, b, *at);

		ret->block = cb_get_be32(t->block_lo);
		ret->flags = cb_get_be32(t->flags);
		ret->csum = cb_get_be32(t->csum);
		if (is64)
			ret->block |= (uint64_t)cb_get_be32(t->block_hi) << 32;
	} else {
		const struct disk_tag *t = cb_view(struct disk_tag, b, *at);

		ret->block = cb_get_be32(t->block_lo);
		ret->flags = cb_get_be16(t->flags);
		ret->csum = cb_get_be16(t->csum);
		if (is64)
			ret->block |= (uint64_t)be32_at(desc, *at + 8) << 32;
	}
	*at += size + ((ret->flags & TAG_SAME_UUID) != 0 ? 0 : UUID);
	*done = (ret->flags & TAG_LAST) != 0;
	return true;
}

static uint32_t count_tags(const struct ext4_log *l, const uint8_t *desc)
{
	bool done = false;
	uint32_t n = 0;
	size_t at = HEAD;
	struct tag t;

	while (next_tag(l, desc, &at, &done, &t))
		n++;
	return n;
}

/* The sum at `at` counts as zero in what it covers. */
static bool control_csum_ok(const struct ext4_log *l, const uint8_t *p, size_t at)
{
	static const uint8_t zeros[4];
	uint32_t bs = l->m->s.block_size, c;

	c = cb_crc32c(l->seed, p, at);
	c = cb_crc32c(c, zeros, 4);
	c = cb_crc32c(c, p + at + 4, bs - at - 4);
	return cb_csum_ok(c, be32_at(p, at));
}

static int add_pair(struct cb_buf *b, uint64_t key, uint64_t value)
{
	struct ext4_pair p = { key, value };

	cb_buf_add(b, &p, sizeof(p));
	return cb_buf_status(b);
}

static int read_revokes(struct ext4_log *l, const uint8_t *p, uint32_t tid)
{
	bool is64 = (l->incompat & JBD2_INCOMPAT_64BIT) != 0;
	uint32_t bs = l->m->s.block_size, size = is64 ? 8 : 4, used = be32_at(p, HEAD);
	uint32_t limit = bs - (l->sums ? TAIL : 0);
	int r = 0;

	if (used < HEAD + 4 || used > limit)
		return cb_fail(l->m->fs.env, CB_ECORRUPT,
			       "transaction %u: a revoke block of %u bytes, %u fit", tid, used, limit);
	for (uint32_t at = HEAD + 4; at + size <= used && r == 0; at += size) {
		uint64_t block = be32_at(p, at);

		if (is64)
			block = block << 32 | be32_at(p, at + 4);
		r = add_pair(&l->revokes, block, tid - l->sequence);
	}
	return r;
}

/* What the first pass knows while it goes. */
struct scan {
	struct walk w;
	uint64_t last_time;        /* of the last good commit */
	uint32_t crc;              /* of a transaction with v1 checksums */
	bool suspect;              /* a control block's sum was wrong: stale, or damaged */
	bool torn;                 /* async_commit: a commit whose sum is wrong ended the log */
	size_t revokes;            /* bytes of l->revokes that complete transactions gave */
};

static int scan_descriptor(struct scan *s, const uint8_t *p, bool *ret_end)
{
	struct ext4_log *l = s->w.l;
	uint32_t bs = l->m->s.block_size, n = count_tags(l, p);

	if (l->sums && !control_csum_ok(l, p, bs - TAIL))
		s->suspect = true;
	*ret_end = n > s->w.left;
	if (*ret_end)
		return 0;
	if (l->sums || (l->compat & JBD2_COMPAT_CHECKSUM) == 0) {
		advance(&s->w, n);
		return 0;
	}
	s->crc = crc32_be(s->crc, p, bs);
	while (n-- > 0) {
		int r = cb_ext4_log_read(l, s->w.at, &p);

		if (r < 0)
			return r;
		s->crc = crc32_be(s->crc, p, bs);
		advance(&s->w, 1);
	}
	return 0;
}

static int scan_revoke(struct scan *s, const uint8_t *p)
{
	struct ext4_log *l = s->w.l;
	int r = 0;

	if (l->sums && !control_csum_ok(l, p, l->m->s.block_size - TAIL))
		s->suspect = true;
	else
		r = read_revokes(l, p, s->w.tid);
	if (r != CB_ECORRUPT)
		return r;
	/* It counts only if the transaction turns out to be complete. */
	cb_clear(l->m->fs.env);
	s->suspect = true;
	return 0;
}

/* v1: the whole transaction's CRC-32, or none; v2 and v3: the commit block's own. */
static bool commit_csum_ok(const struct scan *s, const uint8_t *p)
{
	const struct ext4_log *l = s->w.l;
	bool none = p[COMMIT_CSUM_TYPE] == 0 && p[COMMIT_CSUM_TYPE + 1] == 0 &&
		    be32_at(p, COMMIT_CSUM) == 0;

	if (l->sums)
		return control_csum_ok(l, p, COMMIT_CSUM);
	if ((l->compat & JBD2_COMPAT_CHECKSUM) == 0 || none)
		return true;
	return cb_csum_ok(p[COMMIT_CSUM_TYPE], CRC32_TYPE) &&
	       cb_csum_ok(p[COMMIT_CSUM_TYPE + 1], CRC32_SIZE) &&
	       cb_csum_ok(s->crc, be32_at(p, COMMIT_CSUM));
}

/* A wrong sum in blocks whose commit is older than the one before: left over from an earlier turn
 * of the ring, so the log ended before them. Else the disk has lost data that it had promised. */
static int scan_commit(struct scan *s, const uint8_t *p, bool *ret_end)
{
	struct ext4_log *l = s->w.l;
	uint64_t time = (uint64_t)be32_at(p, COMMIT_SEC) << 32 | be32_at(p, COMMIT_SEC + 4);
	bool ok = !s->suspect && commit_csum_ok(s, p);

	if (s->torn)
		return cb_fail(l->m->fs.env, CB_ECORRUPT,
			       "transaction %u has a wrong checksum, and %u follows", s->w.tid - 1,
			       s->w.tid);
	*ret_end = !ok && time < s->last_time;
	if (*ret_end)
		return 0;
	if (!ok && !s->suspect && (l->incompat & JBD2_INCOMPAT_ASYNC_COMMIT) != 0) {
		s->torn = true;
	} else if (!ok) {
		return cb_fail(l->m->fs.env, CB_ECORRUPT,
			       "transaction %u is damaged: checksum of its %s", s->w.tid,
			       s->suspect ? "descriptor or revoke block" : "commit block");
	} else {
		l->end = s->w.tid + 1;
		s->revokes = l->revokes.n;
	}
	s->last_time = time;
	s->crc = ~UINT32_C(0);
	s->w.tid++;
	return 0;
}

static int scan_log(struct ext4_log *l)
{
	struct scan s = { .w = { l, l->start, l->last - l->first, l->sequence }, .crc = ~UINT32_C(0) };
	bool end = false;
	int r = 0;

	l->end = l->sequence;
	while (!end && r == 0) {
		const uint8_t *p = NULL;
		int type = next_block(&s.w, &p);

		if (type < 0)
			return type;
		if (type == JBD2_DESCRIPTOR)
			r = scan_descriptor(&s, p, &end);
		else if (type == JBD2_COMMIT)
			r = scan_commit(&s, p, &end);
		else if (type != JBD2_REVOKE)
			end = true;
		else
			r = scan_revoke(&s, p);
	}
	l->revokes.n = s.revokes;
	return r;
}

/* Whether a transaction at or after tid took the block back. */
static bool is_revoked(const struct ext4_log *l, uint64_t block, uint32_t tid)
{
	const struct ext4_pair *p = (const struct ext4_pair *)(const void *)l->revokes.p;
	size_t lo = 0, hi = l->revokes.n / sizeof(*p);
	uint64_t rel = tid - l->sequence;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (p[mid].key < block || (p[mid].key == block && p[mid].value < rel))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < l->revokes.n / sizeof(*p) && p[lo].key == block;
}

static int check_data(struct ext4_log *l, const struct tag *t, uint32_t at, uint32_t tid)
{
	bool v3 = (l->incompat & JBD2_INCOMPAT_CSUM_V3) != 0;
	cb_be32 seq = cb_put_be32(tid);
	const uint8_t *p;
	uint32_t c;
	int r;

	if (t->block >= cb_blk_size(l->m->blk) / l->m->s.block_size)
		return cb_fail(l->m->fs.env, CB_ECORRUPT,
			       "transaction %u: block %llu is past the device's end", tid,
			       U64(t->block));
	if (!l->sums)
		return 0;
	r = cb_ext4_log_read(l, at, &p);
	if (r < 0)
		return r;
	c = cb_crc32c(cb_crc32c(l->seed, &seq, sizeof(seq)), p, l->m->s.block_size);
	if (!cb_csum_ok(v3 ? c : c & 0xffff, t->csum))
		return cb_fail(l->m->fs.env, CB_ECORRUPT,
			       "transaction %u: block %llu, log block %u, has a wrong checksum", tid,
			       U64(t->block), at);
	return 0;
}

static int take_descriptor(struct walk *w, const uint8_t *p)
{
	struct ext4_log *l = w->l;
	bool done = false;
	size_t at = HEAD;
	struct tag t;

	memcpy(l->block, p, l->m->s.block_size);
	while (next_tag(l, l->block, &at, &done, &t)) {
		uint64_t order = l->found.n / sizeof(struct ext4_pair);
		int r = 0;

		if (w->left == 0)
			return cb_fail(l->m->fs.env, CB_ECORRUPT, "transaction %u is longer than the log",
				       w->tid);
		if (!is_revoked(l, t.block, w->tid)) {
			r = check_data(l, &t, w->at, w->tid);
			if (r == 0)
				r = add_pair(&l->found, t.block, order << 33 | (uint64_t)w->at << 1 |
							 (t.flags & TAG_ESCAPED));
		}
		if (r < 0)
			return r;
		advance(w, 1);
	}
	return 0;
}

int cb_ext4_log_replay(struct ext4_log *l)
{
	struct walk w = { l, l->start, l->last - l->first, l->sequence };
	int r = scan_log(l);

	if (r < 0)
		return r;
	cb_ext4_sort((struct ext4_pair *)(void *)l->revokes.p,
		     l->revokes.n / sizeof(struct ext4_pair));
	while (w.tid != l->end) {
		const uint8_t *p = NULL;
		int type = next_block(&w, &p);

		if (type < 0)
			return type;
		if (type == 0)
			return cb_fail(l->m->fs.env, CB_EIO, "transaction %u cannot be read again",
				       w.tid);
		if (type == JBD2_DESCRIPTOR)
			r = take_descriptor(&w, p);
		else if (type == JBD2_COMMIT)
			w.tid++;
		if (r < 0)
			return r;
	}
	return 0;
}
