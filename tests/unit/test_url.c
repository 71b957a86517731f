/* tests/unit/test_url.c - addresses, good and bad, and RFC 3986's own examples of references. */
#include "core/limits.h"
#include "net/url.h"
#include "unit/check.h"

static void parse(struct cb_check *t)
{
	static const struct { const char *text, *host, *path; bool tls; unsigned port; } good[] = {
		{ "http://a", "a", "/", false, 80 },
		{ "HTTPS://Boot.Example.com/x?y=1#z", "Boot.Example.com", "/x?y=1", true, 443 },
		{ "https://10.0.2.2:8443/k", "10.0.2.2", "/k", true, 8443 },
		{ "http://[fe80::1]:81/", "fe80::1", "/", false, 81 },
		{ "http://[::1]", "::1", "/", false, 80 },
		{ "http://a:/b", "a", "/b", false, 80 },
	};
	static const struct { const char *text, *why;
	} bad[] = {
		{ "", "begins with" },
		{ "ftp://a/", "begins with" },
		{ "http:/a", "begins with" },
		{ "http://", "no name of a host" },
		{ "http:///x", "no name" },
		{ "http://a b/", "blanks" },
		{ "http://a/\x7f", "blanks" },
		{ "http://u:p@h/", "user name" },
		{ "http://[::1", "without ']'" },
		{ "http://[::1]x/", "no name" },
		{ "http://a:0/", "port" },
		{ "http://a:65536/", "port" },
		{ "http://a:x/", "port" },
		{ "http://a%41/", "no name" },
		{ "http://a?b", "'?'" },
	};
	struct cb_url u;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CB_REQUIRE_OK(t, cb_url_parse(t->env, cb_str_c(good[i].text), &u));
		CB_CHECK_STR(t, u.host, good[i].host);
		CB_CHECK_STR(t, u.path, good[i].path);
		CB_CHECK_INT(t, u.tls, good[i].tls);
		CB_CHECK_INT(t, u.port, good[i].port);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CB_CHECK_ERR(t, cb_url_parse(t->env, cb_str_c(bad[i].text), &u), CB_EINVAL,
			     bad[i].why);
}

/* RFC 3986, 5.4.1 and 5.4.2, those that stay within http. */
static void references(struct cb_check *t)
{
	static const struct { const char *ref, *want;
	} cases[] = {
		{ "g", "http://a/b/c/g" },
		{ "./g", "http://a/b/c/g" },
		{ "g/", "http://a/b/c/g/" },
		{ "/g", "http://a/g" },
		{ "//g", "http://g/" },
		{ "?y", "http://a/b/c/d;p?y" },
		{ "g?y", "http://a/b/c/g?y" },
		{ "g#s", "http://a/b/c/g" },
		{ ";x", "http://a/b/c/;x" },
		{ ".", "http://a/b/c/" },
		{ "./", "http://a/b/c/" },
		{ "..", "http://a/b/" },
		{ "../", "http://a/b/" },
		{ "../g", "http://a/b/g" },
		{ "../..", "http://a/" },
		{ "../../g", "http://a/g" },
		{ "../../../g", "http://a/g" },
		{ "/./g", "http://a/g" },
		{ "/../g", "http://a/g" },
		{ "g.", "http://a/b/c/g." },
		{ ".g", "http://a/b/c/.g" },
		{ "g..", "http://a/b/c/g.." },
		{ "./../g", "http://a/b/g" },
		{ "./g/.", "http://a/b/c/g/" },
		{ "g/./h", "http://a/b/c/g/h" },
		{ "g/../h", "http://a/b/c/h" },
		{ "g?y/../x", "http://a/b/c/g?y/../x" },
		{ "https://h:1/x", "https://h:1/x" },
	};
	struct cb_url base, u;
	struct cb_arena a;
	struct cb_buf text;

	CB_REQUIRE_OK(t, cb_url_parse(t->env, CB_STR("http://a/b/c/d;p?q"), &base));
	cb_arena_init(&a, t->env, 64u << 10);
	cb_buf_init(&text, t->env, 1024);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text.n = 0;
		CB_REQUIRE_OK(t, cb_url_join(&a, &base, cb_str_c(cases[i].ref), &u));
		cb_url_text(&u, &text);
		CB_CHECK_STR(t, ((struct cb_str){ (const char *)text.p, text.n }), cases[i].want);
	}
	CB_CHECK_ERR(t, cb_url_join(&a, &base, CB_STR(""), &u), CB_EINVAL, "empty");
	CB_CHECK_ERR(t, cb_url_join(&a, &base, CB_STR("a\nb"), &u), CB_EINVAL, "no address");
	cb_buf_fini(&text);
	cb_arena_fini(&a);
}

static void origins(struct cb_check *t)
{
	static const struct { const char *a, *b; bool same; } cases[] = {
		{ "http://h/x", "http://H:80/y", true }, { "http://h/", "https://h/", false },
		{ "https://h/", "https://h:8443/", false }, { "https://h/", "https://i.h/", false },
	};
	struct cb_url a, b;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CB_REQUIRE_OK(t, cb_url_parse(t->env, cb_str_c(cases[i].a), &a));
		CB_REQUIRE_OK(t, cb_url_parse(t->env, cb_str_c(cases[i].b), &b));
		CB_CHECK_INT(t, cb_url_same_origin(&a, &b), cases[i].same);
	}
}

static void loopback(struct cb_check *t)
{
	static const struct { const char *url; bool is; } cases[] = {
		{ "http://localhost/", true },     { "http://LOCALHOST:80/", true },
		{ "http://127.0.0.1/", true },     { "http://127.255.1.2:5000/", true },
		{ "http://[::1]:5000/", true },    { "http://[::2]/", false },
		{ "http://127.0.0.1.example/", false }, { "http://127.0.0/", false },
		{ "http://127.0.0.256/", false },  { "http://localhost.example/", false },
		{ "http://10.0.2.2/", false },     { "http://[0:0:0:0:0:0:0:1]/", false },
	};
	struct cb_url u;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CB_REQUIRE_OK(t, cb_url_parse(t->env, cb_str_c(cases[i].url), &u));
		CB_CHECK_INT(t, cb_url_is_loopback(&u), cases[i].is);
	}
}

CB_SUITE(url, CB_TEST(parse), CB_TEST(references), CB_TEST(origins), CB_TEST(loopback));
