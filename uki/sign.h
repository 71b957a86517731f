/* uki/sign.h - Secure Boot signatures, by sbsign. */
#ifndef CB_UKI_SIGN_H
#define CB_UKI_SIGN_H

#include "uki/host.h"

/* Write a signed copy of the PE image `from`. */
CB_MUST int cb_sign_image(struct cb_host *h, const char *key, const char *cert, const char *from,
			  const char *to);

/* How a disk is signed that is an image too. */
struct cb_sign_disk {
	const char *key, *cert;
	uint32_t room;                /* bytes of its certificate table, the tail not counted */
	struct cb_bytes tail;         /* what has to be the last bytes of the disk */
};

/* Bytes that signatures by the key of the signed image `path` need, in whole sectors. */
CB_MUST int cb_sign_room(struct cb_host *h, const char *path, uint32_t *ret);
/* Write a signed copy of `from`, d->room and the tail longer. */
CB_MUST int cb_sign_disk(struct cb_host *h, const struct cb_sign_disk *d, const char *from, const char *to);

#endif
