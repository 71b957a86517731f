/* fs/ext4/inode.c - inodes: found, verified, kept in native form; the most recent ones remembered. */
#include "fs/ext4/ext4_priv.h"

#define GOOD_OLD_SIZE 128u
#define MODE_TYPE     0170000u
#define MODE_DIR      0040000u
#define MODE_FILE     0100000u
#define MODE_LINK     0120000u

struct disk_inode {
	cb_le16 mode, uid_lo;
	cb_le32 size_lo, atime, ctime, mtime, dtime;
	cb_le16 gid_lo, links;
	cb_le32 blocks_lo, flags, version;
	uint8_t block[EXT4_I_BLOCK];
	cb_le32 generation, acl_lo, size_hi, frag;
	cb_le16 blocks_hi, acl_hi, uid_hi, gid_hi, csum_lo, reserved;
};
_Static_assert(sizeof(struct disk_inode) == GOOD_OLD_SIZE, "inode");

struct disk_extra {                /* the next bytes, i_extra_isize of them */
	cb_le16 extra_size, csum_hi;
	cb_le32 ctime_extra, mtime_extra, atime_extra, crtime, crtime_extra, version_hi, project;
};
_Static_assert(sizeof(struct disk_extra) == 32, "second part of an inode");

int cb_ext4_inode_raw(struct ext4 *m, uint32_t ino, const struct ext4_fc_inode *fc,
		      const uint8_t **ret, bool *ret_disk)
{
	uint32_t per_block = m->s.block_size / m->s.inode_size;
	const uint8_t *p;
	uint64_t table;
	int r;

	if (ino == 0 || ino > m->s.inodes)
		return cb_fail(m->fs.env, CB_ECORRUPT, "inode %u of %u", ino, m->s.inodes);
	*ret_disk = !cb_ext4_fc_raw(fc, ret);
	if (!*ret_disk)
		return 0;

	uint32_t index = (ino - 1) % m->s.inodes_per_group;

	r = cb_ext4_inode_table(m, (ino - 1) / m->s.inodes_per_group, &table);
	if (r == 0)
		r = cb_ext4_block(m, table + index / per_block, &p, NULL);
	if (r < 0)
		return cb_wrap(m->fs.env, r, "inode %u", ino);
	*ret = p + (size_t)(index % per_block) * m->s.inode_size;
	return 0;
}

/* The target is in i_block when the inode owns no block of data (an attribute block aside). */
static bool is_fast_link(const struct ext4 *m, const struct ext4_inode *in, const struct disk_inode *d)
{
	uint64_t sectors = cb_get_le32(d->blocks_lo);
	uint64_t acl = cb_get_le32(d->acl_lo) | (uint64_t)cb_get_le16(d->acl_hi) << 32;

	if ((in->mode & MODE_TYPE) != MODE_LINK || in->size >= EXT4_I_BLOCK ||
	    (in->flags & (EXT4_FL_INLINE_DATA | EXT4_FL_EXTENTS)) != 0)
		return false;
	if (acl == 0)
		return sectors == 0;
	/* With bigalloc an attribute block takes a whole cluster: any size that is one allocation. */
	return (m->s.ro_compat & EXT4_RO_BIGALLOC) != 0 || sectors <= m->s.block_size / 512;
}

static int check_flags(struct ext4 *m, const struct ext4_inode *in)
{
	struct cb_env *env = m->fs.env;

	if (in->mode == 0)
		return cb_fail(env, CB_ECORRUPT, "inode %u: unused, but a name leads to it", in->ino);
	if ((in->flags & EXT4_FL_INLINE_DATA) != 0 && (m->s.incompat & EXT4_INCOMPAT_INLINE_DATA) == 0)
		return cb_fail(env, CB_ECORRUPT, "inode %u: inline data without the feature", in->ino);
	if ((in->flags & EXT4_FL_EXTENTS) != 0 && (in->flags & EXT4_FL_INLINE_DATA) == 0)
		return cb_ext4_extent_root_check(m, in);
	return 0;
}

int cb_ext4_inode_parse(struct ext4 *m, uint32_t ino, const uint8_t *raw, size_t n, bool verify,
			struct ext4_inode *ret)
{
	const struct disk_inode *d = cb_view(struct disk_inode, ((struct cb_bytes){ raw, n }), 0);
	struct ext4_inode in = { .ino = ino };
	bool wide_size;

	if (d == NULL)
		return cb_fail(m->fs.env, CB_ECORRUPT, "inode %u: %zu bytes of %u", ino, n, GOOD_OLD_SIZE);
	if (verify && !cb_ext4_inode_csum_ok(m, ino, raw, n))
		return cb_fail(m->fs.env, CB_ECORRUPT, "inode %u: wrong checksum", ino);
	in.mode = cb_get_le16(d->mode);
	in.flags = cb_get_le32(d->flags);
	in.uid = cb_get_le16(d->uid_lo) | (uint32_t)cb_get_le16(d->uid_hi) << 16;
	in.gid = cb_get_le16(d->gid_lo) | (uint32_t)cb_get_le16(d->gid_hi) << 16;
	in.links = cb_get_le16(d->links);
	in.generation = cb_get_le32(d->generation);
	in.seed = cb_ext4_inode_seed(m, ino, in.generation);
	memcpy(in.block, d->block, sizeof(in.block));
	/* Only regular files have a high half, until large_dir gives one to directories. */
	wide_size = (in.mode & MODE_TYPE) == MODE_FILE ||
		    (m->s.incompat & EXT4_INCOMPAT_LARGEDIR) != 0;
	in.size = cb_get_le32(d->size_lo);
	if (wide_size)
		in.size |= (uint64_t)cb_get_le32(d->size_hi) << 32;
	in.mtime = (int32_t)cb_get_le32(d->mtime);

	const struct disk_extra *x = cb_view(struct disk_extra, ((struct cb_bytes){ raw, n }), sizeof(*d));

	/* Two more bits of the seconds lie below the nanoseconds. */
	if (x != NULL && cb_get_le16(x->extra_size) >= 12)
		in.mtime += (int64_t)(cb_get_le32(x->mtime_extra) & 3) << 32;
	if (in.size > INT64_MAX)
		return cb_fail(m->fs.env, CB_ECORRUPT, "inode %u: %llu bytes", ino, U64(in.size));
	in.fast_link = is_fast_link(m, &in, d);
	*ret = in;
	return check_flags(m, ret);
}

static int load(struct ext4 *m, uint32_t ino, struct ext4_inode *ret)
{
	struct ext4_fc_inode *fc = cb_ext4_fc_find(m, ino);
	const uint8_t *raw;
	bool from_disk;
	int r = cb_ext4_inode_raw(m, ino, fc, &raw, &from_disk);

	if (r < 0)
		return r;
	/* What a fast commit left has been covered by its own sum. */
	r = cb_ext4_inode_parse(m, ino, raw, m->s.inode_size, from_disk, ret);
	ret->fc = fc;
	return r;
}

int cb_ext4_inode(struct ext4 *m, uint64_t ino, bool special, struct ext4_memo **ret)
{
	struct ext4_memo *oldest = &m->memos[0];
	int r;

	if (ino == 0 || ino > m->s.inodes || (!special && ino != EXT4_ROOT_INO && ino < m->s.first_ino))
		return cb_fail(m->fs.env, CB_ECORRUPT, "inode %llu, of %u to %u", U64(ino), m->s.first_ino,
			       m->s.inodes);
	for (unsigned i = 0; i < EXT4_MEMOS; i++) {
		struct ext4_memo *f = &m->memos[i];

		if (f->inode.ino == ino) {
			f->used = ++m->tick;
			*ret = f;
			return 0;
		}
		if (f->used < oldest->used)
			oldest = f;
	}
	oldest->inode.ino = 0;
	oldest->run.n = 0;

	struct ext4_inode in;

	r = load(m, (uint32_t)ino, &in);
	if (r < 0)
		return r;
	if (in.links == 0 && in.fc == NULL && !special)
		return cb_fail(m->fs.env, CB_ECORRUPT, "inode %u: deleted, but a name leads to it", in.ino);
	oldest->inode = in;
	oldest->used = ++m->tick;
	*ret = oldest;
	return 0;
}

void cb_ext4_node(const struct ext4_inode *in, struct cb_node *ret)
{
	uint32_t type = in->mode & MODE_TYPE;

	*ret = (struct cb_node){
		.id = in->ino, .size = in->size, .mtime = in->mtime, .uid = in->uid, .gid = in->gid,
		.links = in->links, .mode = in->mode,
		.type = type == MODE_FILE ? CB_FT_FILE : type == MODE_DIR ? CB_FT_DIR :
			type == MODE_LINK ? CB_FT_LINK : CB_FT_OTHER,
	};
}
