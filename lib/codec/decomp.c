/* The part of decompression that is the same for every codec: detection, memory, limits, errors. */
#include "codec/decomp.h"

#include "codec/decomp_priv.h"
#include "core/limits.h"
#include "core/log.h"

/* Decoded between two polls: some milliseconds of the slowest codec. */
#define STEP (256u << 10)

static const char *const names[CB_DECOMP_KINDS] = {
	[CB_DECOMP_GZIP] = "gzip", [CB_DECOMP_ZLIB] = "zlib", [CB_DECOMP_DEFLATE] = "deflate",
	[CB_DECOMP_ZSTD] = "zstd", [CB_DECOMP_XZ] = "xz", [CB_DECOMP_LZMA] = "lzma",
	[CB_DECOMP_LZ4] = "lz4",
};

static const struct { uint8_t n; uint8_t magic[6]; uint8_t kind; } magics[] = {
	{ 3, { 0x1f, 0x8b, 8 }, CB_DECOMP_GZIP },
	{ 4, { 0x28, 0xb5, 0x2f, 0xfd }, CB_DECOMP_ZSTD },
	{ 6, { 0xfd, '7', 'z', 'X', 'Z', 0 }, CB_DECOMP_XZ },
	{ 4, { 0x04, 0x22, 0x4d, 0x18 }, CB_DECOMP_LZ4 },
	{ 4, { 0x02, 0x21, 0x4c, 0x18 }, CB_DECOMP_LZ4 },
};

/* .lzma has no magic. As xz does, take properties that encoders write (lc + lp <= 4), a dictionary
 * of 2^n or 2^n + 2^(n-1) bytes, and an unknown or sane (under 256 GiB) size. */
static bool looks_lzma(struct cb_bytes head)
{
	struct cb_cur c = cb_cur(head);
	unsigned props = cb_cur_u8(&c);
	uint32_t dict = cb_cur_le32(&c);
	uint64_t size = cb_cur_le64(&c);

	if (!cb_cur_ok(&c) || props >= 225 || props % 9 + props / 9 % 5 > 4 || dict < 4096)
		return false;
	while (dict % 2 == 0)
		dict /= 2;
	return (dict == 1 || dict == 3) && (size == UINT64_MAX || size < UINT64_C(1) << 38);
}

bool cb_decomp_detect(struct cb_bytes head, enum cb_decomp_kind *ret)
{
	for (unsigned i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (head.n >= magics[i].n && memcmp(head.p, magics[i].magic, magics[i].n) == 0) {
			*ret = (enum cb_decomp_kind)magics[i].kind;
			return true;
		}
	if (!looks_lzma(head))
		return false;
	*ret = CB_DECOMP_LZMA;
	return true;
}

const char *cb_decomp_name(enum cb_decomp_kind kind)
{
	return names[kind];
}

int cb_decomp_bad(struct cb_decomp *d, int code, const char *what)
{
	return cb_fail(d->env, code, "%s: %s at input byte %llu", names[d->codec->kind], what,
		       (unsigned long long)d->in_off);
}

int cb_decomp_no_memory(struct cb_decomp *d)
{
	return cb_quota_fail(&d->memory, names[d->codec->kind]);
}

bool cb_decomp_gather(struct cb_decomp *d, struct cb_gather *g, size_t want)
{
	size_t n = want - g->n < d->in.n ? want - g->n : d->in.n;

	if (n > 0)
		memcpy(g->b + g->n, d->in.p, n);
	g->n += n;
	cb_decomp_eat(d, n);
	return g->n == want;
}

int cb_decomp_open(struct cb_env *env, enum cb_decomp_kind kind, size_t mem_max, struct cb_decomp **ret)
{
	const struct cb_codec *codec = NULL;

	for (size_t i = 0; cb_codecs[i] != NULL; i++)
		if (cb_codecs[i]->kind == kind)
			codec = cb_codecs[i];
	if (codec == NULL)
		return cb_fail(env, CB_EUNSUP, "%s: this program is built without it", names[kind]);

	struct cb_decomp *d = cb_alloc(env, codec->size);

	if (d == NULL)
		return CB_ENOMEM;
	d->codec = codec;
	d->env = env;
	d->memory = (struct cb_quota){ .env = env, .max = mem_max };

	int r = codec->open(d);

	if (r < 0) {
		cb_decomp_close(d);
		return r;
	}
	*ret = d;
	return 0;
}

void cb_decomp_close(struct cb_decomp *d)
{
	if (d == NULL)
		return;
	d->codec->close(d);
	cb_free(d->env, d, d->codec->size);
}

int cb_decomp_run(struct cb_decomp *d, struct cb_bytes *in, void *out, size_t room, size_t *ret_n)
{
	uint8_t nowhere, *start = room > 0 ? out : &nowhere;
	size_t left = room;
	bool moved = true;

	d->in = *in;
	d->out = start;
	while (d->status == 0 && moved) {
		uint64_t before = d->in_off + d->out_off;
		size_t step = left < STEP ? left : STEP;

		d->room = step;
		d->status = d->codec->run(d);
		left -= step - d->room;
		moved = d->in_off + d->out_off != before && (left > 0 || d->in.n > 0);
		if (d->status == 0 && cb_poll(d->env))
			d->status = cb_decomp_bad(d, CB_ECANCELED, "stopped");
	}
	*ret_n = room - left;
	*in = d->in;
	return d->status;
}

int cb_decomp_finish(struct cb_decomp *d)
{
	if (d->status == 0 && !d->between)
		d->status = cb_decomp_bad(d, CB_ECORRUPT, "cut short");
	return d->status < 0 ? d->status : 0;
}

static int drain(struct cb_decomp *d, struct cb_bytes *in, uint64_t max, struct cb_buf *ret)
{
	for (uint64_t made = 0;;) {
		uint8_t spare;
		bool full = made == max;
		/* At the limit, only one more byte tells whether the stream ends here. */
		size_t n, room = full ? 1 : (size_t)cb_min(max - made, 4 * STEP);
		uint8_t *out = full ? &spare : cb_buf_reserve(ret, room);

		if (out == NULL)
			return cb_buf_status(ret);
		int r = cb_decomp_run(d, in, out, room, &n);
		if (full && n > 0)
			return cb_fail(d->env, CB_ELIMIT, "%s: more than the limit of %llu bytes come out",
				       names[d->codec->kind], (unsigned long long)max);
		cb_buf_commit(ret, n);
		made += n;
		if (r != 0)
			return r < 0 ? r : 0;
		if (n < room)
			return cb_decomp_finish(d);
	}
}

int cb_decomp_all(struct cb_env *env, enum cb_decomp_kind kind, struct cb_bytes in, uint64_t max,
		  struct cb_buf *ret, size_t *ret_used)
{
	struct cb_bytes left = in;
	struct cb_decomp *d;
	int r = cb_decomp_open(env, kind, CB_MAX_DECOMP_MEMORY, &d);

	if (r < 0)
		return r;
	r = drain(d, &left, max, ret);
	if (r == 0 && ret_used != NULL)
		*ret_used = in.n - left.n;
	for (size_t i = 0; r == 0 && ret_used == NULL && i < left.n; i++)
		if (left.p[i] != 0)
			r = cb_fail(env, CB_ECORRUPT, "%s: %zu bytes after the end of the stream at byte %zu",
				    names[kind], left.n, in.n - left.n);
	cb_decomp_close(d);
	return r;
}
