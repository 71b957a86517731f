/* fs/ext4/map.c - from a file's bytes to the device's: one look-up a run, one read a run. */
#include "fs/ext4/ext4_priv.h"

int cb_ext4_map_disk(struct ext4 *m, const struct ext4_inode *in, uint64_t lblk,
		     struct ext4_run *ret)
{
	/* No map can reach further; what a bigger file has there is a hole. */
	if (lblk >= UINT32_MAX) {
		*ret = (struct ext4_run){ .n = UINT64_MAX - lblk };
		return 0;
	}
	if ((in->flags & EXT4_FL_EXTENTS) != 0)
		return cb_ext4_extent_map(m, in, (uint32_t)lblk, ret);
	return cb_ext4_indirect_map(m, in, (uint32_t)lblk, ret);
}

int cb_ext4_map(struct ext4 *m, struct ext4_memo *f, uint64_t lblk, struct ext4_run *ret)
{
	int r;

	if (lblk < f->run_at || lblk - f->run_at >= f->run.n) {
		r = f->inode.fc != NULL ? cb_ext4_fc_map(m, &f->inode, lblk, &f->run) :
					  cb_ext4_map_disk(m, &f->inode, lblk, &f->run);
		if (r < 0) {
			f->run.n = 0;
			return r;
		}
		f->run_at = lblk;
	}
	*ret = f->run;
	ret->n -= lblk - f->run_at;
	if (ret->mapped)
		ret->phys += lblk - f->run_at;
	return 0;
}

/* The 60 bytes of i_block, then the rest. */
static int read_inline(struct ext4 *m, const struct ext4_inode *in, uint64_t off, uint8_t *buf, size_t n)
{
	struct cb_bytes rest;
	size_t head = 0;
	int r;

	if (off < EXT4_I_BLOCK) {
		head = (size_t)cb_min(n, EXT4_I_BLOCK - off);
		memcpy(buf, in->block + off, head);
		off += head;
		n -= head;
	}
	if (n == 0)
		return 0;
	r = cb_ext4_inline_rest(m, in, &rest);
	if (r < 0)
		return r;
	if (!cb_in_range(off - EXT4_I_BLOCK, n, rest.n))
		return cb_fail(m->fs.env, CB_ECORRUPT, "inode %u: %llu bytes, %zu of them inline", in->ino,
			       U64(in->size), EXT4_I_BLOCK + rest.n);
	memcpy(buf + head, rest.p + (off - EXT4_I_BLOCK), n);
	return 0;
}

static int read_run(struct ext4 *m, struct ext4_memo *f, uint64_t off, uint8_t *buf, size_t n,
		    size_t *ret_n)
{
	uint32_t bs = m->s.block_size;
	struct ext4_run run;
	uint64_t skip = off % bs;
	int r = cb_ext4_map(m, f, off / bs, &run);

	if (r < 0)
		return r;
	/* A run of more blocks than n bytes can touch need not be multiplied out. */
	if (run.n <= n / bs + 1)
		n = (size_t)cb_min(n, run.n * bs - skip);
	*ret_n = n;
	if (run.mapped)
		return cb_ext4_bytes(m, run.phys, skip, buf, n);
	memset(buf, 0, n);
	return 0;
}

int64_t cb_ext4_read(struct ext4 *m, struct ext4_memo *f, uint64_t off, void *buf, size_t n)
{
	const struct ext4_inode *in = &f->inode;
	uint8_t *to = buf;
	size_t done = 0;
	int r = 0;

	if (off >= in->size)
		return 0;
	n = (size_t)cb_min(n, in->size - off);
	if (n > INT32_MAX)
		n = INT32_MAX;
	if ((in->flags & EXT4_FL_INLINE_DATA) != 0) {
		r = read_inline(m, in, off, to, n);
		done = n;
	}
	while (r == 0 && done < n) {
		size_t part = 0;

		r = read_run(m, f, off + done, to + done, n - done, &part);
		done += part;
	}
	return r < 0 ? r : (int64_t)n;
}
