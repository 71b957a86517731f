/* codec/quota_priv.h - an allocator for libraries: over cb_env, under a cap. */
#ifndef CB_CODEC_QUOTA_PRIV_H
#define CB_CODEC_QUOTA_PRIV_H

#include "core/mem.h"

struct cb_quota {
	struct cb_env *env;
	size_t used, max;          /* bytes */
	bool over;                 /* an allocation was refused because of max */
};

/* n may be 0. Not zeroed, aligned for any type. NULL with a CB_ENOMEM report, or with over set. */
void *cb_quota_alloc(struct cb_quota *q, size_t n);
void *cb_quota_realloc(struct cb_quota *q, void *p, size_t n);  /* p NULL is fine */
void cb_quota_free(struct cb_quota *q, void *p);                /* p NULL is fine */
/* The report after a library gave up for want of memory: CB_ELIMIT or CB_ENOMEM. */
int cb_quota_fail(struct cb_quota *q, const char *who);

#endif
