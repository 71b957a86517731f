/* tests/unit/test_stage_note.c - the note's text: written, read, refused. */
#include "boot/stage_note.h"
#include "codec/crc.h"
#include "unit/check.h"

static const uint8_t sum_a[32] = { 1, 2, 3 }, sum_b[32] = { 0xff };

static struct cb_stage_note sample(struct cb_check *t, struct cb_arena *a)
{
	struct cb_stage_note n = { .n = 0 };

	if (cb_stage_note_init(a, &n) < 0) {
		cb_check_failed(t, __FILE__, __LINE__, "no memory");
		return n;
	}
	n.v[0] = (struct cb_stage_target){ .name = CB_STR("debian-13"), .safe = CB_STR("debian-13"),
					   .when = 7 };
	n.v[0].kernel.size = 1000;
	memcpy(n.v[0].kernel.sha256, sum_a, 32);
	n.v[0].initrd.size = 2000;
	memcpy(n.v[0].initrd.sha256, sum_b, 32);
	n.v[1] = (struct cb_stage_target){ .name = CB_STR("100 %\n\xc3\xa9"), .safe = CB_STR("100__") };
	n.v[1].kernel.size = UINT64_MAX;
	n.n = 2;
	n.boot_file.size = 3;
	n.guard = (struct cb_stage_guard){ .target = CB_STR("debian-13"), .how = CB_STAGE_BY_ONCE, .when = 99,
					   .times = 2 };
	return n;
}

static void comes_back(struct cb_check *t)
{
	struct cb_stage_note n, m;
	struct cb_arena a;
	struct cb_buf b;

	cb_arena_init(&a, t->env, 1u << 16);
	cb_buf_init(&b, t->env, CB_STAGE_NOTE_MAX);
	n = sample(t, &a);
	cb_stage_note_write(&n, &b);
	CB_CHECK_INT(t, cb_stage_note_parse(&a, (struct cb_str){ (const char *)b.p, b.n }, &m), 0);
	CB_CHECK_INT(t, m.n, 2);
	CB_CHECK_STR(t, m.v[0].safe, "debian-13");
	CB_CHECK_STR(t, m.v[1].name, "100 %\n\xc3\xa9");
	CB_CHECK(t, cb_stage_file_eq(&m.v[0].initrd, &n.v[0].initrd) && m.v[1].initrd.size == 0);
	CB_CHECK(t, m.v[1].kernel.size == UINT64_MAX && m.v[0].when == 7 && m.boot_file.size == 3);
	CB_CHECK_INT(t, m.guard.how, CB_STAGE_BY_ONCE);
	CB_CHECK(t, m.guard.times == 2 && m.guard.when == 99);
	CB_CHECK_STR(t, m.guard.target, "debian-13");
	CB_CHECK(t, cb_stage_note_find(&m, CB_STR("DEBIAN-13")) == &m.v[0]);
	CB_CHECK(t, cb_stage_note_find(&m, CB_STR("debian")) == NULL);
	cb_stage_note_remove(&m, &m.v[0]);
	CB_CHECK(t, m.n == 1 && cb_stage_note_find(&m, CB_STR("debian-13")) == NULL);
	cb_buf_fini(&b);
	cb_arena_fini(&a);
}

/* Lines with a checksum that is right. */
static void refused(struct cb_check *t, const char *lines, const char *why)
{
	struct cb_stage_note n;
	struct cb_arena a;
	struct cb_buf b;

	cb_arena_init(&a, t->env, 1u << 16);
	cb_buf_init(&b, t->env, CB_STAGE_NOTE_MAX);
	cb_buf_fmt(&b, "cloud-boot=1\n%s", lines);
	cb_buf_fmt(&b, "crc32=%08x\n", ~cb_crc32(~0u, b.p, b.n));

	int r = cb_stage_note_parse(&a, (struct cb_str){ (const char *)b.p, b.n }, &n);

	if (why == NULL)
		CB_CHECK_INT(t, r, 0);
	else
		CB_CHECK_ERR(t, r, CB_ECORRUPT, why);
	cb_buf_fini(&b);
	cb_arena_fini(&a);
}

#define SUM "0000000000000000000000000000000000000000000000000000000000000001"

static void bad_lines(struct cb_check *t)
{
	refused(t, "", NULL);
	refused(t, "later=version\n", NULL);
	refused(t, "target=a\nsafe=a\nkernel=" SUM " 5\n", NULL);
	refused(t, "target=a\n", "lacks lines");
	refused(t, "target=a\nsafe=a\n", "lacks lines");
	refused(t, "target=a\nkernel=" SUM " 5\n", "lacks lines");
	refused(t, "armed.times=1\n", "lacks lines");
	refused(t, "no sign\n", "line 2");
	refused(t, "safe=a\n", "line 2");
	refused(t, "target=\n", "line 2");
	refused(t, "target=%4\n", "line 2");
	refused(t, "target=\x01\n", "line 2");
	refused(t, "target=a\nsafe=../b\n", "line 3");
	refused(t, "target=a\nsafe=a%2fb\n", "line 3");
	refused(t, "target=a\nkernel=" SUM "\n", "line 3");
	refused(t, "target=a\nkernel=" SUM " 0\n", "line 3");
	refused(t, "target=a\nkernel=00 5\n", "line 3");
	refused(t, "target=a\nwhen=-1\n", "line 3");
	refused(t, "armed=a\narmed.how=never\n", "line 3");
	refused(t, "armed=a\narmed.times=0\n", "line 3");
	refused(t, "armed=a\narmed.times=99999\n", "line 3");
}

static void too_many(struct cb_check *t)
{
	struct cb_buf b;

	cb_buf_init(&b, t->env, CB_STAGE_NOTE_MAX);
	for (unsigned i = 0; i <= CB_STAGE_TARGETS; i++)
		cb_buf_fmt(&b, "target=t%u\nsafe=t%u\nkernel=" SUM " 5\n", i, i);
	cb_buf_add(&b, "", 1);
	refused(t, (const char *)b.p, "line 98");
	cb_buf_fini(&b);
}

/* Every byte changed, every length. */
static void damage(struct cb_check *t)
{
	struct cb_stage_note n, m;
	struct cb_arena a;
	struct cb_buf b;

	cb_arena_init(&a, t->env, 1u << 16);
	cb_buf_init(&b, t->env, CB_STAGE_NOTE_MAX);
	n = sample(t, &a);
	cb_stage_note_write(&n, &b);
	for (size_t i = 0; i < b.n; i++) {
		struct cb_mark mark = cb_arena_mark(&a);

		b.p[i] ^= 1;
		CB_CHECK_ERR(t, cb_stage_note_parse(&a, (struct cb_str){ (const char *)b.p, b.n }, &m),
			     CB_ECORRUPT, "note");
		b.p[i] ^= 1;
		CB_CHECK_ERR(t, cb_stage_note_parse(&a, (struct cb_str){ (const char *)b.p, i }, &m),
			     CB_ECORRUPT, "note");
		cb_arena_rewind(&a, mark);
	}
	cb_buf_fini(&b);
	cb_arena_fini(&a);
}

static int with_faults(struct cb_check *t, void *arg)
{
	const struct cb_buf *b = arg;
	struct cb_stage_note n;
	struct cb_arena a;
	int r;

	cb_arena_init(&a, t->env, 1u << 16);
	r = cb_stage_note_parse(&a, (struct cb_str){ (const char *)b->p, b->n }, &n);
	cb_arena_fini(&a);
	return r;
}

static void faults(struct cb_check *t)
{
	struct cb_stage_note n;
	struct cb_arena a;
	struct cb_buf b;

	cb_arena_init(&a, t->env, 1u << 16);
	cb_buf_init(&b, t->env, CB_STAGE_NOTE_MAX);
	n = sample(t, &a);
	cb_stage_note_write(&n, &b);
	cb_check_faults(t, with_faults, &b, 20);
	cb_buf_fini(&b);
	cb_arena_fini(&a);
}

CB_SUITE(stage_note, CB_TEST(comes_back), CB_TEST(bad_lines), CB_TEST(too_many), CB_TEST(damage),
	 CB_TEST(faults));
