/* core/err.c - the report that travels with a status code. */
#include "core/err.h"

#include "core/fmt.h"
#include "core/mem.h"

static const char *const names[] = {
	"OK", "ENOTMINE", "EUNSUP", "ECORRUPT", "EIO", "ENOMEM", "ELIMIT", "ENOENT", "ENOTDIR",
	"EISDIR", "ELOOP", "EAUTH", "ETIMEDOUT", "ECANCELED", "EINVAL",
};

/* Cut back to a whole UTF-8 sequence: a report is always valid text. */
static uint16_t whole_utf8(const char *s, size_t n)
{
	size_t end = n;

	while (end > 0 && n - end < 4 && ((uint8_t)s[end - 1] & 0xc0) == 0x80)
		end--;
	if (end == 0 || ((uint8_t)s[end - 1] & 0x80) == 0)
		return (uint16_t)n;

	uint8_t lead = (uint8_t)s[end - 1];
	size_t want = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;

	return (uint16_t)(n - (end - 1) >= want ? n : end - 1);
}

static void set_text(struct cb_diag *d, size_t want)
{
	d->truncated = d->truncated || want >= sizeof(d->text);
	d->len = (uint16_t)(want < sizeof(d->text) ? want : sizeof(d->text) - 1);
	if (d->truncated)
		d->len = whole_utf8(d->text, d->len);
	d->text[d->len] = '\0';
}

int cb_fail(struct cb_env *env, int code, const char *fmt, ...)
{
	struct cb_diag *d = env->diag;
	va_list ap;

	d->code = code;
	d->truncated = false;
	va_start(ap, fmt);
	set_text(d, cb_vfmt(d->text, sizeof(d->text), fmt, ap));
	va_end(ap);
	return code;
}

int cb_wrap(struct cb_env *env, int code, const char *fmt, ...)
{
	struct cb_diag *d = env->diag;
	char head[CB_DIAG_TEXT];
	va_list ap;

	if (d->len == 0) {
		d->code = code;
		set_text(d, cb_fmt(d->text, sizeof(d->text), "%s", cb_err_name(code)));
	}
	va_start(ap, fmt);
	size_t n = cb_vfmt(head, sizeof(head), fmt, ap);
	va_end(ap);
	if (n > sizeof(head) - 3)
		n = sizeof(head) - 3;
	head[n++] = ':';
	head[n++] = ' ';

	size_t room = sizeof(d->text) - 1 - n;
	size_t keep = d->len < room ? d->len : room;

	d->truncated = d->truncated || keep < d->len;
	memmove(d->text + n, d->text, keep);
	memcpy(d->text, head, n);
	set_text(d, n + keep);
	return code;
}

void cb_clear(struct cb_env *env)
{
	env->diag->code = CB_OK;
	env->diag->len = 0;
	env->diag->truncated = false;
	env->diag->text[0] = '\0';
}

const char *cb_err_name(int code)
{
	if (code > 0 || code <= -(int)(sizeof(names) / sizeof(names[0])))
		return "E?";
	return names[-code];
}
