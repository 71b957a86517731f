/* codec/hex.h - bytes as lower-case hexadecimal digits, and back. */
#ifndef CB_CODEC_HEX_H
#define CB_CODEC_HEX_H

#include "core/mem.h"

/* 2 * n digits and a NUL to out. */
void cb_hex(char *out, const void *p, size_t n);
void cb_hex_add(struct cb_buf *b, struct cb_bytes in);
/* Exactly 2 * n digits of either case; nothing is written unless all are. */
CB_MUST bool cb_hex_parse(struct cb_str text, uint8_t *ret, size_t n);

#endif
