/* tests/unit/test_host_qcow2.c - images that qemu-img and qemu-io made, against qemu-img convert. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "block/image.h"
#include "core/fmt.h"
#include "posix/file_blk.h"
#include "unit/check.h"

#define PIECE 70000u

static char dir[64];
static uint8_t got[PIECE], want[PIECE];

/* Source of the conversions: pieces of zeros, of one byte, of noise; not a whole number of clusters. */
#define SOURCE "qemu-img create -q -f raw src 6143K && qemu-io -f raw -c 'write -P 1 0 100k' " \
	"-c 'write -P 2 1M 1000k' -c 'write -P 3 5000k 1143k' src >/dev/null && " \
	"head -c 700000 /dev/urandom | dd of=src bs=64k seek=40 conv=notrunc status=none && "

/* Writes of every sort at places that are no cluster's. A compressed one needs an unused cluster. */
#define SCRIBBLE(image) "qemu-io -c 'write -P 65 3k 9k' -c 'write -z 100k 300k' -c 'discard 2M 256k' " \
	"-c 'write -P 66 1000k 1500k' -c 'write -P 67 2600k 1k' " image " >/dev/null"
#define PACK(image) "qemu-io -c 'write -z -u 1M 128k' -c 'write -c -P 68 3M 64k' " image " >/dev/null"

static const struct { const char *what, *commands; } recipes[] = {
	{ "v2", SOURCE "qemu-img convert -O qcow2 -o compat=0.10 src i" },
	{ "512", SOURCE "qemu-img convert -O qcow2 -o cluster_size=512 src i" },
	{ "2M", SOURCE "qemu-img convert -O qcow2 -o cluster_size=2M src i" },
	{ "zlib", SOURCE "qemu-img convert -c -O qcow2 src i" },
	{ "zlib 512", SOURCE "qemu-img convert -c -O qcow2 -o cluster_size=512,compat=0.10 src i" },
	{ "zlib 2M", SOURCE "qemu-img convert -c -O qcow2 -o cluster_size=2M src i" },
	{ "zstd", SOURCE "qemu-img convert -c -O qcow2 -o compression_type=zstd src i" },
	{ "zstd 2M", SOURCE "qemu-img convert -c -O qcow2 -o compression_type=zstd,cluster_size=2M src i" },
	{ "extended", SOURCE "qemu-img convert -c -O qcow2 -o extended_l2=on src i && " SCRIBBLE("i") },
	{ "extended 16K", "qemu-img create -q -f qcow2 -o extended_l2=on,cluster_size=16K i 7M && "
			  SCRIBBLE("i") " && " PACK("i") },
	{ "preallocated", "qemu-img create -q -f qcow2 -o preallocation=metadata i 5M && " SCRIBBLE("i") },
	{ "snapshot", "qemu-img create -q -f qcow2 i 5M && " SCRIBBLE("i") " && " PACK("i") " && "
		      "qemu-img snapshot -c s i && qemu-io -c 'write -P 9 0 1M' i >/dev/null" },
	{ "data file", "qemu-img create -q -f qcow2 -o data_file=$PWD/d i 5M && " SCRIBBLE("i") },
	{ "raw data file", "qemu-img create -q -f qcow2 -o data_file=$PWD/d,data_file_raw=on i 5M && "
			   SCRIBBLE("i") },
	{ "raw backing", SOURCE "qemu-img create -q -f qcow2 -b src -F raw i && " SCRIBBLE("i") " && "
			 PACK("i") },
	{ "chain", SOURCE "qemu-img create -q -f qcow2 -b src -F raw b1 && " SCRIBBLE("b1") " && "
		   "qemu-img create -q -f qcow2 -b b1 -F qcow2 -o extended_l2=on b2 8M && "
		   "qemu-io -c 'write -P 70 2k 50k' -c 'write -P 71 6M 1M' b2 >/dev/null && "
		   "qemu-img create -q -f qcow2 -b $PWD/b2 -F qcow2 -o cluster_size=4k,compat=0.10 i 9M && "
		   "qemu-io -c 'write -P 72 5k 3k' -c 'write -P 73 8M 100k' i >/dev/null" },
};

static int open_file(void *arg, const char *path, struct cb_blk **ret)
{
	return cb_posix_blk(arg, path, false, ret);
}

static int open_image(struct cb_check *t, const char *name, struct cb_blk **ret)
{
	char path[128];
	struct cb_blk *file;
	int r;

	(void)cb_fmt(path, sizeof(path), "%s/%s", dir, name);
	r = cb_posix_blk(t->env, path, false, &file);
	if (r < 0)
		return r;
	r = cb_image_open(file, path, open_file, t->env, ret);
	cb_blk_unref(file);
	return r;
}

static void compare(struct cb_check *t, const char *what)
{
	struct cb_blk *image, *raw;
	int r = 0;

	CB_REQUIRE_OK(t, open_image(t, "i", &image));
	CB_REQUIRE_OK(t, open_image(t, "raw", &raw));
	CB_CHECK_STR(t, cb_str_c(image->ops->kind), "qcow2");
	CB_CHECK_INT(t, cb_blk_size(image), cb_blk_size(raw));
	for (uint64_t off = 0, n; off < cb_blk_size(image) && r == 0; off += n) {
		n = cb_min(PIECE, cb_blk_size(image) - off);
		r = cb_blk_pread(image, off, got, (size_t)n);
		CB_CHECK_INT(t, r, 0);
		CB_CHECK_INT(t, cb_blk_pread(raw, off, want, (size_t)n), 0);
		if (r == 0 && memcmp(got, want, (size_t)n) != 0) {
			cb_check_failed(t, __FILE__, __LINE__, "%s: differs after byte %llu", what,
					(unsigned long long)off);
			break;
		}
	}
	cb_blk_unref(image);
	cb_blk_unref(raw);
}

static void qemu_images(struct cb_check *t)
{
	static char cmd[2048];

	(void)cb_fmt(dir, sizeof(dir), "/tmp/cb-qcow2-XXXXXX");
	CB_REQUIRE(t, mkdtemp(dir) != NULL);
	for (size_t i = 0; i < sizeof(recipes) / sizeof(recipes[0]); i++) {
		(void)cb_fmt(cmd, sizeof(cmd), "cd %s && rm -f * && %s && qemu-img convert -O raw i raw", dir,
			     recipes[i].commands);
		if (system(cmd) != 0)
			cb_check_failed(t, __FILE__, __LINE__, "%s: the recipe failed", recipes[i].what);
		else
			compare(t, recipes[i].what);
	}
	(void)cb_fmt(cmd, sizeof(cmd), "rm -rf %s", dir);
	CB_CHECK_INT(t, system(cmd), 0);
}

CB_SUITE(host_qcow2, CB_TEST(qemu_images));
