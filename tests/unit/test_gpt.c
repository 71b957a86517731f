/* tests/unit/test_gpt.c - GUID partition tables: both copies, every sector size, damage. */
#include "block/gpt.h"

#include "block/mbr.h"
#include "codec/crc.h"
#include "core/utf.h"
#include "unit/check.h"

#define DISK    (512u << 10)
#define ENTRIES 8u                /* of 128 bytes */

static uint8_t *disk;             /* DISK bytes, while a test runs */

static void put32(size_t at, uint32_t v)
{
	cb_le32 le = cb_put_le32(v);

	memcpy(disk + at, &le, sizeof(le));
}

static void put64(size_t at, uint64_t v)
{
	cb_le64 le = cb_put_le64(v);

	memcpy(disk + at, &le, sizeof(le));
}

static void seal(size_t header)
{
	put32(header + 16, 0);
	put32(header + 16, ~cb_crc32(~0u, disk + header, 92));
}

static void put_header(uint32_t sector, uint64_t lba, uint64_t alt, uint64_t entries)
{
	size_t at = (size_t)lba * sector;

	memcpy(disk + at, "EFI PART", 8);
	put32(at + 8, 0x00010000);
	put32(at + 12, 92);
	put64(at + 24, lba);
	put64(at + 32, alt);
	put64(at + 40, 3);
	put64(at + 48, DISK / sector - 3);
	for (size_t i = 0; i < 16; i++)
		disk[at + 56 + i] = (uint8_t)(0xd0 + i);
	put64(at + 72, entries);
	put32(at + 80, ENTRIES);
	put32(at + 84, 128);
	put32(at + 88, ~cb_crc32(~0u, disk + entries * sector, ENTRIES * 128));
	seal(at);
}

static void put_entry(size_t at, uint8_t id, uint64_t first, uint64_t last, struct cb_check *t,
		      const char *name)
{
	struct cb_buf b;

	memset(disk + at, id, 16);
	memset(disk + at + 16, id + 1, 16);
	put64(at + 32, first);
	put64(at + 40, last);
	put64(at + 48, id == 1 ? CB_PART_ATTR_BOOTABLE : 0);
	cb_buf_init(&b, t->env, 72);
	cb_utf8_to_utf16(&b, cb_str_c(name));
	CB_CHECK_INT(t, cb_buf_status(&b), 0);
	if (b.n > 0)
		memcpy(disk + at + 56, b.p, b.n);
	cb_buf_fini(&b);
}

/* Partitions 1 and 3, of 4 and 2 sectors, in both copies. */
static void make(struct cb_check *t, uint32_t sector)
{
	uint64_t last = DISK / sector - 1;

	if (disk == NULL)
		disk = cb_alloc(t->env, DISK);
	memset(disk, 0, DISK);
	disk[446 + 4] = 0xee;
	put32(446 + 8, 1);
	put32(446 + 12, 0xffffffff);
	disk[510] = 0x55;
	disk[511] = 0xaa;
	for (int copy = 0; copy < 2; copy++) {
		uint64_t at = copy == 0 ? 2 : last - 2;

		put_entry((size_t)(at * sector), 1, 16, 19, t, "ESP");
		put_entry((size_t)(at * sector + 256), 2, 32, 33, t, "Wurzel \xc3\xa4\xf0\x9f\x98\x80");
		put_header(sector, copy == 0 ? 1 : last, copy == 0 ? last : 1, at);
	}
}

static void done(struct cb_check *t)
{
	cb_free(t->env, disk, DISK);
	disk = NULL;
}

/* Scan the disk as one of this block size; *ret is valid until the arena goes. */
static int scan(struct cb_check *t, uint32_t bs, struct cb_arena *a, struct cb_part_table *ret)
{
	struct cb_blk *b;
	int r = cb_sim_blk(t->sim, disk, DISK, bs, 16, 8, &b);

	if (r < 0)
		return r;
	r = cb_part_scan(b, a, ret);
	cb_blk_unref(b);
	return r;
}

static void check_parts(struct cb_check *t, const struct cb_part_table *pt, uint32_t sector)
{
	CB_CHECK_INT(t, pt->kind, CB_PART_GPT);
	CB_CHECK_INT(t, pt->sector, sector);
	CB_CHECK_STR(t, cb_str_c(pt->uuid), "d3d2d1d0-d5d4-d7d6-d8d9-dadbdcdddedf");
	CB_REQUIRE(t, pt->n == 2);
	CB_CHECK_INT(t, pt->parts[0].number, 1);
	CB_CHECK_INT(t, pt->parts[0].off, 16 * sector);
	CB_CHECK_INT(t, pt->parts[0].size, 4 * sector);
	CB_CHECK_INT(t, pt->parts[0].attrs, CB_PART_ATTR_BOOTABLE);
	CB_CHECK_STR(t, pt->parts[0].label, "ESP");
	CB_CHECK_STR(t, cb_str_c(pt->parts[0].uuid), "02020202-0202-0202-0202-020202020202");
	CB_CHECK_INT(t, pt->parts[0].type.b[5], 1);
	CB_CHECK_INT(t, pt->parts[1].number, 3);
	CB_CHECK_INT(t, pt->parts[1].off, 32 * sector);
	CB_CHECK_INT(t, pt->parts[1].size, 2 * sector);
	CB_CHECK_STR(t, pt->parts[1].label, "Wurzel \xc3\xa4\xf0\x9f\x98\x80");
}

static void every_sector_size_through_every_other(struct cb_check *t)
{
	static const uint32_t sizes[] = { 512, 4096, 2048 };

	for (size_t i = 0; i < 3; i++) {
		make(t, sizes[i]);
		CB_REQUIRE(t, disk != NULL);
		for (size_t j = 0; j < 3; j++) {
			struct cb_arena a;
			struct cb_part_table pt;

			cb_arena_init(&a, t->env, 1 << 20);
			CB_CHECK_INT(t, scan(t, sizes[j], &a, &pt), 0);
			check_parts(t, &pt, sizes[i]);
			CB_CHECK_INT(t, pt.notes_n, 0);
			cb_arena_fini(&a);
		}
	}
	done(t);
}

/* Scan damaged 512-byte tables: the backup must give the same, and say why. */
static void check_backup(struct cb_check *t, const char *note)
{
	struct cb_arena a;
	struct cb_part_table pt;

	cb_arena_init(&a, t->env, 1 << 20);
	CB_CHECK_INT(t, scan(t, 512, &a, &pt), 0);
	check_parts(t, &pt, 512);
	CB_CHECK_INT(t, pt.notes_n, 1);
	if (pt.notes_n == 1 && cb_str_find(pt.notes[0], cb_str_c(note)) == SIZE_MAX)
		CB_CHECK_STR(t, pt.notes[0], note);
	cb_arena_fini(&a);
}

static void backup_is_used(struct cb_check *t)
{
	make(t, 512);
	CB_REQUIRE(t, disk != NULL);
	disk[512 + 40] ^= 1;
	check_backup(t, "the backup GPT is used: GPT header at byte 512: CRC ");
	make(t, 512);
	disk[1024 + 300] ^= 1;
	check_backup(t, "GPT entries at byte 1024: CRC ");
	make(t, 512);
	memset(disk + 512, 0, 512);
	check_backup(t, "there is no primary");
	make(t, 512);
	put32(512 + 84, 100);
	seal(512);
	check_backup(t, "entries of 100 bytes");
	/* Grown image: the backup isn't at the end any more; the damaged primary says where it is. */
	make(t, 512);
	memmove(disk + DISK / 2 - 1536, disk + DISK - 1536, 1536);
	memset(disk + DISK - 1536, 0, 1536);
	put_header(512, DISK / 1024 - 1, 1, DISK / 1024 - 3);
	put64(512 + 32, DISK / 1024 - 1);
	check_backup(t, "CRC");
	done(t);
}

static void damage_is_named(struct cb_check *t)
{
	static const struct {
		size_t at;
		uint32_t value;
		int code;
		const char *text;
		bool keep_sum;
	} cases[] = {
		{ 512 + 16, 7, CB_ECORRUPT, "GPT header at byte 512: CRC ", true },
		{ 512 + 12, 91, CB_ECORRUPT, "size 91 is not in 92..512", false },
		{ 512 + 12, 513, CB_ECORRUPT, "size 513", false },
		{ 512 + 24, 2, CB_ECORRUPT, "says LBA 2, is at 1", false },
		{ 512 + 80, 1025, CB_ELIMIT, "1025 entries", false },
		{ 512 + 84, 132, CB_ECORRUPT, "entries of 132 bytes", false },
		{ 512 + 84, 8192, CB_ECORRUPT, "entries of 8192 bytes", false },
		{ 512 + 72, 1023, CB_ECORRUPT, "LBA 1023 are past the end", false },
		{ 512 + 76, 0xffffffff, CB_ECORRUPT, "past the end", false },
		{ 512 + 88, 1, CB_ECORRUPT, "stored is 00000001", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cb_arena a;
		struct cb_part_table pt;

		make(t, 512);
		CB_REQUIRE(t, disk != NULL);
		put32(cases[i].at, cases[i].value);
		if (!cases[i].keep_sum)
			seal(512);
		memset(disk + DISK - 512, 0, 512);
		cb_arena_init(&a, t->env, 1 << 20);
		CB_CHECK_ERR(t, scan(t, 512, &a, &pt), cases[i].code, cases[i].text);
		/* Without the protective MBR the same is a note. */
		memset(disk, 0, 512);
		CB_CHECK_INT(t, scan(t, 512, &a, &pt), 0);
		CB_CHECK_INT(t, pt.kind, CB_PART_NONE);
		CB_CHECK_INT(t, pt.notes_n, 1);
		cb_arena_fini(&a);
	}
	done(t);
}

static void entries_are_skipped(struct cb_check *t)
{
	struct cb_arena a;
	struct cb_part_table pt;

	make(t, 512);
	CB_REQUIRE(t, disk != NULL);
	put_entry(1024 + 128, 3, 40, 39, t, "backwards");
	put_entry(1024 + 384, 4, 1000, 1024, t, "too long");
	put_entry(1024 + 512, 5, 0, UINT64_MAX, t, "all");
	put_entry(1024 + 640, 6, 18, 40, t, "two overlaps");
	put_header(512, 1, DISK / 512 - 1, 2);
	cb_arena_init(&a, t->env, 1 << 20);
	CB_CHECK_INT(t, scan(t, 512, &a, &pt), 0);
	CB_CHECK_INT(t, pt.n, 3);
	CB_CHECK_INT(t, pt.parts[2].number, 6);
	CB_REQUIRE(t, pt.notes_n == 5);
	CB_CHECK_STR(t, pt.notes[0], "partition 2 skipped: ends at LBA 39, before its start 40");
	CB_CHECK_STR(t, pt.notes[1], "partition 4 skipped: LBA 1000 to 1024, the disk ends at 1024");
	CB_CHECK_STR(t, pt.notes[3], "partitions 1 and 6 overlap");
	CB_CHECK_STR(t, pt.notes[4], "partitions 3 and 6 overlap");
	cb_arena_fini(&a);
	done(t);
}

static void mbr_decides(struct cb_check *t)
{
	struct cb_arena a;
	struct cb_part_table pt;

	cb_arena_init(&a, t->env, 1 << 20);
	make(t, 512);
	CB_REQUIRE(t, disk != NULL);
	memset(disk, 0, 512);
	CB_CHECK_INT(t, scan(t, 512, &a, &pt), 0);
	check_parts(t, &pt, 512);
	CB_CHECK_INT(t, pt.notes_n, 1);
	/* No MBR, no primary: a forgotten backup does not count. */
	memset(disk + 512, 0, 512);
	CB_CHECK_INT(t, scan(t, 512, &a, &pt), 0);
	CB_CHECK_INT(t, pt.kind, CB_PART_NONE);
	/* Partitions in the MBR and none protective: Linux reads the MBR. */
	make(t, 512);
	disk[446 + 4] = 0x83;
	put32(446 + 12, 100);
	CB_CHECK_INT(t, scan(t, 512, &a, &pt), 0);
	CB_CHECK_INT(t, pt.kind, CB_PART_MBR);
	/* A hybrid one still announces the GPT. */
	disk[446 + 16 + 4] = 0xee;
	put32(446 + 16 + 8, 1);
	CB_CHECK_INT(t, scan(t, 512, &a, &pt), 0);
	check_parts(t, &pt, 512);
	memset(disk + 512, 0, 512);
	disk[DISK - 512 + 16] ^= 1;
	CB_CHECK_ERR(t, scan(t, 512, &a, &pt), CB_ECORRUPT, "GPT header at byte 523776: CRC");
	memset(disk + DISK - 512, 0, 512);
	CB_CHECK_ERR(t, scan(t, 512, &a, &pt), CB_ECORRUPT, "a protective MBR, but no GPT");
	cb_arena_fini(&a);
	done(t);
}

static int scan_and_open(struct cb_check *t, void *arg)
{
	uint32_t bs = *(uint32_t *)arg;
	struct cb_arena a;
	struct cb_part_table pt;
	struct cb_blk *b, *p;
	uint8_t out[1000];
	int r = cb_sim_blk(t->sim, disk, DISK, bs, 16, 8, &b);

	if (r < 0)
		return r;
	cb_arena_init(&a, t->env, 1 << 20);
	r = cb_part_scan(b, &a, &pt);
	if (r == 0 && pt.n == 2) {
		r = cb_part_open(b, &pt.parts[1], &p);
		if (r == 0) {
			CB_CHECK_STR(t, cb_str_c(p->name), "sim3");
			CB_CHECK_INT(t, cb_blk_size(p), pt.parts[1].size);
			r = cb_blk_pread(p, 11, out, sizeof(out));
			if (r == 0)
				CB_CHECK(t, memcmp(out, disk + pt.parts[1].off + 11, sizeof(out)) == 0);
			cb_blk_unref(p);
		}
	}
	cb_arena_fini(&a);
	cb_blk_unref(b);
	return r;
}

static void opens_under_faults(struct cb_check *t)
{
	uint32_t sizes[] = { 512, 4096 };

	make(t, 512);
	CB_REQUIRE(t, disk != NULL);
	/* Sector 33 is in the middle of a block of 4096. */
	put64(1024 + 256 + 32, 33);
	put64(1024 + 256 + 40, 40);
	put_header(512, 1, DISK / 512 - 1, 2);
	for (size_t i = 0; i < DISK / 2; i++)
		disk[16384 + i] = (uint8_t)(i * 5 + i / 256);
	for (size_t i = 0; i < 2; i++)
		cb_check_faults(t, scan_and_open, &sizes[i], 1000);
	done(t);
}

static void names(struct cb_check *t)
{
	char out[12];

	cb_part_name("vda", 15, out, sizeof(out));
	CB_CHECK_STR(t, cb_str_c(out), "vda15");
	cb_part_name("nvme0n1", 2, out, sizeof(out));
	CB_CHECK_STR(t, cb_str_c(out), "nvme0n1p2");
	cb_part_name("a-very-long-name", 2, out, sizeof(out));
	CB_CHECK_STR(t, cb_str_c(out), "a-very-long");
}

CB_SUITE(gpt, CB_TEST(every_sector_size_through_every_other), CB_TEST(backup_is_used),
	 CB_TEST(damage_is_named), CB_TEST(entries_are_skipped), CB_TEST(mbr_decides),
	 CB_TEST(opens_under_faults), CB_TEST(names));
