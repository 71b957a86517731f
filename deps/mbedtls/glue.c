/* glue.c - mbedTLS's hooks: see glue.h. */
#include "glue.h"

#include <string.h>

#include "mbedtls/platform.h"
#include "psa/crypto.h"

#define HEAD 16u                 /* keeps what follows aligned; the size is in it */

static struct mbedtls_glue glue;

static void *glue_calloc(size_t n, size_t size)
{
	size_t all;
	unsigned char *p;

	if (__builtin_mul_overflow(n, size, &all) || __builtin_add_overflow(all, HEAD, &all))
		return NULL;
	p = glue.get != NULL ? glue.get(glue.ctx, all) : NULL;
	if (p == NULL)
		return NULL;
	memset(p, 0, all);
	memcpy(p, &all, sizeof(all));
	return p + HEAD;
}

static void glue_free(void *at)
{
	unsigned char *p = at;
	size_t all;

	if (p == NULL)
		return;
	p -= HEAD;
	memcpy(&all, p, sizeof(all));
	glue.give(glue.ctx, p, all);
}

void mbedtls_glue_set(const struct mbedtls_glue *g)
{
	glue = *g;
	mbedtls_platform_set_calloc_free(glue_calloc, glue_free);
}

/* Nothing prints: who asks for text gets an error. */
int mbedtls_no_snprintf(char *s, size_t n, const char *format, ...)
{
	(void)s, (void)n, (void)format;
	return -1;
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context, uint8_t *output,
					     size_t output_size, size_t *output_length)
{
	(void)context;
	if (glue.random == NULL || glue.random(glue.ctx, output, output_size) != 0)
		return PSA_ERROR_INSUFFICIENT_ENTROPY;
	*output_length = output_size;
	return PSA_SUCCESS;
}
