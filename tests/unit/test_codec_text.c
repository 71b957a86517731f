/* Hexadecimal and base64: vectors of RFC 4648, every byte there and back, what is refused. */
#include "codec/base64.h"
#include "codec/hex.h"

#include "unit/check.h"

static struct cb_str text_of(const struct cb_buf *b)
{
	return (struct cb_str){ (const char *)b->p, b->n };
}

static void hex_both_ways(struct cb_check *t)
{
	static const uint8_t in[] = { 0x00, 0x9a, 0xbf, 0xff };
	char text[9];
	uint8_t back[4] = { 1, 2, 3, 4 };
	struct cb_buf b;

	cb_hex(text, in, 4);
	CB_CHECK_STR(t, cb_str_c(text), "009abfff");
	CB_CHECK(t, cb_hex_parse(CB_STR("009aBFff"), back, 4) && memcmp(back, in, 4) == 0);
	CB_CHECK(t, !cb_hex_parse(CB_STR("009abff"), back, 4));
	CB_CHECK(t, !cb_hex_parse(CB_STR("009abfff"), back, 3));
	CB_CHECK(t, !cb_hex_parse(CB_STR("119abffg"), back, 4) && back[0] == 0);
	CB_CHECK(t, !cb_hex_parse(CB_STR("@1"), back, 1) && !cb_hex_parse(CB_STR("1`"), back, 1));
	CB_CHECK(t, cb_hex_parse(CB_STR(""), back, 0));
	cb_buf_init(&b, t->env, 100);
	cb_hex_add(&b, (struct cb_bytes){ in, 4 });
	CB_CHECK_STR(t, text_of(&b), "009abfff");
	cb_buf_fini(&b);
}

static void base64_vectors(struct cb_check *t)
{
	static const char *const v[][2] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xfe", "+//+" },
	};

	for (unsigned i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct cb_str plain = cb_str_c(v[i][0]);
		struct cb_buf b;

		cb_buf_init(&b, t->env, 100);
		cb_base64_add(&b, CB_BASE64_STD, (struct cb_bytes){ (const uint8_t *)plain.p, plain.n });
		CB_CHECK_STR(t, text_of(&b), v[i][1]);
		b.n = 0;
		CB_CHECK_INT(t, cb_base64_parse(t->env, CB_BASE64_STD, cb_str_c(v[i][1]), &b), 0);
		CB_CHECK_STR(t, text_of(&b), v[i][0]);
		cb_buf_fini(&b);
	}
}

static void base64_every_byte(struct cb_check *t)
{
	uint8_t in[256];
	struct cb_buf a, b;

	for (unsigned i = 0; i < 256; i++)
		in[i] = (uint8_t)i;
	cb_buf_init(&a, t->env, 1000);
	cb_buf_init(&b, t->env, 1000);
	for (size_t n = 0; n <= 256; n++)
		for (enum cb_base64_kind kind = CB_BASE64_STD; kind <= CB_BASE64_URL; kind++) {
			a.n = b.n = 0;
			cb_base64_add(&a, kind, (struct cb_bytes){ in + 256 - n, n });
			CB_CHECK(t, kind == CB_BASE64_STD || cb_str_chr(text_of(&a), '=') == SIZE_MAX);
			CB_CHECK_INT(t, cb_base64_parse(t->env, kind, text_of(&a), &b), 0);
			CB_CHECK_BYTES(t, cb_buf_bytes(&b), ((struct cb_bytes){ in + 256 - n, n }));
		}
	cb_buf_fini(&a);
	cb_buf_fini(&b);
}

static void base64_refusals(struct cb_check *t)
{
	static const struct { const char *text, *says; } bad[] = {
		{ "Zg", "2 digits and 0 '='" }, { "Zg=", "2 digits and 1 '='" }, { "Z", "1 digits" },
		{ "Zh==", "left over" }, { "Zm9=", "left over" }, { "Zm9v=", "0x3d at 4" },
		{ "Zg==Zg==", "0x5a at 4" }, { "Zg=g", "0x67 at 3" }, { "Z-9v", "0x2d at 1" },
		{ "Zm 9v", "0x20 at 2" }, { "Zg===", "0x3d at 4" }, { "=", "0x3d at 0" },
	};
	struct cb_buf b;

	cb_buf_init(&b, t->env, 4);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CB_CHECK_ERR(t, cb_base64_parse(t->env, CB_BASE64_STD, cb_str_c(bad[i].text), &b),
			     CB_ECORRUPT, bad[i].says);
	CB_CHECK_ERR(t, cb_base64_parse(t->env, CB_BASE64_URL, CB_STR("Zg=="), &b), CB_ECORRUPT, "2 '='");
	b.n = 0;
	CB_CHECK_INT(t, cb_base64_parse(t->env, CB_BASE64_STD, CB_STR("Zm\r\n9v\n"), &b), 0);
	CB_CHECK_STR(t, text_of(&b), "foo");
	CB_CHECK_INT(t, cb_base64_parse(t->env, CB_BASE64_STD, CB_STR("Zm9v"), &b), CB_ELIMIT);
	cb_buf_fini(&b);
}

CB_SUITE(codec_text, CB_TEST(hex_both_ways), CB_TEST(base64_vectors), CB_TEST(base64_every_byte),
	 CB_TEST(base64_refusals));
