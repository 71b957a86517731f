/* tests/unit/test_host_part.c - partition tables that sfdisk wrote. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "block/part.h"
#include "core/fmt.h"
#include "posix/file_blk.h"
#include "unit/check.h"

static char path[64];

/* A 64 MiB image partitioned by this sfdisk script. */
static bool make(const char *script)
{
	char cmd[128];
	bool ok;

	(void)cb_fmt(path, sizeof(path), "/tmp/cb-part-XXXXXX");

	int fd = mkstemp(path);

	ok = fd >= 0 && ftruncate(fd, 64 << 20) == 0;
	if (fd >= 0)
		(void)close(fd); /* nothing was written */
	(void)cb_fmt(cmd, sizeof(cmd), "PATH=$PATH:/sbin:/usr/sbin sfdisk -q %s", path);

	FILE *p = ok ? popen(cmd, "w") : NULL;

	return p != NULL && fputs(script, p) >= 0 && pclose(p) == 0;
}

static int scan(struct cb_check *t, struct cb_arena *a, struct cb_part_table *ret)
{
	struct cb_blk *b;
	int r = cb_posix_blk(t->env, path, false, &b);

	if (r < 0)
		return r;
	r = cb_part_scan(b, a, ret);
	cb_blk_unref(b);
	return r;
}

/* "number start size type-or-uuid label" of each partition, in sectors. */
static void check(struct cb_check *t, const char *script, enum cb_part_kind kind, const char *want)
{
	struct cb_arena a;
	struct cb_part_table pt = { 0 };
	struct cb_buf out;

	cb_arena_init(&a, t->env, 1 << 20);
	cb_buf_init(&out, t->env, 4096);
	CB_CHECK(t, make(script));
	CB_CHECK_INT(t, scan(t, &a, &pt), 0);
	CB_CHECK_INT(t, pt.kind, kind);
	CB_CHECK_INT(t, pt.notes_n, 0);
	for (size_t i = 0; i < pt.n; i++) {
		const struct cb_part *p = &pt.parts[i];

		cb_buf_fmt(&out, "%u %llu %llu %02x %s %.*s\n", p->number,
			   (unsigned long long)p->off / 512, (unsigned long long)p->size / 512, p->mbr_type,
			   p->uuid, CB_STR_ARG(p->label));
	}
	CB_CHECK_STR(t, ((struct cb_str){ (const char *)out.p, out.n }), want);
	cb_buf_fini(&out);
	cb_arena_fini(&a);
	(void)unlink(path);
}

static void sfdisk_gpt(struct cb_check *t)
{
	check(t, "label: gpt\n"
	      "start=2048, size=8192, type=U, name=ESP, uuid=11111111-2222-3333-4444-55555555555A\n"
	      "start=20480, size=4096, name=\"Gr\xc3\xb6\xc3\x9f" "e 2\", "
	      "uuid=11111111-2222-3333-4444-555555555556\n", CB_PART_GPT,
	      "1 2048 8192 00 11111111-2222-3333-4444-55555555555a ESP\n"
	      "2 20480 4096 00 11111111-2222-3333-4444-555555555556 Gr\xc3\xb6\xc3\x9f" "e 2\n");
}

static void sfdisk_mbr(struct cb_check *t)
{
	check(t, "label: dos\nlabel-id: 0xdeadbeef\n"
	      "start=2048, size=8192, type=c, bootable\n"
	      "start=20480, size=90000, type=5\n"
	      "start=22528, size=4096\n"
	      "start=30720, size=4096, type=82\n"
	      "start=40960, size=4096\n"
	      "start=110592\n", CB_PART_MBR,
	      "1 2048 8192 0c deadbeef-01 \n"
	      "3 110592 20480 83 deadbeef-03 \n"
	      "5 22528 4096 83 deadbeef-05 \n"
	      "6 30720 4096 82 deadbeef-06 \n"
	      "7 40960 4096 83 deadbeef-07 \n");
}

CB_SUITE(host_part, CB_TEST(sfdisk_gpt), CB_TEST(sfdisk_mbr));
