/* fs/ext4/extent.c - extent trees: block numbers of a file, as ranges in a B-tree of depth <= 5. */
#include "fs/ext4/ext4_priv.h"

#define MAGIC         0xf30au
#define MAX_DEPTH     5u
#define UNWRITTEN     32768u       /* lengths above it: allocated, never written, read as zeros */
#define LAST_BLOCK    UINT32_MAX   /* no file has a block of this number */
#define CHECKED_AS    0x657874u    /* "ext": tells a tree's block from a directory's */

struct disk_header { cb_le16 magic, entries, max, depth; cb_le32 generation; };
struct disk_index { cb_le32 block, child_lo; cb_le16 child_hi, unused; };
struct disk_extent { cb_le32 block; cb_le16 len, start_hi; cb_le32 start_lo; };
_Static_assert(sizeof(struct disk_header) == 12, "extent header");
_Static_assert(sizeof(struct disk_index) == 12, "extent index");
_Static_assert(sizeof(struct disk_extent) == 12, "extent");

/* One node of the tree; in i_block or in a block of its own. */
struct node {
	struct cb_bytes bytes;
	uint64_t block;            /* for reports; 0: in the inode */
	unsigned entries, depth;
};

static const struct disk_extent *get_extent(const struct node *n, unsigned i)
{
	return cb_view(struct disk_extent, n->bytes, sizeof(struct disk_header) + (size_t)i * 12);
}

static uint32_t first_block(const struct node *n, unsigned i)
{
	return cb_get_le32(get_extent(n, i)->block);
}

static uint32_t length(const struct disk_extent *x)
{
	uint32_t len = cb_get_le16(x->len);

	return len > UNWRITTEN ? len - UNWRITTEN : len;
}

static uint64_t start(const struct disk_extent *x)
{
	return cb_get_le32(x->start_lo) | (uint64_t)cb_get_le16(x->start_hi) << 32;
}

static uint64_t child(const struct node *n, unsigned i)
{
	const struct disk_index *x = cb_view(struct disk_index, n->bytes,
					     sizeof(struct disk_header) + (size_t)i * 12);

	return cb_get_le32(x->child_lo) | (uint64_t)cb_get_le16(x->child_hi) << 32;
}

static int fail_node(struct ext4 *m, const struct ext4_inode *in, const struct node *n,
		     const char *what, uint64_t value, uint64_t limit)
{
	return cb_fail(m->fs.env, CB_ECORRUPT,
		       "inode %u: extent node in block %llu: %s %llu, limit %llu", in->ino,
		       U64(n->block), what, U64(value), U64(limit));
}

/* Entries in ascending order, without overlap, on the device. */
static int check_entries(struct ext4 *m, const struct ext4_inode *in, const struct node *n)
{
	uint64_t next = 0;

	for (unsigned i = 0; i < n->entries; i++) {
		const struct disk_extent *x = get_extent(n, i);
		uint32_t at = cb_get_le32(x->block), len = n->depth == 0 ? length(x) : 1;

		if (at < next)
			return fail_node(m, in, n, "file block", at, next);
		next = (uint64_t)at + len;
		if (n->depth > 0 && !cb_ext4_block_ok(m, child(n, i), 1))
			return fail_node(m, in, n, "child at block", child(n, i), m->s.blocks);
		if (n->depth > 0)
			continue;
		if (len == 0 || next > LAST_BLOCK)
			return fail_node(m, in, n, "extent that ends at", next, LAST_BLOCK);
		if (!cb_ext4_block_ok(m, start(x), len))
			return fail_node(m, in, n, "extent at block", start(x), m->s.blocks);
	}
	return 0;
}

/* The header, its place in the tree, then the entries. */
static int open_node(struct ext4 *m, const struct ext4_inode *in, struct node *n)
{
	const struct disk_header *h = cb_view(struct disk_header, n->bytes, 0);
	unsigned max = cb_get_le16(h->max), room = (unsigned)(n->bytes.n / 12) - 1;

	n->entries = cb_get_le16(h->entries);
	if (cb_get_le16(h->magic) != MAGIC)
		return fail_node(m, in, n, "magic number", cb_get_le16(h->magic), MAGIC);
	if (max > room)
		return fail_node(m, in, n, "room for", max, room);
	if (n->entries > max)
		return fail_node(m, in, n, "entries", n->entries, max);
	n->depth = cb_get_le16(h->depth);
	if (n->depth > MAX_DEPTH)
		return fail_node(m, in, n, "depth", n->depth, MAX_DEPTH);
	return 0;
}

int cb_ext4_extent_root_check(struct ext4 *m, const struct ext4_inode *in)
{
	struct node n = { .bytes = { in->block, sizeof(in->block) } };
	int r = open_node(m, in, &n);

	if (r < 0)
		return r;
	if (n.depth > 0 && n.entries == 0)
		return fail_node(m, in, &n, "depth without entries", n.depth, 0);
	return check_entries(m, in, &n);
}

/* The child of depth `depth` at block, verified once for as long as it stays in the cache. */
static int load_node(struct ext4 *m, const struct ext4_inode *in, uint64_t block, unsigned depth,
		     struct node *ret)
{
	uint32_t key = (in->seed ^ CHECKED_AS) | 1, *checked;
	struct node n = { .block = block };
	int r = cb_ext4_block(m, block, &n.bytes.p, &checked);

	if (r < 0)
		return cb_wrap(m->fs.env, r, "inode %u: extent node", in->ino);
	n.bytes.n = m->s.block_size;
	r = open_node(m, in, &n);
	if (r < 0)
		return r;
	if (n.depth != depth)
		return fail_node(m, in, &n, "depth", n.depth, depth);
	if (n.entries == 0)
		return fail_node(m, in, &n, "entries", 0, 1);
	if (*checked != key) {
		const struct disk_header *h = cb_view(struct disk_header, n.bytes, 0);
		size_t tail = 12 + (size_t)cb_get_le16(h->max) * 12;

		if (m->csum && tail > n.bytes.n - 4)
			return fail_node(m, in, &n, "checksum at", tail, n.bytes.n - 4);
		if (m->csum && !cb_ext4_extent_csum_ok(in, n.bytes.p, tail))
			return cb_fail(m->fs.env, CB_ECORRUPT,
				       "inode %u: extent node in block %llu: wrong checksum", in->ino,
				       U64(block));
		r = check_entries(m, in, &n);
		if (r < 0)
			return r;
		*checked = key;
	}
	*ret = n;
	return 0;
}

/* Index of the last entry that starts at or before lblk, -1 when there is none. */
static int find_entry(const struct node *n, uint32_t lblk)
{
	unsigned lo = 0, hi = n->entries;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (first_block(n, mid) <= lblk)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (int)lo - 1;
}

static void hole(uint32_t from, uint64_t to, struct ext4_run *ret)
{
	*ret = (struct ext4_run){ .n = to - from };
}

int cb_ext4_extent_map(struct ext4 *m, const struct ext4_inode *in, uint32_t lblk,
		       struct ext4_run *ret)
{
	struct node n = { .bytes = { in->block, sizeof(in->block) } };
	uint64_t low = 0, end = LAST_BLOCK; /* what the parent's entries leave to this node */
	int r = open_node(m, in, &n), i;

	if (r < 0)
		return r;
	for (;;) {
		if (n.entries > 0 &&
		    (first_block(&n, 0) < low || first_block(&n, n.entries - 1) >= end))
			return fail_node(m, in, &n, "first block", first_block(&n, 0), low);
		i = find_entry(&n, lblk);
		if (i + 1 < (int)n.entries)
			end = first_block(&n, (unsigned)i + 1);
		if (i < 0) {
			hole(lblk, end, ret);
			return 0;
		}
		low = first_block(&n, (unsigned)i);
		if (n.depth == 0)
			break;
		r = load_node(m, in, child(&n, (unsigned)i), n.depth - 1, &n);
		if (r < 0)
			return r;
	}

	const struct disk_extent *x = get_extent(&n, (unsigned)i);
	uint64_t past = low + length(x);

	if (past > end)
		return fail_node(m, in, &n, "extent that ends at", past, end);
	if (lblk >= past) {
		hole(lblk, end, ret);
		return 0;
	}
	*ret = (struct ext4_run){ .n = past - lblk };
	if (cb_get_le16(x->len) <= UNWRITTEN) {
		ret->mapped = true;
		ret->phys = start(x) + (lblk - low);
	}
	return 0;
}
