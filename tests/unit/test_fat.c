/* tests/unit/test_fat.c - FAT: three widths, names, chains, labels, damage. */
#include "core/fmt.h"
#include "fs/fs.h"
#include "unit/fat_kit.h"

static struct vol v;

static int mount(struct cb_check *t, struct cb_fs **ret)
{
	struct cb_blk *b;
	int r = cb_sim_blk(t->sim, v.p, v.n, 512, 4096, 4, &b);

	if (r < 0)
		return r;
	r = cb_fs_fat.mount(&b, 1, ret);
	cb_blk_unref(b);
	return r;
}

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 7 + i / 256 * 13 + i / 65536);
}

/* Fill the n clusters from first, step apart, with size bytes that their place in the file tells. */
static void put_data(uint32_t first, uint32_t step, size_t size)
{
	for (size_t i = 0; i < size; i++)
		v.p[cluster_at(&v, first + (uint32_t)(i / v.cluster) * step) + i % v.cluster] = byte_at(i);
}

/* The whole file is what put_data() wrote, and `reads` device reads gave it (0: any number). */
static void check_file(struct cb_check *t, struct cb_fs *fs, const char *path, size_t size,
		       uint64_t reads)
{
	struct cb_node n;
	struct cb_buf b;
	bool same = true;

	cb_buf_init(&b, t->env, 1u << 20);
	CB_REQUIRE_OK(t, cb_fs_open(fs, cb_str_c(path), &n));
	t->sim->reads = 0;
	CB_CHECK_INT(t, cb_fs_slurp(fs, &n, 1u << 20, &b), 0);
	if (reads > 0)
		CB_CHECK_INT(t, t->sim->reads, reads);
	CB_CHECK_INT(t, b.n, size);
	for (size_t i = 0; i < b.n; i++)
		same = same && b.p[i] == byte_at(i);
	CB_CHECK(t, same);
	CB_CHECK_INT(t, n.mtime, 1709210096);     /* 2024-02-29 12:34:56 UTC */
	CB_CHECK_INT(t, n.mode, 0100444);
	cb_buf_fini(&b);
}

/* Files a (whole clusters side by side), B (every other cluster), empty; deep/dir/file. */
static bool make(struct cb_check *t, unsigned bits, uint32_t sector, uint32_t cluster_sectors,
		 uint32_t clusters)
{
	uint8_t *p;
	uint32_t c;

	if (!vol_make(t, &v, bits, sector, cluster_sectors, clusters))
		return false;
	c = v.cluster;
	p = put_short(vol_root(&v), "MY  LABEL  ", 0x08, 0, 0);
	p = put_short(p, "A       TXT", 0x20, 3, 5 * c);
	p = put_short(p, "B          ", 0x20, 10, 3 * c + 5);
	p = put_short(p, "EMPTY      ", 0x20, 0, 0);
	(void)put_short(p, "DEEP       ", 0x10, 20, 0);
	set_chain(&v, 3, 5, 1);
	put_data(3, 1, 5 * c);
	set_chain(&v, 10, 4, 2);
	put_data(10, 2, 3 * c + 5);
	/* A directory of two clusters that lie apart; the first is full of deleted entries. */
	set_next(&v, 20, 24);
	set_next(&v, 24, 0x0fffffff);
	memset(v.p + cluster_at(&v, 20), 0xe5, c);
	p = put_short(v.p + cluster_at(&v, 20), ".          ", 0x10, 20, 0);
	(void)put_short(p, "..         ", 0x10, 0, 0);
	p = put_long(t, v.p + cluster_at(&v, 24), "the directory", "THEDIR~1   ");
	(void)put_short(p, "THEDIR~1   ", 0x10, 25, 0);
	set_chain(&v, 25, 1, 1);
	(void)put_short(v.p + cluster_at(&v, 25), "F          ", 0x20, 3, 100);
	return true;
}

static void check_volume(struct cb_check *t)
{
	struct cb_fs_info info = { .members = 0 };
	struct cb_node n;
	struct cb_fs *fs;
	struct cb_blk *b;

	CB_REQUIRE_OK(t, mount(t, &fs));
	CB_CHECK_STR(t, cb_str_c(fs->info.label), "MY  LABEL");
	CB_CHECK_STR(t, cb_str_c(fs->info.uuid_text), "1A2B-3C4D");
	CB_CHECK_STR(t, cb_str_c(fs->info.type), "vfat");
	CB_CHECK_STR(t, cb_str_c(fs->note), "");
	check_file(t, fs, "/a.txt", 5 * v.cluster, 1 + (v.bits != 32)); /* the table, once */
	check_file(t, fs, "b", 3 * v.cluster + 5, 4);
	check_file(t, fs, "Empty", 0, 0);
	check_file(t, fs, "deep/THE DIRECTORY/f", 100, 1);
	check_file(t, fs, "deep/thedir~1/../../deep/the directory/F", 100, 1);
	CB_CHECK_INT(t, cb_fs_open(fs, CB_STR("/"), &n), 0);
	CB_CHECK_INT(t, n.type, CB_FT_DIR);
	CB_CHECK_ERR(t, cb_fs_open(fs, CB_STR("my  label"), &n), CB_ENOENT, "no \"my  label\"");
	CB_CHECK_ERR(t, cb_fs_open(fs, CB_STR("a.txt/x"), &n), CB_ENOTDIR, "a.txt");
	CB_CHECK_ERR(t, cb_fs_open(fs, CB_STR("deep/dir"), &n), CB_ENOENT, "dir");
	cb_fs_unmount(fs);
	CB_REQUIRE_OK(t, cb_blk_mem(t->env, v.p, v.n, 512, &b));
	CB_CHECK_INT(t, cb_fs_fat.probe(b, &info), 0);
	CB_CHECK_STR(t, cb_str_c(info.label), "MY  LABEL");
	cb_blk_unref(b);
}

static void every_kind(struct cb_check *t)
{
	static const uint32_t kinds[][4] = {
		{ 12, 512, 1, 100 }, { 12, 512, 8, 4084 }, { 12, 4096, 1, 50 }, { 16, 512, 1, 4085 },
		{ 16, 2048, 1, 5000 }, { 32, 512, 1, 100 }, { 32, 4096, 2, 40 }, { 32, 512, 1, 66000 },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		CB_REQUIRE(t, make(t, kinds[i][0], kinds[i][1], kinds[i][2], kinds[i][3]));
		check_volume(t);
		vol_fini(t, &v);
	}
}

struct names {
	struct cb_buf b;
};

static int add_name(void *arg, const struct cb_dirent *e)
{
	struct names *n = arg;

	cb_buf_fmt(&n->b, "%.*s|", CB_STR_ARG(e->name));
	return 0;
}

static void check_names(struct cb_check *t, const char *want)
{
	struct names n;
	struct cb_node root;
	struct cb_fs *fs;

	CB_REQUIRE_OK(t, mount(t, &fs));
	cb_buf_init(&n.b, t->env, 4096);
	CB_CHECK_INT(t, fs->ops->root(fs, &root), 0);
	CB_CHECK_INT(t, cb_fs_readdir(fs, &root, add_name, &n), 0);
	CB_CHECK_STR(t, ((struct cb_str){ (const char *)n.b.p, n.b.n }), want);
	cb_buf_fini(&n.b);
	cb_fs_unmount(fs);
}

static void names_and_orphans(struct cb_check *t)
{
	uint8_t *p, *q;

	CB_REQUIRE(t, vol_make(t, &v, 12, 512, 1, 50));
	p = vol_root(&v);
	p = put_short(p, "\x05" "BC     \x81X ", 0x20, 0, 0);     /* 0xe5: sigma, 0x81: u umlaut */
	p = put_short(p, "LOWER   EXT", 0x20, 0, 0);
	p[-32 + 12] = 0x18;
	p = put_short(p, "LOWER2  EXT", 0x20, 0, 0);
	p[-32 + 12] = 0x08;
	p = put_long(t, p, "exactly13unit", "EXACTL~1   ");
	p = put_short(p, "EXACTL~1   ", 0x20, 0, 0);
	p = put_long(t, p, "checksum of another", "ANOTHER    ");
	p = put_short(p, "WRONGSUM   ", 0x20, 0, 0);
	q = put_long(t, p, "order of the pieces is broken", "BADORD~1   ");
	memcpy(p, p + 32, 32);
	p = put_short(q, "BADORD~1   ", 0x20, 0, 0);
	q = put_long(t, p, "deleted in between, so it is nobody's", "BETWEE~1   ");
	q[-32] = 0xe5;
	p = put_short(q, "BETWEE~1   ", 0x20, 0, 0);
	p = put_long(t, p, "a/slash", "SLASH~1    ");
	p = put_short(p, "SLASH~1    ", 0x20, 0, 0);
	p = put_long(t, p, "..", "DOTS~1     ");
	p = put_short(p, "DOTS~1     ", 0x20, 0, 0);
	p = put_long(t, p, "\xf0\x9f\x98\x80 \xe6\x97\xa5", "EMOJI~1    ");
	p = put_short(p, "EMOJI~1    ", 0x20, 0, 0);
	p = put_short(p, "SLA/SH     ", 0x20, 0, 0);
	(void)put_short(p, "           ", 0x20, 0, 0);
	check_names(t, "\xcf\x83" "BC.\xc3\xbcX|lower.ext|lower2.EXT|exactly13unit|WRONGSUM|BADORD~1|"
		    "BETWEE~1|SLASH~1|DOTS~1|\xf0\x9f\x98\x80 \xe6\x97\xa5|");
	vol_fini(t, &v);
}

static void long_names_at_the_limit(struct cb_check *t)
{
	char name[260], cjk[300];
	struct cb_node n;
	struct cb_fs *fs;
	uint8_t *p;

	memset(name, 'n', 255);
	name[255] = '\0';
	for (size_t i = 0; i < 258; i += 3)
		memcpy(cjk + i, "\xe6\x97\xa5", 3);   /* 86 units, 258 bytes: over NAME_MAX */
	cjk[258] = '\0';
	CB_REQUIRE(t, vol_make(t, &v, 12, 512, 4, 50));
	p = put_long(t, vol_root(&v), name, "NNNNNN~1   ");
	p = put_short(p, "NNNNNN~1   ", 0x20, 0, 0);
	p = put_long(t, p, cjk, "CJK~1      ");
	(void)put_short(p, "CJK~1      ", 0x20, 0, 0);
	CB_REQUIRE_OK(t, mount(t, &fs));
	CB_CHECK_INT(t, cb_fs_open(fs, cb_str_c(name), &n), 0);
	CB_CHECK_INT(t, cb_fs_open(fs, CB_STR("cjk~1"), &n), 0);
	cb_fs_unmount(fs);
	vol_fini(t, &v);
}

static void case_folds(struct cb_check *t)
{
	static const char *const pairs[][2] = {
		{ "Gr\xc3\xb6\xc3\x9f" "e", "GR\xc3\x96\xc3\x9f" "E" },
		{ "\xce\xb1\xce\xb2\xcf\x82\xce\xac", "\xce\x91\xce\x92\xce\xa3\xce\x86" },
		{ "\xd0\xb6\xd1\x91\xd1\x8f", "\xd0\x96\xd0\x81\xd0\xaf" },
		{ "\xc4\x85\xc5\x82\xc5\xbe\xc3\xbf", "\xc4\x84\xc5\x81\xc5\xbd\xc5\xb8" },
	};
	struct cb_node n;
	struct cb_fs *fs;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		CB_REQUIRE(t, vol_make(t, &v, 16, 512, 1, 4100));
		(void)put_short(put_long(t, vol_root(&v), pairs[i][0], "NAME~1     "), "NAME~1     ", 0x20,
				0, 0);
		CB_REQUIRE_OK(t, mount(t, &fs));
		CB_CHECK_INT(t, cb_fs_open(fs, cb_str_c(pairs[i][1]), &n), 0);
		CB_CHECK_INT(t, cb_fs_open(fs, cb_str_c(pairs[i][0]), &n), 0);
		CB_CHECK_ERR(t, cb_fs_open(fs, CB_STR("Gr\xc3\xb7\xc3\x97" "e"), &n), CB_ENOENT, "Gr");
		CB_CHECK_ERR(t, cb_fs_open(fs, CB_STR("\xff\xfe"), &n), CB_ENOENT, "no ");
		cb_fs_unmount(fs);
		vol_fini(t, &v);
	}
}

static void check_label(struct cb_check *t, const char *label, const char *uuid)
{
	struct cb_fs *fs;

	CB_REQUIRE_OK(t, mount(t, &fs));
	CB_CHECK_STR(t, cb_str_c(fs->info.label), label);
	CB_CHECK_STR(t, cb_str_c(fs->info.uuid_text), uuid);
	cb_fs_unmount(fs);
}

static void labels(struct cb_check *t)
{
	CB_REQUIRE(t, vol_make(t, &v, 16, 512, 1, 4100));
	check_label(t, "BOOT LABEL", "1A2B-3C4D");
	(void)put_short(put_short(vol_root(&v), "FILE       ", 0x20, 0, 0), "\x05 L\x8e" "BEL    ", 0x08,
			0, 0);
	check_label(t, "\xcf\x83 L\xc3\x84" "BEL", "1A2B-3C4D");
	memset(vol_root(&v), 0, 64);
	memcpy(v.p + 43, "NO NAME    ", 11);
	check_label(t, "", "1A2B-3C4D");
	v.p[38] = 0x28;                           /* an id, no label */
	memcpy(v.p + 43, "SOMETHING  ", 11);
	check_label(t, "", "1A2B-3C4D");
	v.p[38] = 0;
	check_label(t, "", "");
	vol_fini(t, &v);
}

/* A file of 1000 clusters that never lie side by side, read anywhere. */
static void random_places_in_a_chain(struct cb_check *t)
{
	static uint8_t out[5000];
	size_t size = 1000 * 512 - 100;
	struct cb_node n;
	struct cb_fs *fs;

	CB_REQUIRE(t, vol_make(t, &v, 16, 512, 1, 4100));
	(void)put_short(vol_root(&v), "F          ", 0x20, 5, (uint32_t)size);
	set_chain(&v, 5, 1000, 3);
	put_data(5, 3, size);
	CB_REQUIRE_OK(t, mount(t, &fs));
	CB_REQUIRE_OK(t, cb_fs_open(fs, CB_STR("f"), &n));
	for (int i = 0; i < 500; i++) {
		size_t off = (size_t)(cb_sim_random(t->sim) % size);
		size_t want = (size_t)cb_min(cb_sim_random(t->sim) % sizeof(out), size - off);
		bool same = true;

		CB_CHECK_INT(t, cb_fs_pread(fs, &n, off, out, want), 0);
		for (size_t k = 0; k < want; k++)
			same = same && out[k] == byte_at(off + k);
		CB_CHECK(t, same);
	}
	cb_fs_unmount(fs);
	vol_fini(t, &v);
}

static int open_and_read(struct cb_check *t, void *arg)
{
	static const char *const paths[] = { "a.txt", "b", "deep/the directory/f" };
	struct cb_fs *fs;
	int r = mount(t, &fs);

	(void)arg;
	for (size_t i = 0; i < 3 && r == 0; i++) {
		struct cb_node n;
		struct cb_buf b;

		cb_buf_init(&b, t->env, 1u << 20);
		r = cb_fs_open(fs, cb_str_c(paths[i]), &n);
		if (r == 0)
			r = cb_fs_slurp(fs, &n, 1u << 20, &b);
		for (size_t k = 0; k < b.n && r == 0; k++)
			CB_CHECK(t, b.p[k] == byte_at(k));
		cb_buf_fini(&b);
		if (i == 2 || r < 0)
			cb_fs_unmount(fs);
	}
	return r;
}

static void faults(struct cb_check *t)
{
	uint32_t bits[] = { 12, 32 };

	for (size_t i = 0; i < 2; i++) {
		CB_REQUIRE(t, make(t, bits[i], 512, 1, 100));
		cb_check_faults(t, open_and_read, NULL, 1000);
		vol_fini(t, &v);
	}
}

/* The second table helps when the first can't be read, unless it isn't kept alike. */
static void second_table(struct cb_check *t)
{
	struct cb_node n;
	struct cb_fs *fs;
	uint8_t out[600];

	CB_REQUIRE(t, vol_make(t, &v, 32, 512, 1, 5000));
	(void)put_short(vol_root(&v), "F          ", 0x20, 4500, 1000);
	set_chain(&v, 4500, 2, 2);                /* its place in the table is read apart from the root's */
	put_data(4500, 2, 1000);
	for (int mirrored = 1; mirrored >= 0; mirrored--) {
		put16(v.p + 40, mirrored ? 0 : 0x81);
		if (!mirrored)
			memset(v.p + table_at(&v, 0), 0xff, 40 * 512);   /* the second counts: 0x81 */
		CB_REQUIRE_OK(t, mount(t, &fs));
		CB_REQUIRE_OK(t, cb_fs_open(fs, CB_STR("f"), &n));
		t->sim->fail_read = 1;
		if (mirrored) {
			CB_CHECK_INT(t, cb_fs_pread(fs, &n, 400, out, sizeof(out)), 0);
			CB_CHECK(t, t->sim->failed && out[599] == byte_at(999));
			CB_CHECK_INT(t, t->env->diag->len, 0);
		} else {
			CB_CHECK_ERR(t, cb_fs_pread(fs, &n, 512, out, 1), CB_EIO,
				     "FAT at its byte 16384, 1 copies");
			CB_CHECK_INT(t, cb_fs_pread(fs, &n, 512, out, 1), 0);
		}
		t->sim->fail_read = 0;
		cb_fs_unmount(fs);
	}
	vol_fini(t, &v);
}

CB_SUITE(fat, CB_TEST(every_kind), CB_TEST(names_and_orphans), CB_TEST(long_names_at_the_limit),
	 CB_TEST(case_folds), CB_TEST(labels), CB_TEST(random_places_in_a_chain), CB_TEST(faults),
	 CB_TEST(second_table));
