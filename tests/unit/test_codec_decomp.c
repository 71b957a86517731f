/* Every codec: whole, a byte at a time, cut, damaged, followed by something, over limits, out of memory. */
#include "codec/decomp.h"

#include "unit/check.h"
#include "unit/decomp_vectors.h"

#define PLAIN_N 700u
#define MEMORY  (16u << 20)
#define V(name) { v_##name, sizeof(v_##name) }

static const uint8_t skippable[] = { 0x53, 0x2a, 0x4d, 0x18, 5, 0, 0, 0, 'h', 'e', 'l', 'l', 'o' };
static const uint8_t zeros[8];

/* Streams in a row, and how many times the plain bytes come out. */
static const struct vector {
	const char *name;
	enum cb_decomp_kind kind;
	unsigned times;
	struct cb_bytes part[4];
} vectors[] = {
	{ "gzip", CB_DECOMP_GZIP, 1, { V(gzip) } },
	{ "gzip with a full header", CB_DECOMP_GZIP, 1, { V(gzip_header) } },
	{ "gzip members", CB_DECOMP_GZIP, 3, { V(gzip), V(gzip_header), V(gzip) } },
	{ "zlib", CB_DECOMP_ZLIB, 1, { V(zlib) } },
	{ "deflate", CB_DECOMP_DEFLATE, 1, { V(deflate) } },
	{ "zstd", CB_DECOMP_ZSTD, 1, { V(zstd) } },
	{ "zstd frames", CB_DECOMP_ZSTD, 2,
	  { { skippable, 13 }, V(zstd_unsummed), V(zstd), { skippable, 13 } } },
	{ "xz", CB_DECOMP_XZ, 1, { V(xz) } },
	{ "xz with a filter", CB_DECOMP_XZ, 1, { V(xz_x86) } },
	{ "xz streams", CB_DECOMP_XZ, 2, { V(xz_sha256), { zeros, 8 }, V(xz_x86) } },
	{ "lzma", CB_DECOMP_LZMA, 1, { V(lzma) } },
	{ "lzma with a size", CB_DECOMP_LZMA, 1, { V(lzma_sized) } },
	{ "lz4", CB_DECOMP_LZ4, 1, { V(lz4) } },
	{ "lz4 with a size", CB_DECOMP_LZ4, 1, { V(lz4_sized) } },
	{ "lz4 legacy", CB_DECOMP_LZ4, 1, { V(lz4_legacy) } },
	{ "lz4 frames", CB_DECOMP_LZ4, 3,
	  { { skippable, 13 }, V(lz4), V(lz4_sized), V(lz4_legacy) } },
};
#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

static uint8_t plain(size_t i)
{
	return (uint8_t)(i / 64 % 3 == 2 ? (i * 7 + i / 13) % 251 : (size_t)"cloud-boot vectors: "[i % 20]);
}

static struct cb_buf input(struct cb_check *t, const struct vector *v)
{
	struct cb_buf b;

	cb_buf_init(&b, t->env, 4096);
	for (unsigned i = 0; i < 4; i++)
		cb_buf_add(&b, v->part[i].p, v->part[i].n);
	return b;
}

static bool is_plain(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != plain(i % PLAIN_N))
			return false;
	return true;
}

static int all(struct cb_check *t, const struct vector *v, struct cb_bytes in, uint64_t max,
	       struct cb_buf *out, size_t *used)
{
	cb_buf_init(out, t->env, 1 << 20);
	return cb_decomp_all(t->env, v->kind, in, max, out, used);
}

static void whole(struct cb_check *t)
{
	for (const struct vector *v = vectors; v < vectors + VECTORS; v++) {
		struct cb_buf in = input(t, v), out;
		size_t used;
		int r = all(t, v, cb_buf_bytes(&in), v->times * PLAIN_N, &out, &used);

		if (r < 0 || out.n != v->times * PLAIN_N || !is_plain(out.p, out.n) || used != in.n)
			cb_check_failed(t, __FILE__, __LINE__, "%s: %zu bytes: %s", v->name, out.n,
					t->sim->diag.text);
		cb_buf_fini(&in);
		cb_buf_fini(&out);
	}
}

/* Feeds in_step bytes at a time into room for out_step bytes; what came out goes to out. */
static int trickle(struct cb_check *t, const struct vector *v, struct cb_bytes in, size_t in_step,
		   size_t out_step, struct cb_buf *out)
{
	struct cb_decomp *d;
	uint8_t room[64];
	size_t n, calls = 0;
	int r = cb_decomp_open(t->env, v->kind, MEMORY, &d);

	cb_buf_init(out, t->env, 1 << 20);
	while (r == 0 && calls++ < 20000) {
		struct cb_bytes piece = { in.p, in.n < in_step ? in.n : in_step };
		size_t had = piece.n;

		r = cb_decomp_run(d, &piece, room, out_step, &n);
		cb_buf_add(out, room, n);
		in.p += had - piece.n;
		in.n -= had - piece.n;
		if (r == 0 && in.n == 0 && n == 0) {
			r = cb_decomp_finish(d);
			break;
		}
	}
	cb_decomp_close(d);
	return calls < 20000 ? r : -1;
}

static void in_small_steps(struct cb_check *t)
{
	static const uint8_t steps[][2] = { { 1, 1 }, { 1, 64 }, { 64, 1 }, { 3, 7 }, { 17, 5 } };

	for (const struct vector *v = vectors; v < vectors + VECTORS; v++)
		for (unsigned s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
			struct cb_buf in = input(t, v), out;
			int r = trickle(t, v, cb_buf_bytes(&in), steps[s][0], steps[s][1], &out);

			if (r < 0 || out.n != v->times * PLAIN_N || !is_plain(out.p, out.n))
				cb_check_failed(t, __FILE__, __LINE__, "%s by %u into %u: %zu bytes: %s",
						v->name, steps[s][0], steps[s][1], out.n, t->sim->diag.text);
			cb_buf_fini(&in);
			cb_buf_fini(&out);
		}
}

/* Where a stream of several may end without being cut. */
static bool is_boundary(const struct vector *v, size_t at)
{
	for (unsigned i = 0; i < 4; i++) {
		/* Any number of zeros may follow an xz stream. */
		if (v->part[i].p == zeros && at <= v->part[i].n)
			return true;
		/* Nothing but its magic makes a legacy lz4 frame of no blocks. */
		if (at == v->part[i].n || (v->part[i].p == v_lz4_legacy && at == 4))
			return true;
		if (at < v->part[i].n)
			return false;
		at -= v->part[i].n;
	}
	return false;
}

/* The next place to cut or damage: all of headers and trailers, some of what is between. */
static size_t next_place(const struct cb_check *t, size_t i, size_t n)
{
	if (!t->thorough)
		return i + 1 + n / 8;
	return i + (i < 40 || i + 40 > n ? 1 : 7);
}

static void cut_anywhere(struct cb_check *t)
{
	for (const struct vector *v = vectors; v < vectors + VECTORS; v++) {
		struct cb_buf in = input(t, v), out;

		for (size_t n = 0; n < in.n; n = next_place(t, n, in.n)) {
			int r = all(t, v, (struct cb_bytes){ in.p, n }, 10000, &out, NULL);

			if (!is_plain(out.p, out.n) || r != (n > 0 && is_boundary(v, n) ? 0 : CB_ECORRUPT))
				cb_check_failed(t, __FILE__, __LINE__, "%s cut at %zu: %s %s", v->name, n,
						cb_err_name(r), t->sim->diag.text);
			cb_clear(t->env);
			cb_buf_fini(&out);
		}
		cb_buf_fini(&in);
	}
}

/* Formats with a checksum over the content notice any change, unless it is in what they ignore. */
static void damaged_anywhere(struct cb_check *t)
{
	for (const struct vector *v = vectors; v < vectors + VECTORS; v++) {
		struct cb_buf in = input(t, v), out;
		bool summed = v->kind == CB_DECOMP_GZIP || v->kind == CB_DECOMP_ZLIB ||
			      v->kind == CB_DECOMP_XZ;

		for (size_t i = 0; i < in.n; i = next_place(t, i, in.n)) {
			in.p[i] ^= 0x10;
			int r = all(t, v, cb_buf_bytes(&in), 10000, &out, NULL);
			in.p[i] ^= 0x10;
			if (r == 0 && summed && !is_plain(out.p, out.n))
				cb_check_failed(t, __FILE__, __LINE__, "%s damaged at %zu: unseen",
						v->name, i);
			if (r < 0 && t->sim->diag.len == 0)
				cb_check_failed(t, __FILE__, __LINE__, "%s damaged at %zu: no report",
						v->name, i);
			cb_clear(t->env);
			cb_buf_fini(&out);
		}
		cb_buf_fini(&in);
	}
}

static void followed_by_something(struct cb_check *t)
{
	for (const struct vector *v = vectors; v < vectors + VECTORS; v++) {
		struct cb_buf in = input(t, v), out;
		size_t n = in.n, used = 0;

		cb_buf_add(&in, zeros, 3);
		CB_CHECK_INT(t, all(t, v, cb_buf_bytes(&in), 10000, &out, NULL), 0);
		CB_CHECK_INT(t, out.n, v->times * PLAIN_N);
		cb_buf_fini(&out);
		cb_buf_str(&in, CB_STR("#!sh"));
		CB_CHECK_ERR(t, all(t, v, cb_buf_bytes(&in), 10000, &out, NULL), CB_ECORRUPT,
			     "after the end");
		cb_buf_fini(&out);
		CB_CHECK_INT(t, all(t, v, cb_buf_bytes(&in), 10000, &out, &used), 0);
		/* Zeros may be stream padding; the four bytes after a legacy frame were looked at. */
		CB_CHECK(t, used >= n && used <= n + 4);
		cb_buf_fini(&out);
		cb_buf_fini(&in);
	}
}

static void limits(struct cb_check *t)
{
	for (const struct vector *v = vectors; v < vectors + VECTORS; v++) {
		struct cb_buf in = input(t, v), out;
		struct cb_decomp *d = NULL;
		struct cb_bytes left = cb_buf_bytes(&in);
		uint8_t room[100];
		size_t n;
		int r;

		CB_CHECK_ERR(t, all(t, v, left, v->times * PLAIN_N - 1, &out, NULL), CB_ELIMIT,
			     "more than the limit");
		cb_buf_fini(&out);
		CB_CHECK_ERR(t, all(t, v, left, 0, &out, NULL), CB_ELIMIT, "the limit of 0 bytes");
		cb_buf_fini(&out);
		r = cb_decomp_open(t->env, v->kind, 4096, &d);
		if (r == 0)
			do
				r = cb_decomp_run(d, &left, room, sizeof(room), &n);
			while (r == 0 && n > 0);
		CB_CHECK_ERR(t, r, CB_ELIMIT, "more than the limit of 4096 bytes of memory is needed");
		if (d != NULL)
			CB_CHECK_INT(t, cb_decomp_run(d, &left, room, sizeof(room), &n), CB_ELIMIT);
		cb_decomp_close(d);
		cb_buf_fini(&in);
	}
}

static int decode_under_fault(struct cb_check *t, void *arg)
{
	const struct vector *v = arg;
	struct cb_buf in = input(t, v), out = { .env = t->env };
	int r = cb_buf_status(&in);

	if (r == 0)
		r = all(t, v, cb_buf_bytes(&in), 10000, &out, NULL);
	cb_buf_fini(&in);
	cb_buf_fini(&out);
	return r;
}

static void faults(struct cb_check *t)
{
	for (size_t i = 0; i < VECTORS; i++) {
		struct vector v = vectors[i];

		cb_check_faults(t, decode_under_fault, &v, 200);
	}
}

static void detection(struct cb_check *t)
{
	static const uint8_t elf[16] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
	enum cb_decomp_kind kind;

	for (const struct vector *v = vectors; v < vectors + VECTORS; v++) {
		if (v->part[0].p == skippable)
			continue;         /* whose it is, only the next frame tells */
		bool weak = v->kind == CB_DECOMP_ZLIB || v->kind == CB_DECOMP_DEFLATE;

		CB_CHECK_INT(t, cb_decomp_detect(v->part[0], &kind), !weak);
		if (!weak)
			CB_CHECK_INT(t, kind, v->kind);
		CB_CHECK(t, !cb_decomp_detect((struct cb_bytes){ v->part[0].p, 2 }, &kind));
	}
	CB_CHECK(t, !cb_decomp_detect((struct cb_bytes){ elf, sizeof(elf) }, &kind));
	CB_CHECK(t, !cb_decomp_detect((struct cb_bytes){ NULL, 0 }, &kind));
}

static void what_is_refused(struct cb_check *t)
{
	static const struct {
		const char *name;
		enum cb_decomp_kind kind;
		int code;
		const char *says;
		uint8_t n, b[16];
	} bad[] = {
		{ "dictionary", CB_DECOMP_ZLIB, CB_EUNSUP, "preset dictionary at input byte 6", 8,
		  { 0x78, 0xbb, 1, 2, 3, 4, 5, 6 } },
		{ "reserved flag", CB_DECOMP_GZIP, CB_EUNSUP, "unknown method or flag at input byte 10", 10,
		  { 0x1f, 0x8b, 8, 0x80 } },
		{ "method", CB_DECOMP_GZIP, CB_EUNSUP, "unknown method or flag", 10, { 0x1f, 0x8b, 7 } },
		{ "magic", CB_DECOMP_GZIP, CB_ECORRUPT, "gzip: no gzip header", 10, { 'P', 'K' } },
		{ "magic", CB_DECOMP_ZSTD, CB_ECORRUPT, "zstd: no frame starts", 10, { 'P', 'K' } },
		{ "magic", CB_DECOMP_XZ, CB_ECORRUPT, "xz: no stream starts", 16, { 'P', 'K' } },
		{ "magic", CB_DECOMP_LZ4, CB_ECORRUPT, "lz4: no frame starts at input byte 4", 10,
		  { 'P', 'K' } },
		{ "version", CB_DECOMP_LZ4, CB_EUNSUP, "unknown version", 7,
		  { 4, 0x22, 0x4d, 0x18, 0x80, 0x40 } },
		{ "dictionary", CB_DECOMP_LZ4, CB_EUNSUP, "dictionary", 7,
		  { 4, 0x22, 0x4d, 0x18, 0x41, 0x40 } },
		{ "block size", CB_DECOMP_LZ4, CB_ECORRUPT, "unknown block size", 7,
		  { 4, 0x22, 0x4d, 0x18, 0x40, 0x30 } },
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct vector v = { bad[i].name, bad[i].kind, 0, { { NULL, 0 } } };
		struct cb_buf out;
		int r = all(t, &v, (struct cb_bytes){ bad[i].b, bad[i].n }, 100, &out, NULL);

		CB_CHECK_ERR(t, r, bad[i].code, bad[i].says);
		cb_buf_fini(&out);
	}
}

CB_SUITE(codec_decomp, CB_TEST(whole), CB_TEST(in_small_steps), CB_TEST(cut_anywhere),
	 CB_TEST(damaged_anywhere), CB_TEST(followed_by_something), CB_TEST(limits), CB_TEST(faults),
	 CB_TEST(detection), CB_TEST(what_is_refused));
