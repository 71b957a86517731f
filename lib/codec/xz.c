/* .xz (The .xz File Format 1.2) and .lzma over liblzma. */
#include "codec/decomp_priv.h"
#include "core/csum.h"

#include <lzma.h>

struct xz {
	struct cb_decomp d;
	lzma_stream s;
	lzma_allocator hooks;
	unsigned padding;          /* bytes of stream padding so far */
};

static void *hook_alloc(void *opaque, size_t n, size_t size)
{
	size_t whole;

	return __builtin_mul_overflow(n, size, &whole) ? NULL : cb_quota_alloc(opaque, whole);
}

static void hook_free(void *opaque, void *p)
{
	cb_quota_free(opaque, p);
}

static int start_xz(struct xz *x)
{
	uint32_t flags = LZMA_TELL_UNSUPPORTED_CHECK | (cb_csum_ok(0, 1) ? LZMA_IGNORE_CHECK : 0);

	x->padding = 0;
	if (lzma_stream_decoder(&x->s, x->d.memory.max, flags) != LZMA_OK)
		return cb_decomp_no_memory(&x->d);
	return 0;
}

static void init(struct xz *x)
{
	x->hooks = (lzma_allocator){ hook_alloc, hook_free, &x->d.memory };
	x->s = (lzma_stream)LZMA_STREAM_INIT;
	x->s.allocator = &x->hooks;
}

static int open_xz(struct cb_decomp *d)
{
	struct xz *x = (struct xz *)d;

	init(x);
	return start_xz(x);
}

static int open_lzma(struct cb_decomp *d)
{
	struct xz *x = (struct xz *)d;

	init(x);
	return lzma_alone_decoder(&x->s, d->memory.max) != LZMA_OK ? cb_decomp_no_memory(d) : 0;
}

static void close_xz(struct cb_decomp *d)
{
	lzma_end(&((struct xz *)d)->s);
}

static int failure(struct xz *x, lzma_ret code)
{
	struct cb_decomp *d = &x->d;

	switch (code) {
	case LZMA_MEM_ERROR:
		return cb_decomp_no_memory(d);
	case LZMA_MEMLIMIT_ERROR:
		d->memory.over = true;
		return cb_decomp_no_memory(d);
	case LZMA_FORMAT_ERROR:
		return cb_decomp_bad(d, CB_ECORRUPT, "no stream starts");
	case LZMA_OPTIONS_ERROR:
		return cb_decomp_bad(d, CB_EUNSUP, "an unknown filter or option");
	case LZMA_UNSUPPORTED_CHECK:
		return cb_decomp_bad(d, CB_EUNSUP, "an unknown kind of check");
	default:
		return cb_decomp_bad(d, CB_ECORRUPT, "damaged data");
	}
}

/* 1 at the end of one stream. */
static int run_stream(struct cb_decomp *d)
{
	struct xz *x = (struct xz *)d;

	x->s.next_in = d->in.p;
	x->s.avail_in = d->in.n;
	x->s.next_out = d->out;
	x->s.avail_out = d->room;

	lzma_ret code = lzma_code(&x->s, LZMA_RUN);

	cb_decomp_eat(d, d->in.n - x->s.avail_in);
	cb_decomp_made(d, d->room - x->s.avail_out);
	if (code == LZMA_STREAM_END)
		return 1;
	/* BUF_ERROR: nothing moved, which is no error here. */
	return code == LZMA_OK || code == LZMA_BUF_ERROR ? 0 : failure(x, code);
}

/* Zeros in fours may lie between streams (2.2); anything that can't start a stream isn't ours. */
static int next_stream(struct xz *x)
{
	struct cb_decomp *d = &x->d;

	while (d->in.n > 0 && d->in.p[0] == 0) {
		x->padding++;
		cb_decomp_eat(d, 1);
	}
	if (d->in.n == 0)
		return 0;
	if (d->in.p[0] != 0xfd || x->padding % 4 != 0)
		return 1;
	d->between = false;
	return start_xz(x);
}

static int run_xz(struct cb_decomp *d)
{
	struct xz *x = (struct xz *)d;
	int r;

	do {
		if (d->between) {
			r = next_stream(x);
			if (r != 0 || d->between)
				return r;
		}
		r = run_stream(d);
		d->between = r == 1;
	} while (r == 1 && d->in.n > 0);
	return r < 0 ? r : 0;
}

const struct cb_codec cb_codec_xz = {
	CB_DECOMP_XZ, sizeof(struct xz), open_xz, run_xz, close_xz
};
const struct cb_codec cb_codec_lzma = {
	CB_DECOMP_LZMA, sizeof(struct xz), open_lzma, run_stream, close_xz
};
