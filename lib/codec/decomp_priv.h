/* codec/decomp_priv.h - what a codec sees of the stream that it decodes. */
#ifndef CB_CODEC_DECOMP_PRIV_H
#define CB_CODEC_DECOMP_PRIV_H

#include "codec/decomp.h"
#include "codec/quota_priv.h"

struct cb_codec {
	enum cb_decomp_kind kind;
	size_t size;               /* of its struct, zeroed, which begins with a struct cb_decomp */
	int (*open)(struct cb_decomp *d);
	/* Consume d->in and fill d->out until one of them is empty: 0. 1: the stream has ended. */
	int (*run)(struct cb_decomp *d);
	void (*close)(struct cb_decomp *d);                 /* after a failed open too */
};

struct cb_decomp {
	const struct cb_codec *codec;
	struct cb_env *env;
	struct cb_bytes in;        /* not consumed yet */
	uint8_t *out;
	size_t room;
	uint64_t in_off, out_off;  /* bytes consumed and made since the start */
	struct cb_quota memory;
	bool between;              /* the input may end here */
	int status;                /* 1: ended; negative: the error that sticks */
};

static inline void cb_decomp_eat(struct cb_decomp *d, size_t n)
{
	d->in.p += n;
	d->in.n -= n;
	d->in_off += n;
}

static inline void cb_decomp_made(struct cb_decomp *d, size_t n)
{
	d->out += n;
	d->room -= n;
	d->out_off += n;
}

/* Start a report "gzip: WHAT at input byte N". */
int cb_decomp_bad(struct cb_decomp *d, int code, const char *what);
/* After an allocation from d->memory failed: CB_ELIMIT or CB_ENOMEM. */
int cb_decomp_no_memory(struct cb_decomp *d);

/* Bytes gathered over any number of runs, for headers that may be cut anywhere. */
struct cb_gather { uint8_t b[32]; size_t n; };
/* True once g holds want <= 32 bytes; the caller sets g->n to 0 when it has used them. */
bool cb_decomp_gather(struct cb_decomp *d, struct cb_gather *g, size_t want);

#endif
