/* loader/drivers.c - what the loader links: file systems, and the codecs that kernels for firmware come in.
 *
 * A zboot kernel unpacks itself. Other compressed files of distributions are gzip (Ubuntu's arm64) and zstd;
 * xz, LZMA and LZ4 would add 70 KB for files that nobody ships. */
#include "codec/decomp.h"
#include "fs/fs.h"

const struct cb_fs_driver *const cb_fs_drivers[] = { &cb_fs_ext4, &cb_fs_fat, NULL };

const struct cb_codec *const cb_codecs[] = {
	&cb_codec_gzip, &cb_codec_zlib, &cb_codec_deflate, &cb_codec_zstd, NULL
};
