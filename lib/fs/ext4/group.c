/* fs/ext4/group.c - block groups: where descriptors lie, their copies, the inode tables. */
#include "fs/ext4/ext4_priv.h"

#define COPIES 4u             /* of a descriptor that are looked at */

struct disk_group {
	cb_le32 block_bitmap, inode_bitmap, inode_table;
	cb_le16 free_blocks, free_inodes, used_dirs, flags;
	uint8_t bitmaps_csum[8];
	cb_le16 itable_unused, csum;
};
_Static_assert(sizeof(struct disk_group) == 32, "group descriptor");

struct disk_group_hi {             /* from byte 32 on, with 64bit */
	cb_le32 block_bitmap, inode_bitmap, inode_table;
	uint8_t rest[20];
};
_Static_assert(sizeof(struct disk_group_hi) == 32, "64-bit half of a group descriptor");

static bool is_power_of(uint32_t v, uint32_t base)
{
	while (v % base == 0)
		v /= base;
	return v == 1;
}

bool cb_ext4_has_super(const struct ext4_super *s, uint32_t group)
{
	if (group == 0)
		return true;
	if ((s->compat & EXT4_COMPAT_SPARSE_SUPER2) != 0)
		return group == s->backup_bgs[0] || group == s->backup_bgs[1];
	if (group == 1 || (s->ro_compat & EXT4_RO_SPARSE_SUPER) == 0)
		return true;
	return is_power_of(group, 3) || is_power_of(group, 5) || is_power_of(group, 7);
}

uint64_t cb_ext4_group_first(const struct ext4_super *s, uint32_t group)
{
	return s->first_data_block + (uint64_t)group * s->blocks_per_group;
}

/* The group that has copy number `copy` of a descriptor block whose metagroup starts at home. */
static uint64_t copy_group(const struct ext4_super *s, bool meta, uint64_t home, unsigned copy)
{
	static const uint8_t sparse[COPIES] = { 0, 1, 3, 5 };

	if (meta)
		return copy == 0 ? home : copy == 1 ? home + 1 :
		       copy == 2 ? home + s->desc_per_block - 1 : UINT64_MAX;
	if ((s->compat & EXT4_COMPAT_SPARSE_SUPER2) == 0)
		return sparse[copy];
	if (copy == 0)
		return 0;
	return copy > 2 || s->backup_bgs[copy - 1] == 0 ? UINT64_MAX : s->backup_bgs[copy - 1];
}

/* Where copy number `copy` of the group's descriptor block is, or EXT4_NO_BLOCK. */
static uint64_t desc_block(const struct ext4_super *s, uint32_t group, unsigned copy)
{
	uint32_t index = group / s->desc_per_block;
	bool meta = (s->incompat & EXT4_INCOMPAT_META_BG) != 0 && index >= s->first_meta_bg;
	uint64_t g = copy_group(s, meta, (uint64_t)index * s->desc_per_block, copy);
	uint64_t first;

	if (g >= s->groups)
		return EXT4_NO_BLOCK;
	first = cb_ext4_group_first(s, (uint32_t)g);
	/* 1 KiB blocks with first_data_block 0 (bigalloc): block 0 is the boot block. */
	if (g == 0 && s->block_size == 1024 && s->first_data_block == 0)
		first = 1;
	if (cb_ext4_has_super(s, (uint32_t)g))
		first++;
	return first + (meta ? 0 : index);
}

/* The descriptor's inode table, if its checksum and ranges hold. */
static int check_desc(struct ext4 *m, uint32_t group, const uint8_t *desc, uint64_t *ret)
{
	const struct ext4_super *s = &m->s;
	struct cb_bytes raw = { desc, s->desc_size };
	const struct disk_group *d = cb_view(struct disk_group, raw, 0);
	const struct disk_group_hi *hi = cb_view(struct disk_group_hi, raw, sizeof(*d));
	uint64_t table = cb_get_le32(d->inode_table);
	uint64_t blocks = ((uint64_t)s->inodes_per_group * s->inode_size + s->block_size - 1) /
			  s->block_size;

	if (hi != NULL)
		table |= (uint64_t)cb_get_le32(hi->inode_table) << 32;
	if (!cb_ext4_group_csum_ok(m, group, desc))
		return cb_fail(m->fs.env, CB_ECORRUPT, "group %u: descriptor has a wrong checksum", group);
	if (table == 0 || !cb_ext4_block_ok(m, table, blocks))
		return cb_fail(m->fs.env, CB_ECORRUPT, "group %u: inode table at block %llu of %llu", group,
			       U64(table), U64(s->blocks));
	*ret = table;
	return 0;
}

int cb_ext4_inode_table(struct ext4 *m, uint32_t group, uint64_t *ret)
{
	size_t at = group % m->s.desc_per_block * m->s.desc_size;
	int r = CB_ECORRUPT, first = 0;

	if (m->group_table != 0 && m->group_no == group) {
		*ret = m->group_table;
		return 0;
	}
	for (unsigned copy = 0; copy < COPIES; copy++) {
		uint64_t block = desc_block(&m->s, group, copy);
		uint8_t desc[1024];

		if (block == EXT4_NO_BLOCK)
			break;
		r = cb_ext4_bytes(m, block, at, desc, m->s.desc_size);
		if (r == 0)
			r = check_desc(m, group, desc, ret);
		if (r == 0) {
			if (first < 0)
				cb_log(m->fs.env, CB_LOG_DEBUG, "ext4: group %u: descriptor %u used",
				       group, copy);
			m->group_no = group;
			m->group_table = *ret;
			return 0;
		}
		if (first == 0)
			first = r;
		if (r == CB_ENOMEM)
			break;
	}
	return r;
}
