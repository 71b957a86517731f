/* core/fmt.h - printf's useful half, the same on every target.
 *
 * %d %i %u %x %X %c %s %p %%, h-less; l ll z sizes; width and precision as
 * numbers or '*'; flags '-', '0', '+'. `long` is 4 or 8 bytes by target: pass 64-bit
 * values as %llu with a cast to unsigned long long. */
#ifndef CB_CORE_FMT_H
#define CB_CORE_FMT_H

#include <stdarg.h>
#include <stddef.h>

/* Write at most room - 1 bytes and a NUL. Returns the bytes it would have taken. */
size_t cb_fmt(char *out, size_t room, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
size_t cb_vfmt(char *out, size_t room, const char *fmt, va_list ap) __attribute__((format(printf, 3, 0)));

/* The same into a sink, piece by piece. */
typedef void cb_fmt_fn(void *arg, const char *p, size_t n);
void cb_vfmt_to(cb_fmt_fn *put, void *arg, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

#endif
