/* fs/ext4/indirect.c - block maps of ext2 and ext3: 12 blocks, then one, two and three levels. */
#include "fs/ext4/ext4_priv.h"

#define DIRECT 12u
#define LEVELS 3u

static uint32_t pointer(const uint8_t *p, uint32_t i)
{
	cb_le32 v;

	memcpy(&v, p + (size_t)i * 4, sizeof(v));
	return cb_get_le32(v);
}

/* The run that begins at pointer i of n. */
static int take_run(struct ext4 *m, const struct ext4_inode *in, const uint8_t *p, uint32_t i,
		    uint32_t n, struct ext4_run *ret)
{
	uint32_t first = pointer(p, i), count = 1;
	uint64_t next = (uint64_t)first + 1;

	while (i + count < n && pointer(p, i + count) == (first == 0 ? 0 : next++))
		count++;
	*ret = (struct ext4_run){ .n = count };
	if (first == 0)
		return 0;
	if (!cb_ext4_block_ok(m, first, count))
		return cb_fail(m->fs.env, CB_ECORRUPT, "inode %u: blocks %u+%u of %llu", in->ino, first,
			       count, U64(m->s.blocks));
	ret->phys = first;
	ret->mapped = true;
	return 0;
}

int cb_ext4_indirect_map(struct ext4 *m, const struct ext4_inode *in, uint32_t lblk,
			 struct ext4_run *ret)
{
	uint32_t per = m->s.block_size / 4;
	uint64_t left = lblk, span = 1; /* span: blocks below one pointer of the present level */
	unsigned level = 0;

	if (lblk < DIRECT)
		return take_run(m, in, in->block, lblk, DIRECT, ret);
	left -= DIRECT;
	for (level = 1; level <= LEVELS; level++) {
		if (left < span * per)
			break;
		span *= per;
		left -= span;
	}
	if (level > LEVELS)
		return cb_fail(m->fs.env, CB_ECORRUPT, "inode %u: block %u is past three levels of maps",
			       in->ino, lblk);

	uint32_t at = pointer(in->block, DIRECT + level - 1);

	for (;;) {
		const uint8_t *p;
		int r;

		/* A missing map is a hole as wide as what it would cover. */
		if (at == 0) {
			*ret = (struct ext4_run){ .n = span * per - left };
			return 0;
		}
		if (!cb_ext4_block_ok(m, at, 1))
			return cb_fail(m->fs.env, CB_ECORRUPT, "inode %u: map in block %u of %llu", in->ino,
				       at, U64(m->s.blocks));
		r = cb_ext4_block(m, at, &p, NULL);
		if (r < 0)
			return cb_wrap(m->fs.env, r, "inode %u: map", in->ino);
		if (span == 1)
			return take_run(m, in, p, (uint32_t)left, per, ret);
		at = pointer(p, (uint32_t)(left / span));
		left %= span;
		span /= per;
	}
}
