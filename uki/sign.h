/* uki/sign.h - Secure Boot signatures, by sbsign. */
#ifndef CB_UKI_SIGN_H
#define CB_UKI_SIGN_H

#include "uki/host.h"

/* Write a signed copy of the PE image `from`. */
CB_MUST int cb_sign_image(struct cb_host *h, const char *key, const char *cert, const char *from,
			  const char *to);
/* The same for an image that is a disk too: the result is a whole number of 512-byte sectors. */
CB_MUST int cb_sign_disk(struct cb_host *h, const char *key, const char *cert, const char *from,
			 const char *to);

#endif
