/* core/utf.h - UTF-8 and UTF-16LE (RFC 3629; UEFI's CHAR16), strict. */
#ifndef CB_CORE_UTF_H
#define CB_CORE_UTF_H

#include "core/mem.h"

/* Bytes of the first character (1..4) and its code point; 0 when s is empty or invalid there. */
size_t cb_utf8_get(struct cb_str s, uint32_t *ret_cp);
/* Write cp (a scalar value) to out, 4 bytes of room; returns the bytes. */
size_t cb_utf8_put(char *out, uint32_t cp);
/* Append UTF-16LE bytes as UTF-8; lone surrogates become U+FFFD. A zero unit ends it. */
void cb_utf16_to_utf8(struct cb_buf *b, struct cb_bytes utf16);
/* Append UTF-8 as UTF-16LE, no terminator; invalid bytes become U+FFFD. */
void cb_utf8_to_utf16(struct cb_buf *b, struct cb_str utf8);

#endif
