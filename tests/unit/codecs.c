/* tests/unit/codecs.c - the unit tests link every codec. */
#include "codec/decomp.h"

const struct cb_codec *const cb_codecs[] = {
	&cb_codec_gzip, &cb_codec_zlib, &cb_codec_deflate, &cb_codec_zstd, &cb_codec_xz, &cb_codec_lzma,
	&cb_codec_lz4, NULL
};
