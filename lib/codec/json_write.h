/* codec/json_write.h - JSON out (RFC 8259): commas, quotes and escapes right by construction. */
#ifndef CB_CODEC_JSON_WRITE_H
#define CB_CODEC_JSON_WRITE_H

#include "core/mem.h"

/* Appends to b; whether a comma is due is all it remembers. */
struct cb_json {
	struct cb_buf *b;
	bool comma;
};

/* key NULL: an element of an array, or the document itself. */
void cb_json_open(struct cb_json *j, const char *key, char bracket);    /* '{' or '[' */
void cb_json_close(struct cb_json *j, char bracket);                    /* '}' or ']' */
/* Bytes that are not UTF-8 become U+FFFD. s.p NULL: null. */
void cb_json_str(struct cb_json *j, const char *key, struct cb_str s);
void cb_json_int(struct cb_json *j, const char *key, int64_t v);
void cb_json_u64(struct cb_json *j, const char *key, uint64_t v);
void cb_json_bool(struct cb_json *j, const char *key, bool v);

#endif
