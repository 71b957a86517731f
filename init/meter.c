/* init/meter.c - a block device that counts what is read through it. */
#include "core/mem.h"
#include "init/init.h"

#define READ_BYTES (4u << 20)     /* a call, so that progress shows while a big file is read */

struct metered {
	struct cb_blk blk;
	struct cb_blk *under;
	struct cb_init *in;
};

static int metered_read(struct cb_blk *b, uint64_t lba, uint32_t count, void *buf)
{
	const struct metered *m = (const struct metered *)b;
	int r = m->under->ops->read(m->under, lba, count, buf);

	m->in->meter.bytes += (uint64_t)count * b->block_size;
	(void)meter_tick(m->in); /* never asks to stop */
	return r;
}

static void metered_destroy(struct cb_blk *b)
{
	struct metered *m = (struct metered *)b;

	cb_blk_unref(m->under);
	cb_free(b->env, m, sizeof(*m));
}

static const struct cb_blk_ops metered_ops = {
	.kind = "disk", .read = metered_read, .destroy = metered_destroy,
};

int meter_blk(struct cb_init *in, struct cb_blk *under, struct cb_blk **ret)
{
	struct metered *m = cb_alloc(&in->env, sizeof(*m));

	if (m == NULL) {
		cb_blk_unref(under);
		return CB_ENOMEM;
	}
	m->blk = *under;
	m->blk.ops = &metered_ops;
	m->blk.refs = 1;
	m->under = under;
	m->in = in;
	if (m->blk.max_count > READ_BYTES / m->blk.block_size)
		m->blk.max_count = READ_BYTES / m->blk.block_size;
	*ret = &m->blk;
	return 0;
}
