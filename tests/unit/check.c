/* tests/unit/check.c - recording failures, fault loops, running suites. */
#include "unit/check.h"

#include <stdarg.h>

#include "core/fmt.h"

#define LINE 400

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *fmt, ...)
{
	char line[LINE];
	va_list ap;

	va_start(ap, fmt);
	size_t n = cb_vfmt(line, sizeof(line), fmt, ap);
	va_end(ap);
	cb_check_say(line, n < sizeof(line) ? n : sizeof(line) - 1);
}

void cb_check_failed(struct cb_check *t, const char *file, int line, const char *fmt, ...)
{
	char text[LINE];
	va_list ap;

	va_start(ap, fmt);
	(void)cb_vfmt(text, sizeof(text), fmt, ap); /* a long one is cut */
	va_end(ap);
	t->failures++;
	say("%s:%d: %s", file, line, text);
}

bool cb_check_int(struct cb_check *t, const char *file, int line, const char *what, int64_t got,
		  int64_t want)
{
	if (got == want)
		return true;
	cb_check_failed(t, file, line, "%s is %lld, not %lld%s%s", what, (long long)got,
			(long long)want, t->sim->diag.len > 0 ? ": " : "", t->sim->diag.text);
	return false;
}

bool cb_check_text(struct cb_check *t, const char *file, int line, const char *what,
		   struct cb_str got, struct cb_str want)
{
	if (cb_str_eq(got, want))
		return true;
	cb_check_failed(t, file, line, "%s is \"%.*s\", not \"%.*s\"", what, CB_STR_ARG(got),
			CB_STR_ARG(want));
	return false;
}

bool cb_check_bytes(struct cb_check *t, const char *file, int line, const char *what,
		    struct cb_bytes got, struct cb_bytes want)
{
	size_t n = got.n < want.n ? got.n : want.n, at = 0;

	while (at < n && got.p[at] == want.p[at])
		at++;
	if (got.n == want.n && at == n)
		return true;
	cb_check_failed(t, file, line, "%s: %zu bytes, not %zu; they differ at %zu", what, got.n,
			want.n, at);
	return false;
}

bool cb_check_err(struct cb_check *t, const char *file, int line, int r, int code, const char *text)
{
	struct cb_str report = { t->sim->diag.text, t->sim->diag.len };
	bool ok = r == code && cb_str_find(report, cb_str_c(text)) != SIZE_MAX;

	if (!ok)
		cb_check_failed(t, file, line, "%s \"%s\", not %s with \"%s\"", cb_err_name(r),
				t->sim->diag.text, cb_err_name(code), text);
	cb_clear(t->env);
	return ok;
}

static void fault_loop(struct cb_check *t, int (*fn)(struct cb_check *t, void *arg), void *arg,
		       unsigned max, uint64_t *countdown, const char *what)
{
	struct cb_sim *s = t->sim;
	uint64_t live = s->live_n;

	for (unsigned n = 1; n <= max; n += t->thorough ? 1 : 1 + n / 2) {
		cb_clear(t->env);
		s->failed = false;
		*countdown = n;

		int r = fn(t, arg);

		*countdown = 0;
		if (s->live_n != live)
			cb_check_failed(t, __FILE__, __LINE__, "%s %u failed: %llu allocations left", what,
					n, (unsigned long long)(s->live_n - live));
		if (!s->failed) {
			(void)cb_check_int(t, __FILE__, __LINE__, "untouched run", r, 0);
			return;
		}
		if (r < 0 && s->diag.len == 0)
			cb_check_failed(t, __FILE__, __LINE__, "%s %u failed: no report", what, n);
		if (r == 0 && countdown == &s->fail_read)
			continue;     /* another copy or a skipped optional read may save the day */
		if (r == 0)
			cb_check_failed(t, __FILE__, __LINE__, "%s %u failed: success", what, n);
	}
}

void cb_check_faults(struct cb_check *t, int (*fn)(struct cb_check *t, void *arg), void *arg,
		     unsigned max)
{
	fault_loop(t, fn, arg, max, &t->sim->fail_alloc, "allocation");
	fault_loop(t, fn, arg, max, &t->sim->fail_read, "read");
	cb_clear(t->env);
}

unsigned cb_check_one(const struct cb_suite *suite, const struct cb_test *test,
		      const struct cb_platform *under, void *ctx, bool thorough)
{
	struct cb_sim sim;
	struct cb_check t = { &sim, &sim.env, 0, thorough };

	cb_sim_init(&sim, under, ctx);
	test->run(&t);
	if (sim.live_n != 0)
		cb_check_failed(&t, suite->name, 0, "%s: %llu allocations, %llu bytes left", test->name,
				(unsigned long long)sim.live_n, (unsigned long long)sim.live);
	return t.failures;
}

unsigned cb_check_run(const struct cb_platform *under, void *ctx, const char *only,
		      unsigned *ret_run)
{
	unsigned failed = 0, run = 0;

	for (size_t i = 0; cb_suites[i] != NULL; i++) {
		const struct cb_suite *s = cb_suites[i];

		if (only != NULL && !cb_str_starts(cb_str_c(s->name), cb_str_c(only)))
			continue;
		for (size_t j = 0; j < s->n; j++) {
			bool bad = cb_check_one(s, &s->tests[j], under, ctx, false) > 0;

			run++;
			failed += bad;
			if (bad)
				say("FAILED %s.%s", s->name, s->tests[j].name);
		}
	}
	*ret_run = run;
	return failed;
}
