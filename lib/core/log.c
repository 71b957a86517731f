/* core/log.c - formatting and escaping of log lines. */
#include "core/log.h"

#include <stdarg.h>

#include "core/fmt.h"
#include "core/mem.h"
#include "core/utf.h"

/* Like cb_str_escape() into fixed room: a log line must not allocate. */
static size_t escape(const char *s, size_t n, char *out, size_t room)
{
	size_t at = 0;

	while (n > 0 && at + 4 < room) {
		uint32_t cp;
		size_t step = cb_utf8_get((struct cb_str){ s, n }, &cp);

		if (step == 0 || cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) {
			step = 1;
			at += cb_fmt(out + at, room - at, "\\x%02x", (uint8_t)*s);
		} else {
			memcpy(out + at, s, step);
			at += step;
		}
		s += step;
		n -= step;
	}
	return at;
}

void cb_log(struct cb_env *env, enum cb_log_level level, const char *fmt, ...)
{
	char raw[CB_LOG_LINE], line[CB_LOG_LINE];
	va_list ap;

	if (level > env->max_level)
		return;
	va_start(ap, fmt);
	size_t n = cb_vfmt(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	if (n >= sizeof(raw))
		n = sizeof(raw) - 1;
	n = escape(raw, n, line, sizeof(line));
	env->plat->log(env->ctx, level, line, n);
}

bool cb_poll(struct cb_env *env)
{
	return env->plat->poll != NULL && env->plat->poll(env->ctx);
}

uint64_t cb_now_ns(struct cb_env *env)
{
	return env->plat->now_ns(env->ctx);
}
