/* Deflate in its three wrappings, over zlib: bare (RFC 1951), zlib (RFC 1950), gzip (RFC 1952).
 *
 * gzip's framing is here and not zlib's: offsets in reports, members in a row and the CRC that the
 * rest of the tree uses already come with it. */
#include "codec/crc.h"
#include "codec/decomp_priv.h"
#include "core/csum.h"

#define Z_SOLO
#include <zlib.h>

/* Flags of a gzip header (2.3.1). */
enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, FRESERVED = 0xe0 };

/* Parts of a gzip member, in this order. */
enum part { HEADER, EXTRA_SIZE, EXTRA, NAME, COMMENT, HEADER_CRC, BODY, TRAILER, NEXT };

struct deflate {
	struct cb_decomp d;
	z_stream z;
	bool opened;
	/* gzip only */
	enum part part;
	unsigned flags;
	size_t skip;               /* bytes of EXTRA left */
	uint32_t header_crc, crc;
	uint64_t member_start;     /* in d.out_off */
	struct cb_gather g;
};

static void *hook_alloc(void *opaque, uInt n, uInt size)
{
	return cb_quota_alloc(opaque, (size_t)n * size);
}

static void hook_free(void *opaque, void *p)
{
	cb_quota_free(opaque, p);
}

static int open_window(struct cb_decomp *d, int window_bits)
{
	struct deflate *f = (struct deflate *)d;

	f->z.zalloc = hook_alloc;
	f->z.zfree = hook_free;
	f->z.opaque = &d->memory;
	if (inflateInit2(&f->z, window_bits) != Z_OK)
		return cb_decomp_no_memory(d);
	f->opened = true;
	if (cb_csum_ok(0, 1))
		(void)inflateValidate(&f->z, 0); /* can't fail on a fresh stream */
	return 0;
}

static int open_zlib(struct cb_decomp *d)
{
	return open_window(d, MAX_WBITS);
}

static int open_bare(struct cb_decomp *d)
{
	return open_window(d, -MAX_WBITS);
}

static void close_stream(struct cb_decomp *d)
{
	struct deflate *f = (struct deflate *)d;

	if (f->opened)
		(void)inflateEnd(&f->z); /* only complains of misuse */
}

/* 1 at the end of the deflate stream. Both counts fit zlib's 32 bits: runs are cut into steps. */
static int run_stream(struct cb_decomp *d)
{
	struct deflate *f = (struct deflate *)d;
	uInt in = (uInt)cb_min(d->in.n, 1u << 30), out = (uInt)cb_min(d->room, 1u << 30);

	f->z.next_in = (z_const Bytef *)(uintptr_t)d->in.p;
	f->z.avail_in = in;
	f->z.next_out = d->out;
	f->z.avail_out = out;

	int z = inflate(&f->z, Z_NO_FLUSH);

	cb_decomp_eat(d, in - f->z.avail_in);
	cb_decomp_made(d, out - f->z.avail_out);
	switch (z) {
	case Z_OK:
	case Z_BUF_ERROR:
		return 0;
	case Z_STREAM_END:
		return 1;
	case Z_MEM_ERROR:
		return cb_decomp_no_memory(d);
	case Z_NEED_DICT:
		return cb_decomp_bad(d, CB_EUNSUP, "a preset dictionary");
	default:
		return cb_decomp_bad(d, CB_ECORRUPT, f->z.msg != NULL ? f->z.msg : "damaged data");
	}
}

/* Go to the next part that this member has. */
static void next_part(struct deflate *f)
{
	static const uint8_t needs[NEXT] = {
		[EXTRA_SIZE] = FEXTRA, [EXTRA] = FEXTRA, [NAME] = FNAME, [COMMENT] = FCOMMENT,
		[HEADER_CRC] = FHCRC,
	};

	do
		f->part = (enum part)(f->part + 1);
	while (f->part < BODY && (f->flags & needs[f->part]) == 0);
	f->g.n = 0;
}

static void add_header_crc(struct deflate *f, const uint8_t *p, size_t n)
{
	f->header_crc = cb_crc32(f->header_crc, p, n);
}

static int read_header(struct deflate *f)
{
	const uint8_t *b = f->g.b;

	if (!cb_decomp_gather(&f->d, &f->g, 10))
		return 0;
	if (b[0] != 0x1f || b[1] != 0x8b)
		return cb_decomp_bad(&f->d, CB_ECORRUPT, "no gzip header");
	if (b[2] != Z_DEFLATED || (b[3] & FRESERVED) != 0)
		return cb_decomp_bad(&f->d, CB_EUNSUP, "an unknown method or flag");
	f->flags = b[3];
	f->header_crc = ~0u;
	f->crc = ~0u;
	f->member_start = f->d.out_off;
	add_header_crc(f, b, 10);
	(void)inflateReset(&f->z); /* only complains of misuse */
	next_part(f);
	return 0;
}

/* The variable parts of the header: an extra field, a name, a comment. */
static int skip_field(struct deflate *f)
{
	struct cb_decomp *d = &f->d;

	if (f->part == EXTRA_SIZE) {
		if (!cb_decomp_gather(d, &f->g, 2))
			return 0;
		add_header_crc(f, f->g.b, 2);
		f->skip = (size_t)(f->g.b[0] | f->g.b[1] << 8);
		next_part(f);
		return 0;
	}

	size_t n = 0;
	bool done = f->part == EXTRA && f->skip == 0;

	if (f->part == EXTRA) {
		n = f->skip < d->in.n ? f->skip : d->in.n;
		f->skip -= n;
		done = f->skip == 0;
	} else {
		while (n < d->in.n && !done)
			done = d->in.p[n++] == 0;
	}
	add_header_crc(f, d->in.p, n);
	cb_decomp_eat(d, n);
	if (done)
		next_part(f);
	return 0;
}

static int check_header_crc(struct deflate *f)
{
	if (!cb_decomp_gather(&f->d, &f->g, 2))
		return 0;
	if (!cb_csum_ok(~f->header_crc & 0xffff, (uint64_t)(f->g.b[0] | f->g.b[1] << 8)))
		return cb_decomp_bad(&f->d, CB_ECORRUPT, "header checksum mismatch");
	next_part(f);
	return 0;
}

static int check_trailer(struct deflate *f)
{
	if (!cb_decomp_gather(&f->d, &f->g, 8))
		return 0;

	struct cb_cur c = cb_cur((struct cb_bytes){ f->g.b, 8 });
	uint32_t crc = cb_cur_le32(&c), size = cb_cur_le32(&c);

	if (!cb_csum_ok(~f->crc, crc))
		return cb_decomp_bad(&f->d, CB_ECORRUPT, "checksum mismatch");
	if (!cb_csum_ok((uint32_t)(f->d.out_off - f->member_start), size))
		return cb_decomp_bad(&f->d, CB_ECORRUPT, "length mismatch");
	next_part(f);
	f->d.between = true;
	return 0;
}

static int run_body(struct deflate *f)
{
	const uint8_t *from = f->d.out;
	int r = run_stream(&f->d);

	f->crc = cb_crc32(f->crc, from, (size_t)(f->d.out - from));
	if (r == 1)
		next_part(f);
	return r < 0 ? r : 0;
}

/* Another member, or something that isn't ours: gzip's own rule is the first magic byte. */
static int next_member(struct deflate *f)
{
	if (f->d.in.p[0] != 0x1f)
		return 1;
	f->d.between = false;
	f->part = HEADER;
	f->g.n = 0;
	return 0;
}

static int run_gzip(struct cb_decomp *d)
{
	static int (*const steps[])(struct deflate *) = {
		[HEADER] = read_header, [EXTRA_SIZE] = skip_field, [EXTRA] = skip_field,
		[NAME] = skip_field, [COMMENT] = skip_field, [HEADER_CRC] = check_header_crc,
		[BODY] = run_body, [TRAILER] = check_trailer, [NEXT] = next_member,
	};
	struct deflate *f = (struct deflate *)d;

	for (;;) {
		uint64_t before = d->in_off + d->out_off;
		enum part part = f->part;

		/* Only the body can go on without input: output may be waiting in it. */
		if (d->in.n == 0 && part != BODY)
			return 0;
		int r = steps[part](f);
		if (r != 0)
			return r;
		if (f->part == part && d->in_off + d->out_off == before)
			return 0;
	}
}

const struct cb_codec cb_codec_gzip = {
	CB_DECOMP_GZIP, sizeof(struct deflate), open_bare, run_gzip, close_stream
};
const struct cb_codec cb_codec_zlib = {
	CB_DECOMP_ZLIB, sizeof(struct deflate), open_zlib, run_stream, close_stream
};
const struct cb_codec cb_codec_deflate = {
	CB_DECOMP_DEFLATE, sizeof(struct deflate), open_bare, run_stream, close_stream
};
