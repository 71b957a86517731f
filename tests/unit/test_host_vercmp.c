/* tests/unit/test_host_vercmp.c - every row of ../shared/vectors/vercmp.jsonl, whose oracle is
 * systemd-analyze compare-versions. Without that file the examples in test_vercmp.c have to do. */
#include "boot/vercmp.h"

#include <stdio.h>

#include "unit/check.h"

#define VECTORS "../shared/vectors/vercmp.jsonl"

/* The string between the quotes after "key": in a line; the vectors escape nothing. */
static bool text_of(struct cb_str line, struct cb_str key, struct cb_str *ret)
{
	size_t at = cb_str_find(line, key);

	if (at == SIZE_MAX)
		return false;
	*ret = cb_str_sub(line, at + key.n, SIZE_MAX);
	*ret = cb_str_sub(*ret, 0, cb_str_chr(*ret, '"'));
	return true;
}

static bool want_of(struct cb_str line, int *ret)
{
	struct cb_str key = CB_STR("\"expected\": ");
	size_t at = cb_str_find(line, key);

	if (at == SIZE_MAX)
		return false;
	line = cb_str_sub(line, at + key.n, SIZE_MAX);
	*ret = cb_str_starts(line, CB_STR("-1")) ? -1 : cb_str_starts(line, CB_STR("1")) ? 1 : 0;
	return *ret != 0 || cb_str_starts(line, CB_STR("0"));
}

static void vectors(struct cb_check *t)
{
	FILE *f = fopen(VECTORS, "re");
	char raw[512];
	unsigned rows = 0;

	if (f == NULL)
		return;
	while (fgets(raw, sizeof(raw), f) != NULL) {
		struct cb_str line = cb_str_trim(cb_str_c(raw)), a, b;
		int want, got;

		if (line.n == 0)
			continue;
		if (!text_of(line, CB_STR("\"a\": \""), &a) || !text_of(line, CB_STR("\"b\": \""), &b) ||
		    !want_of(line, &want) || cb_str_chr(line, '\\') != SIZE_MAX) {
			cb_check_failed(t, __FILE__, __LINE__, "not a row: %.*s", CB_STR_ARG(line));
			continue;
		}
		rows++;
		got = cb_vercmp(a, b);
		if (got != want)
			cb_check_failed(t, __FILE__, __LINE__, "%d for %.*s", got, CB_STR_ARG(line));
	}
	(void)fclose(f);
	CB_CHECK(t, rows > 1000);
}

CB_SUITE(host_vercmp, CB_TEST(vectors));
