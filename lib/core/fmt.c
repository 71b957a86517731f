/* core/fmt.c - formatted output to memory or to a sink. */
#include "core/fmt.h"

#include <stdbool.h>
#include <stdint.h>

#include "core/mem.h"

struct spec {
	bool left, zero, plus;
	int width, prec;              /* prec < 0: none given */
	int size;                     /* 0 int, 1 long, 2 long long, 3 size_t */
};

struct out {
	cb_fmt_fn *put;
	void *arg;
};

static void pad(struct out *o, char c, int n)
{
	char run[16];

	if (n <= 0)
		return;
	memset(run, c, sizeof(run));
	for (; n > (int)sizeof(run); n -= (int)sizeof(run))
		o->put(o->arg, run, sizeof(run));
	o->put(o->arg, run, (size_t)n);
}

static void put_text(struct out *o, const struct spec *s, const char *p, size_t n)
{
	int gap = s->width > (int)n ? s->width - (int)n : 0;

	if (!s->left)
		pad(o, ' ', gap);
	o->put(o->arg, p, n);
	if (s->left)
		pad(o, ' ', gap);
}

static void put_number(struct out *o, const struct spec *s, uint64_t v, unsigned base, bool neg,
		       const char *digits)
{
	char tmp[24];
	size_t i = sizeof(tmp);

	do {
		tmp[--i] = digits[v % base];
		v /= base;
	} while (v != 0);

	char sign = neg ? '-' : s->plus ? '+' : '\0';
	int n = (int)(sizeof(tmp) - i);
	int zeros = s->prec > n ? s->prec - n : 0;

	if (s->zero && !s->left && s->prec < 0 && s->width > n + (sign != '\0'))
		zeros = s->width - n - (sign != '\0');

	int gap = s->width - zeros - n - (sign != '\0');

	if (!s->left)
		pad(o, ' ', gap);
	if (sign != '\0')
		o->put(o->arg, &sign, 1);
	pad(o, '0', zeros);
	o->put(o->arg, tmp + i, (size_t)n);
	if (s->left)
		pad(o, ' ', gap);
}

static int number(const char **f)
{
	int v = 0;

	for (; **f >= '0' && **f <= '9'; (*f)++)
		if (v < 100000)
			v = v * 10 + (**f - '0');
	return v;
}

static size_t bounded_len(const char *s, int prec)
{
	size_t n = 0;

	while ((prec < 0 || n < (size_t)prec) && s[n] != '\0')
		n++;
	return n;
}

/* va_list may be an array type: travels in a struct so that helpers advance one copy. */
struct args {
	va_list ap;
};

static uint64_t arg_unsigned(struct args *a, int size)
{
	switch (size) {
	case 1:  return va_arg(a->ap, unsigned long);
	case 2:  return va_arg(a->ap, unsigned long long);
	case 3:  return va_arg(a->ap, size_t);
	default: return va_arg(a->ap, unsigned);
	}
}

static int64_t arg_signed(struct args *a, int size)
{
	switch (size) {
	case 1:  return va_arg(a->ap, long);
	case 2:  return va_arg(a->ap, long long);
	case 3:  return va_arg(a->ap, ptrdiff_t);
	default: return va_arg(a->ap, int);
	}
}

static const char *parse_spec(const char *f, struct spec *s, struct args *a)
{
	*s = (struct spec){ .prec = -1 };
	for (;; f++) {
		if (*f == '-')
			s->left = true;
		else if (*f == '0')
			s->zero = true;
		else if (*f == '+')
			s->plus = true;
		else
			break;
	}
	if (*f == '*') {
		s->width = va_arg(a->ap, int);
		f++;
	} else {
		s->width = number(&f);
	}
	if (*f == '.') {
		f++;
		if (*f == '*') {
			s->prec = va_arg(a->ap, int);
			f++;
		} else {
			s->prec = number(&f);
		}
	}
	for (; *f == 'l' || *f == 'z'; f++)
		s->size = *f == 'z' ? 3 : s->size + 1;
	return f;
}

static void convert(struct out *o, char c, struct spec *s, struct args *a)
{
	static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";

	switch (c) {
	case 'd':
	case 'i': {
		int64_t v = arg_signed(a, s->size);

		put_number(o, s, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, v < 0, lower);
		break;
	}
	case 'u':
		put_number(o, s, arg_unsigned(a, s->size), 10, false, lower);
		break;
	case 'x':
		put_number(o, s, arg_unsigned(a, s->size), 16, false, lower);
		break;
	case 'X':
		put_number(o, s, arg_unsigned(a, s->size), 16, false, upper);
		break;
	case 'p':
		o->put(o->arg, "0x", 2);
		put_number(o, s, (uintptr_t)va_arg(a->ap, void *), 16, false, lower);
		break;
	case 'c': {
		char ch = (char)va_arg(a->ap, int);

		put_text(o, s, &ch, 1);
		break;
	}
	case 's': {
		const char *p = va_arg(a->ap, const char *);

		if (p == NULL)
			p = s->prec == 0 ? "" : "(null)";
		put_text(o, s, p, bounded_len(p, s->prec));
		break;
	}
	default:
		o->put(o->arg, &c, 1);
	}
}

void cb_vfmt_to(cb_fmt_fn *put, void *arg, const char *fmt, va_list ap)
{
	struct out o = { put, arg };
	struct args a;
	struct spec s;

	va_copy(a.ap, ap);
	while (*fmt != '\0') {
		const char *lit = fmt;

		while (*fmt != '\0' && *fmt != '%')
			fmt++;
		if (fmt != lit)
			put(arg, lit, (size_t)(fmt - lit));
		if (*fmt == '\0')
			break;
		fmt = parse_spec(fmt + 1, &s, &a);
		if (*fmt == '\0')
			break;
		convert(&o, *fmt++, &s, &a);
	}
	va_end(a.ap);
}

struct memory {
	char *p;
	size_t room, n;
};

static void put_memory(void *arg, const char *p, size_t n)
{
	struct memory *m = arg;

	for (size_t i = 0; i < n; i++, m->n++)
		if (m->n + 1 < m->room)
			m->p[m->n] = p[i];
}

size_t cb_vfmt(char *out, size_t room, const char *fmt, va_list ap)
{
	struct memory m = { out, room, 0 };

	cb_vfmt_to(put_memory, &m, fmt, ap);
	if (room > 0)
		out[m.n < room ? m.n : room - 1] = '\0';
	return m.n;
}

size_t cb_fmt(char *out, size_t room, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	size_t n = cb_vfmt(out, room, fmt, ap);
	va_end(ap);
	return n;
}
