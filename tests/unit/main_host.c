/* tests/unit/main_host.c - the unit tests under cmocka. Usage: unit [SUITE-PREFIX] */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "posix/posix.h"
#include "unit/check.h"

struct item {
	const struct cb_suite *suite;
	const struct cb_test *test;
};

void cb_check_say(const char *line, size_t n)
{
	fprintf(stderr, "%.*s\n", (int)n, line);
}

static void run_one(void **state)
{
	const struct item *it = *state;

	if (cb_check_one(it->suite, it->test, &cb_posix_platform, NULL, true) > 0)
		fail_msg("%s.%s", it->suite->name, it->test->name);
}

static int run_suite(const struct cb_suite *s)
{
	struct item *items = calloc(s->n, sizeof(*items));
	struct CMUnitTest *tests = calloc(s->n, sizeof(*tests));

	if (items == NULL || tests == NULL)
		abort();
	for (size_t i = 0; i < s->n; i++) {
		items[i] = (struct item){ s, &s->tests[i] };
		tests[i] = (struct CMUnitTest){ s->tests[i].name, run_one, NULL, NULL, &items[i] };
	}

	int failed = _cmocka_run_group_tests(s->name, tests, s->n, NULL, NULL);

	free(tests);
	free(items);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0, ran = 0;

	for (size_t i = 0; cb_suites[i] != NULL; i++) {
		if (argc > 1 && !cb_str_starts(cb_str_c(cb_suites[i]->name), cb_str_c(argv[1])))
			continue;
		failed += run_suite(cb_suites[i]);
		ran += (int)cb_suites[i]->n;
	}
	printf("unit: %d passed, %d failed\n", ran - failed, failed);
	return failed > 0 || ran == 0;
}
