/* codec/decomp.h - one streaming interface over every compression that kernels, modules, initrds,
 * layers and file systems come in. Nothing is trusted: sums are checked, memory and output capped. */
#ifndef CB_CODEC_DECOMP_H
#define CB_CODEC_DECOMP_H

#include "core/mem.h"

enum cb_decomp_kind {
	CB_DECOMP_GZIP,            /* RFC 1952, any number of members */
	CB_DECOMP_ZLIB,            /* RFC 1950 */
	CB_DECOMP_DEFLATE,         /* RFC 1951, bare */
	CB_DECOMP_ZSTD,            /* RFC 8878, any number of frames, skippable ones too */
	CB_DECOMP_XZ,              /* .xz 1.2, any number of streams, stream padding */
	CB_DECOMP_LZMA,            /* .lzma of LZMA Utils ("alone") */
	CB_DECOMP_LZ4,             /* LZ4 frames 1.6, legacy frames of the kernel, skippable frames */
	CB_DECOMP_KINDS
};

struct cb_codec;
extern const struct cb_codec cb_codec_gzip, cb_codec_zlib, cb_codec_deflate, cb_codec_zstd,
			     cb_codec_xz, cb_codec_lzma, cb_codec_lz4;

/* The program's own list, NULL-terminated: each program names the codecs that it links. */
extern const struct cb_codec *const cb_codecs[];

/* What head starts with, by magic; 16 bytes are enough. zlib and bare deflate have none: who holds
 * such a stream knows it. The kind may be one that this program doesn't link. */
bool cb_decomp_detect(struct cb_bytes head, enum cb_decomp_kind *ret);
const char *cb_decomp_name(enum cb_decomp_kind kind);       /* "gzip" */

struct cb_decomp;

/* mem_max bounds what the stream may make us allocate. CB_EUNSUP: not linked into this program. */
CB_MUST int cb_decomp_open(struct cb_env *env, enum cb_decomp_kind kind, size_t mem_max,
			   struct cb_decomp **ret);
void cb_decomp_close(struct cb_decomp *d);                  /* NULL is fine */

/* Take from the front of *in, which is advanced, and write at most room bytes to out; ret_n says how
 * many, on errors too. 0: wants more input or more room. 1: the stream has ended, and what is left
 * in *in is not part of it. Errors name the offset in the input and stick. */
CB_MUST int cb_decomp_run(struct cb_decomp *d, struct cb_bytes *in, void *out, size_t room,
			  size_t *ret_n);
/* To be asked when there is no more input: CB_ECORRUPT when the stream is cut short. */
CB_MUST int cb_decomp_finish(struct cb_decomp *d);

/* All of in, appended to ret; CB_ELIMIT when more than max bytes come out. With ret_used, the number
 * of bytes that the stream took; without, anything after it but zeros is CB_ECORRUPT. */
CB_MUST int cb_decomp_all(struct cb_env *env, enum cb_decomp_kind kind, struct cb_bytes in,
			  uint64_t max, struct cb_buf *ret, size_t *ret_used);

#endif
