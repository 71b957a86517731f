/* fs/ext4/super.c - the superblock: checked once, then kept as native values; its copies. */
#include "fs/ext4/ext4_priv.h"

#include "codec/crc.h"
#include "core/csum.h"
#include "core/limits.h"

#define MAGIC        0xef53u
#define FLAG_UNSIGNED_HASH 0x2u
#define CSUM_CRC32C  1u
#define FIRST_INO_V0 11u
#define PRIMARY_AT   1024u

struct disk_super {
	cb_le32 inodes, blocks_lo, r_blocks_lo, free_blocks_lo, free_inodes, first_data_block;
	cb_le32 log_block_size, log_cluster_size, blocks_per_group, clusters_per_group;
	cb_le32 inodes_per_group, mtime, wtime;
	cb_le16 mnt_count, max_mnt_count, magic, state, errors, minor_rev;
	cb_le32 lastcheck, checkinterval, creator_os, rev;
	cb_le16 def_resuid, def_resgid;
	cb_le32 first_ino;
	cb_le16 inode_size, group;
	cb_le32 compat, incompat, ro_compat;
	uint8_t uuid[16], label[16], last_mounted[64];
	cb_le32 algorithms;
	uint8_t prealloc[2];
	cb_le16 reserved_gdt;
	uint8_t journal_uuid[16];
	cb_le32 journal_ino, journal_dev, last_orphan, hash_seed[4];
	uint8_t hash_version, journal_backup_type;
	cb_le16 desc_size;
	cb_le32 mount_opts, first_meta_bg, mkfs_time, journal_blocks[17];
	cb_le32 blocks_hi, r_blocks_hi, free_blocks_hi;
	cb_le16 min_extra_isize, want_extra_isize;
	cb_le32 flags;
	uint8_t raid_mmp[16];
	uint8_t log_groups_per_flex, csum_type, encryption_level, pad;
	uint8_t snapshots_errors[200], quota[12];
	cb_le32 backup_bgs[2];
	uint8_t encryption[20];
	cb_le32 lost_found, project_quota, csum_seed;
	uint8_t rest[392];
	cb_le32 csum;
};
_Static_assert(sizeof(struct disk_super) == EXT4_SUPER_SIZE, "superblock");

static uint32_t get_block_size(const struct disk_super *d)
{
	uint32_t log = cb_get_le32(d->log_block_size);

	return log > 6 ? 0 : 1024u << log;
}

/* The layout of groups: every later division and product relies on these ranges. */
static int check_groups(struct cb_env *env, const struct disk_super *d, struct ext4_super *s)
{
	uint32_t bits = s->block_size * 8;
	uint32_t per_group = cb_get_le32(d->blocks_per_group);
	uint32_t log_ratio = cb_get_le32(d->log_cluster_size) - cb_get_le32(d->log_block_size);
	uint64_t n;

	if ((s->ro_compat & EXT4_RO_BIGALLOC) == 0)
		log_ratio = 0;
	if (log_ratio > 20)
		return cb_fail(env, CB_ECORRUPT, "log_cluster_size %u, log_block_size %u",
			       cb_get_le32(d->log_cluster_size), cb_get_le32(d->log_block_size));
	if (per_group < 8 || per_group >> log_ratio > bits)
		return cb_fail(env, CB_ECORRUPT, "%u blocks a group of %u-byte blocks", per_group,
			       s->block_size);
	s->blocks_per_group = per_group;
	s->inodes_per_group = cb_get_le32(d->inodes_per_group);
	if (s->inodes_per_group == 0 || s->inodes_per_group > bits)
		return cb_fail(env, CB_ECORRUPT, "%u inodes a group, over %u", s->inodes_per_group,
			       bits);
	s->first_data_block = cb_get_le32(d->first_data_block);
	if (s->first_data_block > 1 || s->first_data_block >= s->blocks)
		return cb_fail(env, CB_ECORRUPT, "first data block %u of %llu", s->first_data_block,
			       U64(s->blocks));
	n = (s->blocks - s->first_data_block + per_group - 1) / per_group;
	if (n > UINT32_MAX || n * s->inodes_per_group > UINT32_MAX + UINT64_C(1))
		return cb_fail(env, CB_ECORRUPT, "%llu groups of %u inodes", U64(n),
			       s->inodes_per_group);
	s->groups = (uint32_t)n;
	s->inodes = cb_get_le32(d->inodes);
	if (s->inodes < FIRST_INO_V0 || s->inodes > n * s->inodes_per_group)
		return cb_fail(env, CB_ECORRUPT, "%u inodes in %u groups of %u", s->inodes, s->groups,
			       s->inodes_per_group);
	return 0;
}

static int check_sizes(struct cb_blk *b, const struct disk_super *d, struct ext4_super *s)
{
	struct cb_env *env = b->env;
	bool is64 = (s->incompat & EXT4_INCOMPAT_64BIT) != 0;
	uint64_t bytes;

	s->block_size = get_block_size(d);
	if (s->block_size == 0)
		return cb_fail(env, CB_ECORRUPT, "log_block_size %u > 6",
			       cb_get_le32(d->log_block_size));
	s->blocks = cb_get_le32(d->blocks_lo) | (is64 ? (uint64_t)cb_get_le32(d->blocks_hi) << 32 : 0);
	if (!cb_mul(s->blocks, s->block_size, &bytes) || bytes > cb_blk_size(b))
		return cb_fail(env, CB_ECORRUPT, "%llu blocks of %u bytes, the device has %llu bytes",
			       U64(s->blocks), s->block_size, U64(cb_blk_size(b)));
	s->inode_size = cb_get_le32(d->rev) == 0 ? 128 : cb_get_le16(d->inode_size);
	s->first_ino = cb_get_le32(d->rev) == 0 ? FIRST_INO_V0 : cb_get_le32(d->first_ino);
	if (!cb_is_pow2(s->inode_size) || s->inode_size < 128 || s->inode_size > s->block_size)
		return cb_fail(env, CB_ECORRUPT, "inode size %u, block size %u", s->inode_size,
			       s->block_size);
	if (s->first_ino < FIRST_INO_V0)
		return cb_fail(env, CB_ECORRUPT, "first inode %u < %u", s->first_ino, FIRST_INO_V0);
	s->desc_size = is64 ? cb_get_le16(d->desc_size) : 32;
	if (!cb_is_pow2(s->desc_size) || s->desc_size < (is64 ? 64u : 32u) || s->desc_size > 1024)
		return cb_fail(env, CB_ECORRUPT, "group descriptors of %u bytes", s->desc_size);
	s->desc_per_block = s->block_size / s->desc_size;
	return check_groups(env, d, s);
}

static void keep_rest(const struct disk_super *d, struct ext4_super *s)
{
	for (unsigned i = 0; i < 4; i++)
		s->hash_seed[i] = cb_get_le32(d->hash_seed[i]);
	s->backup_bgs[0] = cb_get_le32(d->backup_bgs[0]);
	s->backup_bgs[1] = cb_get_le32(d->backup_bgs[1]);
	s->group = cb_get_le16(d->group);
	s->journal_ino = cb_get_le32(d->journal_ino);
	s->hash_version = d->hash_version;
	s->hash_unsigned = (cb_get_le32(d->flags) & FLAG_UNSIGNED_HASH) != 0;
	s->first_meta_bg = cb_get_le32(d->first_meta_bg);
	memcpy(s->uuid, d->uuid, sizeof(s->uuid));
	memcpy(s->journal_uuid, d->journal_uuid, sizeof(s->journal_uuid));
	memcpy(s->label, d->label, sizeof(d->label));
	s->label[sizeof(d->label)] = '\0';
	s->csum_seed = (s->incompat & EXT4_INCOMPAT_CSUM_SEED) != 0 ? cb_get_le32(d->csum_seed) :
		cb_crc32c(~0u, d->uuid, sizeof(d->uuid));
}

int cb_ext4_super_check(struct cb_blk *b, struct cb_bytes raw, uint64_t at, struct ext4_super *ret)
{
	const struct disk_super *d = cb_view(struct disk_super, raw, 0);
	struct ext4_super s = { .inodes = 0 };

	if (d == NULL || cb_get_le16(d->magic) != MAGIC)
		return CB_ENOTMINE;
	if (cb_get_le32(d->rev) > 0) {
		s.compat = cb_get_le32(d->compat);
		s.incompat = cb_get_le32(d->incompat);
		s.ro_compat = cb_get_le32(d->ro_compat);
	}
	keep_rest(d, &s);
	*ret = s;                  /* label and uuid are of use even when the rest is not */
	if ((s.ro_compat & EXT4_RO_METADATA_CSUM) != 0) {
		if (d->csum_type != CSUM_CRC32C)
			return cb_fail(b->env, CB_EUNSUP, "superblock at byte %llu: checksum type %u",
				       U64(at), d->csum_type);
		if (!cb_csum_ok(cb_crc32c(~0u, raw.p, EXT4_SUPER_SIZE - 4), cb_get_le32(d->csum)))
			return cb_fail(b->env, CB_ECORRUPT, "superblock at byte %llu: wrong checksum",
				       U64(at));
	}

	int r = cb_ext4_features_check(b->env, s.incompat);

	if (r == 0)
		r = check_sizes(b, d, &s);
	if (r < 0)
		return cb_wrap(b->env, r, "superblock at byte %llu", U64(at));
	*ret = s;
	return 0;
}

int cb_ext4_super_read(struct cb_blk *b, uint64_t at, struct ext4_super *ret)
{
	uint8_t raw[EXT4_SUPER_SIZE];
	int r;

	if (!cb_in_range(at, sizeof(raw), cb_blk_size(b)))
		return CB_ENOTMINE;
	r = cb_blk_pread(b, at, raw, sizeof(raw));
	if (r < 0)
		return r;
	return cb_ext4_super_check(b, (struct cb_bytes){ raw, sizeof(raw) }, at, ret);
}

/* A copy counts only where its own fields say that it lies. */
static int try_copy(struct cb_blk *b, uint64_t at, uint32_t group, struct ext4_super *ret)
{
	struct ext4_super s;
	int r = cb_ext4_super_read(b, at, &s);

	if (r == 0 && (s.group != group || group >= s.groups || !cb_ext4_has_super(&s, group) ||
		       cb_ext4_group_first(&s, group) * s.block_size != at))
		r = CB_ENOTMINE;
	if (r == CB_ECORRUPT) {
		cb_clear(b->env);
		r = CB_ENOTMINE;
	}
	if (r == 0)
		*ret = s;
	return r;
}

/* mke2fs' own group sizes: 8 * block size blocks, at most 65528; times 16 with bigalloc. */
int cb_ext4_super_backup(struct cb_blk *b, struct ext4_super *ret, uint64_t *ret_at)
{
	static const uint8_t groups[] = { 1, 3, 5 };

	for (unsigned log = 0; log <= 7; log++) {
		/* The most common size first. */
		uint32_t bs = 1024u << (log == 0 ? 2 : log - 1);
		uint64_t bytes = (uint64_t)bs * (bs == 65536 ? 65528 : bs * 8);

		for (unsigned i = 0; i < 2 * sizeof(groups); i++) {
			uint32_t group = groups[i / 2];
			uint64_t at = group * bytes * (i % 2 == 0 ? 1 : 16) + (bs == 1024 ? bs : 0);
			int r = try_copy(b, at, group, ret);

			if (r == 0)
				*ret_at = at;
			if (r != CB_ENOTMINE)
				return r;
		}
	}
	return CB_ENOTMINE;
}

void cb_ext4_super_info(const struct ext4_super *s, struct cb_fs_info *ret)
{
	const char *type = cb_ext4_type(s);

	ret->members = 1;
	memcpy(ret->uuid, s->uuid, sizeof(ret->uuid));
	memcpy(ret->label, s->label, sizeof(s->label));
	memcpy(ret->type, type, sizeof("ext4"));
}
