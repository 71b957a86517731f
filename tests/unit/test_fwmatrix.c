/* tests/unit/test_fwmatrix.c - the protocol matrix as people and programs get it. */
#include "image/fwmatrix.h"

#include "unit/check.h"

static const struct cb_fwmatrix_row rows[] = {
	{ "BlockIO", 1, 12, CB_WORKS_UNTRIED, "" },
	{ "HTTP", 0, 0, CB_WORKS_UNTRIED, "" },
	{ "SimpleNetwork", 1, 1, CB_WORKS_NO, "present but does not start (EFI status 7)" },
	{ "RNG", 0, 1, CB_WORKS_YES, "32 bytes came" },
};

static struct cb_fwmatrix matrix(void)
{
	return (struct cb_fwmatrix){ .vendor = CB_STR("EDK \"II\""), .revision = 1u << 16,
				     .uefi = 2u << 16 | 70, .connect_ms = 278, .rows = rows,
				     .n = sizeof(rows) / sizeof(rows[0]) };
}

static void table(struct cb_check *t)
{
	const struct cb_fwmatrix m = matrix();
	struct cb_buf b;

	cb_buf_init(&b, t->env, 4096);
	cb_fwmatrix_table(&m, &b);
	CB_CHECK_STR(t, ((struct cb_str){ (const char *)b.p, b.n }),
		"firmware  EDK \"II\" 1.00, UEFI 2.70\n"
		"protocol         at start   connected  tried\n"
		"BlockIO          yes        yes, 12\n"
		"HTTP             no         no\n"
		"SimpleNetwork    yes        yes        present but does not start (EFI status 7)\n"
		"RNG              no         yes        32 bytes came\n");
	cb_buf_fini(&b);
}

static void json(struct cb_check *t)
{
	const struct cb_fwmatrix m = matrix();
	struct cb_buf b;

	cb_buf_init(&b, t->env, 4096);
	cb_fwmatrix_json(&m, &b);
	CB_CHECK_STR(t, ((struct cb_str){ (const char *)b.p, b.n }),
		"{\"vendor\":\"EDK \\\"II\\\"\",\"revision\":\"1.00\",\"uefi\":\"2.70\",\"connect_ms\":278,"
		"\"protocols\":[{\"name\":\"BlockIO\",\"at_start\":1,\"connected\":12},"
		"{\"name\":\"HTTP\",\"at_start\":0,\"connected\":0},"
		"{\"name\":\"SimpleNetwork\",\"at_start\":1,\"connected\":1,\"works\":false,"
		"\"note\":\"present but does not start (EFI status 7)\"},"
		"{\"name\":\"RNG\",\"at_start\":0,\"connected\":1,\"works\":true,"
		"\"note\":\"32 bytes came\"}]}");
	cb_buf_fini(&b);
}

CB_SUITE(fwmatrix, CB_TEST(table), CB_TEST(json));
