/* Zstandard (RFC 8878) over libzstd. */
#include "codec/decomp_priv.h"
#include "core/csum.h"

#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

#define WINDOW_LOG_MAX 31          /* the format's own; mem_max decides */

struct zstd {
	struct cb_decomp d;
	ZSTD_DCtx *ctx;
	bool drained;              /* nothing is waiting for room */
	bool stuck;                /* without room, nothing moves */
};

static void *hook_alloc(void *opaque, size_t n)
{
	return cb_quota_alloc(opaque, n);
}

static void hook_free(void *opaque, void *p)
{
	cb_quota_free(opaque, p);
}

static int open_zstd(struct cb_decomp *d)
{
	struct zstd *z = (struct zstd *)d;
	ZSTD_customMem mem = { hook_alloc, hook_free, &d->memory };

	z->ctx = ZSTD_createDCtx_advanced(mem);
	if (z->ctx == NULL)
		return cb_decomp_no_memory(d);
	size_t r = ZSTD_DCtx_setParameter(z->ctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	if (!ZSTD_isError(r) && cb_csum_ok(0, 1))
		r = ZSTD_DCtx_setParameter(z->ctx, ZSTD_d_forceIgnoreChecksum, ZSTD_d_ignoreChecksum);
	if (ZSTD_isError(r))
		return cb_decomp_bad(d, CB_EUNSUP, "libzstd refuses a parameter");
	z->drained = true;
	return 0;
}

static void close_zstd(struct cb_decomp *d)
{
	(void)ZSTD_freeDCtx(((struct zstd *)d)->ctx); /* NULL is fine; never fails */
}

static int failure(struct cb_decomp *d, size_t code)
{
	switch (ZSTD_getErrorCode(code)) {
	case ZSTD_error_memory_allocation:
		return cb_decomp_no_memory(d);
	case ZSTD_error_frameParameter_windowTooLarge:
		return cb_decomp_bad(d, CB_ELIMIT, "the window is too large");
	case ZSTD_error_frameParameter_unsupported:
	case ZSTD_error_version_unsupported:
		return cb_decomp_bad(d, CB_EUNSUP, "an unknown frame parameter");
	case ZSTD_error_dictionary_wrong:
		return cb_decomp_bad(d, CB_EUNSUP, "a dictionary is needed");
	case ZSTD_error_prefix_unknown:
		return cb_decomp_bad(d, CB_ECORRUPT, "no frame starts");
	case ZSTD_error_checksum_wrong:
		return cb_decomp_bad(d, CB_ECORRUPT, "checksum mismatch");
	default:
		return cb_decomp_bad(d, CB_ECORRUPT, "damaged data");
	}
}

/* After a frame: the first byte of another frame, or of a skippable one (3.1.2), goes on. */
static bool another_frame(uint8_t first)
{
	return first == 0x28 || (first & 0xf0) == 0x50;
}

/* libzstd takes idle calls for a hang and fails after some: those are not made. */
static bool idle(const struct zstd *z)
{
	if (z->d.in.n == 0)
		return z->drained || z->d.room == 0;
	return z->d.room == 0 && z->stuck;
}

static int run_zstd(struct cb_decomp *d)
{
	struct zstd *z = (struct zstd *)d;

	while (!idle(z)) {
		if (d->between && d->in.n > 0 && !another_frame(d->in.p[0]))
			return 1;

		ZSTD_inBuffer in = { d->in.p, d->in.n, 0 };
		ZSTD_outBuffer out = { d->out, d->room, 0 };
		size_t r = ZSTD_decompressStream(z->ctx, &out, &in);

		z->drained = out.pos < out.size;
		z->stuck = d->room == 0 && in.pos == 0;
		cb_decomp_eat(d, in.pos);
		cb_decomp_made(d, out.pos);
		if (ZSTD_isError(r))
			return failure(d, r);
		d->between = r == 0;
		z->drained |= r == 0;
	}
	return 0;
}

const struct cb_codec cb_codec_zstd = {
	CB_DECOMP_ZSTD, sizeof(struct zstd), open_zstd, run_zstd, close_zstd
};
