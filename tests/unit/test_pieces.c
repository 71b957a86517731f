/* Outputs made of pieces: order, random access against the written bytes, nesting, failures. */
#include "core/pieces.h"

#include "unit/check.h"

struct source { const uint8_t *p; unsigned reads; struct cb_env *env; bool fail; };

static int source_read(void *ctx, uint64_t off, void *buf, size_t n)
{
	struct source *s = ctx;

	s->reads++;
	if (s->fail)
		return cb_fail(s->env, CB_EIO, "source");
	memcpy(buf, s->p + off, n);
	return 0;
}

struct collect { uint8_t p[512]; size_t n; uint64_t zeros; };

static int collect_write(void *ctx, const void *p, size_t n)
{
	struct collect *c = ctx;

	memcpy(c->p + c->n, p, n);
	c->n += n;
	return 0;
}

static int collect_zeros(void *ctx, uint64_t n)
{
	struct collect *c = ctx;

	memset(c->p + c->n, 0, (size_t)n);
	c->n += (size_t)n;
	c->zeros += n;
	return 0;
}

static const uint8_t letters[] = "abcdefghijklmnopqrstuvwxyz";
static const uint8_t want[] = "HEADcdef\0\0\0\0\0\0\0\0efghijkl";
static const struct cb_bytes want_bytes = { want, 24 };

static void fill(struct cb_pieces *l, struct source *s)
{
	struct cb_input mem = cb_input_mem((struct cb_bytes){ letters, 26 });
	struct cb_input whole = { .read = source_read, .ctx = s, .base = 2, .size = 20 };
	struct cb_input far = cb_input_sub(&whole, 2, 8);

	mem = cb_input_sub(&mem, 2, 4);
	cb_pieces_copy(l, "HEAD", 4);
	cb_pieces_add(l, &mem);
	cb_pieces_pad_to(l, 16);
	cb_pieces_add(l, &far);
}

static void writes_in_order(struct cb_check *t)
{
	struct source s = { letters, 0, t->env, false };
	struct collect c = { .n = 0 };
	struct cb_sink sink = { collect_write, NULL, &c };
	struct cb_pieces l;

	cb_pieces_init(&l, t->env);
	fill(&l, &s);
	CB_CHECK_INT(t, l.size, 24);
	CB_REQUIRE_OK(t, cb_pieces_write(&l, &sink));
	CB_CHECK_BYTES(t, ((struct cb_bytes){ c.p, c.n }), want_bytes);
	CB_CHECK_INT(t, s.reads, 1);
	c.n = 0;
	sink.zeros = collect_zeros;
	CB_REQUIRE_OK(t, cb_pieces_write(&l, &sink));
	CB_CHECK_BYTES(t, ((struct cb_bytes){ c.p, c.n }), want_bytes);
	CB_CHECK_INT(t, c.zeros, 8);
	cb_pieces_fini(&l);
}

static void reads_anywhere(struct cb_check *t)
{
	struct source s = { letters, 0, t->env, false };
	struct cb_pieces l;
	uint8_t b[24];

	cb_pieces_init(&l, t->env);
	fill(&l, &s);

	struct cb_input in = cb_pieces_input(&l);

	for (unsigned off = 0; off <= 24; off++)
		for (unsigned n = 0; off + n <= 24; n += t->thorough ? 1 : 5) {
			CB_REQUIRE_OK(t, cb_input_read(t->env, &in, off, b, n));
			CB_REQUIRE(t, memcmp(b, &want[off], n) == 0);
		}
	CB_CHECK_ERR(t, cb_input_read(t->env, &in, 20, b, 5), CB_EINVAL, "bytes 20+5 of an input of 24");
	CB_CHECK_ERR(t, cb_input_read(t->env, &in, UINT64_MAX, b, 2), CB_EINVAL, "input of 24");
	cb_pieces_fini(&l);
}

/* Any range of a list, added to another one, is that range. */
static void nests(struct cb_check *t)
{
	struct source s = { letters, 0, t->env, false };
	struct cb_pieces l;

	cb_pieces_init(&l, t->env);
	fill(&l, &s);
	for (unsigned off = 0; off <= 24; off++)
		for (unsigned n = 0; off + n <= 24; n += t->thorough ? 1 : 5) {
			struct cb_input in = cb_pieces_input(&l), part = cb_input_sub(&in, off, n);
			struct collect c = { .n = 0 };
			struct cb_sink sink = { collect_write, collect_zeros, &c };
			struct cb_pieces outer;

			cb_pieces_init(&outer, t->env);
			cb_pieces_add(&outer, &part);
			CB_REQUIRE_OK(t, cb_pieces_write(&outer, &sink));
			CB_REQUIRE(t, c.n == n && memcmp(c.p, &want[off], n) == 0);
			cb_pieces_fini(&outer);
		}
	cb_pieces_fini(&l);
}

static int scenario(struct cb_check *t, void *arg)
{
	struct source s = { letters, 0, t->env, false };
	struct collect c = { .n = 0 };
	struct cb_sink sink = { collect_write, NULL, &c };
	struct cb_pieces l;
	struct cb_input kept;
	int r;

	(void)arg;
	cb_pieces_init(&l, t->env);
	for (unsigned i = 0; i < 40; i++)              /* more than the first table has room for */
		cb_pieces_zeros(&l, 1);
	r = cb_pieces_status(&l);
	if (r == 0)
		r = cb_pieces_keep(&l, (struct cb_bytes){ letters, 3 }, &kept);
	cb_pieces_fini(&l);
	cb_pieces_init(&l, t->env);
	fill(&l, &s);
	if (r == 0)
		r = cb_pieces_write(&l, &sink);
	cb_pieces_fini(&l);
	return r;
}

static void survives_faults(struct cb_check *t)
{
	cb_check_faults(t, scenario, NULL, 50);
}

static int refuse_write(void *ctx, const void *p, size_t n)
{
	(void)p;
	return n > 4 ? cb_fail(ctx, CB_EIO, "no space left") : 0;
}

static void stops_at_failures(struct cb_check *t)
{
	struct source s = { letters, 0, t->env, true };
	struct collect c = { .n = 0 };
	struct cb_sink sink = { collect_write, NULL, &c };
	struct cb_pieces l;

	cb_pieces_init(&l, t->env);
	fill(&l, &s);
	CB_CHECK_ERR(t, cb_pieces_write(&l, &sink), CB_EIO, "source");
	CB_CHECK_INT(t, c.n, 16);
	sink = (struct cb_sink){ refuse_write, NULL, t->env };
	CB_CHECK_ERR(t, cb_pieces_write(&l, &sink), CB_EIO, "no space left");
	cb_pieces_pad_to(&l, 10);
	CB_CHECK_ERR(t, cb_pieces_status(&l), CB_EINVAL, "output byte 10 is already at 24");
	cb_pieces_copy(&l, "x", 1);
	CB_CHECK_INT(t, l.size, 24);
	cb_pieces_fini(&l);
	cb_pieces_init(&l, t->env);
	cb_pieces_zeros(&l, INT64_MAX);
	cb_pieces_zeros(&l, 1);
	CB_CHECK_ERR(t, cb_pieces_status(&l), CB_ELIMIT, "2^63");
	cb_pieces_fini(&l);
}

CB_SUITE(pieces, CB_TEST(writes_in_order), CB_TEST(reads_anywhere), CB_TEST(nests),
	 CB_TEST(survives_faults), CB_TEST(stops_at_failures));
