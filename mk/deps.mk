# mk/deps.mk - third-party libraries: pinned sources (deps/pins), our configuration (deps/NAME/),
# one static archive a library and target. On the host the system's compression libraries do.
#
# A library's variables: KEEP what to unpack, INC include folders, FLAGS, SRC its C files, and HOT
# those of them where time goes: they get -O2, in firmware -Os; the others the target's own -O.
DEPS_host := mbedtls yyjson
DEPS_asan := $(DEPS_host)
DEPS_fuzz := $(DEPS_host)
$(foreach t,init-x86_64 init-aarch64 efi-x64 efi-aa64,$(eval DEPS_$t := mbedtls yyjson zlib libzstd xz-utils lz4))
LDLIBS_host := -lz -lzstd -llzma -llz4
LDLIBS_asan := $(LDLIBS_host)
LDLIBS_fuzz := $(LDLIBS_host)

# Hashes and TLS (lib/tls). SHA-256 is ours behind mbedTLS's names (MBEDTLS_SHA256_ALT), for the CPUs' instructions.
KEEP_mbedtls := include library LICENSE
INC_mbedtls := deps/mbedtls out/deps/mbedtls/include
FLAGS_mbedtls := -Iout/deps/mbedtls/library
HOT_mbedtls := deps/mbedtls/sha256_alt.c $(addprefix out/deps/mbedtls/library/,chacha20.c poly1305.c gcm.c sha512.c)
HOT_mbedtls_x86_64 := deps/mbedtls/sha256_cpu_x86_64.c
HOT_mbedtls_aarch64 := deps/mbedtls/sha256_cpu_aarch64.c
# aesce.c asks before it uses the instructions only where it finds Linux: sys/auxv.h answers in firmware.
FLAGS_mbedtls_aarch64 := -march=armv8-a+crypto -D__linux__=1
SRC_mbedtls := deps/mbedtls/glue.c $(addprefix out/deps/mbedtls/library/,$(addsuffix .c,sha256 platform platform_util \
	asn1parse asn1write bignum bignum_core bignum_mod bignum_mod_raw chachapoly cipher cipher_wrap \
	constant_time ecdh ecdsa ecp ecp_curves hkdf md oid pk pk_ecc pk_wrap pkparse \
	psa_crypto psa_crypto_aead psa_crypto_cipher psa_crypto_client psa_crypto_driver_wrappers_no_static \
	psa_crypto_ecp psa_crypto_hash psa_crypto_mac psa_crypto_rsa psa_crypto_slot_management psa_util rsa \
	rsa_alt_helpers ssl_ciphersuites ssl_client ssl_msg ssl_tls ssl_tls12_client ssl_tls13_client \
	ssl_tls13_generic ssl_tls13_keys x509 x509_crt aes aesce aesni))

KEEP_yyjson := src LICENSE
INC_yyjson := out/deps/yyjson/src
FLAGS_yyjson := -DYYJSON_DISABLE_UTILS -DYYJSON_DISABLE_WRITER -DYYJSON_DISABLE_NON_STANDARD \
	-DYYJSON_DISABLE_FAST_FP_CONV -include deps/yyjson/no_strtod.h -fno-sanitize=undefined
SRC_yyjson := out/deps/yyjson/src/yyjson.c

# Raw deflate and zlib streams only: gzip's framing is lib/codec/gzip.c.
INC_zlib := out/deps/zlib
FLAGS_zlib := -DZ_SOLO -DNO_GZIP -include string.h
HOT_zlib := $(addprefix out/deps/zlib/,inflate.c inffast.c adler32.c)
SRC_zlib := $(addprefix out/deps/zlib/,inftrees.c zutil.c)

# One Huffman and one sequence decoder of two each: 45 KB less on x86_64, at most 8 % slower.
KEEP_libzstd := lib LICENSE
INC_libzstd := out/deps/libzstd/lib
FLAGS_libzstd := -DXXH_NAMESPACE=ZSTD_ -DZSTD_LEGACY_SUPPORT=0 -DZSTD_STRIP_ERROR_STRINGS=1 \
	-DZSTD_NO_TRACE -DZSTDLIB_VISIBLE= -DZSTD_DISABLE_ASM -DDYNAMIC_BMI2=0 \
	-DHUF_FORCE_DECOMPRESS_X1 -DZSTD_FORCE_DECOMPRESS_SEQUENCES_SHORT
HOT_libzstd := $(addprefix out/deps/libzstd/lib/,decompress/huf_decompress.c \
	decompress/zstd_decompress_block.c common/entropy_common.c common/fse_decompress.c common/xxhash.c)
SRC_libzstd := $(addprefix out/deps/libzstd/lib/,decompress/zstd_decompress.c \
	decompress/zstd_ddict.c common/zstd_common.c common/error_private.c)

KEEP_xz-utils := src COPYING COPYING.0BSD
INC_xz-utils := out/deps/xz-utils/src/liblzma/api
FLAGS_xz-utils := -DHAVE_CONFIG_H -DLZMA_API_STATIC -Ideps/xz-utils -Iout/deps/xz-utils/src/common \
	$(addprefix -Iout/deps/xz-utils/src/liblzma/,common check lz rangecoder lzma simple delta)
HOT_xz-utils := $(addprefix out/deps/xz-utils/src/liblzma/,lzma/lzma_decoder.c lz/lz_decoder.c \
	check/crc32_fast.c check/crc64_fast.c check/sha256.c simple/x86.c simple/arm64.c)
SRC_xz-utils := $(addprefix out/deps/xz-utils/src/liblzma/,check/check.c lzma/lzma2_decoder.c \
	simple/arm.c simple/armthumb.c simple/simple_coder.c simple/simple_decoder.c \
	$(addprefix common/,alone_decoder.c block_decoder.c block_header_decoder.c block_util.c common.c \
	filter_common.c filter_decoder.c filter_flags_decoder.c index_hash.c stream_decoder.c \
	stream_flags_common.c stream_flags_decoder.c vli_decoder.c vli_size.c))

KEEP_lz4 := lib
INC_lz4 := out/deps/lz4/lib
HOT_lz4 := out/deps/lz4/lib/lz4.c

# SHA-256 by instructions, where the target has them.
ARCH_host := $(shell uname -m)
ARCH_asan := $(ARCH_host)
ARCH_fuzz := $(ARCH_host)
ARCH_init-x86_64 := x86_64
ARCH_init-aarch64 := aarch64
ARCH_efi-x64 := x86_64
ARCH_efi-aa64 := aarch64

# No allocator of its own: a path that would bypass the caller's fails (deps/no_malloc.h).
DEP_CFLAGS := -std=gnu11 -w -DNDEBUG -D_GNU_SOURCE -include deps/no_malloc.h
# Third-party code must not take a PE target for Windows. platform/uefi/libc has the few libc
# headers that it includes. The last flag keeps the time of day out of objects.
DEP_PE := -isystem platform/uefi/libc -U_WIN32 -U_WIN64 -fmsc-version=0 -fno-ms-extensions \
	-fno-ms-compatibility -mno-incremental-linker-compatible
HOT_CFLAGS_efi-x64 := -Os
HOT_CFLAGS_efi-aa64 := -Os
DEP_TARGET_efi-x64 := $(DEP_PE)
DEP_TARGET_efi-aa64 := $(DEP_PE)

out/deps/%/.unpacked: deps/pins tools/fetch-dep
	tools/fetch-dep $* out/deps/$* $(KEEP_$*)
	@touch $@

# $1 target, $2 library
define dep
DEPS_READY_$1 += out/deps/$2/.unpacked
DEPS_LIBS_$1 += out/$1/deps/$2.a
DEPS_CFLAGS_$1 += $$(addprefix -isystem ,$$(INC_$2))
out/$1/deps/$2.a: out/deps/$2/.unpacked $$(wildcard deps/*.h deps/$2/*.[ch] deps/$2/*/*.h) mk/deps.mk mk/targets.mk tools/build-dep
	@mkdir -p $$(@D)
	$$(Q)CC="$$(CC_$1)" AR="$$(AR_$1)" HOT="$$(HOT_$2) $$(HOT_$2_$$(ARCH_$1))" HOT_CFLAGS=$$(HOT_CFLAGS_$1) SRC="$$(SRC_$2)" \
	CFLAGS="$$(CFLAGS_$1) $$(DEP_CFLAGS) $$(DEP_TARGET_$1) $$(addprefix -I,$$(INC_$2)) $$(FLAGS_$2) $$(FLAGS_$2_$$(ARCH_$1))" \
	tools/build-dep $2 $$@
endef
$(foreach t,$(TARGETS),$(eval DEPS_CFLAGS_$t := $$(DEP_TARGET_$t))$(foreach d,$(DEPS_$t),$(eval $(call dep,$t,$d))))
