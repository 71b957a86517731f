/* boot/vercmp.c - UAPI.10: compare versions piece by piece.
 *
 * Where the text leaves room this takes the steps of systemd-analyze compare-versions: '~' is
 * looked at before the end of the text ("~" < ""), '^' is higher than the end but lower than
 * what goes on. */
#include "boot/vercmp.h"

#include "core/str.h"

static int sign(bool lower, bool higher)
{
	return higher - lower;
}

static bool is_part(char c)
{
	return cb_is_digit(c) || cb_is_alpha(c) || c == '~' || c == '-' || c == '^' || c == '.';
}

/* Anything outside the alphabet separates, and is otherwise ignored. */
static struct cb_str skip_separators(struct cb_str s)
{
	while (s.n > 0 && !is_part(s.p[0]))
		s = cb_str_sub(s, 1, SIZE_MAX);
	return s;
}

/* c at the front of both is cut off; at the front of one, that one is lower. */
static bool take(struct cb_str *a, struct cb_str *b, char c, int *ret)
{
	bool in_a = a->n > 0 && a->p[0] == c, in_b = b->n > 0 && b->p[0] == c;

	if (in_a != in_b) {
		*ret = sign(in_a, in_b);
		return true;
	}
	if (in_a) {
		*a = cb_str_sub(*a, 1, SIZE_MAX);
		*b = cb_str_sub(*b, 1, SIZE_MAX);
	}
	return false;
}

static struct cb_str take_run(struct cb_str *s, bool digits)
{
	size_t n = 0;

	while (n < s->n && (digits ? cb_is_digit(s->p[n]) : cb_is_alpha(s->p[n])))
		n++;

	struct cb_str run = cb_str_sub(*s, 0, n);

	*s = cb_str_sub(*s, n, SIZE_MAX);
	return run;
}

static struct cb_str skip_zeros(struct cb_str s)
{
	while (s.n > 0 && s.p[0] == '0')
		s = cb_str_sub(s, 1, SIZE_MAX);
	return s;
}

static int compare_runs(struct cb_str *a, struct cb_str *b)
{
	bool digits = (a->n > 0 && cb_is_digit(a->p[0])) || (b->n > 0 && cb_is_digit(b->p[0]));
	struct cb_str x = take_run(a, digits), y = take_run(b, digits);

	if (digits) {
		/* No number at all is lower even than 0. */
		if (x.n == 0 || y.n == 0)
			return sign(x.n == 0, y.n == 0);
		x = skip_zeros(x);
		y = skip_zeros(y);
		/* Any length is fine: the longer number is bigger. */
		if (x.n != y.n)
			return sign(x.n < y.n, x.n > y.n);
	}

	int r = cb_str_cmp(x, y);

	return sign(r < 0, r > 0);
}

int cb_vercmp(struct cb_str a, struct cb_str b)
{
	for (;;) {
		int r;

		a = skip_separators(a);
		b = skip_separators(b);
		if (take(&a, &b, '~', &r))
			return r;
		if (a.n == 0 || b.n == 0)
			return sign(a.n < b.n, a.n > b.n);
		if (take(&a, &b, '-', &r) || take(&a, &b, '^', &r) || take(&a, &b, '.', &r))
			return r;
		r = compare_runs(&a, &b);
		if (r != 0)
			return r;
	}
}
