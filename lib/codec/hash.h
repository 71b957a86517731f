/* codec/hash.h - SHA-256 and SHA-512 of bytes as they come, by the CPU's instructions where it has them. */
#ifndef CB_CODEC_HASH_H
#define CB_CODEC_HASH_H

#include "core/mem.h"

enum cb_hash_kind { CB_HASH_SHA256, CB_HASH_SHA512 };

#define CB_HASH_MAX 64             /* bytes of the longest digest */

/* In the caller's storage; holds no memory of its own. */
struct cb_hash {
	enum cb_hash_kind kind;
	uint64_t state[28];        /* the library's */
};

void cb_hash_init(struct cb_hash *h, enum cb_hash_kind kind);
void cb_hash_add(struct cb_hash *h, const void *p, size_t n);
/* The digest, cb_hash_size() bytes, which are also returned. h is wiped. */
size_t cb_hash_fini(struct cb_hash *h, uint8_t ret_digest[CB_HASH_MAX]);

size_t cb_hash_bytes(enum cb_hash_kind kind, struct cb_bytes in, uint8_t ret_digest[CB_HASH_MAX]);
size_t cb_hash_size(enum cb_hash_kind kind);
/* "sha256", "sha512", as OCI digests and sum files spell them. */
const char *cb_hash_name(enum cb_hash_kind kind);
bool cb_hash_by_name(struct cb_str name, enum cb_hash_kind *ret);

#endif
