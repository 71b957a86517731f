/* init/say.c - what PID 1 prints: lines of the boot log, reports, progress. */
#include "core/fmt.h"
#include "core/log.h"
#include "core/str.h"
#include "init/init.h"

#define WIDTH      79u
#define LINE_ROOM  640u
#define SECOND     UINT64_C(1000000000)
#define POLL_NS    (SECOND / 10)
#define METER_STEP (5 * SECOND)
#define MIB        (UINT64_C(1) << 20)

void put_text(struct cb_init *in, const char *p, size_t n)
{
	cb_console_write(&in->console, p, n);
}

/* The seconds since the kernel's clock started, where they are asked for. */
static void put_time(struct cb_init *in)
{
	char time[32];
	uint64_t ms = cb_now_ns(&in->env) / 1000000;

	if (in->env.max_level >= CB_LOG_DEBUG)
		put_text(in, time, cb_fmt(time, sizeof(time), "[%5llu.%03u] ",
					  (unsigned long long)(ms / 1000), (unsigned)(ms % 1000)));
}

/* cb_platform.log: the line is escaped. */
static void put_line(void *ctx, enum cb_log_level level, const char *line, size_t n)
{
	struct cb_init *in = ctx;

	put_time(in);
	if (level == CB_LOG_WARN)
		put_text(in, "warning: ", 9);
	put_text(in, line, n);
	put_text(in, "\n", 1);
}

void log_to_console(struct cb_init *in)
{
	in->plat.log = put_line;
	in->plat.poll = meter_tick;
}

const char *size_text(uint64_t bytes, char ret[SIZE_TEXT])
{
	uint64_t unit = bytes < MIB ? MIB / 1024 : MIB, tenths = bytes / unit * 10 + bytes % unit * 10 / unit;

	(void)cb_fmt(ret, SIZE_TEXT, "%llu.%u %s", (unsigned long long)(tenths / 10), /* it fits */
		     (unsigned)(tenths % 10), bytes < MIB ? "KiB" : "MiB");
	return ret;
}

static void log_text(struct cb_init *in, enum cb_log_level level, const char *tag, const char *fmt,
		     va_list ap)
{
	char text[LINE_ROOM];

	(void)cb_vfmt(text, sizeof(text), fmt, ap); /* a long one is cut */
	cb_log(&in->env, level, "%-*s%s", tag != NULL ? 9 : 0, tag != NULL ? tag : "", text);
}

void say(struct cb_init *in, const char *tag, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_text(in, CB_LOG_INFO, tag, fmt, ap);
	va_end(ap);
}

void warn(struct cb_init *in, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_text(in, CB_LOG_WARN, NULL, fmt, ap);
	va_end(ap);
}

void announce(struct cb_init *in, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_text(in, CB_LOG_ERR, NULL, fmt, ap);
	va_end(ap);
}

void say_lines(struct cb_init *in, const char *tag, struct cb_str text)
{
	struct cb_str line;
	char head[16];

	if (in->env.max_level < CB_LOG_INFO)
		return;
	while (cb_str_line(&text, &line)) {
		put_time(in);
		if (tag != NULL)
			put_text(in, head, cb_fmt(head, sizeof(head), "%-9.9s", tag));
		put_text(in, line.p, line.n);
		put_text(in, "\n", 1);
		tag = tag != NULL ? "" : NULL;
	}
}

void put_wrapped(struct cb_init *in, const char *head, struct cb_str s, unsigned indent)
{
	static const char blanks[] = "                ";
	struct cb_str word;
	size_t column = cb_str_c(head).n;
	bool first = true;

	put_text(in, head, column);
	while (cb_str_word(&s, &word)) {
		if (!first && column + 1 + word.n > WIDTH) {
			put_text(in, "\n", 1);
			put_text(in, blanks, indent);
			column = indent;
		} else if (!first) {
			put_text(in, " ", 1);
			column++;
		}
		put_text(in, word.p, word.n);
		column += word.n;
		first = false;
	}
	put_text(in, "\n", 1);
}

void meter_start(struct cb_init *in, const char *what)
{
	uint64_t now = cb_now_ns(&in->env);

	in->meter = (struct meter){ .what = what, .start_ns = now, .shown_ns = now, .polled_ns = now };
}

void meter_stop(struct cb_init *in)
{
	in->meter.what = NULL;
}

bool meter_tick(void *ctx)
{
	struct cb_init *in = ctx;
	struct meter *m = &in->meter;
	uint64_t now = cb_now_ns(&in->env);
	char text[SIZE_TEXT];

	if (now - m->polled_ns < POLL_NS)
		return false;
	m->polled_ns = now;
	(void)wait_for_devices(in, 0); /* only for the signals */
	if (m->what == NULL || now - m->shown_ns < (m->shown_ns == m->start_ns ? SECOND : METER_STEP))
		return false;
	m->shown_ns = now;
	say(in, "", "%s: %s in %llu s", m->what, size_text(m->bytes, text),
	    (unsigned long long)((now - m->start_ns) / SECOND));
	return false;
}
