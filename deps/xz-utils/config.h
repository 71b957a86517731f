/* config.h - what of liblzma 5.8 is compiled: decoders of .xz and .lzma, one thread. */
#ifndef CB_DEPS_XZ_CONFIG_H
#define CB_DEPS_XZ_CONFIG_H

#define HAVE_STDBOOL_H 1
#define HAVE__BOOL 1
#define HAVE_STDINT_H 1
#define HAVE_INTTYPES_H 1
#define SIZEOF_SIZE_T 8
#define PACKAGE_NAME "XZ Utils"

#define HAVE_DECODERS 1
#define HAVE_DECODER_LZMA1 1
#define HAVE_DECODER_LZMA2 1

/* Kernels and initrds may pass their code through one of these before LZMA2. */
#define HAVE_DECODER_X86 1
#define HAVE_DECODER_ARM 1
#define HAVE_DECODER_ARMTHUMB 1
#define HAVE_DECODER_ARM64 1

#define HAVE_CHECK_CRC32 1
#define HAVE_CHECK_CRC64 1
#define HAVE_CHECK_SHA256 1

#define TUKLIB_FAST_UNALIGNED_ACCESS 1
#define HAVE___BUILTIN_BSWAPXX 1
#define HAVE___BUILTIN_ASSUME_ALIGNED 1
#define HAVE_VISIBILITY 0

#endif
