/* fs/ext4/cache.c - metadata blocks, read in lines of neighbours; what the journal replaces. */
#include "fs/ext4/ext4_priv.h"

#define LINES_STEP    4u      /* divides EXT4_LINES */

bool cb_ext4_block_ok(const struct ext4 *m, uint64_t first, uint64_t n)
{
	return first >= m->s.first_data_block && cb_in_range(first, n, m->s.blocks);
}

/* Index of the first patch at or after block. */
static uint32_t patch_from(const struct ext4 *m, uint64_t block)
{
	uint32_t lo = 0, hi = m->patches_n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (m->patches[mid].block < block)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Part of a patched block, from the log. A block that began with the journal's own magic number
 * has zeros there in the log. */
static int read_patch(struct ext4 *m, const struct ext4_patch *p, uint64_t skip, uint8_t *buf,
		      size_t n)
{
	static const uint8_t magic[4] = { 0xc0, 0x3b, 0x39, 0x98 };
	int r = cb_blk_pread(m->blk, (p->log >> 1) * m->s.block_size + skip, buf, n);

	if (r == 0 && (p->log & 1) != 0 && skip < 4)
		memcpy(buf, &magic[skip], (size_t)cb_min(n, 4 - skip));
	return r;
}

/* Bytes of the device with the journal's blocks in their places. */
static int read_patched(struct ext4 *m, uint64_t at, uint8_t *buf, uint64_t n)
{
	uint32_t bs = m->s.block_size;
	uint32_t i = patch_from(m, at / bs);

	while (n > 0) {
		uint64_t skip = at % bs, part = n;
		int r;

		if (i < m->patches_n && m->patches[i].block == at / bs) {
			part = cb_min(n, bs - skip);
			r = read_patch(m, &m->patches[i++], skip, buf, (size_t)part);
		} else {
			if (i < m->patches_n)
				part = cb_min(n, m->patches[i].block * bs - at);
			r = cb_blk_pread(m->blk, at, buf, (size_t)part);
		}
		if (r < 0)
			return r;
		at += part;
		buf += part;
		n -= part;
	}
	return 0;
}

void cb_ext4_cache_drop(struct ext4 *m)
{
	for (uint32_t i = 0; i < m->lines_n; i++)
		m->lines[i].first = EXT4_NO_BLOCK;
	for (uint32_t i = 0; i < EXT4_MEMOS; i++)
		m->memos[i] = (struct ext4_memo){ .used = 0 };
	m->last = NULL;
	m->group_table = 0;
}

/* A few lines at a time, so that the arena's chunks are used well. */
static int add_lines(struct ext4 *m)
{
	size_t size = (size_t)m->line_blocks * m->s.block_size;
	uint8_t *p = cb_arena_alloc(&m->fs.arena, LINES_STEP, size, m->blk->buf_align);

	if (p == NULL)
		return m->fs.env->diag->code;
	for (uint32_t i = 0; i < LINES_STEP; i++)
		m->lines[m->lines_n++] = (struct ext4_line){ .first = EXT4_NO_BLOCK, .p = p + i * size };
	return 0;
}

/* The line that has block, or the least recently used one, emptied. */
static int pick_line(struct ext4 *m, uint64_t first, struct ext4_line **ret)
{
	struct ext4_line *oldest = NULL;

	for (uint32_t i = 0; i < m->lines_n; i++) {
		struct ext4_line *l = &m->lines[i];

		if (l->first == first) {
			*ret = l;
			return 0;
		}
		if (oldest == NULL || l->first == EXT4_NO_BLOCK || l->used < oldest->used)
			oldest = l;
		if (l->first == EXT4_NO_BLOCK)
			break;
	}
	if (m->lines_n < EXT4_LINES && (oldest == NULL || oldest->first != EXT4_NO_BLOCK)) {
		int r = add_lines(m);

		if (r < 0)
			return r;
		oldest = &m->lines[m->lines_n - LINES_STEP];
	}
	oldest->first = first;
	oldest->valid = 0;
	memset(oldest->checked, 0, sizeof(oldest->checked));
	*ret = oldest;
	return 0;
}

/* The whole line in one read; when that fails, the wanted block alone may still be readable. */
static int fill(struct ext4 *m, struct ext4_line *l, uint32_t index)
{
	uint32_t bs = m->s.block_size;
	uint32_t n = (uint32_t)cb_min(m->line_blocks, m->s.blocks - l->first);
	int r;

	if (l->valid == 0) {
		r = read_patched(m, l->first * bs, l->p, (uint64_t)n * bs);
		if (r == 0)
			l->valid = n == 32 ? ~UINT32_C(0) : (UINT32_C(1) << n) - 1;
		if (r == 0 || r == CB_ENOMEM)
			return r;
		cb_clear(m->fs.env);
	}
	r = read_patched(m, (l->first + index) * bs, l->p + (size_t)index * bs, bs);
	if (r == 0)
		l->valid |= UINT32_C(1) << index;
	return r;
}

int cb_ext4_block(struct ext4 *m, uint64_t block, const uint8_t **ret_p, uint32_t **ret_checked)
{
	uint32_t index = (uint32_t)(block % m->line_blocks);
	uint64_t first = block - index;
	struct ext4_line *l = m->last;
	int r;

	if (block >= m->s.blocks)
		return cb_fail(m->fs.env, CB_ECORRUPT, "block %llu of %llu", U64(block),
			       U64(m->s.blocks));
	if (l == NULL || l->first != first) {
		r = pick_line(m, first, &l);
		if (r < 0)
			return r;
		m->last = l;
	}
	if ((l->valid >> index & 1) == 0) {
		r = fill(m, l, index);
		if (r < 0)
			return r;
	}
	l->used = ++m->tick;
	*ret_p = l->p + (size_t)index * m->s.block_size;
	if (ret_checked != NULL)
		*ret_checked = &l->checked[index];
	return 0;
}

int cb_ext4_bytes(struct ext4 *m, uint64_t block, uint64_t skip, void *buf, size_t n)
{
	uint32_t bs = m->s.block_size;
	uint8_t *to = buf;
	uint64_t at = block * bs + skip;

	if (!cb_in_range(at, n, m->s.blocks * bs))
		return cb_fail(m->fs.env, CB_ECORRUPT, "%zu bytes of block %llu of %llu", n, U64(at / bs),
			       U64(m->s.blocks));
	/* Big reads go where the caller wants them; small ones share lines with their neighbours. */
	if (n >= EXT4_LINE / 2)
		return read_patched(m, at, buf, n);
	while (n > 0) {
		size_t off = (size_t)(at % bs), part = (size_t)cb_min(n, bs - off);
		const uint8_t *p;
		int r = cb_ext4_block(m, at / bs, &p, NULL);

		if (r < 0)
			return r;
		memcpy(to, p + off, part);
		to += part;
		at += part;
		n -= part;
	}
	return 0;
}
