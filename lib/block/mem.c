/* block/mem.c - a block device over borrowed memory. */
#include "block/blk.h"

#include "core/mem.h"

struct mem_blk {
	struct cb_blk blk;
	const uint8_t *p;
};

static int mem_read(struct cb_blk *b, uint64_t lba, uint32_t count, void *buf)
{
	const struct mem_blk *m = (const struct mem_blk *)b;

	memcpy(buf, m->p + (size_t)lba * b->block_size, (size_t)count * b->block_size);
	return 0;
}

static void mem_destroy(struct cb_blk *b)
{
	cb_free(b->env, b, sizeof(struct mem_blk));
}

static const struct cb_blk_ops mem_ops = { .kind = "mem", .read = mem_read, .destroy = mem_destroy };

int cb_blk_mem(struct cb_env *env, const void *p, size_t n, uint32_t block_size, struct cb_blk **ret)
{
	struct mem_blk *m = cb_alloc(env, sizeof(*m));

	if (m == NULL)
		return CB_ENOMEM;
	m->p = p;
	m->blk = (struct cb_blk){
		.ops = &mem_ops, .env = env, .nblocks = n / block_size, .block_size = block_size,
		.max_count = UINT32_MAX, .buf_align = 1, .refs = 1, .name = "mem",
	};

	int r = cb_blk_check(&m->blk);

	if (r < 0) {
		cb_blk_unref(&m->blk);
		return r;
	}
	*ret = &m->blk;
	return 0;
}
