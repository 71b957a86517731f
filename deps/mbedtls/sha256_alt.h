/* sha256_alt.h - mbedTLS's SHA-224/256 context with a choice of block functions.
 *
 * The choice is kept in each context, so that nothing global is written. */
#ifndef CB_DEPS_SHA256_ALT_H
#define CB_DEPS_SHA256_ALT_H

#include <stddef.h>
#include <stdint.h>

/* Take n whole blocks of 64 bytes into the state. */
typedef void cb_sha256_blocks_fn(uint32_t state[8], const unsigned char *p, size_t n);

typedef struct mbedtls_sha256_context {
	uint64_t total;               /* bytes taken so far */
	uint32_t state[8];
	int is224;
	unsigned char buf[64];        /* total % 64 bytes of an unfinished block */
	cb_sha256_blocks_fn *blocks;
} mbedtls_sha256_context;

/* In portable C; what this CPU does best. */
cb_sha256_blocks_fn cb_sha256_blocks_c;
cb_sha256_blocks_fn *cb_sha256_blocks_cpu(void);

extern const uint32_t cb_sha256_k[64];

#endif
