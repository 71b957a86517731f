/* fs/ext4/htree.c - looking a name up in a directory's hash tree: a root, at most two levels below. */
#include "fs/ext4/ext4_priv.h"

#define ROOT_INFO   24u            /* after the entries of "." and ".." */
#define ROOT_COUNT  32u
#define NODE_COUNT  8u             /* after an empty entry as long as the block */
#define MAX_LEVELS  3u
#define NO_TREE     CB_EUNSUP

struct disk_info { cb_le32 reserved; uint8_t version, length, levels, flags; };
struct disk_slot { cb_le32 hash, block; };
_Static_assert(sizeof(struct disk_info) == 8, "hash tree information");
_Static_assert(sizeof(struct disk_slot) == 8, "hash tree slot");

/* Where we are on one level: slot i of n. */
struct level {
	uint32_t block;
	uint32_t i, n;
};

struct tree {
	struct ext4 *m;
	struct ext4_memo *dir;
	struct level levels[MAX_LEVELS];
	unsigned n;                /* levels */
	uint32_t hash;
};

static uint32_t le16_at(struct cb_bytes b, size_t at)
{
	const cb_le16 *v = cb_view(cb_le16, b, at);

	return v != NULL ? cb_get_le16(*v) : 0;
}

static uint32_t le32_at(struct cb_bytes b, size_t at)
{
	const cb_le32 *v = cb_view(cb_le32, b, at);

	return v != NULL ? cb_get_le32(*v) : 0;
}

size_t cb_ext4_dx_offset(const struct ext4 *m, struct cb_bytes b, uint32_t lblk)
{
	uint32_t first = le16_at(b, 4), bs = m->s.block_size;
	bool whole = first == bs || (bs == 65536 && (first == 65535 || first == 0));

	if (whole && le32_at(b, 0) == 0 && le16_at(b, 6) == 0 && lblk > 0)
		return NODE_COUNT;
	if (lblk == 0 && first == 12 && b.p[ROOT_INFO + 5] == sizeof(struct disk_info) &&
	    (le16_at(b, 16) == bs - 12 || bs == 65536))
		return ROOT_COUNT;
	return 0;
}

static struct disk_slot get_slot(struct cb_bytes b, size_t count_at, uint32_t i)
{
	const struct disk_slot *s = cb_view(struct disk_slot, b, count_at + (size_t)i * 8);

	return s != NULL ? *s : (struct disk_slot){ .hash = { { 0 } } };
}

/* One block of the tree. NO_TREE when its counts are not what they must be. */
static int open_level(struct tree *t, uint32_t lblk, struct cb_bytes *ret, size_t *ret_at, uint32_t *ret_n)
{
	struct ext4 *m = t->m;
	int r = cb_ext4_dir_block(m, t->dir, lblk, ret);
	size_t at, room;

	if (r < 0)
		return r;
	at = cb_ext4_dx_offset(m, *ret, lblk);
	if (at == 0)
		return NO_TREE;
	room = (m->s.block_size - at - (m->csum ? 8 : 0)) / 8;
	*ret_n = le16_at(*ret, at + 2);
	if (le16_at(*ret, at) != room || *ret_n == 0 || *ret_n > room)
		return NO_TREE;
	*ret_at = at;
	return 0;
}

/* The last slot whose hash is not above ours; slot 0 has none. */
static uint32_t choose(struct cb_bytes b, size_t at, uint32_t n, uint32_t hash)
{
	uint32_t lo = 1, hi = n;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (cb_get_le32(get_slot(b, at, mid).hash) <= hash)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo - 1;
}

/* The block that slot i of a level points at; the upper bits are not part of it. */
static int step(struct tree *t, unsigned level, uint32_t *ret, uint32_t *ret_hash)
{
	struct cb_bytes b;
	uint32_t n;
	size_t at;
	int r = open_level(t, t->levels[level].block, &b, &at, &n);

	if (r < 0)
		return r;

	struct disk_slot s = get_slot(b, at, t->levels[level].i);

	*ret = cb_get_le32(s.block) & 0x0fffffff;
	*ret_hash = cb_get_le32(s.hash);
	return *ret < t->dir->inode.size / t->m->s.block_size ? 0 : NO_TREE;
}

/* From level `from` on, whose block is set, down to the leaf. hash decides in each block. */
static int descend(struct tree *t, unsigned from, uint32_t hash, uint32_t *ret_leaf)
{
	uint32_t unused;

	for (unsigned i = from; i < t->n; i++) {
		struct level *l = &t->levels[i];
		struct cb_bytes b;
		size_t at;
		int r = open_level(t, l->block, &b, &at, &l->n);

		if (r < 0)
			return r;
		l->i = choose(b, at, l->n, hash);
		r = step(t, i, i + 1 < t->n ? &t->levels[i + 1].block : ret_leaf, &unused);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The next leaf when names of our very hash go on there. CB_ENOENT: they don't. */
static int next_leaf(struct tree *t, uint32_t *ret_leaf)
{
	unsigned i = t->n;
	uint32_t block, hash;
	int r;

	while (i > 0 && t->levels[i - 1].i + 1 >= t->levels[i - 1].n)
		i--;
	if (i == 0)
		return CB_ENOENT;
	t->levels[--i].i++;
	r = step(t, i, &block, &hash);
	if (r < 0)
		return r;
	if ((hash & ~UINT32_C(1)) != t->hash)
		return CB_ENOENT;
	if (i + 1 == t->n) {
		*ret_leaf = block;
		return 0;
	}
	t->levels[i + 1].block = block;
	return descend(t, i + 1, 0, ret_leaf);
}

static int open_tree(struct tree *t, struct cb_str name)
{
	struct ext4 *m = t->m;
	struct cb_bytes b;
	uint32_t n, version;
	size_t at;
	int r = open_level(t, 0, &b, &at, &n);

	if (r < 0)
		return r;

	const struct disk_info *info = cb_view(struct disk_info, b, ROOT_INFO);

	if (info == NULL || (info->flags & 1) != 0 || cb_get_le32(info->reserved) != 0)
		return NO_TREE;
	t->n = info->levels + 1u;
	if (t->n > ((m->s.incompat & EXT4_INCOMPAT_LARGEDIR) != 0 ? MAX_LEVELS : MAX_LEVELS - 1))
		return NO_TREE;
	version = info->version;
	if (version <= 2 && m->s.hash_unsigned)
		version += 3;
	return cb_ext4_hash(version, m->s.hash_seed, name, &t->hash) ? 0 : NO_TREE;
}

int cb_ext4_htree_find(struct ext4 *m, struct ext4_memo *dir, struct cb_str name, uint32_t *ret_ino)
{
	struct tree t = { .m = m, .dir = dir };
	uint64_t leaves = dir->inode.size / m->s.block_size;
	uint32_t leaf;
	int r = open_tree(&t, name);

	if (r == 0)
		r = descend(&t, 0, t.hash, &leaf);
	/* A loop in a damaged tree can't take more steps than there are blocks. */
	while (r == 0 && leaves-- > 0) {
		struct cb_bytes b;

		r = cb_ext4_dir_block(m, dir, leaf, &b);
		if (r == 0)
			r = cb_ext4_find_in_block(m, &dir->inode, b, name, ret_ino);
		if (r != CB_ENOENT)
			return r;
		r = next_leaf(&t, &leaf);
	}
	return r == 0 ? NO_TREE : r;
}
