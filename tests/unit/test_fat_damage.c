/* tests/unit/test_fat_damage.c - broken FAT volumes: each report says what and where. */
#include "fs/fs.h"
#include "unit/fat_kit.h"

static struct vol v;

/* Status of mounting, opening f and reading it whole; the report stays. */
static int use(struct cb_check *t)
{
	struct cb_node n;
	struct cb_blk *b;
	struct cb_buf buf;
	struct cb_fs *fs;
	int r = cb_blk_mem(t->env, v.p, v.n, 512, &b);

	if (r < 0)
		return r;
	r = cb_fs_fat.mount(&b, 1, &fs);
	cb_blk_unref(b);
	if (r < 0)
		return r;
	cb_buf_init(&buf, t->env, 1u << 20);
	r = cb_fs_open(fs, CB_STR("d/f"), &n);
	if (r == 0)
		r = cb_fs_slurp(fs, &n, 1u << 20, &buf);
	cb_buf_fini(&buf);
	cb_fs_unmount(fs);
	return r;
}

/* d/f of 4 clusters: 10, 11, 20, 21. */
static bool make(struct cb_check *t, unsigned bits)
{
	if (!vol_make(t, &v, bits, 512, 1, bits == 16 ? 4100 : 60))
		return false;
	(void)put_short(vol_root(&v), "D          ", 0x10, 5, 0);
	set_chain(&v, 5, 1, 1);
	(void)put_short(v.p + cluster_at(&v, 5), "F          ", 0x20, 10, 2000);
	set_next(&v, 10, 11);
	set_next(&v, 11, 20);
	set_chain(&v, 20, 2, 1);
	return true;
}

static void check(struct cb_check *t, int code, const char *text)
{
	CB_CHECK_ERR(t, use(t), code, text);
	vol_fini(t, &v);
}

static void boot_sectors(struct cb_check *t)
{
	static const struct {
		size_t at, n;
		uint32_t value;
		int code;
		const char *text;
		unsigned bits;
	} cases[] = {
		{ 510, 2, 0, CB_ENOTMINE, "not a FAT", 0 },
		{ 11, 2, 513, CB_ENOTMINE, "not a FAT", 12 },
		{ 11, 2, 256, CB_ENOTMINE, "not a FAT", 12 },
		{ 11, 2, 8192, CB_ENOTMINE, "not a FAT", 12 },
		{ 13, 1, 3, CB_ENOTMINE, "not a FAT", 12 },
		{ 14, 2, 0, CB_ENOTMINE, "not a FAT", 12 },
		{ 16, 1, 0, CB_ENOTMINE, "not a FAT", 12 },
		{ 21, 1, 0x77, CB_ENOTMINE, "not a FAT", 12 },
		{ 32, 4, 0, CB_ENOTMINE, "not a FAT", 12 },
		{ 22, 2, 60, CB_ECORRUPT, "FAT: 67 sectors, 125 of them before the data", 12 },
		{ 32, 4, 7, CB_ECORRUPT, "7 of them before the data", 12 },
		{ 32, 4, 70000, CB_ECORRUPT, "clusters, a FAT16 has less than 65525", 12 },
		{ 32, 4, 0xffffffff, CB_ECORRUPT, "clusters, a FAT32 has less than 268435445", 32 },
		{ 42, 2, 0x0102, CB_EUNSUP, "FAT32 version 1.2", 32 },
		{ 44, 4, 1, CB_ECORRUPT, "root directory is at cluster 1 of 60", 32 },
		{ 44, 4, 62, CB_ECORRUPT, "root directory is at cluster 62 of 60", 32 },
		{ 40, 2, 0x82, CB_ECORRUPT, "table 2 counts, there are 2", 32 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t raw[4];

		CB_REQUIRE(t, make(t, cases[i].bits > 0 ? cases[i].bits : 12));
		if (cases[i].bits == 0)
			memset(v.p + 54, 'x', 8);
		put32(raw, cases[i].value);
		memcpy(v.p + cases[i].at, raw, cases[i].n);
		check(t, cases[i].code, cases[i].text);
	}
}

/* exFAT and NTFS have a boot sector of that shape too. */
static void other_formats(struct cb_check *t)
{
	CB_REQUIRE(t, make(t, 12));
	memcpy(v.p + 3, "EXFAT   ", 8);
	memset(v.p + 11, 0, 53);
	check(t, CB_ENOTMINE, "not a FAT");
	CB_REQUIRE(t, make(t, 12));
	memcpy(v.p + 3, "NTFS    ", 8);
	memset(v.p + 14, 0, 7);
	memset(v.p + 22, 0, 2);
	check(t, CB_ENOTMINE, "not a FAT");
}

static void chains(struct cb_check *t)
{
	static const struct {
		unsigned bits;
		uint32_t cluster, next;
		const char *text;
	} cases[] = {
		{ 12, 11, 0, "cluster 11 is followed by free 0" },
		{ 16, 11, 0, "cluster 11 is followed by free 0" },
		{ 32, 11, 0, "cluster 11 is followed by free 0" },
		{ 12, 11, 1, "cluster 11 is followed by cluster 1, the last is 61" },
		{ 12, 11, 0xff7, "cluster 11 is followed by bad 4087" },
		{ 16, 11, 0xfff7, "cluster 11 is followed by bad 65527" },
		{ 32, 11, 0x0ffffff7, "cluster 11 is followed by bad 268435447" },
		{ 12, 11, 62, "cluster 11 is followed by cluster 62" },
		{ 32, 11, 62, "cluster 11 is followed by cluster 62" },
		{ 12, 20, 0xfff, "FAT: file 160: its chain has no cluster 3, its size is 2000 bytes" },
		{ 12, 5, 62, "directory 48: FAT: cluster 5 is followed by cluster 62" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CB_REQUIRE(t, make(t, cases[i].bits));
		set_next(&v, cases[i].cluster, cases[i].next);
		if (cases[i].cluster == 5)
			memset(v.p + cluster_at(&v, 5), 0xe5, 512);
		check(t, CB_ECORRUPT, cases[i].text);
	}
}

static void loops(struct cb_check *t)
{
	/* A file whose chain comes back: 60 clusters in the volume, 200 said to be in the file. */
	CB_REQUIRE(t, make(t, 12));
	set_next(&v, 21, 10);
	put32(v.p + cluster_at(&v, 5) + 28, 200 * 512);
	check(t, CB_ECORRUPT, "the chain from cluster 10 is longer than the file system: a loop");
	/* A directory that has no end. */
	CB_REQUIRE(t, make(t, 32));
	memset(v.p + cluster_at(&v, 5), 0xe5, 512);
	set_next(&v, 5, 5);
	check(t, CB_ECORRUPT, "the chain from cluster 5 is longer than the file system: a loop");
	CB_REQUIRE(t, vol_make(t, &v, 32, 512, 1, 5000));
	(void)put_short(vol_root(&v), "D          ", 0x10, 5, 0);
	set_chain(&v, 5, 4500, 1);
	memset(v.p + cluster_at(&v, 5), 0xe5, 4500 * 512);
	check(t, CB_ECORRUPT, "a directory over 2097152 bytes");
}

static void wrong_places(struct cb_check *t)
{
	CB_REQUIRE(t, make(t, 12));
	put16(v.p + cluster_at(&v, 5) + 26, 0);
	check(t, CB_ECORRUPT, "a chain starts at cluster 0, the last is 61");
	CB_REQUIRE(t, make(t, 12));
	put16(vol_root(&v) + 26, 1000);
	check(t, CB_ECORRUPT, "a chain starts at cluster 1000");
	/* An image cut short: what is there can be read, the rest is named. */
	CB_REQUIRE(t, make(t, 12));

	size_t n = v.n;

	v.n = cluster_at(&v, 21);
	CB_CHECK_ERR(t, use(t), CB_ECORRUPT, "cluster 21 is past the end of the device");
	v.n = cluster_at(&v, 5);
	CB_CHECK_ERR(t, use(t), CB_ECORRUPT, "directory 48: FAT: cluster 5 is past the end");
	v.n = n;
	CB_CHECK_INT(t, use(t), 0);
	vol_fini(t, &v);
}

static void cut_short_is_noted(struct cb_check *t)
{
	struct cb_blk *b;
	struct cb_fs *fs;

	CB_REQUIRE(t, make(t, 12));
	CB_REQUIRE_OK(t, cb_blk_mem(t->env, v.p, v.n - 512, 512, &b));
	CB_REQUIRE_OK(t, cb_fs_fat.mount(&b, 1, &fs));
	CB_CHECK_STR(t, cb_str_c(fs->note), "the file system has 34304 bytes, the device 33792");
	cb_fs_unmount(fs);
	cb_blk_unref(b);
	vol_fini(t, &v);
}

CB_SUITE(fat_damage, CB_TEST(boot_sectors), CB_TEST(other_formats), CB_TEST(chains), CB_TEST(loops),
	 CB_TEST(wrong_places), CB_TEST(cut_short_is_noted));
