/* block/blk.c - bytes over blocks: bounds, splitting, bounce buffers, references. */
#include "block/blk.h"

#include "core/limits.h"
#include "core/mem.h"

#define BOUNCE_MAX (64u << 10)

int cb_blk_check(const struct cb_blk *b)
{
	if (!cb_is_pow2(b->block_size) || b->block_size < 512 || b->block_size > CB_MAX_BLOCK_SIZE)
		return cb_fail(b->env, CB_EUNSUP, "%s: block size %u is not a power of two in 512..%u",
			       b->name, b->block_size, CB_MAX_BLOCK_SIZE);
	if (b->nblocks > CB_MAX_DEVICE_SIZE / b->block_size)
		return cb_fail(b->env, CB_ELIMIT, "%s: %llu blocks of %u bytes are over 2^62 bytes", b->name,
			       (unsigned long long)b->nblocks, b->block_size);
	if (b->max_count == 0 || !cb_is_pow2(b->buf_align) || b->buf_align > 4096)
		return cb_fail(b->env, CB_EINVAL, "%s: %u blocks a call, buffers aligned to %u", b->name,
			       b->max_count, b->buf_align);
	return 0;
}

struct cb_blk *cb_blk_ref(struct cb_blk *b)
{
	b->refs++;
	return b;
}

void cb_blk_unref(struct cb_blk *b)
{
	if (b != NULL && --b->refs == 0)
		b->ops->destroy(b);
}

static int check_range(struct cb_blk *b, uint64_t off, size_t n, const char *what)
{
	if (cb_in_range(off, n, cb_blk_size(b)))
		return 0;
	return cb_fail(b->env, CB_EINVAL, "%s: %s of %zu bytes at %llu, past the end at %llu", b->name, what,
		       n, (unsigned long long)off, (unsigned long long)cb_blk_size(b));
}

static int read_blocks(struct cb_blk *b, uint64_t lba, uint64_t count, uint8_t *buf)
{
	while (count > 0) {
		uint32_t now = (uint32_t)cb_min(count, b->max_count);
		int r = b->ops->read(b, lba, now, buf);

		if (r < 0)
			return r;
		lba += now;
		count -= now;
		buf += (size_t)now * b->block_size;
	}
	return 0;
}

/* Blocks that cover at most n bytes from the middle of one, through an aligned buffer. */
static int read_bounced(struct cb_blk *b, uint64_t off, uint8_t *buf, size_t n)
{
	uint32_t bs = b->block_size;
	size_t most = (size_t)cb_min(n, BOUNCE_MAX);
	size_t room = ((most + bs - 1) / bs + 1) * bs;   /* most, wherever it starts */
	uint8_t *tmp = cb_alloc_aligned(b->env, room, b->buf_align);

	if (tmp == NULL)
		return CB_ENOMEM;

	int r = 0;

	while (n > 0 && r == 0) {
		size_t skip = (size_t)(off % bs);
		size_t part = (size_t)cb_min(n, room - skip);
		uint64_t count = (skip + part + bs - 1) / bs;

		r = read_blocks(b, off / bs, count, tmp);
		if (r == 0)
			memcpy(buf, tmp + skip, part);
		off += part;
		buf += part;
		n -= part;
	}
	cb_free(b->env, tmp, room);
	return r;
}

int cb_blk_pread(struct cb_blk *b, uint64_t off, void *buf, size_t n)
{
	uint32_t bs = b->block_size;
	size_t head = (size_t)((bs - off % bs) % bs);
	uint8_t *out = buf;
	int r = check_range(b, off, n, "read");

	if (r < 0 || n == 0)
		return r;
	/* One read and a copy cost less than one read each for head, body and tail. */
	if (n <= BOUNCE_MAX && (head > 0 || n % bs > 0 || (uintptr_t)out % b->buf_align != 0))
		return read_bounced(b, off, out, n);
	if (head > 0) {
		r = read_bounced(b, off, out, head);
		if (r < 0)
			return r;
		off += head;
		out += head;
		n -= head;
	}
	if ((uintptr_t)out % b->buf_align == 0) {
		size_t whole = n - n % bs;

		r = read_blocks(b, off / bs, whole / bs, out);
		if (r < 0)
			return r;
		off += whole;
		out += whole;
		n -= whole;
	}
	return n > 0 ? read_bounced(b, off, out, n) : 0;
}
