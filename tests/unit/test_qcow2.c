/* tests/unit/test_qcow2.c - qcow2 images made by hand: every kind of cluster, chains, damage. */
#include "block/image.h"

#include "core/fmt.h"
#include "unit/check.h"

#define ROOM (1u << 20)            /* bytes of one image file */
#define FILES 3u

/* Files that images name one another: "a", "b", "c" in the folder "dir". */
static struct file {
	uint8_t *p;
	size_t n;
} files[FILES];

static uint8_t *out;               /* ROOM bytes */

struct image {
	uint8_t *p;
	unsigned bits;
	uint32_t size, next;       /* bytes of a cluster; first unused cluster */
	bool extended;
};

static void put32(uint8_t *p, uint32_t v)
{
	cb_be32 be = cb_put_be32(v);

	memcpy(p, &be, sizeof(be));
}

static void put64(uint8_t *p, uint64_t v)
{
	cb_be64 be = cb_put_be64(v);

	memcpy(p, &be, sizeof(be));
}

static uint8_t byte_at(unsigned file, size_t i)
{
	return (uint8_t)(i * 7 + i / 256 * 13 + file * 101 + 1);
}

/* An empty image: one L1 entry, one L2 table; disk of disk_clusters. */
static struct image make(unsigned file, unsigned version, unsigned bits, uint32_t disk_clusters,
			 uint64_t incompatible)
{
	struct image m = { files[file].p, bits, 1u << bits, 3, (incompatible & 16) != 0 };

	memset(m.p, 0, ROOM);
	files[file].n = ROOM;
	memcpy(m.p, "QFI\xfb", 4);
	put32(m.p + 4, version);
	put32(m.p + 20, bits);
	put64(m.p + 24, (uint64_t)disk_clusters << bits);
	put32(m.p + 36, 1);
	put64(m.p + 40, m.size);
	if (version == 3) {
		put64(m.p + 72, incompatible);
		put32(m.p + 100, 112);
		m.p[104] = (incompatible & 8) != 0;
	}
	put64(m.p + m.size, (uint64_t)m.size * 2 | UINT64_C(1) << 63);
	return m;
}

static uint8_t *entry(struct image *m, uint32_t cluster)
{
	return m->p + m->size * 2 + cluster * (m->extended ? 16 : 8);
}

static void put_data(struct image *m, unsigned file, uint32_t cluster)
{
	uint8_t *to = m->p + (size_t)m->next * m->size;

	for (size_t i = 0; i < m->size; i++)
		to[i] = byte_at(file, cluster * m->size + i);
	put64(entry(m, cluster), (uint64_t)m->next * m->size | UINT64_C(1) << 63);
	m->next++;
}

static void put_zero(struct image *m, uint32_t cluster)
{
	put64(entry(m, cluster), 1);
}

/* A cluster as a stored deflate block, or a zstd frame of one raw block; it starts off its sector. */
static void put_packed(struct image *m, unsigned file, uint32_t cluster, bool zstd)
{
	static const uint8_t frame[] = { 0x28, 0xb5, 0x2f, 0xfd, 0xa0 };
	uint64_t host = (uint64_t)m->next * m->size + 77;
	uint8_t *to = m->p + host;
	uint32_t sectors;

	if (zstd) {
		memcpy(to, frame, sizeof(frame));   /* single segment, content size in 4 bytes */
		for (unsigned i = 0; i < 4; i++)
			to[5 + i] = (uint8_t)(m->size >> 8 * i);
		for (unsigned i = 0; i < 3; i++)    /* last block, raw */
			to[9 + i] = (uint8_t)((m->size << 3 | 1) >> 8 * i);
		to += 12;
	} else {
		to[0] = 1;                          /* last block, stored */
		to[1] = (uint8_t)m->size;
		to[2] = (uint8_t)(m->size >> 8);
		to[3] = (uint8_t)~to[1];
		to[4] = (uint8_t)~to[2];
		to += 5;
	}
	for (size_t i = 0; i < m->size; i++)
		to[i] = byte_at(file, cluster * m->size + i);
	sectors = (uint32_t)(((host + m->size + 12) / 512) - host / 512);
	put64(entry(m, cluster), UINT64_C(1) << 62 | (uint64_t)sectors << (62 - (m->bits - 8)) | host);
	m->next += 2;
}

static void put_backing(struct image *m, const char *name, const char *format)
{
	struct cb_str n = cb_str_c(name), f = cb_str_c(format);
	uint8_t *p = m->p + 112;

	if (f.n > 0) {
		put32(p, 0xe2792aca);
		put32(p + 4, (uint32_t)f.n);
		memcpy(p + 8, f.p, f.n);
	}
	memcpy(m->p + 300, n.p, n.n);
	put64(m->p + 8, 300);
	put32(m->p + 16, (uint32_t)n.n);
}

static int open_file(void *arg, const char *path, struct cb_blk **ret)
{
	struct cb_check *t = arg;
	struct cb_str s = cb_str_c(path);

	if (s.n != 5 || !cb_str_starts(s, CB_STR("dir/")) || s.p[4] < 'a' || s.p[4] >= 'a' + (char)FILES)
		return cb_fail(t->env, CB_ENOENT, "%s: no such file", path);

	struct file *f = &files[s.p[4] - 'a'];

	return cb_sim_blk(t->sim, f->p, f->n, 512, 4096, 8, ret);
}

static int open_image(struct cb_check *t, struct cb_blk **ret)
{
	struct cb_blk *b;
	int r = open_file(t, "dir/a", &b);

	if (r < 0)
		return r;
	r = cb_qcow2_open(b, "dir/a", open_file, t, ret);
	cb_blk_unref(b);
	return r;
}

static bool start(struct cb_check *t)
{
	bool ok = true;

	for (size_t i = 0; i < FILES; i++) {
		files[i].p = cb_alloc(t->env, ROOM);
		ok = ok && files[i].p != NULL;
	}
	out = cb_alloc(t->env, ROOM);
	return ok && out != NULL;
}

static void done(struct cb_check *t)
{
	for (size_t i = 0; i < FILES; i++)
		cb_free(t->env, files[i].p, ROOM);
	cb_free(t->env, out, ROOM);
}

/* n bytes at off of the disk are file's pattern, or zeros for FILES. */
static void expect(struct cb_check *t, struct cb_blk *b, uint64_t off, size_t n, unsigned file)
{
	bool same = true;

	memset(out, 0xee, n);
	CB_CHECK_INT(t, cb_blk_pread(b, off, out, n), 0);
	for (size_t i = 0; i < n; i++)
		same = same && out[i] == (file < FILES ? byte_at(file, (size_t)off + i) : 0);
	if (!same)
		cb_check_failed(t, __FILE__, __LINE__, "byte %llu: not file %u's", (unsigned long long)off,
				file);
}

static void kinds_of_clusters(struct cb_check *t)
{
	static const struct { unsigned version, bits; uint64_t incompatible; } cases[] = {
		{ 2, 9, 0 }, { 2, 12, 0 }, { 3, 9, 0 }, { 3, 16, 0 }, { 3, 15, 8 }, { 3, 14, 16 },
		{ 3, 9, 3 },
	};

	CB_REQUIRE(t, start(t));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool extended = cases[i].incompatible == 16, zstd = cases[i].incompatible == 8;
		struct image m = make(0, cases[i].version, cases[i].bits, 10, cases[i].incompatible);
		uint32_t c = m.size;
		struct cb_blk *b;

		for (uint32_t k = 0; k < 3; k++)
			put_data(&m, 0, k);
		for (uint32_t k = 0; k < 3 && extended; k++)
			put64(entry(&m, k) + 8, 0xffffffff);
		if (cases[i].version == 3 && !extended)
			put_zero(&m, 3);
		if (cases[i].bits < 16)               /* a stored block has less than 64 KiB */
			put_packed(&m, 0, 5, zstd);
		put_data(&m, 0, 6);
		put64(entry(&m, 6) + 8, extended ? 0xffffffff : 0);
		CB_REQUIRE_OK(t, open_image(t, &b));
		CB_CHECK_INT(t, cb_blk_size(b), 10 * c);
		t->sim->reads = 0;
		expect(t, b, 0, 3 * c, 0);
		CB_CHECK_INT(t, t->sim->reads, 2);        /* a table, three clusters side by side */
		expect(t, b, 3 * c, 2 * c, FILES);
		expect(t, b, 6 * c, c, 0);
		expect(t, b, 7 * c, 3 * c, FILES);
		if (cases[i].bits < 16) {
			t->sim->reads = 0;
			for (uint32_t k = 0; k < c; k += 512)
				expect(t, b, 5 * c + k, 512, 0);
			CB_CHECK_INT(t, t->sim->reads, 1);    /* decompressed once */
			expect(t, b, 5 * c, c, 0);
		}
		cb_blk_unref(b);
	}
	done(t);
}

static void subclusters(struct cb_check *t)
{
	struct image m;
	struct cb_blk *b;

	CB_REQUIRE(t, start(t));
	m = make(0, 3, 14, 4, 16);
	put_data(&m, 0, 0);
	put64(entry(&m, 0) + 8, UINT64_C(0x00000f00) << 32 | 0xffff0003);
	put64(entry(&m, 1) + 8, UINT64_C(0xffffffff) << 32);      /* all zero, no place */
	put_backing(&m, "b", "raw");
	for (size_t i = 0; i < ROOM; i++)
		files[1].p[i] = byte_at(1, i);
	files[1].n = 40u << 10;                                   /* ends in cluster 2 */
	CB_REQUIRE_OK(t, open_image(t, &b));
	expect(t, b, 0, 1024, 0);
	expect(t, b, 1024, 3072, 1);
	expect(t, b, 4096, 2048, FILES);
	expect(t, b, 6144, 2048, 1);
	expect(t, b, 8192, 8192, 0);
	expect(t, b, 16384, 16384, FILES);
	expect(t, b, 32768, 8192, 1);
	expect(t, b, 40960, 24576, FILES);
	cb_blk_unref(b);
	put64(entry(&m, 0) + 8, UINT64_C(1) << 32 | 1);
	CB_REQUIRE_OK(t, open_image(t, &b));
	CB_CHECK_ERR(t, cb_blk_pread(b, 0, out, 512), CB_ECORRUPT, "subclusters 0000000100000001");
	cb_blk_unref(b);
	put64(entry(&m, 1) + 8, 1);
	CB_REQUIRE_OK(t, open_image(t, &b));
	CB_CHECK_ERR(t, cb_blk_pread(b, 16384, out, 512), CB_ECORRUPT, "L2 entry 0000000000000000");
	cb_blk_unref(b);
	done(t);
}

/* a on b on raw c, each with a cluster of its own; b is shorter than a, c shorter than b. */
static void make_chain(void)
{
	struct image a = make(0, 3, 12, 20, 0), b = make(1, 2, 9, 60, 0);

	put_data(&a, 0, 1);
	put_zero(&a, 2);
	put_packed(&a, 0, 8, false);
	put_backing(&a, "b", "qcow2");
	put_data(&b, 1, 0);
	put_packed(&b, 1, 9, false);
	put_data(&b, 1, 17);
	put_backing(&b, "file:c", "");
	for (size_t i = 0; i < ROOM; i++)
		files[2].p[i] = byte_at(2, i);
	files[2].n = 40 * 512;
}

static void chains(struct cb_check *t)
{
	struct cb_blk *b;

	CB_REQUIRE(t, start(t));
	make_chain();
	CB_REQUIRE_OK(t, open_image(t, &b));
	expect(t, b, 0, 512, 1);
	expect(t, b, 512, 3584, 2);
	expect(t, b, 4096, 4096, 0);
	expect(t, b, 8192, 4096, FILES);
	expect(t, b, 12288, 40 * 512 - 12288, 2);
	expect(t, b, 40 * 512, 32768 - 40 * 512, FILES);   /* behind the ends of c and b */
	expect(t, b, 32768, 4096, 0);
	expect(t, b, 36864, 20 * 4096 - 36864, FILES);
	/* All of it at once is the same as piece by piece. */
	CB_CHECK_INT(t, cb_blk_pread(b, 0, out, 20 * 4096), 0);
	CB_CHECK(t, out[0] == byte_at(1, 0) && out[4096] == byte_at(0, 4096) && out[20 * 4096 - 1] == 0);
	cb_blk_unref(b);
	done(t);
}

static void names_of_backing_files(struct cb_check *t)
{
	static const struct { const char *name, *format; int code; const char *text; } cases[] = {
		{ "json:{}", "qcow2", CB_EUNSUP, "qcow2 dir/a: backing file: \"json:{}\" is no plain file" },
		{ "nbd://host/x", "raw", CB_EUNSUP, "is no plain file" },
		{ "/b", "raw", CB_ENOENT, "backing file: /b: no such file" },
		{ "x/y:z", "raw", CB_ENOENT, "dir/x/y:z: no such file" },
		{ "b", "vmdk", CB_EUNSUP, "backing file of format \"vmdk\"" },
		{ "b", "qcow2", CB_ENOTMINE, "qcow2 dir/b: not a qcow2 image" },
	};
	struct cb_blk *b, *file;
	struct image m;

	CB_REQUIRE(t, start(t));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		m = make(0, 3, 12, 4, 0);
		put_backing(&m, cases[i].name, cases[i].format);
		files[1].n = ROOM;
		CB_CHECK_ERR(t, open_image(t, &b), cases[i].code, cases[i].text);
	}
	CB_REQUIRE_OK(t, open_file(t, "dir/a", &file));
	CB_CHECK_ERR(t, cb_qcow2_open(file, "x", NULL, NULL, &b), CB_EUNSUP,
		     "it needs its backing file \"b\"");
	cb_blk_unref(file);
	m = make(0, 3, 12, 4, 0);
	put_backing(&m, "a", "");
	CB_CHECK_ERR(t, open_image(t, &b), CB_ELIMIT, "over 16 backing files");
	put32(m.p + 16, 1024);
	CB_CHECK_ERR(t, open_image(t, &b), CB_ECORRUPT, "name of 1024 bytes at byte 300");
	put64(m.p + 8, ROOM);
	CB_CHECK_ERR(t, open_image(t, &b), CB_ECORRUPT, "at byte 1048576");
	done(t);
}

static void data_file(struct cb_check *t)
{
	struct cb_blk *b;
	struct image m;

	CB_REQUIRE(t, start(t));
	m = make(0, 3, 12, 4, 4);
	for (size_t i = 0; i < ROOM; i++)
		files[1].p[i] = byte_at(1, i);
	files[1].n = ROOM;
	CB_CHECK_ERR(t, open_image(t, &b), CB_EUNSUP, "an external data file without a name");
	put32(m.p + 112, 0x44415441);
	put32(m.p + 116, 5);
	memcpy(m.p + 120, "dir/b", 5);
	put64(entry(&m, 0), UINT64_C(1) << 63);                   /* offset 0, and there */
	put64(entry(&m, 2), UINT64_C(1) << 63 | 8192);
	CB_REQUIRE_OK(t, open_image(t, &b));
	expect(t, b, 0, 4096, 1);
	expect(t, b, 4096, 4096, FILES);
	expect(t, b, 8192, 4096, 1);
	put64(entry(&m, 3), UINT64_C(1) << 62 | 8192);
	cb_blk_unref(b);
	CB_REQUIRE_OK(t, open_image(t, &b));
	CB_CHECK_ERR(t, cb_blk_pread(b, 12288, out, 1), CB_ECORRUPT, "beside an external data file");
	cb_blk_unref(b);
	done(t);
}

static void broken_headers(struct cb_check *t)
{
	static const struct {
		size_t at;
		unsigned n;
		uint64_t value;
		int code;
		const char *text;
	} cases[] = {
		{ 0, 4, 0, CB_ENOTMINE, "qcow2 dir/a: not a qcow2 image" },
		{ 4, 4, 4, CB_EUNSUP, "version 4" },
		{ 4, 4, 1, CB_EUNSUP, "version 1" },
		{ 20, 4, 8, CB_EUNSUP, "cluster_bits 8, not in 9..21" },
		{ 20, 4, 22, CB_EUNSUP, "cluster_bits 22" },
		{ 24, 8, UINT64_C(1) << 62, CB_ELIMIT, "a disk of bytes 4611686018427387904" },
		{ 24, 8, 4096 * 512 + 1, CB_ECORRUPT, "1 L1 entries, 2097153 bytes of disk need 2" },
		{ 32, 4, 1, CB_EUNSUP, "the image is encrypted (AES)" },
		{ 32, 4, 2, CB_EUNSUP, "the image is encrypted (LUKS)" },
		{ 36, 4, 0, CB_ECORRUPT, "0 L1 entries" },
		{ 40, 8, 4097, CB_ECORRUPT, "L1 table of 8 bytes at byte 4097" },
		{ 40, 8, ROOM, CB_ECORRUPT, "at byte 1048576, the file has 1048576" },
		{ 72, 8, 32, CB_EUNSUP, "unknown incompatible feature, bit 5" },
		{ 72, 8, UINT64_C(1) << 63, CB_EUNSUP, "incompatible feature \"from the future\" (bit 63)" },
		{ 72, 8, 8, CB_ECORRUPT, "compression type 0, but its feature bit is 1" },
		{ 72, 8, 16, CB_ECORRUPT, "extended L2 entries with cluster_bits 12 < 14" },
		{ 100, 4, 100, CB_ECORRUPT, "a header of 100 bytes" },
		{ 100, 4, 8192, CB_ECORRUPT, "a header of 8192 bytes" },
		{ 104, 4, 0x01000000, CB_ECORRUPT, "compression type 1, but its feature bit is 0" },
		{ 104, 4, 0x02000000, CB_EUNSUP, "compression type 2" },
		{ 116, 4, 5000, CB_ECORRUPT, "header extension 6803f857 of 5000 bytes" },
	};

	CB_REQUIRE(t, start(t));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct image m = make(0, 3, 12, 4, 0);
		struct cb_blk *b;

		put32(m.p + 112, 0x6803f857);
		put32(m.p + 116, 48);
		m.p[121] = 63;
		memcpy(m.p + 122, "from the future", 15);
		if (cases[i].n == 8)
			put64(m.p + cases[i].at, cases[i].value);
		else
			put32(m.p + cases[i].at, (uint32_t)cases[i].value);
		CB_CHECK_ERR(t, open_image(t, &b), cases[i].code, cases[i].text);
	}
	done(t);
}

static void broken_tables(struct cb_check *t)
{
	static const struct { bool l1; uint64_t value; const char *text; } cases[] = {
		{ true, 4096 + 512, "sim: qcow2, byte 0 of the disk: L2 table at byte 4608" },
		{ true, ROOM, "L2 table at byte 1048576, the file has 1048576" },
		{ false, 4096 + 512, "cluster at byte 4608" },
		{ false, ROOM, "cluster at byte 1048576, the file has 1048576" },
		{ false, UINT64_C(1) << 62 | ROOM, "compressed cluster at byte 1048576" },
		{ false, UINT64_C(1) << 62, "compressed cluster at byte 0" },
		{ false, UINT64_C(3) << 61 | 12289, "compressed cluster at byte 12289: deflate: " },
		{ false, UINT64_C(1) << 62 | (12288 + 4096), "it gives 3 bytes, a cluster has 4096" },
	};

	CB_REQUIRE(t, start(t));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static const uint8_t three[] = { 1, 3, 0, 0xfc, 0xff, 'a', 'b', 'c' };
		struct image m = make(0, 3, 12, 4, 0);
		struct cb_blk *b;

		memset(m.p + 12288, 0xff, 4096);
		memcpy(m.p + 12288 + 4096, three, sizeof(three));
		put64(cases[i].l1 ? m.p + 4096 : entry(&m, 0), cases[i].value);
		CB_REQUIRE_OK(t, open_image(t, &b));
		CB_CHECK_ERR(t, cb_blk_pread(b, 0, out, 4096), CB_ECORRUPT, cases[i].text);
		CB_CHECK_ERR(t, cb_blk_pread(b, 512, out, 512), CB_ECORRUPT,
			     "sim: qcow2, byte 512 of the disk");
		CB_CHECK_INT(t, cb_blk_pread(b, 8192, out, 512), cases[i].l1 ? CB_ECORRUPT : 0);
		cb_clear(t->env);
		cb_blk_unref(b);
	}
	/* A zero cluster in version 2. */
	struct image m = make(0, 2, 12, 4, 0);
	struct cb_blk *b;

	put_zero(&m, 0);
	CB_REQUIRE_OK(t, open_image(t, &b));
	CB_CHECK_ERR(t, cb_blk_pread(b, 0, out, 1), CB_ECORRUPT, "a zero cluster in version 2");
	cb_blk_unref(b);
	done(t);
}

/* The disk's size is no multiple of a block, the file ends in its last cluster. */
static void odd_sizes(struct cb_check *t)
{
	struct cb_blk *b;
	struct image m;

	CB_REQUIRE(t, start(t));
	m = make(0, 3, 12, 4, 0);
	put_data(&m, 0, 2);
	put64(m.p + 24, 3 * 4096 - 700);
	files[0].n = 3 * 4096 + 1024;
	CB_REQUIRE_OK(t, open_image(t, &b));
	CB_CHECK_INT(t, b->nblocks, 23);
	expect(t, b, 2 * 4096, 1024, 0);
	expect(t, b, 2 * 4096 + 1024, 23 * 512 - 2 * 4096 - 1024, FILES);
	cb_blk_unref(b);
	put64(m.p + 24, 0);
	CB_REQUIRE_OK(t, open_image(t, &b));
	CB_CHECK_INT(t, b->nblocks, 0);
	cb_blk_unref(b);
	done(t);
}

static int read_chain(struct cb_check *t, void *arg)
{
	struct cb_blk *b;
	int r = open_image(t, &b);

	(void)arg;
	if (r < 0)
		return r;
	r = cb_blk_pread(b, 0, out, 20 * 4096);
	if (r == 0)
		r = cb_blk_pread(b, 33000, out, 100);
	cb_blk_unref(b);
	return r;
}

static void faults(struct cb_check *t)
{
	CB_REQUIRE(t, start(t));
	make_chain();
	cb_check_faults(t, read_chain, NULL, 1000);
	done(t);
}

static void raw_files_stay_raw(struct cb_check *t)
{
	struct cb_blk *file, *b;

	CB_REQUIRE(t, start(t));
	files[0].n = 4096;
	CB_REQUIRE_OK(t, open_file(t, "dir/a", &file));
	CB_CHECK_INT(t, cb_image_open(file, "dir/a", open_file, t, &b), 0);
	CB_CHECK(t, b == file);
	cb_blk_unref(b);
	cb_blk_unref(file);
	(void)make(0, 3, 12, 4, 0);
	CB_REQUIRE_OK(t, open_file(t, "dir/a", &file));
	CB_CHECK_INT(t, cb_image_open(file, "dir/a", open_file, t, &b), 0);
	CB_CHECK(t, b != file);
	CB_CHECK_STR(t, cb_str_c(b->ops->kind), "qcow2");
	cb_blk_unref(b);
	cb_blk_unref(file);
	done(t);
}

static void foreign_files_are_named(struct cb_check *t)
{
	static const struct { const char *head; size_t n; const char *text; } v[] = {
		{ "KDMV", 4, "a VMDK image: qemu-img convert" }, { "vhdxfile", 8, "a VHDX image" },
		{ "conectix", 8, "a VHD image" }, { "<<< Oracle VM", 13, "a VDI image" },
		{ "\x1f\x8b\x08", 3, "compressed by gzip: gunzip" },
		{ "\xfd" "7zXZ", 6, "compressed by xz: unxz" },
		{ "\x28\xb5\x2f\xfd", 4, "compressed by zstd" }, { "PK\x03\x04", 4, "a ZIP archive" },
	};
	struct cb_blk *file, *b;

	CB_REQUIRE(t, start(t));
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		files[0].n = 4096;
		memset(files[0].p, 0, 64);
		memcpy(files[0].p, v[i].head, v[i].n);
		CB_REQUIRE_OK(t, open_file(t, "dir/a", &file));
		CB_CHECK_ERR(t, cb_image_open(file, "dir/a", open_file, t, &b), CB_EUNSUP, v[i].text);
		cb_blk_unref(file);
	}
	done(t);
}

CB_SUITE(qcow2, CB_TEST(kinds_of_clusters), CB_TEST(subclusters), CB_TEST(chains),
	 CB_TEST(names_of_backing_files), CB_TEST(data_file), CB_TEST(broken_headers),
	 CB_TEST(broken_tables), CB_TEST(odd_sizes), CB_TEST(faults), CB_TEST(raw_files_stay_raw),
	 CB_TEST(foreign_files_are_named));
