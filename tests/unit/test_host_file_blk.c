/* tests/unit/test_host_file_blk.c - image files as block devices. */
#include "posix/file_blk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/check.h"

struct temp {
	char path[64];
	uint8_t bytes[2048];
};

static struct temp f;
static uint8_t out[2048];

/* A file of n counted bytes. */
static bool make(size_t n)
{
	f = (struct temp){ 0 };
	(void)snprintf(f.path, sizeof(f.path), "/tmp/cb-file-blk-XXXXXX");
	for (size_t i = 0; i < n; i++)
		f.bytes[i] = (uint8_t)(i * 7 + i / 256);

	int fd = mkstemp(f.path);
	bool ok = fd >= 0 && write(fd, f.bytes, n) == (ssize_t)n;

	return fd >= 0 && close(fd) == 0 && ok;
}

static void reads_and_pads(struct cb_check *t)
{
	struct cb_blk *b;

	CB_REQUIRE(t, make(1100));
	CB_REQUIRE_OK(t, cb_posix_blk(t->env, f.path, false, &b));
	CB_CHECK_INT(t, b->nblocks, 3);
	CB_CHECK_INT(t, b->block_size, 512);
	CB_CHECK_STR(t, cb_str_c(b->name), f.path + 5);
	CB_CHECK(t, b->ops->write == NULL);
	memset(out, 0xee, sizeof(out));
	CB_CHECK_INT(t, cb_blk_pread(b, 0, out, 1536), 0);
	CB_CHECK(t, memcmp(out, f.bytes, 1536) == 0);   /* bytes[1100..] are zero */
	CB_CHECK_INT(t, cb_blk_pread(b, 1000, out, 200), 0);
	CB_CHECK(t, memcmp(out, f.bytes + 1000, 200) == 0);
	CB_CHECK_ERR(t, cb_blk_pread(b, 1500, out, 37), CB_EINVAL, "past the end at 1536");
	CB_CHECK_INT(t, truncate(f.path, 600), 0);
	CB_CHECK_ERR(t, cb_blk_pread(b, 0, out, 1024), CB_EIO, "the file ends early");
	cb_blk_unref(b);
	CB_CHECK_ERR(t, cb_posix_blk(t->env, f.path, true, &b), CB_EINVAL, "not 600");
	(void)unlink(f.path);
}

static void writes(struct cb_check *t)
{
	struct cb_blk *b;

	CB_REQUIRE(t, make(2048));
	CB_REQUIRE_OK(t, cb_posix_blk(t->env, f.path, true, &b));
	memset(out, 0x5a, sizeof(out));
	CB_CHECK_INT(t, b->ops->write(b, 2, 1, out), 0);
	CB_CHECK_INT(t, b->ops->flush(b), 0);
	cb_blk_unref(b);
	memcpy(f.bytes + 1024, out, 512);
	CB_REQUIRE_OK(t, cb_posix_blk(t->env, f.path, false, &b));
	CB_CHECK_INT(t, cb_blk_pread(b, 0, out, sizeof(out)), 0);
	CB_CHECK(t, memcmp(out, f.bytes, sizeof(out)) == 0);
	cb_blk_unref(b);
	(void)unlink(f.path);
}

static void refuses(struct cb_check *t)
{
	struct cb_blk *b;

	CB_CHECK_ERR(t, cb_posix_blk(t->env, "/tmp", false, &b), CB_EINVAL, "a directory");
	CB_CHECK_ERR(t, cb_posix_blk(t->env, "/dev/null", false, &b), CB_EINVAL, "something else");
	CB_CHECK_ERR(t, cb_posix_blk(t->env, "/nowhere/x", false, &b), CB_ENOENT, "/nowhere/x");
	CB_REQUIRE(t, make(512));
	t->sim->fail_alloc = 1;
	CB_CHECK_ERR(t, cb_posix_blk(t->env, f.path, false, &b), CB_ENOMEM, "");
	(void)unlink(f.path);
	CB_REQUIRE(t, mkfifo(f.path, 0600) == 0);
	CB_CHECK_ERR(t, cb_posix_blk(t->env, f.path, false, &b), CB_EINVAL, "something else");
	(void)unlink(f.path);
}

CB_SUITE(host_file_blk, CB_TEST(reads_and_pads), CB_TEST(writes), CB_TEST(refuses));
