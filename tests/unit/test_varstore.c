/* tests/unit/test_varstore.c - EDK2 variable stores: set, replace, delete, reclaim, bad input. */
#include "image/varstore.h"
#include "unit/check.h"

#define STORE_SIZE 2048u
#define HEADER     72u

static const struct cb_uuid vendor = { { 0xc1, 0x0d, 0xdb, 0x07, 0x83, 0xc5, 0x4d, 0x3e,
					 0x9b, 0x76, 0x1f, 0x4c, 0x0e, 0x7a, 0x3b, 0x8e } };

/* An empty store as the firmware's build makes it. */
static void make_store(uint8_t *p, bool authenticated)
{
	static const uint8_t fv[16] = { 0x8d, 0x2b, 0xf1, 0xff, 0x96, 0x76, 0x8b, 0x4c,
					0xa9, 0x85, 0x27, 0x47, 0x07, 0x5b, 0x4f, 0x50 };
	static const uint8_t plain[16] = { 0x16, 0x36, 0xcf, 0xdd, 0x75, 0x32, 0x64, 0x41,
					   0x98, 0xb6, 0xfe, 0x85, 0x70, 0x7f, 0xfe, 0x7d };
	static const uint8_t auth[16] = { 0x78, 0x2c, 0xf3, 0xaa, 0x7b, 0x94, 0x9a, 0x43,
					  0xa1, 0x80, 0x2e, 0x14, 0x4e, 0xc3, 0x77, 0x92 };

	memset(p, 0xff, STORE_SIZE);
	memset(p, 0, HEADER + 28);
	memcpy(p + 16, fv, 16);
	memcpy(p + 40, "_FVH", 4);
	p[48] = HEADER;
	memcpy(p + HEADER, authenticated ? auth : plain, 16);
	p[HEADER + 16] = (STORE_SIZE - HEADER) & 0xff;
	p[HEADER + 17] = (STORE_SIZE - HEADER) >> 8;
	p[HEADER + 20] = 0x5a;
	p[HEADER + 21] = 0xfe;
}

static void check_value(struct cb_check *t, const struct cb_varstore *s, const char *name, const char *want)
{
	struct cb_variable v;
	int r = cb_varstore_get(s, cb_str_c(name), vendor, &v);

	if (want == NULL) {
		CB_CHECK_ERR(t, r, CB_ENOENT, name);
		return;
	}
	CB_REQUIRE_OK(t, r);
	CB_CHECK_STR(t, ((struct cb_str){ (const char *)v.data.p, v.data.n }), want);
	CB_CHECK_INT(t, v.attributes, CB_VAR_USUAL);
}

static int put(struct cb_varstore *s, const char *name, const char *value)
{
	struct cb_str v = cb_str_c(value);

	return cb_varstore_set(s, cb_str_c(name), vendor, CB_VAR_USUAL,
			       (struct cb_bytes){ (const uint8_t *)v.p, v.n });
}

static void edits(struct cb_check *t, bool authenticated)
{
	static uint8_t p[STORE_SIZE];
	struct cb_varstore s, again;

	make_store(p, authenticated);
	CB_REQUIRE_OK(t, cb_varstore_open(t->env, p, sizeof(p), &s));
	CB_CHECK(t, s.authenticated == authenticated);
	for (int i = 0; i < 200; i++) {       /* far more than fits: dead values are reclaimed */
		CB_REQUIRE_OK(t, put(&s, "CloudBootTarget", i % 2 ? "odd" : "even one"));
		CB_REQUIRE_OK(t, put(&s, "Boot0001", "x"));
		check_value(t, &s, "CloudBootTarget", i % 2 ? "odd" : "even one");
		check_value(t, &s, "Boot0001", "x");
	}
	CB_REQUIRE_OK(t, put(&s, "Boot0001", ""));
	check_value(t, &s, "Boot0001", NULL);
	CB_REQUIRE_OK(t, put(&s, "Boot0001", ""));
	CB_REQUIRE_OK(t, cb_varstore_open(t->env, p, sizeof(p), &again));
	CB_CHECK_INT(t, again.used, s.used);
	check_value(t, &again, "CloudBootTarget", "odd");
}

static void plain_store(struct cb_check *t)
{
	edits(t, false);
}

static void authenticated_store(struct cb_check *t)
{
	edits(t, true);
}

static void full_store_keeps_all(struct cb_check *t)
{
	static uint8_t p[STORE_SIZE], before[STORE_SIZE], big[STORE_SIZE];
	struct cb_varstore s;

	make_store(p, true);
	memset(big, 'b', sizeof(big));
	CB_REQUIRE_OK(t, cb_varstore_open(t->env, p, sizeof(p), &s));
	CB_REQUIRE_OK(t, put(&s, "Keep", "me"));
	memcpy(before, p, sizeof(p));
	CB_CHECK_ERR(t, cb_varstore_set(&s, CB_STR("Big"), vendor, CB_VAR_USUAL,
					(struct cb_bytes){ big, STORE_SIZE - 200 }), CB_ELIMIT, "full");
	CB_CHECK(t, memcmp(before, p, sizeof(p)) == 0);
}

/* What a power cut between the two writes of a replacement leaves. */
static void half_replaced(struct cb_check *t)
{
	static uint8_t p[STORE_SIZE];
	struct cb_varstore s;
	struct cb_variable v;
	size_t cursor = 0, n = 0;

	make_store(p, true);
	CB_REQUIRE_OK(t, cb_varstore_open(t->env, p, sizeof(p), &s));
	CB_REQUIRE_OK(t, put(&s, "A", "old"));
	CB_REQUIRE_OK(t, cb_varstore_get(&s, CB_STR("A"), vendor, &v));
	p[v.at + 2] = 0x3e;
	check_value(t, &s, "A", "old");
	CB_REQUIRE_OK(t, put(&s, "B", "b"));
	memcpy(p + s.used, p + v.at, 60 + 4 + 4);
	p[s.used + 2] = 0x3f;
	memcpy(p + s.used + 64, "new", 3);
	CB_REQUIRE_OK(t, cb_varstore_open(t->env, p, sizeof(p), &s));
	check_value(t, &s, "A", "new");
	while (cb_varstore_next(&s, &cursor, &v))
		n++;
	CB_CHECK_INT(t, n, 2);
	for (int i = 0; i < 100; i++)
		CB_REQUIRE_OK(t, put(&s, "C", "fill the store until it is reclaimed"));
	check_value(t, &s, "A", "new");
	check_value(t, &s, "B", "b");
}

/* Two leaving ones of one name: the first counts. What was deleted stays away, whatever it hid. */
static void deleted_stays_deleted(struct cb_check *t)
{
	static uint8_t p[STORE_SIZE];
	struct cb_varstore s;
	struct cb_variable v;
	size_t cursor = 0;

	make_store(p, true);
	CB_REQUIRE_OK(t, cb_varstore_open(t->env, p, sizeof(p), &s));
	CB_REQUIRE_OK(t, put(&s, "A", "one"));
	CB_REQUIRE_OK(t, cb_varstore_get(&s, CB_STR("A"), vendor, &v));
	for (size_t i = 1; i < 3; i++)
		memcpy(p + v.at + i * 68, p + v.at, 68);
	p[v.at + 2] = 0x3e;
	p[v.at + 68 + 2] = 0x3e;
	CB_REQUIRE_OK(t, cb_varstore_open(t->env, p, sizeof(p), &s));
	CB_REQUIRE(t, cb_varstore_next(&s, &cursor, &v));
	CB_CHECK_INT(t, v.at, s.first + 2 * 68);
	CB_CHECK(t, !cb_varstore_next(&s, &cursor, &v));
	CB_REQUIRE_OK(t, put(&s, "A", ""));
	check_value(t, &s, "A", NULL);
	memset(p + s.first + 2, 0x3e, 1);
	memset(p + s.first + 68 + 2, 0x3e, 1);
	CB_REQUIRE_OK(t, cb_varstore_get(&s, CB_STR("A"), vendor, &v));
	CB_CHECK_INT(t, v.at, s.first);
}

/* A name without its zero takes two bytes less than ours would; garbage behind the end stays out. */
static void odd_stores(struct cb_check *t)
{
	static uint8_t p[STORE_SIZE], big[STORE_SIZE];
	struct cb_varstore s;
	struct cb_variable v;
	size_t used, size;

	make_store(p, false);
	CB_REQUIRE_OK(t, cb_varstore_open(t->env, p, sizeof(p), &s));
	CB_REQUIRE_OK(t, put(&s, "A", "ab"));
	p[s.first + 8] = 2;                   /* NameSize: the zero becomes data */
	CB_REQUIRE_OK(t, cb_varstore_open(t->env, p, sizeof(p), &s));
	CB_CHECK_INT(t, s.used, s.first + 36);
	CB_REQUIRE_OK(t, cb_varstore_get(&s, CB_STR("A"), vendor, &v));
	memset(big, 'b', sizeof(big));
	CB_CHECK_ERR(t, cb_varstore_set(&s, CB_STR("A"), vendor, CB_VAR_USUAL,
					(struct cb_bytes){ big, STORE_SIZE - 100 }), CB_ELIMIT, "full");
	CB_REQUIRE_OK(t, cb_varstore_set(&s, CB_STR("A"), vendor, CB_VAR_USUAL,
					 (struct cb_bytes){ big, STORE_SIZE - 136 }));
	cb_varstore_usage(&s, &used, &size);
	CB_CHECK_INT(t, used, size);
	make_store(p, false);
	CB_REQUIRE_OK(t, cb_varstore_open(t->env, p, sizeof(p), &s));
	memset(p + s.first + 4, 0, 200);
	for (size_t at = s.first + 4; at < s.first + 200; at += 4) {
		p[at] = 0xaa;
		p[at + 1] = 0x55;
	}
	CB_REQUIRE_OK(t, put(&s, "A", "ab"));
	check_value(t, &s, "A", "ab");
	cb_varstore_usage(&s, &used, &size);
	CB_CHECK_INT(t, used, 40);
	CB_REQUIRE_OK(t, cb_varstore_open(t->env, p, sizeof(p), &s));
	CB_CHECK_INT(t, s.used, s.first + 40);
}

/* The log that OVMF left after it had reclaimed a store: one write, and it is complete. */
static void interrupted(struct cb_check *t)
{
	static const uint8_t log[] = {
		0x2b, 0x29, 0x58, 0x9e, 0x68, 0x7c, 0x7d, 0x49, 0xa0, 0xce, 0x65, 0x00,
		0xfd, 0x9f, 0x1b, 0x95, 0x2c, 0xaf, 0x2c, 0x64, 0xfe, 0xff, 0xff, 0xff,
		0xe0, 0x0f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0xff, 0xff, 0xff,
		0x76, 0xea, 0x5c, 0xfe, 0x72, 0x4f, 0xe8, 0x49, 0x98, 0x6f, 0x2c, 0xd8,
		0x99, 0xdf, 0xfe, 0x5d, 0xff, 0xff, 0xff, 0xff, 0x01, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0xf9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x48, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0xb8, 0xdf, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x20, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00,
	};
	static const struct {
		uint8_t write, record;
		bool want;
	} cases[] = {
		{ 0xf8, 0xf9, false }, { 0xfc, 0xfd, true }, { 0xfc, 0xfc, true }, { 0xfc, 0xff, false },
		{ 0xfc, 0xf9, false }, { 0xfe, 0xfd, false }, { 0xff, 0xfd, false },
	};
	static uint8_t p[3 * 4096];
	struct cb_varstore s;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t at = 0; at < 161; at += 80) {
			memset(p, 0xff, sizeof(p));
			make_store(p, true);
			memcpy(p + 8192, log, sizeof(log));
			for (size_t more = 0; more < at; more += 80)
				memcpy(p + 8192 + sizeof(log) + more, log + 32, 80);
			p[8192 + 32 + at] = cases[i].write;
			p[8192 + 32 + 40 + at] = cases[i].record;
			CB_REQUIRE_OK(t, cb_varstore_open(t->env, p, sizeof(p), &s));
			CB_CHECK_INT(t, s.interrupted, cases[i].want);
			if (s.interrupted)
				CB_CHECK_ERR(t, put(&s, "A", "a"), CB_EUNSUP, "start its machine once");
			else
				CB_REQUIRE_OK(t, put(&s, "A", "a"));
		}
	/* Numbers that nobody can count to end the log. */
	memset(p + 8192 + 32 + 24, 0xff, 16);
	CB_REQUIRE_OK(t, cb_varstore_open(t->env, p, sizeof(p), &s));
	memset(p + 8192 + 32 + 32, 0, 8);
	CB_REQUIRE_OK(t, cb_varstore_open(t->env, p, sizeof(p), &s));
}

static void refuses(struct cb_check *t)
{
	static uint8_t p[STORE_SIZE];
	struct cb_varstore s;

	memset(p, 0, sizeof(p));
	CB_CHECK_ERR(t, cb_varstore_open(t->env, p, sizeof(p), &s), CB_ENOENT, "blank");
	memset(p, 0xff, sizeof(p));
	CB_CHECK_ERR(t, cb_varstore_open(t->env, p, sizeof(p), &s), CB_ENOENT, "blank");
	make_store(p, true);
	for (size_t i = 0; i < 65; i++) {
		size_t at = HEADER + 28 + i * 60;

		if (at + 60 > STORE_SIZE)
			break;
		memset(p + at, 0, 60);
		p[at] = 0xaa;
		p[at + 1] = 0x55;
		p[at + 2] = 0x3e;
	}
	CB_CHECK_INT(t, cb_varstore_open(t->env, p, sizeof(p), &s), 0); /* 32 are leaving */
	make_store(p, true);
	p[HEADER + 19] = 1;
	CB_CHECK_ERR(t, cb_varstore_open(t->env, p, sizeof(p), &s), CB_ELIMIT, "are the most");
	make_store(p, true);
	p[40] = 'x';
	CB_CHECK_ERR(t, cb_varstore_open(t->env, p, sizeof(p), &s), CB_ENOTMINE, "not a UEFI");
	make_store(p, true);
	CB_CHECK_ERR(t, cb_varstore_open(t->env, p, sizeof(p) - 1, &s), CB_ECORRUPT, "the file has 2047");
	p[HEADER + 21] = 0;
	CB_CHECK_ERR(t, cb_varstore_open(t->env, p, sizeof(p), &s), CB_ECORRUPT, "state");
	p[HEADER] = 0;
	CB_CHECK_ERR(t, cb_varstore_open(t->env, p, sizeof(p), &s), CB_EUNSUP, "neither");
	make_store(p, true);
	CB_REQUIRE_OK(t, cb_varstore_open(t->env, p, sizeof(p), &s));
	CB_REQUIRE_OK(t, put(&s, "A", "a"));
	p[s.first + 38] = 0xff;              /* NameSize of 16 MiB */
	CB_CHECK_ERR(t, cb_varstore_open(t->env, p, sizeof(p), &s), CB_ECORRUPT, "the end is 2048");
	make_store(p, true);
	CB_REQUIRE_OK(t, cb_varstore_open(t->env, p, sizeof(p), &s));
	CB_REQUIRE_OK(t, cb_varstore_set(&s, CB_STR("db"), vendor, 0x27, (struct cb_bytes){ p, 4 }));
	CB_CHECK_ERR(t, put(&s, "db", "mine"), CB_EAUTH, "setting db: the variable is signed");
}

struct listing {
	struct cb_check *t;
	struct cb_efivars *v;
	unsigned n;
};

/* Each variable's value is its name. */
static int look_inside(void *ctx, struct cb_str name, struct cb_uuid of)
{
	struct listing *l = ctx;
	uint32_t attributes;
	struct cb_buf b;

	cb_buf_init(&b, l->t->env, 64);

	int r = l->v->ops->get(l->v, name, of, &attributes, &b);

	if (r == 0)
		CB_CHECK_BYTES(l->t, cb_buf_bytes(&b),
			       ((struct cb_bytes){ (const uint8_t *)name.p, name.n }));
	cb_buf_fini(&b);
	l->n++;
	return r;
}

static int through_efivars(struct cb_check *t, void *arg)
{
	struct cb_efivars *v = arg;
	struct listing l = { t, v, 0 };
	struct cb_buf b;
	uint32_t attributes;
	int r = v->ops->set(v, CB_STR("B"), vendor, 6, (struct cb_bytes){ (const uint8_t *)"B", 1 });

	cb_buf_init(&b, t->env, 64);
	if (r == 0)
		r = v->ops->set(v, CB_STR("ab"), vendor, 6, (struct cb_bytes){ (const uint8_t *)"ab", 2 });
	if (r == 0)
		r = v->ops->get(v, CB_STR("ab"), vendor, &attributes, &b);
	if (r == 0) {
		CB_CHECK_BYTES(t, cb_buf_bytes(&b), ((struct cb_bytes){ (const uint8_t *)"ab", 2 }));
		CB_CHECK_INT(t, attributes, 6);
		r = v->ops->each(v, look_inside, &l);
	}
	if (r == 0)
		CB_CHECK_INT(t, l.n, 2);
	cb_buf_fini(&b);
	return r;
}

static void as_efivars(struct cb_check *t)
{
	static uint8_t p[STORE_SIZE];
	struct cb_storevars v;
	struct cb_varstore s;
	uint32_t attributes;

	make_store(p, true);
	CB_REQUIRE_OK(t, cb_varstore_open(t->env, p, sizeof(p), &s));
	cb_storevars_init(&v, &s);
	CB_CHECK_INT(t, cb_efivars_find(&v.vars, CB_STR("A"), vendor, &attributes, NULL), 0);
	cb_check_faults(t, through_efivars, &v.vars, 100);
}

CB_SUITE(varstore, CB_TEST(plain_store), CB_TEST(authenticated_store), CB_TEST(full_store_keeps_all),
	 CB_TEST(half_replaced), CB_TEST(deleted_stays_deleted), CB_TEST(odd_stores),
	 CB_TEST(interrupted), CB_TEST(refuses),
	 CB_TEST(as_efivars));
