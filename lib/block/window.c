/* block/window.c - a range of bytes of another device, in blocks of 512: for what isn't aligned to
 * the parent's blocks, as a table made for 512 bytes on a drive of 4096. */
#include "block/blk.h"

#include "core/fmt.h"
#include "core/mem.h"

#define WINDOW_BLOCK 512u

struct window {
	struct cb_blk blk;
	struct cb_blk *parent;
	uint64_t off;
};

static int window_read(struct cb_blk *b, uint64_t lba, uint32_t count, void *buf)
{
	const struct window *w = (const struct window *)b;

	return cb_blk_pread(w->parent, w->off + lba * WINDOW_BLOCK, buf, (size_t)count * WINDOW_BLOCK);
}

static void window_destroy(struct cb_blk *b)
{
	struct window *w = (struct window *)b;

	cb_blk_unref(w->parent);
	cb_free(b->env, w, sizeof(*w));
}

static const struct cb_blk_ops window_ops = {
	.kind = "part", .read = window_read, .destroy = window_destroy
};

int cb_blk_window(struct cb_blk *parent, uint64_t off, uint64_t size, const char *name,
		  struct cb_blk **ret)
{
	if (!cb_in_range(off, size, cb_blk_size(parent)))
		return cb_fail(parent->env, CB_EINVAL, "%s: %llu bytes at %llu, the device ends at %llu",
			       name, (unsigned long long)size, (unsigned long long)off,
			       (unsigned long long)cb_blk_size(parent));

	struct window *w = cb_alloc(parent->env, sizeof(*w));

	if (w == NULL)
		return CB_ENOMEM;
	w->blk = (struct cb_blk){
		.ops = &window_ops, .env = parent->env, .nblocks = size / WINDOW_BLOCK,
		.block_size = WINDOW_BLOCK, .max_count = UINT32_MAX / WINDOW_BLOCK,
		.buf_align = 1, .refs = 1,
	};
	w->parent = cb_blk_ref(parent);
	w->off = off;
	(void)cb_fmt(w->blk.name, sizeof(w->blk.name), "%s", name); /* a long name is cut */
	*ret = &w->blk;
	return 0;
}
