/* JSON text, written as we go. */
#include "codec/json_write.h"

#include "core/str.h"
#include "core/utf.h"

static void quoted(struct cb_buf *b, struct cb_str s)
{
	cb_buf_str(b, CB_STR("\""));
	while (s.n > 0) {
		uint32_t cp;
		size_t n = cb_utf8_get(s, &cp);

		if (n == 0) {
			cb_buf_str(b, CB_STR("\xef\xbf\xbd"));
			n = 1;
		} else if (cp == '"' || cp == '\\') {
			cb_buf_fmt(b, "\\%c", (char)cp);
		} else if (cp < 0x20 || cp == 0x7f) {
			cb_buf_fmt(b, "\\u%04x", cp);
		} else {
			cb_buf_add(b, s.p, n);
		}
		s = cb_str_sub(s, n, SIZE_MAX);
	}
	cb_buf_str(b, CB_STR("\""));
}

static void before(struct cb_json *j, const char *key)
{
	if (j->comma)
		cb_buf_str(j->b, CB_STR(","));
	j->comma = true;
	if (key != NULL) {
		quoted(j->b, cb_str_c(key));
		cb_buf_str(j->b, CB_STR(":"));
	}
}

void cb_json_open(struct cb_json *j, const char *key, char bracket)
{
	before(j, key);
	cb_buf_add(j->b, &bracket, 1);
	j->comma = false;
}

void cb_json_close(struct cb_json *j, char bracket)
{
	cb_buf_add(j->b, &bracket, 1);
	j->comma = true;
}

void cb_json_str(struct cb_json *j, const char *key, struct cb_str s)
{
	before(j, key);
	if (s.p == NULL)
		cb_buf_str(j->b, CB_STR("null"));
	else
		quoted(j->b, s);
}

void cb_json_int(struct cb_json *j, const char *key, int64_t v)
{
	before(j, key);
	cb_buf_fmt(j->b, "%lld", (long long)v);
}

void cb_json_u64(struct cb_json *j, const char *key, uint64_t v)
{
	before(j, key);
	cb_buf_fmt(j->b, "%llu", (unsigned long long)v);
}

void cb_json_bool(struct cb_json *j, const char *key, bool v)
{
	before(j, key);
	cb_buf_str(j->b, v ? CB_STR("true") : CB_STR("false"));
}
