/* LZ4 frames (LZ4 Frame Format 1.6.4), legacy frames as the kernel's build makes them, and
 * skippable frames, over LZ4's block decoder. */
#include <lz4.h>

#include "codec/decomp_priv.h"
#include "codec/xxh32.h"
#include "core/csum.h"

#define MAGIC_FRAME    0x184d2204u
#define MAGIC_LEGACY   0x184c2102u
#define MAGIC_SKIP     0x184d2a50u   /* .. 5f */
#define HISTORY        (64u << 10)   /* a match reaches this far back */
#define LEGACY_BLOCK   (8u << 20)
#define STORED         0x80000000u   /* in a block size: not compressed */

/* Frame descriptor (3.1.1). */
enum {
	FLG_VERSION = 0xc0, FLG_VERSION_1 = 0x40, FLG_INDEPENDENT = 0x20, FLG_BLOCK_SUM = 0x10,
	FLG_SIZE = 0x08, FLG_SUM = 0x04, FLG_RESERVED = 0x02, FLG_DICT = 0x01,
	BD_RESERVED = 0x8f,
};

enum part { MAGIC, SKIP_SIZE, SKIP, DESCRIPTOR, BLOCK_SIZE, BLOCK, OUTPUT, BLOCK_SUM, CONTENT_SUM, NEXT };

struct lz4 {
	struct cb_decomp d;
	enum part part;
	bool legacy;
	struct cb_gather g;
	unsigned flags;
	uint64_t content_size;     /* as announced, with FLG_SIZE */
	uint64_t frame_start;      /* in d.out_off */
	size_t block_max;          /* bytes a block decodes to, at most */
	size_t skip;               /* bytes left of a skippable frame */
	uint8_t *buf;              /* HISTORY bytes, then room for one block */
	size_t buf_size;
	size_t history;            /* valid bytes that end at buf + HISTORY */
	size_t made, given;        /* of the block in buf: decoded, handed out */
	uint8_t *src;              /* a compressed block that arrives in pieces */
	size_t src_size;
	size_t size, have;         /* of the present block: compressed bytes, gathered in src */
	bool stored;
	struct cb_xxh32 sum;       /* of the frame's content */
	uint32_t block_sum;
};

static int open_lz4(struct cb_decomp *d)
{
	(void)d;
	return 0;
}

static void close_lz4(struct cb_decomp *d)
{
	struct lz4 *z = (struct lz4 *)d;

	cb_quota_free(&d->memory, z->buf);
	cb_quota_free(&d->memory, z->src);
}

static uint32_t gathered_le32(struct lz4 *z)
{
	z->g.n = 0;
	return cb_get_le32(*(const cb_le32 *)z->g.b);
}

/* *p has room for at least n bytes; what it held is lost. */
static int need(struct lz4 *z, uint8_t **p, size_t *size, size_t n)
{
	if (*size >= n)
		return 0;
	cb_quota_free(&z->d.memory, *p);
	*size = 0;
	*p = cb_quota_alloc(&z->d.memory, n);
	if (*p == NULL)
		return cb_decomp_no_memory(&z->d);
	*size = n;
	return 0;
}

static int start_frame(struct lz4 *z, size_t block_max)
{
	z->block_max = block_max;
	z->history = 0;
	z->made = z->given = 0;
	z->frame_start = z->d.out_off;
	z->part = BLOCK_SIZE;
	z->d.between = z->legacy;
	cb_xxh32_init(&z->sum);
	return (z->flags & FLG_INDEPENDENT) != 0 ? 0 : need(z, &z->buf, &z->buf_size, HISTORY + block_max);
}

static int read_magic(struct lz4 *z)
{
	z->d.between = false;
	if (!cb_decomp_gather(&z->d, &z->g, 4))
		return 0;

	uint32_t magic = gathered_le32(z);

	z->legacy = magic == MAGIC_LEGACY;
	if (z->legacy) {
		z->flags = FLG_INDEPENDENT;
		return start_frame(z, LEGACY_BLOCK);
	}
	if (magic != MAGIC_FRAME && (magic & ~15u) != MAGIC_SKIP)
		return cb_decomp_bad(&z->d, CB_ECORRUPT, "no frame starts");
	z->part = magic == MAGIC_FRAME ? DESCRIPTOR : SKIP_SIZE;
	return 0;
}

static int skip_frame(struct lz4 *z)
{
	if (z->part == SKIP_SIZE) {
		if (!cb_decomp_gather(&z->d, &z->g, 4))
			return 0;
		z->skip = gathered_le32(z);
		z->part = SKIP;
	}

	size_t n = z->skip < z->d.in.n ? z->skip : z->d.in.n;

	cb_decomp_eat(&z->d, n);
	z->skip -= n;
	z->d.between = z->skip == 0;
	if (z->skip == 0)
		z->part = NEXT;
	return 0;
}

static int read_descriptor(struct lz4 *z)
{
	struct cb_decomp *d = &z->d;
	const uint8_t *b = z->g.b;

	/* FLG, BD, the content size when there is one, and a checksum byte of all that. */
	if (z->g.n < 2 && !cb_decomp_gather(d, &z->g, 2))
		return 0;
	if ((b[0] & FLG_VERSION) != FLG_VERSION_1 || (b[0] & FLG_RESERVED) != 0 || (b[1] & BD_RESERVED) != 0)
		return cb_decomp_bad(d, CB_EUNSUP, "an unknown version or flag");
	if ((b[0] & FLG_DICT) != 0)
		return cb_decomp_bad(d, CB_EUNSUP, "a dictionary is needed");
	if (b[1] >> 4 < 4)
		return cb_decomp_bad(d, CB_ECORRUPT, "an unknown block size");

	size_t n = (b[0] & FLG_SIZE) != 0 ? 10 : 2;

	if (!cb_decomp_gather(d, &z->g, n + 1))
		return 0;
	if (!cb_csum_ok(cb_xxh32(b, n) >> 8 & 0xff, b[n]))
		return cb_decomp_bad(d, CB_ECORRUPT, "header checksum mismatch");
	z->flags = b[0];
	z->content_size = cb_get_le64(*(const cb_le64 *)(b + 2));
	z->g.n = 0;
	return start_frame(z, (size_t)1 << (8 + 2 * (b[1] >> 4)));
}

static int end_content(struct lz4 *z)
{
	if ((z->flags & FLG_SIZE) != 0 && z->d.out_off - z->frame_start != z->content_size)
		return cb_decomp_bad(&z->d, CB_ECORRUPT, "length mismatch");
	z->part = (z->flags & FLG_SUM) != 0 ? CONTENT_SUM : NEXT;
	z->d.between = z->part == NEXT;
	return 0;
}

/* A legacy frame has no end mark: it ends with the input, at another magic, or at a size that no
 * block has, which is how the kernel's build appends the size of what it compressed. */
static int read_legacy_size(struct lz4 *z, uint32_t size)
{
	if (size == MAGIC_LEGACY)
		return start_frame(z, LEGACY_BLOCK);
	if (size == 0 || size > (uint32_t)LZ4_COMPRESSBOUND(LEGACY_BLOCK))
		return 1;
	z->size = size;
	z->stored = false;
	z->part = BLOCK;
	return 0;
}

/* Padding after a legacy frame. */
static bool only_zeros(const struct cb_gather *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->b[i] != 0)
			return false;
	return true;
}

static int read_block_size(struct lz4 *z)
{
	z->d.between = false;
	if (!cb_decomp_gather(&z->d, &z->g, 4)) {
		z->d.between = z->legacy && only_zeros(&z->g);
		return 0;
	}

	uint32_t size = gathered_le32(z);

	if (z->legacy)
		return read_legacy_size(z, size);
	if (size == 0)
		return end_content(z);
	z->stored = (size & STORED) != 0;
	z->size = size & ~STORED;
	if (z->size == 0 || z->size > z->block_max)
		return cb_decomp_bad(&z->d, CB_ECORRUPT, "a block larger than its frame allows");
	z->part = BLOCK;
	return 0;
}

/* The whole compressed block: in place when the input holds it, else gathered. NULL: not yet. */
static int whole_block(struct lz4 *z, const uint8_t **ret)
{
	struct cb_decomp *d = &z->d;

	*ret = NULL;
	if (z->have == 0 && d->in.n >= z->size) {
		*ret = d->in.p;
		cb_decomp_eat(d, z->size);
		return 0;
	}
	int r = need(z, &z->src, &z->src_size, z->size);
	if (r < 0)
		return r;

	size_t n = z->size - z->have < d->in.n ? z->size - z->have : d->in.n;

	memcpy(z->src + z->have, d->in.p, n);
	cb_decomp_eat(d, n);
	z->have += n;
	if (z->have == z->size) {
		*ret = z->src;
		z->have = 0;
	}
	return 0;
}

/* Keep the last HISTORY bytes before the place where the next block goes. */
static void slide(struct lz4 *z)
{
	size_t keep = z->history + z->made;

	if ((z->flags & FLG_INDEPENDENT) != 0)
		keep = 0;
	if (keep > HISTORY)
		keep = HISTORY;
	if (keep > 0)
		memmove(z->buf + HISTORY - keep, z->buf + HISTORY + z->made - keep, keep);
	z->history = keep;
}

static int decode_block(struct lz4 *z)
{
	size_t room = z->block_max;
	const uint8_t *src;
	int n, r = whole_block(z, &src);

	if (r < 0 || src == NULL)
		return r;
	/* Independent blocks need no more than they can decode to: a byte makes 255 at most. */
	if ((z->flags & FLG_INDEPENDENT) != 0)
		room = (size_t)cb_min(room, (uint64_t)z->size * 256);
	r = need(z, &z->buf, &z->buf_size, HISTORY + room);
	if (r < 0)
		return r;
	slide(z);
	n = (int)z->size;                    /* sizes are at most LZ4_COMPRESSBOUND(8 MiB) */
	if (z->stored)
		memcpy(z->buf + HISTORY, src, z->size);
	else
		n = LZ4_decompress_safe_usingDict((const char *)src, (char *)z->buf + HISTORY, n,
						  (int)room,
						  (const char *)z->buf + HISTORY - z->history,
						  (int)z->history);
	if (n < 0)
		return cb_decomp_bad(&z->d, CB_ECORRUPT, "damaged data");
	if ((z->flags & FLG_BLOCK_SUM) != 0)
		z->block_sum = cb_xxh32(src, z->size);
	z->made = (size_t)n;
	z->given = 0;
	z->part = (z->flags & FLG_BLOCK_SUM) != 0 ? BLOCK_SUM : OUTPUT;
	if ((z->flags & FLG_SUM) != 0)
		cb_xxh32_add(&z->sum, z->buf + HISTORY, z->made);
	return 0;
}

static int check_block_sum(struct lz4 *z)
{
	if (!cb_decomp_gather(&z->d, &z->g, 4))
		return 0;
	if (!cb_csum_ok(z->block_sum, gathered_le32(z)))
		return cb_decomp_bad(&z->d, CB_ECORRUPT, "block checksum mismatch");
	z->part = OUTPUT;
	return 0;
}

static int give_output(struct lz4 *z)
{
	size_t n = z->made - z->given < z->d.room ? z->made - z->given : z->d.room;

	memcpy(z->d.out, z->buf + HISTORY + z->given, n);
	cb_decomp_made(&z->d, n);
	z->given += n;
	if (z->given == z->made) {
		z->part = BLOCK_SIZE;
		z->d.between = z->legacy;
	}
	return 0;
}

static int check_content_sum(struct lz4 *z)
{
	if (!cb_decomp_gather(&z->d, &z->g, 4))
		return 0;
	if (!cb_csum_ok(cb_xxh32_get(&z->sum), gathered_le32(z)))
		return cb_decomp_bad(&z->d, CB_ECORRUPT, "checksum mismatch");
	z->part = NEXT;
	z->d.between = true;
	return 0;
}

static int next_frame(struct lz4 *z)
{
	uint8_t first = z->d.in.p[0];

	if (first != (MAGIC_FRAME & 0xff) && first != (MAGIC_LEGACY & 0xff) && (first & 0xf0) != 0x50)
		return 1;
	z->part = MAGIC;
	return 0;
}

static int run_lz4(struct cb_decomp *d)
{
	static int (*const steps[])(struct lz4 *) = {
		[MAGIC] = read_magic, [SKIP_SIZE] = skip_frame, [SKIP] = skip_frame,
		[DESCRIPTOR] = read_descriptor, [BLOCK_SIZE] = read_block_size, [BLOCK] = decode_block,
		[OUTPUT] = give_output, [BLOCK_SUM] = check_block_sum,
		[CONTENT_SUM] = check_content_sum, [NEXT] = next_frame,
	};
	struct lz4 *z = (struct lz4 *)d;

	for (;;) {
		uint64_t before = d->in_off + d->out_off;
		enum part part = z->part;

		if (d->in.n == 0 && part != OUTPUT)
			return 0;
		int r = steps[part](z);
		if (r != 0)
			return r;
		if (z->part == part && d->in_off + d->out_off == before)
			return 0;
	}
}

const struct cb_codec cb_codec_lz4 = {
	CB_DECOMP_LZ4, sizeof(struct lz4), open_lz4, run_lz4, close_lz4
};
