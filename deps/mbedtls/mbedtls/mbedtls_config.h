/* mbedtls_config.h - what of mbedTLS 3.6 is compiled. Found before the library's own file. */
#ifndef CB_DEPS_MBEDTLS_CONFIG_H
#define CB_DEPS_MBEDTLS_CONFIG_H

#define MBEDTLS_SHA224_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA256_ALT           /* sha256_alt.c: the CPU's instructions, found at run time */
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C

/* Allocation goes through hooks that the program sets, never through libc. */
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_NO_STD_FUNCTIONS

#endif
