/* fuzz_decomp - any bytes through any codec, the stream cut by input; checksums accept everything.
 *
 * First byte: the kind (low bits) and whether to feed in small steps. At most 1 MiB comes out. */
#include "codec/decomp.h"
#include "posix/posix.h"
#include "sim/sim.h"

#define OUT_MAX    (1u << 20)
#define MEMORY_MAX (32u << 20)

const struct cb_codec *const cb_codecs[] = {
	&cb_codec_gzip, &cb_codec_zlib, &cb_codec_deflate, &cb_codec_zstd, &cb_codec_xz, &cb_codec_lzma,
	&cb_codec_lz4, NULL
};

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static uint8_t out[4096];

/* The same promises as the unit tests rely on: progress or a reason, never more than was offered. */
static void decode(struct cb_decomp *d, struct cb_bytes in, size_t step, size_t room)
{
	size_t total = 0, made;
	int r = 0;

	while (r == 0 && total < OUT_MAX) {
		struct cb_bytes piece = { in.p, in.n < step ? in.n : step };
		size_t had = piece.n;

		r = cb_decomp_run(d, &piece, out, room, &made);
		if (made > room || piece.n > had || r > 1)
			__builtin_trap();
		in.p += had - piece.n;
		in.n -= had - piece.n;
		total += made;
		if (r == 0 && made == 0 && had == piece.n && in.n > 0)
			__builtin_trap();     /* stuck with input and room */
		if (r == 0 && made < room && in.n == 0)
			r = cb_decomp_finish(d) < 0 ? -1 : 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct cb_sim sim;
	struct cb_decomp *d;

	if (n < 2)
		return 0;
	cb_sim_init(&sim, &cb_posix_platform, NULL);
	if (cb_decomp_open(&sim.env, (enum cb_decomp_kind)(p[0] % CB_DECOMP_KINDS), MEMORY_MAX, &d) == 0) {
		bool small = (p[0] & 0x80) != 0;

		decode(d, (struct cb_bytes){ p + 1, n - 1 }, small ? 1 + (p[0] >> 3 & 15) : n,
		       small ? 97 : sizeof(out));
		cb_decomp_close(d);
	}
	if (sim.live != 0)
		__builtin_trap();             /* leaked */
	return 0;
}
