/* tests/unit/test_vercmp.c - UAPI.10: its own examples and the steps of its algorithm. */
#include "boot/vercmp.h"
#include "unit/check.h"

struct row { const char *a, *b; int want; };

static const struct row rows[] = {
	{ "11", "11", 0 },
	{ "systemd-123", "systemd-123", 0 },
	{ "bar-123", "foo-123", -1 },
	{ "123a", "123", 1 },
	{ "123.a", "123", 1 },
	{ "123.a", "123.b", -1 },
	{ "123a", "123.a", 1 },
	{ "11\xce\xb1", "11\xce\xb2", 0 },
	{ "A", "a", -1 },
	{ "", "0", -1 },
	{ "0.", "0", 1 },
	{ "0.0", "0", 1 },
	{ "1_", "1", 0 },
	{ "_1", "1", 0 },
	{ "1_", "1.2", -1 },
	{ "1_2_3", "1.3.3", 1 },
	{ "1+", "1", 0 },
	{ "+1", "1", 0 },
	{ "1+2+3", "1.3.3", 1 },
	/* A suffix with '~' is lower than the end, one with '^' higher, and lower than what goes on. */
	{ "6.12~rc1", "6.12", -1 },
	{ "~~1", "~1", -1 },
	{ "1.0^2016", "1.0", 1 },
	{ "1.0^2016", "1.0.1", -1 },
	/* Numbers of any length; zeros in front don't count. */
	{ "0001", "1", 0 },
	{ "123456789012345678901234567890", "123456789012345678901234567891", -1 },
	{ "99999999999999999999", "100000000000000000000", -1 },
	{ "6.9", "6.12", -1 },
	{ "6.1.0-18-cloud-amd64", "6.1.0-9-cloud-amd64", 1 },
	{ "5.14.0-503.el9_5.x86_64", "5.14.0-70.13.1.el9_0.x86_64", 1 },
	{ "123..0", "123.0", -1 },
	{ "1a", "11", -1 },
};

static void examples(struct cb_check *t)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cb_str a = cb_str_c(rows[i].a), b = cb_str_c(rows[i].b);

		if (cb_vercmp(a, b) != rows[i].want || cb_vercmp(b, a) != -rows[i].want)
			cb_check_failed(t, __FILE__, __LINE__, "\"%s\" against \"%s\": %d and %d, not %d",
					rows[i].a, rows[i].b, cb_vercmp(a, b), cb_vercmp(b, a),
					rows[i].want);
	}
}

/* A version may hold any bytes, a NUL too; nothing is read past its end. */
static void any_bytes(struct cb_check *t)
{
	static const char raw[] = "1\0002";

	CB_CHECK_INT(t, cb_vercmp((struct cb_str){ raw, 3 }, CB_STR("1_2")), 0);
	CB_CHECK_INT(t, cb_vercmp((struct cb_str){ raw, 1 }, CB_STR("1")), 0);
	CB_CHECK_INT(t, cb_vercmp((struct cb_str){ NULL, 0 }, (struct cb_str){ NULL, 0 }), 0);
}

CB_SUITE(vercmp, CB_TEST(examples), CB_TEST(any_bytes));
