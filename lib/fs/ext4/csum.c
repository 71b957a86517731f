/* fs/ext4/csum.c - metadata_csum: CRC-32C seeded by file system, inode and generation; and the
 * CRC-16 of group descriptors that came before it. */
#include "fs/ext4/ext4_priv.h"

#include "codec/crc.h"
#include "core/csum.h"

#define INODE_CSUM_LO  0x7cu
#define INODE_EXTRA    0x80u
#define INODE_CSUM_HI  0x82u
#define GROUP_CSUM     0x1eu
#define LEAF_TAIL      12u
#define LEAF_TAIL_TYPE 0xdeu

static const uint8_t zeros[4];

static uint32_t le32_at(const uint8_t *p)
{
	cb_le32 v;

	memcpy(&v, p, sizeof(v));
	return cb_get_le32(v);
}

static uint16_t le16_at(const uint8_t *p)
{
	cb_le16 v;

	memcpy(&v, p, sizeof(v));
	return cb_get_le16(v);
}

uint32_t cb_ext4_inode_seed(const struct ext4 *m, uint32_t ino, uint32_t generation)
{
	cb_le32 n = cb_put_le32(ino), g = cb_put_le32(generation);
	uint32_t seed = cb_crc32c(m->s.csum_seed, &n, sizeof(n));

	return cb_crc32c(seed, &g, sizeof(g));
}

/* n: the inode's size on disk, 128 or more. Both halves of the sum count as zero. */
bool cb_ext4_inode_csum_ok(const struct ext4 *m, uint32_t ino, const uint8_t *raw, size_t n)
{
	uint32_t c = cb_ext4_inode_seed(m, ino, le32_at(raw + 0x64));
	uint32_t stored = le16_at(raw + INODE_CSUM_LO);
	bool wide = n > 128 && le16_at(raw + INODE_EXTRA) >= INODE_CSUM_HI + 2 - 128;

	if (!m->csum)
		return true;
	c = cb_crc32c(c, raw, INODE_CSUM_LO);
	c = cb_crc32c(c, zeros, 2);
	c = cb_crc32c(c, raw + INODE_CSUM_LO + 2, 128 - INODE_CSUM_LO - 2);
	if (wide) {
		c = cb_crc32c(c, raw + 128, INODE_CSUM_HI - 128);
		c = cb_crc32c(c, zeros, 2);
		c = cb_crc32c(c, raw + INODE_CSUM_HI + 2, n - INODE_CSUM_HI - 2);
		stored |= (uint32_t)le16_at(raw + INODE_CSUM_HI) << 16;
	} else {
		c = cb_crc32c(c, raw + 128, n - 128);
	}
	return cb_csum_ok(wide ? c : c & 0xffff, stored);
}

bool cb_ext4_group_csum_ok(const struct ext4 *m, uint32_t group, const uint8_t *desc)
{
	cb_le32 no = cb_put_le32(group);
	uint32_t after = GROUP_CSUM + 2, c;

	if (m->csum) {
		c = cb_crc32c(m->s.csum_seed, &no, sizeof(no));
		c = cb_crc32c(c, desc, GROUP_CSUM);
		c = cb_crc32c(c, zeros, 2);
		c = cb_crc32c(c, desc + after, m->s.desc_size - after);
		return cb_csum_ok(c & 0xffff, le16_at(desc + GROUP_CSUM));
	}
	if ((m->s.ro_compat & EXT4_RO_GDT_CSUM) == 0)
		return true;

	uint16_t crc = cb_crc16(0xffff, m->s.uuid, sizeof(m->s.uuid));

	crc = cb_crc16(crc, &no, sizeof(no));
	crc = cb_crc16(crc, desc, GROUP_CSUM);
	crc = cb_crc16(crc, desc + after, m->s.desc_size - after);
	return cb_csum_ok(crc, le16_at(desc + GROUP_CSUM));
}

/* tail_at: where the entries' room ends, 4 bytes inside the block. */
bool cb_ext4_extent_csum_ok(const struct ext4_inode *in, const uint8_t *block, size_t tail_at)
{
	return cb_csum_ok(cb_crc32c(in->seed, block, tail_at), le32_at(block + tail_at));
}

/* The last 12 bytes are an empty entry of a type of its own, then the sum. */
bool cb_ext4_leaf_csum_ok(const struct ext4_inode *dir, struct cb_bytes block)
{
	const uint8_t *tail = block.p + block.n - LEAF_TAIL;
	bool shape = le32_at(tail) == 0 && le16_at(tail + 4) == LEAF_TAIL && tail[6] == 0 &&
		     tail[7] == LEAF_TAIL_TYPE;

	return cb_csum_ok(shape, true) &&
	       cb_csum_ok(cb_crc32c(dir->seed, block.p, block.n - LEAF_TAIL), le32_at(tail + 8));
}

/* The sum lies behind the room for entries, but covers only those in use. */
bool cb_ext4_dx_csum_ok(const struct ext4_inode *dir, struct cb_bytes block, size_t count_at)
{
	size_t limit = le16_at(block.p + count_at), count = le16_at(block.p + count_at + 2);
	size_t tail = count_at + limit * 8;
	uint32_t c;

	if (count > limit || !cb_in_range(tail, 8, block.n))
		return cb_csum_ok(0, 1);
	c = cb_crc32c(dir->seed, block.p, count_at + count * 8);
	c = cb_crc32c(c, block.p + tail, 4);
	c = cb_crc32c(c, zeros, 4);
	return cb_csum_ok(c, le32_at(block.p + tail + 4));
}
