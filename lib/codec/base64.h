/* codec/base64.h - RFC 4648 base64, standard and URL alphabets, strict. */
#ifndef CB_CODEC_BASE64_H
#define CB_CODEC_BASE64_H

#include "core/mem.h"

enum cb_base64_kind {
	CB_BASE64_STD,             /* + and /, padded with = */
	CB_BASE64_URL,             /* - and _, no padding: JWTs, cosign bundles */
};

void cb_base64_add(struct cb_buf *b, enum cb_base64_kind kind, struct cb_bytes in);
/* Appends to ret. CR and LF are skipped anywhere; any other foreign byte, missing padding (STD) and
 * leftover bits that are not zero are CB_ECORRUPT, naming the byte. */
CB_MUST int cb_base64_parse(struct cb_env *env, enum cb_base64_kind kind, struct cb_str text,
			    struct cb_buf *ret);

#endif
