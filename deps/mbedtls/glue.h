/* glue.h - where mbedTLS gets memory and randomness from. Its hooks have no context, so one set counts for the
 * whole program: whoever uses the library sets its own before each call. Programs here have one thread. */
#ifndef CB_DEPS_MBEDTLS_GLUE_H
#define CB_DEPS_MBEDTLS_GLUE_H

#include <stddef.h>

struct mbedtls_glue {
	void *(*get)(void *ctx, size_t n);              /* n bytes, any content; NULL: none */
	void (*give)(void *ctx, void *p, size_t n);
	int (*random)(void *ctx, void *p, size_t n);    /* 0: filled */
	void *ctx;
};

/* A copy is kept. What was allocated under one set is given back under the same. */
void mbedtls_glue_set(const struct mbedtls_glue *g);

#endif
