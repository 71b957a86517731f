/* tests/unit/test_core.c - bytes, memory, text, reports, the block layer's byte reads. */
#include "core/bytes.h"
#include "core/fmt.h"
#include "core/str.h"
#include "core/utf.h"
#include "core/uuid.h"
#include "unit/check.h"

static void integers_overflow(struct cb_check *t)
{
	uint64_t v = 7;

	CB_CHECK(t, !cb_add(UINT64_MAX, 1, &v) && v == 7);
	CB_CHECK(t, !cb_mul(UINT64_MAX, 2, &v) && v == 7);
	CB_CHECK(t, !cb_shl(2, 63, &v) && !cb_shl(1, 64, &v) && v == 7);
	CB_CHECK(t, cb_shl(1, 63, &v) && v == UINT64_C(1) << 63);
	CB_CHECK(t, cb_align_up(4097, 4096, &v) && v == 8192);
	CB_CHECK(t, !cb_align_up(UINT64_MAX, 4096, &v));
	CB_CHECK(t, cb_in_range(10, 0, 10) && !cb_in_range(10, 1, 10) && !cb_in_range(UINT64_MAX, 2, 10));
}

static void cursor_sticks(struct cb_check *t)
{
	static const uint8_t raw[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	struct cb_cur c = cb_cur((struct cb_bytes){ raw, sizeof(raw) });

	CB_CHECK_INT(t, cb_cur_u8(&c), 1);
	CB_CHECK_INT(t, cb_cur_le16(&c), 0x0302);
	CB_CHECK_INT(t, cb_cur_be32(&c), 0x04050607);
	CB_CHECK_INT(t, cb_cur_le64(&c), 0);
	CB_CHECK(t, !cb_cur_ok(&c));
	CB_CHECK_INT(t, cb_cur_u8(&c), 0);
	CB_CHECK_INT(t, c.left, 2);
	CB_CHECK(t, cb_get_le64(cb_put_le64(0x1122334455667788)) == 0x1122334455667788);
	CB_CHECK(t, cb_get_be64(cb_put_be64(0x1122334455667788)) == 0x1122334455667788);
	CB_CHECK(t, cb_put_be32(0x11223344).b[0] == 0x11 && cb_put_le16(0x1122).b[0] == 0x22);
}

static void check_fmt(struct cb_check *t, const char *want, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void check_fmt(struct cb_check *t, const char *want, const char *fmt, ...)
{
	char out[64];
	va_list ap;

	va_start(ap, fmt);
	size_t n = cb_vfmt(out, sizeof(out), fmt, ap);
	va_end(ap);
	CB_CHECK_STR(t, ((struct cb_str){ out, n }), want);
}

static void formats(struct cb_check *t)
{
	char small[4];

	check_fmt(t, "-5|  42|0007|2a|2A", "%d|%4u|%04d|%x|%X", -5, 42u, 7, 42u, 42u);
	check_fmt(t, "18446744073709551615 -9223372036854775808", "%llu %lld",
		  (unsigned long long)UINT64_MAX, (long long)INT64_MIN);
	check_fmt(t, "ab|ab  |  ab|a%", "%s|%-4s|%4s|%.1s%%", "ab", "ab", "ab", "ab");
	check_fmt(t, "xy", "%.*s", 2, "xyz");
	check_fmt(t, "12 c", "%zu %c", (size_t)12, 'c');
	CB_CHECK_INT(t, cb_fmt(small, sizeof(small), "%s", "abcdef"), 6);
	CB_CHECK_STR(t, cb_str_c(small), "abc");
}

static void reports_wrap(struct cb_check *t)
{
	int r = cb_fail(t->env, CB_ECORRUPT, "inode %u", 12u);

	r = cb_wrap(t->env, r, "mounting %s", "vda1");
	CB_CHECK_ERR(t, r, CB_ECORRUPT, "mounting vda1: inode 12");
	for (int i = 0; i < 100; i++)
		r = cb_wrap(t->env, CB_EIO, "\xc3\xa4\xc3\xa4\xc3\xa4");
	CB_CHECK(t, t->env->diag->truncated && t->env->diag->len < CB_DIAG_TEXT);

	uint32_t cp;
	struct cb_str s = { t->env->diag->text, t->env->diag->len };

	while (s.n > 0) {
		size_t n = cb_utf8_get(s, &cp);

		CB_REQUIRE(t, n > 0);
		s = cb_str_sub(s, n, SIZE_MAX);
	}
}

static void arena_caps_and_rewinds(struct cb_check *t)
{
	struct cb_arena a;

	cb_arena_init(&a, t->env, 64 << 10);
	CB_CHECK(t, cb_new(&a, uint64_t, 10) != NULL);

	struct cb_mark m = cb_arena_mark(&a);
	size_t used = a.used;

	for (int i = 0; i < 20; i++)
		CB_CHECK(t, cb_arena_alloc(&a, 1, 1000, 64) != NULL);
	cb_arena_rewind(&a, m);
	CB_CHECK_INT(t, a.used, used);
	CB_CHECK(t, cb_arena_alloc(&a, 1, 64 << 10, 1) == NULL);
	CB_CHECK_ERR(t, t->env->diag->code, CB_ELIMIT, "65536");
	CB_CHECK(t, cb_arena_alloc(&a, SIZE_MAX, 16, 1) == NULL);
	cb_clear(t->env);
	cb_arena_fini(&a);
}

static void buffers_turn_bad(struct cb_check *t)
{
	struct cb_buf b;

	cb_buf_init(&b, t->env, 8);
	cb_buf_fmt(&b, "%s", "12345678");
	CB_CHECK_INT(t, cb_buf_status(&b), 0);
	cb_buf_add(&b, "9", 1);
	CB_CHECK_ERR(t, cb_buf_status(&b), CB_ELIMIT, "8 bytes");
	CB_CHECK_INT(t, b.n, 8);
	cb_buf_fini(&b);
}

static void text(struct cb_check *t)
{
	struct cb_str s = CB_STR("  a=b\r\nnext"), line, word;
	uint64_t v = 3;

	CB_CHECK(t, cb_str_line(&s, &line));
	CB_CHECK_STR(t, line, "  a=b");
	CB_CHECK(t, cb_str_word(&line, &word));
	CB_CHECK_STR(t, word, "a=b");
	CB_CHECK(t, !cb_str_word(&line, &word));
	CB_CHECK_INT(t, cb_str_rchr(CB_STR("/a/b"), '/'), 2);
	CB_CHECK(t, cb_str_u64(CB_STR("18446744073709551615"), 10, &v) && v == UINT64_MAX);
	CB_CHECK(t, !cb_str_u64(CB_STR("18446744073709551616"), 10, &v) && v == UINT64_MAX);
	CB_CHECK(t, cb_str_u64(CB_STR("fF"), 16, &v) && v == 255);
	CB_CHECK_INT(t, cb_str_distance(CB_STR("kitten"), CB_STR("sitting"), 5), 3);
	CB_CHECK_INT(t, cb_str_distance(CB_STR("abc"), CB_STR("xyz"), 1), 2);

	struct cb_buf b;

	cb_buf_init(&b, t->env, 100);
	cb_str_escape(&b, CB_STR("a\x1b[2J\xff\xc3\xa4"));
	CB_CHECK_STR(t, ((struct cb_str){ (const char *)b.p, b.n }), "a\\x1b[2J\\xff\xc3\xa4");
	cb_buf_fini(&b);
}

static void utf16_round_trip(struct cb_check *t)
{
	struct cb_buf a, b;

	cb_buf_init(&a, t->env, 100);
	cb_buf_init(&b, t->env, 100);
	cb_utf8_to_utf16(&a, CB_STR("a\xc3\xa4\xf0\x9f\x98\x80\xff"));
	CB_CHECK_INT(t, a.n, 10);
	cb_utf16_to_utf8(&b, cb_buf_bytes(&a));
	CB_CHECK_STR(t, ((struct cb_str){ (const char *)b.p, b.n }), "a\xc3\xa4\xf0\x9f\x98\x80\xef\xbf\xbd");
	cb_buf_fini(&a);
	cb_buf_fini(&b);
}

static void uuids(struct cb_check *t)
{
	static const uint8_t esp[16] = { 0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
					 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b };
	char text_[CB_UUID_TEXT];
	uint8_t back[16];
	struct cb_uuid u = cb_uuid_from_guid(esp), v;

	cb_uuid_text(u, text_);
	CB_CHECK_STR(t, cb_str_c(text_), "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
	CB_CHECK(t, cb_uuid_parse(CB_STR("C12A7328-F81F-11D2-BA4B-00A0C93EC93B"), &v) && cb_uuid_eq(u, v));
	CB_CHECK(t, !cb_uuid_parse(CB_STR("C12A7328-F81F-11D2-BA4B-00A0C93EC93"), &v));
	CB_CHECK(t, !cb_uuid_parse(CB_STR("C12A7328+F81F-11D2-BA4B-00A0C93EC93B"), &v));
	cb_uuid_to_guid(u, back);
	CB_CHECK(t, memcmp(back, esp, 16) == 0);
}

static int read_everywhere(struct cb_check *t, void *arg)
{
	uint8_t *raw = arg;
	struct cb_blk *d, *s;
	uint8_t out[1700];
	int r = cb_sim_blk(t->sim, raw, 16384, 512, 3, 64, &d);

	if (r < 0)
		return r;
	r = cb_blk_slice(d, 2, 20, "slice", &s);
	if (r == 0) {
		for (uint64_t off = 0; off < 1200 && r == 0; off += 111) {
			size_t n = (size_t)(off * 7 % 1600);

			r = cb_blk_pread(s, off, out + off % 64, n);
			if (r == 0)
				CB_CHECK(t, memcmp(out + off % 64, raw + 1024 + off, n) == 0);
		}
		cb_blk_unref(s);
	}
	cb_blk_unref(d);
	return r;
}

/* However a range lies: the bytes are right, and one read does for up to 64 KiB. */
static void block_reads_are_few(struct cb_check *t)
{
	static const size_t cases[][3] = {            /* offset, bytes, reads */
		{ 0, 512, 1 }, { 0, 700, 1 }, { 100, 412, 1 }, { 100, 65536, 1 }, { 511, 2, 1 },
		{ 512, 131072, 1 }, { 512, 131073, 2 }, { 513, 131072, 3 }, { 513, 131583, 2 },
	};
	uint8_t *raw = cb_alloc(t->env, 1u << 18), *out = cb_alloc_aligned(t->env, 1u << 18, 512);
	struct cb_blk *d;

	CB_REQUIRE(t, raw != NULL && out != NULL);
	for (size_t i = 0; i < 1u << 18; i++)
		raw[i] = (uint8_t)(i * 31 + i / 256);
	CB_REQUIRE_OK(t, cb_sim_blk(t->sim, raw, 1u << 18, 512, 1024, 1, &d));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		t->sim->reads = 0;
		CB_CHECK_INT(t, cb_blk_pread(d, cases[i][0], out, cases[i][1]), 0);
		CB_CHECK(t, memcmp(out, raw + cases[i][0], cases[i][1]) == 0);
		CB_CHECK_INT(t, t->sim->reads, cases[i][2]);
	}
	cb_blk_unref(d);
	cb_free(t->env, raw, 1u << 18);
	cb_free(t->env, out, 1u << 18);
}

static void block_reads(struct cb_check *t)
{
	uint8_t *raw = cb_alloc(t->env, 16384), out[16];
	struct cb_blk *d;

	CB_REQUIRE(t, raw != NULL);
	for (size_t i = 0; i < 16384; i++)
		raw[i] = (uint8_t)(i * 31 + i / 256);
	cb_check_faults(t, read_everywhere, raw, 1000);
	CB_REQUIRE_OK(t, cb_blk_mem(t->env, raw, 16384, 512, &d));
	CB_CHECK_ERR(t, cb_blk_pread(d, 16380, out, 5), CB_EINVAL, "past the end at 16384");
	CB_CHECK_INT(t, cb_blk_pread(d, 16384, out, 0), 0);
	cb_blk_unref(d);
	CB_CHECK_ERR(t, cb_blk_mem(t->env, raw, 16384, 768, &d), CB_EUNSUP, "768");
	cb_free(t->env, raw, 16384);
}

CB_SUITE(core, CB_TEST(integers_overflow), CB_TEST(cursor_sticks), CB_TEST(formats),
	 CB_TEST(reports_wrap), CB_TEST(arena_caps_and_rewinds), CB_TEST(buffers_turn_bad), CB_TEST(text),
	 CB_TEST(utf16_round_trip), CB_TEST(uuids), CB_TEST(block_reads),
	 CB_TEST(block_reads_are_few));
