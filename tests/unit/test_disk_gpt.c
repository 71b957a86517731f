/* Partition tables that we write, read back by the reader of lib/block. */
#include "block/part.h"
#include "disk/gpt.h"

#include "unit/check.h"

#define SECTORS 300u

struct disk {
	uint32_t sector;
	uint64_t entries;
	bool no_head, no_tail;                 /* which copy is wiped before reading */
};

static const struct cb_uuid seed = { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } };

static int write_disk(struct cb_check *t, const struct disk *d, struct cb_buf *ret)
{
	const struct cb_gpt_part parts[] = {
		{ cb_gpt_type_esp, cb_gpt_uuid(seed, 1), 80, 99, 0, CB_STR("first \xc3\xa4") },
		{ cb_gpt_type_esp, cb_gpt_uuid(seed, 2), 100, 200, 4, CB_STR("") },
	};
	struct cb_gpt_plan plan = {
		.sector = d->sector, .nsectors = SECTORS, .entries_lba = d->entries,
		.disk_id = cb_gpt_uuid(seed, 0), .parts = parts, .nparts = 2,
	};
	uint64_t tail = cb_gpt_tail_sectors(d->sector);
	int r = cb_gpt_head(t->env, &plan, ret);

	if (r < 0)
		return r;
	CB_CHECK_INT(t, ret->n, cb_gpt_first_usable(d->sector, d->entries) * d->sector);

	size_t gap = (SECTORS - tail) * d->sector - ret->n;
	uint8_t *p = cb_buf_reserve(ret, gap);

	if (p == NULL)
		return cb_buf_status(ret);
	memset(p, 0, gap);
	cb_buf_commit(ret, gap);
	r = cb_gpt_tail(t->env, &plan, ret);
	if (r < 0)
		return r;
	CB_CHECK_INT(t, ret->n, SECTORS * d->sector);
	if (d->no_head)
		memset(ret->p + d->sector, 0, d->sector);
	if (d->no_tail)
		memset(ret->p + (SECTORS - 1) * d->sector, 0, d->sector);
	return 0;
}

static void check_table(struct cb_check *t, const struct disk *d, const struct cb_part_table *table)
{
	CB_CHECK_INT(t, table->kind, CB_PART_GPT);
	CB_REQUIRE(t, table->n == 2);
	CB_CHECK_STR(t, cb_str_c(table->uuid), "01020304-0506-8708-890a-0b0c0d0e0f10");
	CB_CHECK_STR(t, cb_str_c(table->parts[0].uuid), "01020304-0506-8708-890a-0b0c0d0e0f11");
	CB_CHECK_STR(t, table->parts[0].label, "first \xc3\xa4");
	CB_CHECK(t, cb_uuid_eq(table->parts[0].type, cb_gpt_type_esp));
	CB_CHECK_INT(t, table->parts[0].off, UINT64_C(80) * d->sector);
	CB_CHECK_INT(t, table->parts[0].size, UINT64_C(20) * d->sector);
	CB_CHECK_INT(t, table->parts[1].number, 2);
	CB_CHECK_INT(t, table->parts[1].attrs, CB_PART_ATTR_BOOTABLE);
	CB_CHECK_INT(t, table->parts[1].size, UINT64_C(101) * d->sector);
	CB_CHECK_INT(t, table->notes_n > 0, d->no_head || d->no_tail);
}

static int round_trip(struct cb_check *t, void *arg)
{
	const struct disk *d = arg;
	struct cb_part_table table = { 0 };
	struct cb_blk *blk = NULL;
	struct cb_arena a;
	struct cb_buf image;
	int r;

	cb_arena_init(&a, t->env, 1 << 20);
	cb_buf_init(&image, t->env, 2 << 20);
	r = write_disk(t, d, &image);
	if (r == 0)
		r = cb_blk_mem(t->env, image.p, image.n, d->sector, &blk);
	if (r == 0)
		r = cb_part_scan(blk, &a, &table);
	if (r == 0)
		check_table(t, d, &table);
	cb_blk_unref(blk);
	cb_buf_fini(&image);
	cb_arena_fini(&a);
	return r;
}

static void reads_back(struct cb_check *t)
{
	const struct disk disks[] = {
		{ 512, 2, false, false }, { 512, 8, false, false }, { 4096, 2, false, false },
		{ 4096, 9, false, false }, { 512, 8, true, false },
	};

	for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]); i++) {
		struct disk d = disks[i];

		CB_CHECK_INT(t, round_trip(t, &d), 0);
	}
}

static void survives_faults(struct cb_check *t)
{
	struct disk d = { 512, 2, false, false };

	cb_check_faults(t, round_trip, &d, 100);
}

static void refuses_bad_plans(struct cb_check *t)
{
	struct cb_gpt_part parts[] = {
		{ .first = 34, .last = 50 }, { .first = 50, .last = 60, .name = CB_STR("x") },
	};
	struct cb_gpt_plan p = { .sector = 512, .nsectors = 100, .entries_lba = 2, .parts = parts };
	struct cb_buf b;

	cb_buf_init(&b, t->env, 1 << 20);
	p.nparts = 2;
	CB_CHECK_ERR(t, cb_gpt_head(t->env, &p, &b), CB_EINVAL, "partitions 1 and 2 overlap");
	parts[1].first = 51;
	parts[1].last = 67;
	CB_CHECK_ERR(t, cb_gpt_tail(t->env, &p, &b), CB_EINVAL, "partition 2 at 51 to 67, usable 34 to 66");
	parts[1].last = 66;
	parts[1].name = CB_STR("0123456789012345678901234567890123456");
	CB_CHECK_ERR(t, cb_gpt_head(t->env, &p, &b), CB_EINVAL, "of 37 units > 36");
	parts[1].name.n--;
	CB_CHECK_INT(t, cb_gpt_head(t->env, &p, &b), 0);
	parts[0].first = 33;
	CB_CHECK_ERR(t, cb_gpt_head(t->env, &p, &b), CB_EINVAL, "partition 1 at 33");
	parts[0].first = 51;
	CB_CHECK_ERR(t, cb_gpt_head(t->env, &p, &b), CB_EINVAL, "partition 1 at 51 to 50");
	p.nparts = 0;
	p.nsectors = 34 + 33;
	CB_CHECK_ERR(t, cb_gpt_head(t->env, &p, &b), CB_EINVAL, "a disk of 67 sectors");
	p.nsectors = UINT64_MAX;
	CB_CHECK_ERR(t, cb_gpt_head(t->env, &p, &b), CB_EINVAL, "a disk of 18446744073709551615");
	p.nsectors = 100;
	p.entries_lba = 1;
	CB_CHECK_ERR(t, cb_gpt_head(t->env, &p, &b), CB_EINVAL, "entries at 1");
	p.sector = 1024;
	CB_CHECK_ERR(t, cb_gpt_head(t->env, &p, &b), CB_EINVAL, "sectors of 1024 bytes");
	cb_buf_fini(&b);
}

/* Another n, another UUID; always version 8 and variant 10. */
static void uuids_differ(struct cb_check *t)
{
	const struct cb_uuid ones = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					0xff, 0xff, 0xff, 0xff, 0xff } };
	char text[CB_UUID_TEXT];

	cb_uuid_text(cb_gpt_uuid(ones, 0), text);
	CB_CHECK_STR(t, cb_str_c(text), "ffffffff-ffff-8fff-bfff-ffffffffffff");
	CB_CHECK(t, !cb_uuid_eq(cb_gpt_uuid(ones, 1), cb_gpt_uuid(ones, 0)));
}

CB_SUITE(disk_gpt, CB_TEST(reads_back), CB_TEST(survives_faults), CB_TEST(refuses_bad_plans),
	 CB_TEST(uuids_differ));
