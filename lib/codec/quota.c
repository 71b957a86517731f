/* Libraries free without telling a size: each block carries its own in front. */
#include "codec/quota_priv.h"

#define HEADER 16u                 /* keeps what follows aligned for any type */

static size_t whole_size(const void *p)
{
	size_t whole;

	memcpy(&whole, (const uint8_t *)p - HEADER, sizeof(whole));
	return whole;
}

void *cb_quota_alloc(struct cb_quota *q, size_t n)
{
	size_t whole;

	if (__builtin_add_overflow(n, HEADER, &whole) || whole > q->max - q->used) {
		q->over = true;
		return NULL;
	}

	uint8_t *p = cb_alloc_aligned(q->env, whole, HEADER);

	if (p == NULL)
		return NULL;
	memcpy(p, &whole, sizeof(whole));
	q->used += whole;
	return p + HEADER;
}

void cb_quota_free(struct cb_quota *q, void *p)
{
	if (p == NULL)
		return;

	size_t whole = whole_size(p);

	q->used -= whole;
	cb_free(q->env, (uint8_t *)p - HEADER, whole);
}

void *cb_quota_realloc(struct cb_quota *q, void *p, size_t n)
{
	void *bigger = cb_quota_alloc(q, n);

	if (bigger == NULL || p == NULL)
		return bigger;

	size_t had = whole_size(p) - HEADER;

	memcpy(bigger, p, had < n ? had : n);
	cb_quota_free(q, p);
	return bigger;
}

int cb_quota_fail(struct cb_quota *q, const char *who)
{
	if (!q->over)
		return cb_wrap(q->env, CB_ENOMEM, "%s", who);
	return cb_fail(q->env, CB_ELIMIT, "%s: more than the limit of %zu bytes of memory is needed",
		       who, q->max);
}
