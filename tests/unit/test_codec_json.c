/* JSON: what is accepted and refused, looking around, out of memory; the writer, read back. */
#include "codec/json.h"
#include "codec/json_write.h"

#include "unit/check.h"

static int parse(struct cb_check *t, struct cb_str s, struct cb_jdoc **ret)
{
	return cb_jdoc_parse(t->env, (struct cb_bytes){ (const uint8_t *)s.p, s.n }, ret);
}

static void looks_around(struct cb_check *t)
{
	static const char text[] =
		" {\"s\":\"a\\u00e9\\ud83d\\ude00\\u0000z\",\"n\":-1.50e+3,\"u\":18446744073709551615,"
		"\"t\":true,\n\"z\":null,\"a\":[1,[],{}],"
		"\"o\":{\"x\":{\"y\":\"deep\"}},\"s\":\"second\",\"\":7} ";
	struct cb_jdoc *d;
	struct cb_str s = { NULL, 0 };
	uint64_t u = 0;
	bool b = false;

	CB_REQUIRE_OK(t, parse(t, cb_str_c(text), &d));
	const struct cb_jval *v = cb_jdoc_root(d), *o = cb_jval_get(v, CB_STR("o"));

	CB_CHECK(t, cb_jval_type(v) == CB_J_OBJECT && cb_jval_size(v) == 9);
	CB_CHECK(t, cb_jval_str(cb_jval_get(v, CB_STR("s")), &s));
	CB_CHECK(t, s.n == 9 && memcmp(s.p, "a\xc3\xa9\xf0\x9f\x98\x80\0z", 9) == 0);
	CB_CHECK(t, cb_jval_number(cb_jval_get(v, CB_STR("n")), &s));
	CB_CHECK_STR(t, s, "-1.50e+3");
	CB_CHECK(t, !cb_jval_u64(cb_jval_get(v, CB_STR("n")), &u) && u == 0);
	CB_CHECK(t, cb_jval_u64(cb_jval_get(v, CB_STR("u")), &u) && u == UINT64_MAX);
	CB_CHECK(t, cb_jval_bool(cb_jval_get(v, CB_STR("t")), &b) && b);
	CB_CHECK(t, cb_jval_type(cb_jval_get(v, CB_STR("z"))) == CB_J_NULL);
	CB_CHECK(t, cb_jval_str(cb_jval_get(cb_jval_get(o, CB_STR("x")), CB_STR("y")), &s));
	CB_CHECK_STR(t, s, "deep");
	CB_CHECK(t, cb_jval_u64(cb_jval_get(v, (struct cb_str){ NULL, 0 }), &u) && u == 7);
	CB_CHECK(t, cb_jval_u64(cb_jval_at(cb_jval_get(v, CB_STR("a")), 0), &u) && u == 1);
	CB_CHECK(t, cb_jval_type(cb_jval_at(cb_jval_get(v, CB_STR("a")), 1)) == CB_J_ARRAY);
	CB_CHECK(t, cb_jval_at(cb_jval_get(v, CB_STR("a")), 3) == NULL);
	/* Absent, and of the wrong type, all the way down. */
	CB_CHECK(t, cb_jval_get(cb_jval_get(v, CB_STR("none")), CB_STR("x")) == NULL);
	CB_CHECK(t, cb_jval_get(cb_jval_get(v, CB_STR("a")), CB_STR("x")) == NULL);
	CB_CHECK(t, cb_jval_at(v, 0) == NULL);
	CB_CHECK(t, !cb_jval_str(NULL, &s) && !cb_jval_str(o, &s) && !cb_jval_bool(NULL, &b));
	CB_CHECK(t, !cb_jval_u64(NULL, &u) && cb_jval_type(NULL) == CB_J_ABSENT);
	CB_CHECK(t, cb_jval_size(NULL) == 0);
	CB_CHECK(t, cb_jval_size(cb_jval_get(v, CB_STR("s"))) == 0);
	cb_jdoc_free(d);
}

static void iterates(struct cb_check *t)
{
	static const char *const names[] = { "one", "two", "" };
	struct cb_jdoc *d;
	const struct cb_jval *v;
	struct cb_str name;
	uint64_t u, n = 0;

	CB_REQUIRE_OK(t, parse(t, CB_STR("{\"one\":[0,[[]],{\"a\":{}},3],\"two\":1,\"\":2}"), &d));
	struct cb_jiter it = cb_jval_iter(cb_jdoc_root(d));

	for (; cb_jiter_next(&it, &name, &v); n++) {
		CB_REQUIRE(t, n < 3);
		CB_CHECK_STR(t, name, names[n]);
		CB_CHECK(t, n == 0 || (cb_jval_u64(v, &u) && u == n));
	}
	CB_CHECK_INT(t, n, 3);
	it = cb_jval_iter(cb_jval_get(cb_jdoc_root(d), CB_STR("one")));
	for (n = 0; cb_jiter_next(&it, NULL, &v); n++)
		CB_CHECK_INT(t, cb_jval_type(v), n == 1 ? CB_J_ARRAY : n == 2 ? CB_J_OBJECT : CB_J_NUMBER);
	CB_CHECK_INT(t, n, 4);
	it = cb_jval_iter(NULL);
	CB_CHECK(t, !cb_jiter_next(&it, &name, &v));
	it = cb_jval_iter(cb_jval_get(cb_jdoc_root(d), CB_STR("two")));
	CB_CHECK(t, !cb_jiter_next(&it, &name, &v));
	cb_jdoc_free(d);
}

static void what_is_refused(struct cb_check *t)
{
	static const struct { const char *text, *says; } bad[] = {
		{ "", "line 1, column 1: no text" }, { " ", "line 1" },
		{ "[1,]", "line 1, column 3: trailing comma" },
		{ "{\"a\":1,}", "line 1, column 7" }, { "[1] x", "line 1, column 5" },
		{ "{\n  a: 1}", "line 2, column 3" }, { "[01]", "line 1, column 2" },
		{ "[+1]", "line 1, column 2" }, { "[.5]", "line 1, column 2" }, { "[1.]", "line 1" },
		{ "[NaN]", "line 1" }, { "// c\n1", "line 1, column 1" }, { "'a'", "line 1, column 1" },
		{ "\"\t\"", "line 1" }, { "\"\\x\"", "line 1" }, { "\"\\ud800\"", "line 1" },
		{ "\"\xff\"", "line 1" }, { "\"\xc0\x80\"", "line 1" }, { "[1", "line 1" },
		{ "\"", "line 1" }, { "nul", "line 1" }, { "{\"a\"}", "line 1" }, { "{1:2}", "line 1" },
		{ "\xef\xbb\xbf{}", "line 1" },
	};
	struct cb_jdoc *d = NULL;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CB_CHECK_ERR(t, parse(t, cb_str_c(bad[i].text), &d), CB_ECORRUPT, bad[i].says);
	CB_CHECK_ERR(t, parse(t, CB_STR("1\0"), &d), CB_ECORRUPT, "column 2");
	CB_CHECK(t, d == NULL);
}

static void depth(struct cb_check *t)
{
	struct cb_jdoc *d;
	char text[303];

	for (size_t n = 99; n <= 101; n++) {
		memset(text, '[', n);
		memset(text + n, ']', n);
		if (n <= 100) {
			CB_REQUIRE_OK(t, parse(t, (struct cb_str){ text, 2 * n }, &d));
			cb_jdoc_free(d);
		} else {
			CB_CHECK_ERR(t, parse(t, (struct cb_str){ text, 2 * n }, &d), CB_ELIMIT,
				     "column 101");
		}
	}
	/* Brackets in strings, also after an escaped quote, are text. */
	memset(text, '[', sizeof(text));
	text[0] = text[302] = '"';
	text[1] = '\\';
	text[2] = '"';
	CB_REQUIRE_OK(t, parse(t, (struct cb_str){ text, sizeof(text) }, &d));
	cb_jdoc_free(d);
}

/* The densest document there is fits the allocator's cap. */
static void dense(struct cb_check *t)
{
	size_t n = 100001;
	char *text = cb_alloc(t->env, n);
	struct cb_jdoc *d;

	CB_REQUIRE(t, text != NULL);
	for (size_t i = 0; i < n; i++)
		text[i] = i % 2 ? '1' : ',';
	text[0] = '[';
	text[n - 1] = ']';
	CB_REQUIRE_OK(t, parse(t, (struct cb_str){ text, n }, &d));
	CB_CHECK_INT(t, cb_jval_size(cb_jdoc_root(d)), 50000);
	cb_jdoc_free(d);
	cb_free(t->env, text, n);
}

static int parse_under_fault(struct cb_check *t, void *arg)
{
	struct cb_jdoc *d = NULL;
	int r = parse(t, *(struct cb_str *)arg, &d);

	cb_jdoc_free(d);
	return r;
}

static void faults(struct cb_check *t)
{
	struct cb_str s = CB_STR("{\"a\":[1,2,3,{\"b\":\"c\"}],\"d\":null}");

	cb_check_faults(t, parse_under_fault, &s, 50);
}

static void writes(struct cb_check *t)
{
	struct cb_buf b;
	struct cb_json j = { &b, false };
	struct cb_jdoc *d;

	cb_buf_init(&b, t->env, 1000);
	cb_json_open(&j, NULL, '{');
	cb_json_str(&j, "quote\"", CB_STR("a\\b\n\x7f\x01"));
	cb_json_str(&j, "bad", CB_STR("\xffok\xc3\xa9"));
	cb_json_str(&j, "null", (struct cb_str){ NULL, 0 });
	cb_json_open(&j, "list", '[');
	cb_json_int(&j, NULL, INT64_MIN);
	cb_json_u64(&j, NULL, UINT64_MAX);
	cb_json_open(&j, NULL, '{');
	cb_json_close(&j, '}');
	cb_json_bool(&j, NULL, true);
	cb_json_close(&j, ']');
	cb_json_bool(&j, "no", false);
	cb_json_close(&j, '}');
	CB_CHECK_STR(t, ((struct cb_str){ (const char *)b.p, b.n }),
		     "{\"quote\\\"\":\"a\\\\b\\u000a\\u007f\\u0001\",\"bad\":\"\xef\xbf\xbdok\xc3\xa9\","
		     "\"null\":null,\"list\":[-9223372036854775808,18446744073709551615,{},"
		     "true],\"no\":false}");
	CB_REQUIRE_OK(t, cb_jdoc_parse(t->env, cb_buf_bytes(&b), &d));
	CB_CHECK_INT(t, cb_jval_size(cb_jdoc_root(d)), 5);
	cb_jdoc_free(d);
	cb_buf_fini(&b);
}

CB_SUITE(codec_json, CB_TEST(looks_around), CB_TEST(iterates), CB_TEST(what_is_refused), CB_TEST(depth),
	 CB_TEST(dense), CB_TEST(faults), CB_TEST(writes));
