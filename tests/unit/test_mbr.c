/* tests/unit/test_mbr.c - MBR partitions, chains of logical ones, and what is no partition table. */
#include "block/mbr.h"

#include "unit/check.h"

#define DISK (256u << 10)         /* 512 sectors */

static uint8_t *disk;

static void put_entry(size_t sector, size_t slot, uint8_t type, uint32_t first, uint32_t count)
{
	uint8_t *p = disk + sector * 512 + 446 + slot * 16;
	cb_le32 v = cb_put_le32(first);

	p[4] = type;
	memcpy(p + 8, &v, 4);
	v = cb_put_le32(count);
	memcpy(p + 12, &v, 4);
	disk[sector * 512 + 510] = 0x55;
	disk[sector * 512 + 511] = 0xaa;
}

static bool fresh(struct cb_check *t)
{
	if (disk == NULL)
		disk = cb_alloc(t->env, DISK);
	if (disk != NULL)
		memset(disk, 0, DISK);
	return disk != NULL;
}

static void done(struct cb_check *t)
{
	cb_free(t->env, disk, DISK);
	disk = NULL;
}

/* A primary of 8 sectors, an extended one at 100 with logical ones at 101, 121 and 111. */
static bool make(struct cb_check *t)
{
	static const cb_le32 id = { { 0x78, 0x56, 0x34, 0x12 } };

	if (!fresh(t))
		return false;
	memcpy(disk + 440, &id, 4);
	put_entry(0, 0, 0x83, 8, 8);
	disk[446] = 0x80;
	put_entry(0, 2, 0x05, 100, 100);
	put_entry(100, 0, 0x83, 1, 5);
	put_entry(100, 1, 0x05, 20, 10);
	put_entry(120, 0, 0x82, 1, 6);
	put_entry(120, 1, 0x05, 10, 10);
	put_entry(110, 0, 0x83, 1, 7);
	return true;
}

static int scan(struct cb_check *t, uint32_t bs, struct cb_arena *a, struct cb_part_table *ret)
{
	struct cb_blk *b;
	int r = cb_sim_blk(t->sim, disk, DISK, bs, 16, 1, &b);

	if (r < 0)
		return r;
	r = cb_part_scan(b, a, ret);
	cb_blk_unref(b);
	return r;
}

static void primary_and_logical(struct cb_check *t)
{
	static const struct { uint32_t number, sector, count; uint8_t type; const char *uuid; } want[] = {
		{ 1, 8, 8, 0x83, "12345678-01" }, { 5, 101, 5, 0x83, "12345678-05" },
		{ 6, 121, 6, 0x82, "12345678-06" }, { 7, 111, 7, 0x83, "12345678-07" },
	};
	struct cb_arena a;
	struct cb_part_table pt;

	CB_REQUIRE(t, make(t));
	cb_arena_init(&a, t->env, 1 << 20);
	CB_CHECK_INT(t, scan(t, 512, &a, &pt), 0);
	CB_CHECK_INT(t, pt.kind, CB_PART_MBR);
	CB_CHECK_STR(t, cb_str_c(pt.uuid), "12345678");
	CB_CHECK_INT(t, pt.notes_n, 0);
	CB_REQUIRE(t, pt.n == 4);
	for (size_t i = 0; i < 4; i++) {
		CB_CHECK_INT(t, pt.parts[i].number, want[i].number);
		CB_CHECK_INT(t, pt.parts[i].off, want[i].sector * 512);
		CB_CHECK_INT(t, pt.parts[i].size, want[i].count * 512);
		CB_CHECK_INT(t, pt.parts[i].mbr_type, want[i].type);
		CB_CHECK_STR(t, cb_str_c(pt.parts[i].uuid), want[i].uuid);
	}
	CB_CHECK_INT(t, pt.parts[0].attrs, CB_PART_ATTR_BOOTABLE);
	CB_CHECK_INT(t, pt.parts[1].attrs, 0);
	cb_arena_fini(&a);
	done(t);
}

static void check_note(struct cb_check *t, const char *text, size_t parts)
{
	struct cb_arena a;
	struct cb_part_table pt;

	cb_arena_init(&a, t->env, 1 << 20);
	CB_CHECK_INT(t, scan(t, 512, &a, &pt), 0);
	CB_CHECK_INT(t, pt.n, parts);
	CB_REQUIRE(t, pt.notes_n > 0);
	CB_CHECK_STR(t, pt.notes[0], text);
	CB_CHECK_INT(t, t->env->diag->len, 0);
	cb_arena_fini(&a);
}

static void damage_is_noted(struct cb_check *t)
{
	CB_REQUIRE(t, make(t));
	put_entry(110, 1, 0x05, 20, 10);
	check_note(t, "the chain of logical partitions comes back to byte 61440", 4);
	make(t);
	put_entry(110, 1, 0x05, 4000, 10);
	check_note(t, "the chain of logical partitions leaves the disk: byte 2099200", 4);
	make(t);
	disk[120 * 512 + 510] = 0;
	check_note(t, "extended boot record at byte 61440: no signature; the logical partitions after it "
		   "are unknown", 2);
	make(t);
	put_entry(120, 0, 0x83, 1, 4000);
	check_note(t, "partition 6 skipped: 2048000 bytes at 61952, the disk ends at 262144", 3);
	make(t);
	put_entry(0, 1, 0x83, 500, 13);
	check_note(t, "partition 2 skipped: 6656 bytes at 256000, the disk ends at 262144", 4);
	done(t);
}

static void many_logical(struct cb_check *t)
{
	struct cb_arena a;
	struct cb_part_table pt;

	CB_REQUIRE(t, fresh(t));
	put_entry(0, 0, 0x0f, 10, 400);
	for (size_t i = 0; i < 100; i++) {
		put_entry(10 + 2 * i, 0, 0x83, 1, 1);
		put_entry(10 + 2 * i, 1, 0x05, (uint32_t)(2 * i + 2), 2);
	}
	cb_arena_init(&a, t->env, 1 << 20);
	CB_CHECK_INT(t, scan(t, 512, &a, &pt), 0);
	CB_CHECK_INT(t, pt.n, 64);
	CB_CHECK_INT(t, pt.notes_n, 1);
	CB_CHECK_STR(t, pt.notes[0], "over 64 logical partitions");
	cb_arena_fini(&a);
	done(t);
}

/* A hybrid ISO's 512-byte entries on a drive of 2048. */
static void other_sector_size(struct cb_check *t)
{
	struct cb_arena a;
	struct cb_part_table pt;

	CB_REQUIRE(t, fresh(t));
	put_entry(0, 0, 0x00, 0, 512);
	put_entry(0, 1, 0xef, 64, 100);
	cb_arena_init(&a, t->env, 1 << 20);
	CB_CHECK_INT(t, scan(t, 2048, &a, &pt), 0);
	CB_CHECK_INT(t, pt.n, 2);
	CB_CHECK_INT(t, pt.parts[1].off, 64 * 512);
	/* Entries that fit in the drive's own sectors are in those. */
	put_entry(0, 0, 0x83, 8, 50);
	put_entry(0, 1, 0x83, 64, 50);
	CB_CHECK_INT(t, scan(t, 2048, &a, &pt), 0);
	CB_CHECK_INT(t, pt.parts[1].off, 64 * 2048);
	cb_arena_fini(&a);
	done(t);
}

static void put_fat(void)
{
	static const uint8_t bpb[] = { 0xeb, 0x58, 0x90, 'm', 'k', 'f', 's', '.', 'f', 'a', 't',
				       0, 2, 1, 1, 0, 2, 0xe0, 0, 0, 2, 0xf8 };

	memcpy(disk, bpb, sizeof(bpb));
	disk[510] = 0x55;
	disk[511] = 0xaa;
}

static void classifies(struct cb_check *t)
{
	CB_REQUIRE(t, fresh(t));
	CB_CHECK_INT(t, cb_mbr_classify(disk, DISK), CB_MBR_NONE);
	disk[510] = 0x55;
	disk[511] = 0xaa;
	CB_CHECK_INT(t, cb_mbr_classify(disk, DISK), CB_MBR_NONE);
	put_fat();
	CB_CHECK_INT(t, cb_mbr_classify(disk, DISK), CB_MBR_FAT);
	put_entry(0, 0, 0x0c, 0, 512);            /* mkfs.fat --mbr */
	CB_CHECK_INT(t, cb_mbr_classify(disk, DISK), CB_MBR_TABLE);
	put_entry(0, 0, 0x0c, 0, 513);
	CB_CHECK_INT(t, cb_mbr_classify(disk, DISK), CB_MBR_FAT);
	put_entry(0, 0, 0x0c, 0, 512);
	disk[446 + 32] = 'B';                     /* boot code, not a boot indicator */
	CB_CHECK_INT(t, cb_mbr_classify(disk, DISK), CB_MBR_FAT);
	fresh(t);
	put_entry(0, 3, 0xee, 1, 511);
	CB_CHECK_INT(t, cb_mbr_classify(disk, DISK), CB_MBR_PROTECTIVE);
	fresh(t);
	put_entry(0, 0, 0x83, 900, 10);           /* past the end: still a table */
	CB_CHECK_INT(t, cb_mbr_classify(disk, DISK), CB_MBR_TABLE);
	disk[511] = 0;
	CB_CHECK_INT(t, cb_mbr_classify(disk, DISK), CB_MBR_NONE);
	done(t);
}

static int scan_only(struct cb_check *t, void *arg)
{
	struct cb_arena a;
	struct cb_part_table pt;

	(void)arg;
	cb_arena_init(&a, t->env, 1 << 20);

	int r = scan(t, 4096, &a, &pt);

	cb_arena_fini(&a);
	return r;
}

static void scans_under_faults(struct cb_check *t)
{
	CB_REQUIRE(t, make(t));
	put_entry(0, 0, 0x83, 8, 500);            /* 512-byte sectors on a disk of 4096 */
	put_entry(120, 0, 0x83, 1, 4000);
	cb_check_faults(t, scan_only, NULL, 1000);
	done(t);
}

CB_SUITE(mbr, CB_TEST(primary_and_logical), CB_TEST(damage_is_noted), CB_TEST(many_logical),
	 CB_TEST(other_sector_size), CB_TEST(classifies), CB_TEST(scans_under_faults));
