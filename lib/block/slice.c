/* block/slice.c - a window on another device, in the parent's own blocks. */
#include "block/blk.h"

#include "core/fmt.h"
#include "core/mem.h"

struct slice {
	struct cb_blk blk;
	struct cb_blk *parent;
	uint64_t first;
};

static int slice_read(struct cb_blk *b, uint64_t lba, uint32_t count, void *buf)
{
	const struct slice *s = (const struct slice *)b;

	return s->parent->ops->read(s->parent, s->first + lba, count, buf);
}

static int slice_write(struct cb_blk *b, uint64_t lba, uint32_t count, const void *buf)
{
	const struct slice *s = (const struct slice *)b;

	return s->parent->ops->write(s->parent, s->first + lba, count, buf);
}

static int slice_flush(struct cb_blk *b)
{
	const struct slice *s = (const struct slice *)b;

	return s->parent->ops->flush != NULL ? s->parent->ops->flush(s->parent) : 0;
}

static void slice_destroy(struct cb_blk *b)
{
	struct slice *s = (struct slice *)b;

	cb_blk_unref(s->parent);
	cb_free(b->env, s, sizeof(*s));
}

static const struct cb_blk_ops ro_ops = { .kind = "part", .read = slice_read, .destroy = slice_destroy };
static const struct cb_blk_ops rw_ops = {
	.kind = "part", .read = slice_read, .write = slice_write, .flush = slice_flush,
	.destroy = slice_destroy,
};

int cb_blk_slice(struct cb_blk *parent, uint64_t lba, uint64_t nblocks, const char *name,
		 struct cb_blk **ret)
{
	if (!cb_in_range(lba, nblocks, parent->nblocks))
		return cb_fail(parent->env, CB_EINVAL, "%s: blocks %llu+%llu, the device has %llu", name,
			       (unsigned long long)lba, (unsigned long long)nblocks,
			       (unsigned long long)parent->nblocks);

	struct slice *s = cb_alloc(parent->env, sizeof(*s));

	if (s == NULL)
		return CB_ENOMEM;
	s->blk = *parent;
	s->blk.ops = parent->ops->write != NULL ? &rw_ops : &ro_ops;
	s->blk.nblocks = nblocks;
	s->blk.refs = 1;
	s->parent = cb_blk_ref(parent);
	s->first = lba;
	(void)cb_fmt(s->blk.name, sizeof(s->blk.name), "%s", name); /* a long name is cut */
	*ret = &s->blk;
	return 0;
}
