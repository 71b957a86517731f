/* Hashes over mbedTLS. Its functions return a status for hardware that can fail; ours is software,
 * and their arguments here are constants, so there is nothing to report. */
#include "codec/hash.h"

#include "core/str.h"
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>

union context {
	mbedtls_sha256_context sha256;
	mbedtls_sha512_context sha512;
};
_Static_assert(sizeof(union context) <= sizeof(((struct cb_hash *)0)->state), "hash.h: state");

static union context *context(struct cb_hash *h)
{
	return (union context *)(void *)h->state;
}

void cb_hash_init(struct cb_hash *h, enum cb_hash_kind kind)
{
	*h = (struct cb_hash){ .kind = kind };
	if (kind == CB_HASH_SHA256) {
		mbedtls_sha256_init(&context(h)->sha256);
		(void)mbedtls_sha256_starts(&context(h)->sha256, 0); /* can't fail, see above */
	} else {
		mbedtls_sha512_init(&context(h)->sha512);
		(void)mbedtls_sha512_starts(&context(h)->sha512, 0); /* can't fail, see above */
	}
}

void cb_hash_add(struct cb_hash *h, const void *p, size_t n)
{
	if (n == 0)
		return;
	if (h->kind == CB_HASH_SHA256)
		(void)mbedtls_sha256_update(&context(h)->sha256, p, n); /* can't fail, see above */
	else
		(void)mbedtls_sha512_update(&context(h)->sha512, p, n); /* can't fail, see above */
}

size_t cb_hash_fini(struct cb_hash *h, uint8_t ret_digest[CB_HASH_MAX])
{
	size_t n = cb_hash_size(h->kind);

	if (h->kind == CB_HASH_SHA256)
		(void)mbedtls_sha256_finish(&context(h)->sha256, ret_digest); /* can't fail, see above */
	else
		(void)mbedtls_sha512_finish(&context(h)->sha512, ret_digest); /* can't fail, see above */
	cb_wipe(h, sizeof(*h));
	return n;
}

size_t cb_hash_bytes(enum cb_hash_kind kind, struct cb_bytes in, uint8_t ret_digest[CB_HASH_MAX])
{
	struct cb_hash h;

	cb_hash_init(&h, kind);
	cb_hash_add(&h, in.p, in.n);
	return cb_hash_fini(&h, ret_digest);
}

size_t cb_hash_size(enum cb_hash_kind kind)
{
	return kind == CB_HASH_SHA256 ? 32 : 64;
}

const char *cb_hash_name(enum cb_hash_kind kind)
{
	return kind == CB_HASH_SHA256 ? "sha256" : "sha512";
}

bool cb_hash_by_name(struct cb_str name, enum cb_hash_kind *ret)
{
	if (cb_str_eq(name, CB_STR("sha256")))
		*ret = CB_HASH_SHA256;
	else if (cb_str_eq(name, CB_STR("sha512")))
		*ret = CB_HASH_SHA512;
	else
		return false;
	return true;
}
