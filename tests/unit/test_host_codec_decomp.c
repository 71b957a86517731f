/* What gzip, zstd, xz and lz4 compress comes out again, whatever their options, and sums agree. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec/decomp.h"
#include "codec/hash.h"
#include "codec/hex.h"
#include "unit/check.h"

#define PLAIN_N ((3u << 20) + 12345u)    /* several blocks of every format */

/* Text-like, noise and zeros, in runs that no block size divides. */
static void make_plain(struct cb_check *t, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned what = (unsigned)(i / 70001 % 3);

		p[i] = what == 0 ? (uint8_t)"the unmodified image "[(i + i / 97) % 21]
		     : what == 1 ? (uint8_t)cb_sim_random(t->sim) : 0;
	}
}

/* The standard output of cmd with "%s" replaced by path. */
static bool run(const char *cmd, const char *path, struct cb_buf *out)
{
	char line[512];
	size_t n = 1;

	(void)snprintf(line, sizeof(line), cmd, path);
	FILE *f = popen(line, "r");
	if (f == NULL)
		return false;
	while (n > 0) {
		void *room = cb_buf_reserve(out, 65536);

		n = room != NULL ? fread(room, 1, 65536, f) : 0;
		cb_buf_commit(out, n);
	}
	return pclose(f) == 0 && cb_buf_status(out) == 0;
}

static void against_tools(struct cb_check *t)
{
	static const struct { enum cb_decomp_kind kind; const char *cmd; } tools[] = {
		{ CB_DECOMP_GZIP, "gzip -1c %s" }, { CB_DECOMP_GZIP, "gzip -9c %s" },
		{ CB_DECOMP_ZSTD, "zstd -q -1 -c %s" }, { CB_DECOMP_ZSTD, "zstd -q -12 --no-check -c %s" },
		{ CB_DECOMP_ZSTD, "zstd -q --fast=5 --single-thread -c < %s" },
		{ CB_DECOMP_ZSTD, "zstd -q -3 --long=27 -c %s" },
		{ CB_DECOMP_XZ, "xz -1c %s" }, { CB_DECOMP_XZ, "xz -3c --check=none --block-size=300000 %s" },
		{ CB_DECOMP_XZ, "xz -c --check=crc32 --x86 --lzma2=preset=1 %s" },
		{ CB_DECOMP_XZ, "xz -c --check=sha256 --arm64 --lzma2=preset=1,lc=1,lp=3,pb=0 %s" },
		{ CB_DECOMP_LZMA, "xz -1c --format=lzma %s" },
		{ CB_DECOMP_LZ4, "lz4 -q -1 -c %s" }, { CB_DECOMP_LZ4, "lz4 -q -9 -BD -BX -B4 -c %s" },
		{ CB_DECOMP_LZ4, "lz4 -q --content-size --no-frame-crc -B7 -c %s" },
		{ CB_DECOMP_LZ4, "lz4 -q -l -9 -c %s" }, { CB_DECOMP_LZ4, "lz4 -q -BD -B5 -c < %s" },
	};
	char path[] = "/tmp/cloud-boot-plain-XXXXXX";
	uint8_t *plain = cb_alloc(t->env, PLAIN_N);
	int fd = mkstemp(path);

	CB_REQUIRE(t, fd >= 0 && plain != NULL);
	make_plain(t, plain, PLAIN_N);
	CB_CHECK_INT(t, write(fd, plain, PLAIN_N), PLAIN_N);
	(void)close(fd); /* the tools read it by name */
	for (unsigned i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		enum cb_decomp_kind kind = CB_DECOMP_KINDS;
		struct cb_buf packed, out;

		cb_buf_init(&packed, t->env, 8u << 20);
		cb_buf_init(&out, t->env, 8u << 20);
		bool ran = run(tools[i].cmd, path, &packed);
		bool known = cb_decomp_detect(cb_buf_bytes(&packed), &kind);
		int r = cb_decomp_all(t->env, tools[i].kind, cb_buf_bytes(&packed), PLAIN_N, &out, NULL);

		if (!ran || !known || kind != tools[i].kind || r < 0 || out.n != PLAIN_N ||
		    memcmp(out.p, plain, PLAIN_N) != 0)
			cb_check_failed(t, __FILE__, __LINE__, "%s: ran %d, kind %d, %zu bytes: %s",
					tools[i].cmd, ran, kind, out.n, t->sim->diag.text);
		cb_buf_fini(&packed);
		cb_buf_fini(&out);
	}
	(void)unlink(path); /* a temporary file */
	cb_free(t->env, plain, PLAIN_N);
}

static void against_sum(struct cb_check *t, enum cb_hash_kind kind, const char *cmd)
{
	char path[] = "/tmp/cloud-boot-plain-XXXXXX", hex[2 * CB_HASH_MAX + 1];
	uint8_t digest[CB_HASH_MAX], *plain = cb_alloc(t->env, PLAIN_N);
	int fd = mkstemp(path);
	struct cb_buf out;

	CB_REQUIRE(t, fd >= 0 && plain != NULL);
	make_plain(t, plain, PLAIN_N);
	CB_CHECK_INT(t, write(fd, plain, PLAIN_N), PLAIN_N);
	(void)close(fd); /* the tool reads it by name */
	cb_buf_init(&out, t->env, 1u << 20);
	CB_CHECK(t, run(cmd, path, &out));
	size_t n = cb_hash_bytes(kind, (struct cb_bytes){ plain, PLAIN_N }, digest);
	cb_hex(hex, digest, n);
	CB_CHECK_STR(t, cb_str_sub((struct cb_str){ (const char *)out.p, out.n }, 0, 2 * n), hex);
	cb_buf_fini(&out);
	(void)unlink(path); /* a temporary file */
	cb_free(t->env, plain, PLAIN_N);
}

static void against_sums(struct cb_check *t)
{
	against_sum(t, CB_HASH_SHA256, "sha256sum %s");
	against_sum(t, CB_HASH_SHA512, "sha512sum %s");
}

CB_SUITE(host_codec_decomp, CB_TEST(against_tools), CB_TEST(against_sums));
