/* SHA-256 and SHA-512: vectors of FIPS 180-4, every cut, and both block functions alike. */
#include "codec/hash.h"
#include "codec/hex.h"

#include <mbedtls/sha256.h>
#include "unit/check.h"

static void check_digest(struct cb_check *t, enum cb_hash_kind kind, const char *text, const char *want)
{
	struct cb_str s = cb_str_c(text);
	char hex[2 * CB_HASH_MAX + 1];
	uint8_t d[CB_HASH_MAX];

	cb_hex(hex, d, cb_hash_bytes(kind, (struct cb_bytes){ (const uint8_t *)s.p, s.n }, d));
	CB_CHECK_STR(t, cb_str_c(hex), want);
}

static void vectors(struct cb_check *t)
{
	check_digest(t, CB_HASH_SHA256, "",
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	check_digest(t, CB_HASH_SHA256, "abc",
		     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	check_digest(t, CB_HASH_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	check_digest(t, CB_HASH_SHA512, "",
		     "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
		     "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
	check_digest(t, CB_HASH_SHA512, "abc",
		     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

/* A million times "a" (FIPS 180-4's long example), in pieces that never fit a block. */
static void a_million(struct cb_check *t)
{
	static const char want[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
	char piece[125], hex[2 * CB_HASH_MAX + 1];
	uint8_t d[CB_HASH_MAX];
	struct cb_hash h;

	memset(piece, 'a', sizeof(piece));
	cb_hash_init(&h, CB_HASH_SHA256);
	for (unsigned i = 0; i < 8000; i++)
		cb_hash_add(&h, piece, sizeof(piece));
	cb_hex(hex, d, cb_hash_fini(&h, d));
	CB_CHECK_STR(t, cb_str_c(hex), want);
	CB_CHECK(t, h.state[0] == 0 && h.state[27] == 0);
}

static void cut_anywhere(struct cb_check *t)
{
	uint8_t in[300], whole[CB_HASH_MAX], d[CB_HASH_MAX];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)cb_sim_random(t->sim);
	for (enum cb_hash_kind kind = CB_HASH_SHA256; kind <= CB_HASH_SHA512; kind++) {
		size_t n = cb_hash_bytes(kind, (struct cb_bytes){ in, sizeof(in) }, whole);

		CB_CHECK_INT(t, n, cb_hash_size(kind));
		for (size_t cut = 0; cut <= sizeof(in); cut += t->thorough ? 1 : 37) {
			struct cb_hash h;

			cb_hash_init(&h, kind);
			cb_hash_add(&h, in, cut);
			cb_hash_add(&h, in + cut, sizeof(in) - cut);
			CB_CHECK_INT(t, cb_hash_fini(&h, d), n);
			CB_REQUIRE(t, memcmp(d, whole, n) == 0);
		}
	}
}

/* Whatever this CPU offers gives what the portable blocks give, for every length of 0..9 blocks. */
static void cpu_like_portable(struct cb_check *t)
{
	uint8_t in[600], a[32], b[32];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)cb_sim_random(t->sim);
	for (size_t n = 0; n <= sizeof(in); n += t->thorough ? 1 : 37)
		for (int is224 = 0; is224 < 2; is224++) {
			size_t digest = is224 ? 28 : 32;
			mbedtls_sha256_context c;

			mbedtls_sha256_init(&c);
			CB_CHECK_INT(t, mbedtls_sha256_starts(&c, is224), 0);
			CB_CHECK_INT(t, mbedtls_sha256_update(&c, in, n), 0);
			CB_CHECK_INT(t, mbedtls_sha256_finish(&c, a), 0);
			CB_CHECK_INT(t, mbedtls_sha256_starts(&c, is224), 0);
			c.blocks = cb_sha256_blocks_c;
			CB_CHECK_INT(t, mbedtls_sha256_update(&c, in, n), 0);
			CB_CHECK_INT(t, mbedtls_sha256_finish(&c, b), 0);
			mbedtls_sha256_free(&c);
			CB_REQUIRE(t, memcmp(a, b, digest) == 0);
		}
}

static void names(struct cb_check *t)
{
	enum cb_hash_kind k = CB_HASH_SHA256;

	CB_CHECK(t, cb_hash_by_name(CB_STR("sha512"), &k) && k == CB_HASH_SHA512);
	CB_CHECK(t, cb_hash_by_name(CB_STR("sha256"), &k) && k == CB_HASH_SHA256);
	CB_CHECK(t, !cb_hash_by_name(CB_STR("sha384"), &k) && !cb_hash_by_name(CB_STR("SHA256"), &k));
	CB_CHECK_STR(t, cb_str_c(cb_hash_name(CB_HASH_SHA256)), "sha256");
	CB_CHECK_STR(t, cb_str_c(cb_hash_name(CB_HASH_SHA512)), "sha512");
}

CB_SUITE(codec_hash, CB_TEST(vectors), CB_TEST(a_million), CB_TEST(cut_anywhere),
	 CB_TEST(cpu_like_portable), CB_TEST(names));
