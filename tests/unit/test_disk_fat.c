/* FAT volumes that we write, walked by a small reader of their own bytes. */
#include "disk/fat.h"

#include "unit/check.h"

/* What the boot sector says. */
struct vol {
	struct cb_input in;
	uint32_t sector, cluster, reserved, fat_bytes, root_entries, nfats, root;
	uint64_t data, clusters;
	unsigned bits;
};

static uint32_t get(struct cb_check *t, const struct vol *v, uint64_t off, unsigned n)
{
	uint8_t b[4] = { 0 };
	uint32_t x = 0;

	CB_CHECK_INT(t, cb_input_read(t->env, &v->in, off, b, n), 0);
	for (unsigned i = 0; i < n; i++)
		x |= (uint32_t)b[i] << 8 * i;
	return x;
}

static void open_vol(struct cb_check *t, struct cb_pieces *l, struct vol *v)
{
	uint64_t total;

	*v = (struct vol){ .in = cb_pieces_input(l) };
	v->sector = get(t, v, 11, 2);
	v->cluster = get(t, v, 13, 1) * v->sector;
	v->reserved = get(t, v, 14, 2) * v->sector;
	v->nfats = get(t, v, 16, 1);
	v->root_entries = get(t, v, 17, 2);
	total = get(t, v, 19, 2) != 0 ? get(t, v, 19, 2) : get(t, v, 32, 4);
	v->bits = get(t, v, 22, 2) != 0 ? 16 : 32;
	v->fat_bytes = get(t, v, v->bits == 16 ? 22 : 36, v->bits == 16 ? 2 : 4) * v->sector;
	v->data = v->reserved + (uint64_t)v->nfats * v->fat_bytes + v->root_entries * 32;
	v->clusters = (total * v->sector - v->data) / v->cluster;
	v->root = v->bits == 32 ? get(t, v, 44, 4) : 0;
	CB_CHECK_INT(t, total * v->sector, v->in.size);
	CB_CHECK_INT(t, get(t, v, 510, 2), 0xaa55);
	CB_CHECK(t, v->fat_bytes >= (v->clusters + 2) * v->bits / 8);
}

/* Both FATs must agree. */
static uint32_t next(struct cb_check *t, const struct vol *v, uint32_t c)
{
	uint64_t at = v->reserved + (uint64_t)c * v->bits / 8;
	uint32_t n = get(t, v, at, v->bits / 8);

	CB_CHECK_INT(t, get(t, v, at + v->fat_bytes, v->bits / 8), n);
	return n;
}

static bool is_end(const struct vol *v, uint32_t c)
{
	return c >= (v->bits == 32 ? 0x0ffffff8u : 0xfff8u);
}

static uint64_t cluster_off(const struct vol *v, uint32_t c)
{
	return v->data + (uint64_t)(c - 2) * v->cluster;
}

struct found { uint32_t first, size, date, time; uint8_t attr; char short_name[12]; };

/* Byte offset of entry i of the directory that starts at cluster c (0: FAT16's root); 0 past its end. */
static uint64_t entry_off(struct cb_check *t, const struct vol *v, uint32_t c, uint32_t i)
{
	if (c == 0)
		return i < v->root_entries ? v->data - (v->root_entries - i) * 32 : 0;
	for (; i >= v->cluster / 32; i -= v->cluster / 32) {
		c = next(t, v, c);
		if (is_end(v, c) || c < 2)
			return 0;
	}
	return cluster_off(v, c) + i * 32;
}

/* Take a long name's piece into units, which the pieces fill from their end. */
static void take_piece(struct cb_check *t, const struct vol *v, uint64_t off, uint16_t *units)
{
	static const uint8_t at[13] = { 1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30 };
	uint32_t order = get(t, v, off, 1);

	if ((order & 0x40) != 0)
		memset(units, 0, 260 * sizeof(*units));
	for (unsigned k = 0; k < 13; k++)
		units[((order & 0x3f) - 1) * 13 + k] = (uint16_t)get(t, v, off + at[k], 2);
}

static bool units_are(const uint16_t *units, const char *name)
{
	size_t i = 0;

	for (; name[i] != 0; i++)
		if (units[i] != (uint8_t)name[i])
			return false;
	return units[i] == 0 || units[i] == 0xffff;
}

static bool find(struct cb_check *t, const struct vol *v, uint32_t dir, const char *name, struct found *ret)
{
	uint16_t units[260] = { 0 };
	uint64_t off;

	for (uint32_t i = 0; (off = entry_off(t, v, dir, i)) != 0 && get(t, v, off, 1) != 0; i++) {
		ret->attr = (uint8_t)get(t, v, off + 11, 1);
		if (ret->attr == 0x0f) {
			take_piece(t, v, off, units);
			continue;
		}
		for (unsigned k = 0; k < 11; k++)
			ret->short_name[k] = (char)get(t, v, off + k, 1);
		ret->short_name[11] = 0;
		ret->first = get(t, v, off + 20, 2) << 16 | get(t, v, off + 26, 2);
		ret->size = get(t, v, off + 28, 4);
		ret->time = get(t, v, off + 22, 2);
		ret->date = get(t, v, off + 24, 2);
		if (units_are(units, name) ||
		    (units[0] == 0 && cb_str_starts(cb_str_c(ret->short_name), cb_str_c(name))))
			return true;
		units[0] = 0;
	}
	return false;
}

/* A file's content is one run, ended in the FAT, at the offset that the writer reports. */
static void check_file(struct cb_check *t, const struct vol *v, const struct found *f, uint64_t off,
		       struct cb_bytes want)
{
	uint64_t n = (want.n + v->cluster - 1) / v->cluster;

	CB_CHECK_INT(t, f->size, want.n);
	CB_CHECK_INT(t, f->attr, 0x20);
	CB_CHECK_INT(t, off, n > 0 ? cluster_off(v, f->first) : 0);
	for (uint64_t i = 0; i < n; i++) {
		uint32_t c = next(t, v, f->first + (uint32_t)i);

		CB_CHECK(t, i + 1 < n ? c == f->first + i + 1 : is_end(v, c));
	}
	for (size_t i = 0; i < want.n; i += 97)
		CB_CHECK_INT(t, get(t, v, off + i, 1), want.p[i]);
}

static uint8_t pattern[3000];

static struct cb_input data(size_t n)
{
	return cb_input_mem((struct cb_bytes){ pattern, n });
}

static void fill_pattern(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7 + (i >> 8));
}

#define N_FILES 7u

static void make_files(struct cb_fat_file *f)
{
	f[0] = (struct cb_fat_file){ CB_STR("EFI/BOOT/BOOTX64.EFI"), data(3000), false };
	f[1] = (struct cb_fat_file){ CB_STR("loader/entries/debian-6.12.conf"), data(100), false };
	f[2] = (struct cb_fat_file){ CB_STR("EFI/Linux"), { 0 }, true };
	f[3] = (struct cb_fat_file){ CB_STR("empty.txt"), data(0), false };
	f[4] = (struct cb_fat_file){ CB_STR("loader/entries/debian-6.1.conf"), data(513), false };
	f[5] = (struct cb_fat_file){ CB_STR("loader/entries/DEBIAN~1.CON"), data(512), false };
	f[6] = (struct cb_fat_file){ CB_STR("/loader//random-seed"), data(1), false };
}

static void check_volume(struct cb_check *t, const struct vol *v, const struct cb_fat *fat)
{
	struct found efi, boot, loader, entries, f;
	struct cb_bytes whole = { pattern, sizeof(pattern) };

	CB_REQUIRE(t, find(t, v, v->root, "LABEL", &f) && f.attr == 8);
	CB_REQUIRE(t, find(t, v, v->root, "EFI", &efi) && efi.attr == 0x10);
	CB_REQUIRE(t, find(t, v, efi.first, "BOOT", &boot) && boot.attr == 0x10);
	CB_REQUIRE(t, find(t, v, efi.first, "Linux", &f) && f.attr == 0x10);
	CB_CHECK_STR(t, cb_str_c(f.short_name), "LINUX      ");
	CB_CHECK_INT(t, f.date, (2023 - 1980) << 9 | 11 << 5 | 14);   /* 2023-11-14 22:13:20 */
	CB_CHECK_INT(t, f.time, 22 << 11 | 13 << 5 | 10);
	CB_REQUIRE(t, find(t, v, f.first, "..", &f) && f.first == efi.first);
	CB_REQUIRE(t, find(t, v, efi.first, "..", &f) && f.first == 0);
	CB_REQUIRE(t, find(t, v, boot.first, ".", &f) && f.first == boot.first);
	CB_REQUIRE(t, find(t, v, boot.first, "BOOTX64 EFI", &f));
	check_file(t, v, &f, cb_fat_file_off(fat, 0), whole);
	CB_REQUIRE(t, find(t, v, v->root, "loader", &loader));
	CB_REQUIRE(t, find(t, v, loader.first, "entries", &entries));
	CB_REQUIRE(t, find(t, v, entries.first, "debian-6.12.conf", &f));
	CB_CHECK_STR(t, cb_str_c(f.short_name), "DEBIAN~2CON");
	check_file(t, v, &f, cb_fat_file_off(fat, 1), (struct cb_bytes){ pattern, 100 });
	CB_REQUIRE(t, find(t, v, entries.first, "debian-6.1.conf", &f));
	CB_CHECK_STR(t, cb_str_c(f.short_name), "DEBIAN~3CON");
	check_file(t, v, &f, cb_fat_file_off(fat, 4), (struct cb_bytes){ pattern, 513 });
	CB_REQUIRE(t, find(t, v, entries.first, "DEBIAN~1CON", &f));
	check_file(t, v, &f, cb_fat_file_off(fat, 5), (struct cb_bytes){ pattern, 512 });
	CB_REQUIRE(t, find(t, v, v->root, "empty.txt", &f) && f.first == 0);
	check_file(t, v, &f, cb_fat_file_off(fat, 3), (struct cb_bytes){ pattern, 0 });
	CB_REQUIRE(t, find(t, v, loader.first, "random-seed", &f));
	check_file(t, v, &f, cb_fat_file_off(fat, 6), (struct cb_bytes){ pattern, 1 });
	CB_CHECK(t, !find(t, v, v->root, "absent", &f));
}

static struct cb_fat_plan plan_of(struct cb_fat_file *files)
{
	return (struct cb_fat_plan){
		.sector = 512, .id = 0x1234abcd, .label = CB_STR("LABEL"), .time = 1700000000,
		.files = files, .nfiles = N_FILES,
	};
}

static int round_trip(struct cb_check *t, void *arg)
{
	const struct cb_fat_plan *plan = arg;
	struct cb_fat *fat = NULL;
	struct cb_pieces l;
	struct vol v;
	int r;

	cb_pieces_init(&l, t->env);
	r = cb_fat_open(t->env, plan, &fat);
	if (r == 0) {
		cb_fat_write(fat, &l);
		r = cb_pieces_status(&l);
	}
	if (r == 0) {
		open_vol(t, &l, &v);
		CB_CHECK_INT(t, v.bits, cb_fat_bits(fat));
		CB_CHECK_INT(t, v.in.size, cb_fat_size(fat));
		CB_CHECK_INT(t, v.bits == 32, v.clusters >= 65525);
		CB_CHECK(t, v.clusters >= 4085);
		check_volume(t, &v, fat);
	}
	cb_pieces_fini(&l);
	cb_fat_close(fat);
	return r;
}

static void every_type(struct cb_check *t)
{
	static const struct { uint32_t sector; unsigned bits; uint64_t size; } v[] = {
		{ 512, 16, 0 }, { 512, 32, 0 }, { 4096, 16, 0 }, { 4096, 32, 0 }, { 512, 0, 64 << 20 },
		{ 4096, 0, 64 << 20 }, { 512, 0, UINT64_C(4) << 30 }, { 4096, 0, UINT64_C(4) << 30 },
		{ 512, 0, UINT64_C(200) << 30 }, { 512, 16, 511 << 20 }, { 512, 0, 3 << 20 },
	};
	struct cb_fat_file files[N_FILES];

	fill_pattern(pattern, sizeof(pattern));
	make_files(files);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct cb_fat_plan p = plan_of(files);

		p.sector = v[i].sector;
		p.bits = v[i].bits;
		p.size = v[i].size;
		if (!cb_check_int(t, __FILE__, __LINE__, "round trip", round_trip(t, &p), 0))
			cb_check_failed(t, __FILE__, __LINE__, "volume %zu", i);
	}
}

static void survives_faults(struct cb_check *t)
{
	struct cb_fat_file files[N_FILES];
	struct cb_fat_plan p = plan_of(files);

	fill_pattern(pattern, sizeof(pattern));
	make_files(files);
	p.bits = 16;
	cb_check_faults(t, round_trip, &p, 200);
}

/* The FAT is computed when read: any range must be a range of the same table. */
static void any_range(struct cb_check *t)
{
	struct cb_fat_file files[N_FILES];
	struct cb_fat_plan p = plan_of(files);
	struct cb_fat *fat = NULL;
	struct cb_pieces l;
	uint8_t whole[200], part[200];

	make_files(files);
	for (p.bits = 16; p.bits <= 32; p.bits += 16) {
		CB_REQUIRE_OK(t, cb_fat_open(t->env, &p, &fat));
		cb_pieces_init(&l, t->env);
		cb_fat_write(fat, &l);

		struct cb_input in = cb_pieces_input(&l);

		in = cb_input_sub(&in, (p.bits == 16 ? 1 : 32) * 512, sizeof(whole));
		CB_REQUIRE_OK(t, cb_input_read(t->env, &in, 0, whole, sizeof(whole)));
		for (size_t off = 0; off < 120; off += t->thorough ? 1 : 17)
			for (size_t n = 0; n < 60; n += t->thorough ? 1 : 7) {
				CB_REQUIRE_OK(t, cb_input_read(t->env, &in, off, part, n));
				CB_REQUIRE(t, memcmp(part, whole + off, n) == 0);
			}
		cb_pieces_fini(&l);
		cb_fat_close(fat);
	}
}

/* More entries than a cluster holds, long names that share their first six letters. */
struct many { struct cb_fat_file files[120]; char text[120][32]; };

static void name_many(struct many *m)
{
	for (unsigned i = 0; i < 120; i++) {
		char *text = m->text[i];

		for (unsigned k = 0; k < 26; k++)
			text[k] = (char)('a' + k);
		text[26] = (char)('0' + i / 100);
		text[27] = (char)('0' + i / 10 % 10);
		text[28] = (char)('0' + i % 10);
		m->files[i] = (struct cb_fat_file){ cb_str_c(text), data(i), false };
	}
}

static void many_names(struct cb_check *t)
{
	struct many *m = cb_alloc(t->env, sizeof(*m));
	struct cb_fat_plan p = plan_of(m->files);
	struct cb_fat *fat = NULL;
	struct cb_pieces l;
	struct found f;
	struct vol v;

	CB_REQUIRE(t, m != NULL);
	name_many(m);
	p.nfiles = 120;
	CB_REQUIRE_OK(t, cb_fat_open(t->env, &p, &fat));
	cb_pieces_init(&l, t->env);
	cb_fat_write(fat, &l);
	open_vol(t, &l, &v);
	for (unsigned i = 0; i < 120; i++) {
		CB_REQUIRE(t, find(t, &v, v.root, m->text[i], &f));
		CB_CHECK_INT(t, f.size, i);
		CB_CHECK_STR(t, cb_str_sub(cb_str_c(f.short_name), 0, i < 9 ? 6 : i < 99 ? 5 : 4),
			     i < 9 ? "ABCDEF" : i < 99 ? "ABCDE" : "ABCD");
	}
	CB_CHECK_STR(t, cb_str_c(f.short_name), "ABCD~120   ");
	cb_pieces_fini(&l);
	cb_fat_close(fat);
	cb_free(t->env, m, sizeof(*m));
}

/* A given size means that others will write there: clusters are large, but never cost the FAT32. */
static void clusters_of_roomy_volumes(struct cb_check *t)
{
	static const struct { uint32_t sector, mib, cluster; unsigned bits; } v[] = {
		{ 512, 62, 512, 32 }, { 512, 254, 2048, 32 }, { 512, 510, 4096, 32 }, { 512, 1022, 8192, 32 },
		{ 512, 4094, 8192, 32 }, { 4096, 62, 8192, 16 }, { 4096, 256, 8192, 16 },
		{ 4096, 258, 4096, 32 }, { 4096, 4094, 8192, 32 }, { 512, 65536, 32768, 32 },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct cb_fat_plan p = { .sector = v[i].sector, .size = (uint64_t)v[i].mib << 20 };
		struct cb_fat *fat = NULL;
		struct cb_pieces l;
		struct vol vol;

		CB_REQUIRE_OK(t, cb_fat_open(t->env, &p, &fat));
		cb_pieces_init(&l, t->env);
		cb_fat_write(fat, &l);
		open_vol(t, &l, &vol);
		CB_CHECK_INT(t, vol.cluster, v[i].cluster);
		CB_CHECK_INT(t, vol.bits, v[i].bits);
		CB_CHECK_INT(t, vol.clusters >= 65525, vol.bits == 32);
		cb_pieces_fini(&l);
		cb_fat_close(fat);
	}
}

static void free_space(struct cb_check *t)
{
	struct cb_fat_plan p = { .sector = 4096, .size = 512 << 20, .bits = 32 };
	struct cb_fat *fat = NULL;
	struct cb_pieces l;
	struct vol v;

	CB_REQUIRE_OK(t, cb_fat_open(t->env, &p, &fat));
	cb_pieces_init(&l, t->env);
	cb_fat_write(fat, &l);
	open_vol(t, &l, &v);
	CB_CHECK_INT(t, v.in.size, 512 << 20);
	CB_CHECK_INT(t, get(t, &v, 4096 + 488, 4), v.clusters - 1);   /* the root takes one */
	CB_CHECK_INT(t, get(t, &v, 4096 + 492, 4), 3);
	CB_CHECK_INT(t, get(t, &v, 6 * 4096 + 4096 + 488, 4), v.clusters - 1);
	CB_CHECK_INT(t, get(t, &v, 6 * 4096 + 510, 2), 0xaa55);
	CB_CHECK_INT(t, get(t, &v, v.reserved, 4), 0x0ffffff8);
	CB_CHECK_INT(t, get(t, &v, v.reserved + 4, 4), 0x0fffffff);
	CB_CHECK_INT(t, get(t, &v, v.reserved + 8, 4), 0x0fffffff);
	CB_CHECK_INT(t, get(t, &v, v.reserved + 12, 4), 0);
	CB_CHECK_INT(t, get(t, &v, v.data, 4), 0);
	cb_pieces_fini(&l);
	cb_fat_close(fat);
}

static void times_are_kept_in_range(struct cb_check *t)
{
	static const struct { int64_t time; uint32_t date, clock; } v[] = {
		{ INT64_MIN, 1 << 5 | 1, 0 },
		{ 0, 1 << 5 | 1, 0 },
		{ 951782399, 20 << 9 | 2 << 5 | 28, 23 << 11 | 59 << 5 | 29 },
		{ 951782400, 20 << 9 | 2 << 5 | 29, 0 },               /* 2000-02-29 */
		{ 4107542400, 120 << 9 | 3 << 5 | 1, 0 },              /* 2100 is no leap year */
		{ 4107542398, 120 << 9 | 2 << 5 | 28, 23 << 11 | 59 << 5 | 29 },
		{ INT64_MAX, 127u << 9 | 12 << 5 | 31, 23 << 11 | 59 << 5 | 29 },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct cb_fat_file file = { CB_STR("A"), { 0 }, true };
		struct cb_fat_plan p = {
			.sector = 512, .bits = 16, .time = v[i].time, .files = &file, .nfiles = 1
		};
		struct cb_fat *fat = NULL;
		struct cb_pieces l;
		struct found f = { 0 };
		struct vol w;

		CB_REQUIRE_OK(t, cb_fat_open(t->env, &p, &fat));
		cb_pieces_init(&l, t->env);
		cb_fat_write(fat, &l);
		open_vol(t, &l, &w);
		CB_CHECK(t, find(t, &w, 0, "A", &f));
		CB_CHECK_INT(t, f.date, v[i].date);
		CB_CHECK_INT(t, f.time, v[i].clock);
		cb_pieces_fini(&l);
		cb_fat_close(fat);
	}
}

static void refuses(struct cb_check *t, struct cb_fat_plan *p, int code, const char *text)
{
	struct cb_fat *fat = NULL;

	CB_CHECK_ERR(t, cb_fat_open(t->env, p, &fat), code, text);
}

static void refuses_names(struct cb_check *t)
{
	static const char *const bad[] = { "a:b", "a\\b", "x/..", "..", ".", "dot.", "blank ", "new\nline",
					   "\xff", "a?", "", "/", "a\"" };
	struct cb_fat_file files[2] = { { CB_STR("dir/File"), { 0 }, false } };
	struct cb_fat_plan p = { .sector = 512, .files = files, .nfiles = 1 };
	char longest[258];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		files[0].path = cb_str_c(bad[i]);
		refuses(t, &p, CB_EINVAL, "FAT");
	}
	memset(longest, 'x', sizeof(longest));
	files[0].path = (struct cb_str){ longest, 256 };
	refuses(t, &p, CB_EINVAL, "can't have a file named");
	files[0].path = CB_STR("dir/File");
	files[1].path = CB_STR("DIR/fILE");
	p.nfiles = 2;
	refuses(t, &p, CB_EINVAL, "two files are named \"DIR/fILE\"");
	files[1].path = CB_STR("dir/file/below");
	refuses(t, &p, CB_EINVAL, "two files are named");
	files[1].path = CB_STR("dir");
	refuses(t, &p, CB_EINVAL, "two files are named \"dir\"");
	p.nfiles = 5000;
	refuses(t, &p, CB_ELIMIT, "5000 files > 4096");
}

static void refuses_sizes(struct cb_check *t)
{
	struct cb_fat_file file = { CB_STR("big"), { .size = 5 << 20 }, false };
	struct cb_fat_plan p = { .sector = 512, .size = 4 << 20, .files = &file, .nfiles = 1 };

	refuses(t, &p, CB_EINVAL, "the files take");
	p.bits = 32;
	refuses(t, &p, CB_EINVAL, "of 4194304 bytes in sectors of 512 can't be FAT32");
	p.bits = 16;
	p.size = 3 << 19;
	refuses(t, &p, CB_EINVAL, "can't be FAT16");
	p.size = UINT64_C(1) << 40;
	refuses(t, &p, CB_EINVAL, "can't be FAT16");
	p.bits = 0;
	p.size = UINT64_C(1) << 43;
	refuses(t, &p, CB_EINVAL, "can't be FAT");
	p.size = 1;
	refuses(t, &p, CB_EINVAL, "can't be FAT");
	p.size = 64 << 20;
	file.data.size = UINT64_C(1) << 32;
	refuses(t, &p, CB_ELIMIT, "4294967296 bytes > 4 GiB - 1");
	p.nfiles = 0;
	p.sector = 1024;
	refuses(t, &p, CB_EINVAL, "sectors of 1024");
	p.sector = 512;
	p.bits = 12;
	refuses(t, &p, CB_EINVAL, "FAT12");
	p.bits = 0;
	p.label = CB_STR("twelve chars");
	refuses(t, &p, CB_EINVAL, "label");
	p.label = CB_STR("lower");
	refuses(t, &p, CB_EINVAL, "label \"lower\"");
	p.label = CB_STR(" LEADING");
	refuses(t, &p, CB_EINVAL, "label");
}

CB_SUITE(disk_fat, CB_TEST(every_type), CB_TEST(survives_faults), CB_TEST(any_range),
	 CB_TEST(many_names), CB_TEST(clusters_of_roomy_volumes), CB_TEST(free_space),
	 CB_TEST(times_are_kept_in_range),
	 CB_TEST(refuses_names), CB_TEST(refuses_sizes));
