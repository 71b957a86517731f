/* loader/drivers.c - what the loader links: file systems and codecs. */
#include "codec/decomp.h"
#include "fs/fs.h"

const struct cb_fs_driver *const cb_fs_drivers[] = { &cb_fs_ext4, &cb_fs_fat, NULL };

const struct cb_codec *const cb_codecs[] = {
	&cb_codec_gzip, &cb_codec_zlib, &cb_codec_deflate, &cb_codec_zstd, &cb_codec_xz, &cb_codec_lzma,
	&cb_codec_lz4, NULL
};
