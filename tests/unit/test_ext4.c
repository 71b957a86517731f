/* tests/unit/test_ext4.c - the ext4 driver over small images, on the host and inside firmware. */
#include "core/fmt.h"
#include "fs/ext4/ext4_priv.h"
#include "unit/check.h"
#include "unit/ext4_images.h"

#define SUPER 1024u

static uint8_t disk[EXT4_IMAGE_MAX];

/* The image under a device that is as strict as the driver may meet. */
static int mount_image(struct cb_check *t, enum ext4_image which, uint32_t sector, struct cb_fs **ret)
{
	struct cb_blk *b;
	int r = cb_sim_blk(t->sim, disk, ext4_image_size(which), sector, 16, 64, &b);

	if (r < 0)
		return r;
	r = cb_fs_ext4.mount(&b, 1, ret);
	cb_blk_unref(b);
	return r;
}

static bool is_kernel(const uint8_t *p, size_t from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != EXT4_BYTE(from + i))
			return false;
	return true;
}

static void check_sparse(struct cb_check *t, struct cb_fs *fs)
{
	static uint8_t want[70000];
	struct cb_buf got;
	struct cb_node n;

	for (unsigned i = 0; i < 12; i++)
		(void)cb_fmt((char *)want + i * 5121, 16, "block %u", i); /* the NUL is a zero anyway */
	want[sizeof(want) - 1] = '!';
	CB_REQUIRE_OK(t, cb_fs_open(fs, CB_STR("/sparse"), &n));
	cb_buf_init(&got, t->env, sizeof(want));
	CB_CHECK_INT(t, cb_fs_slurp(fs, &n, sizeof(want), &got), 0);
	CB_CHECK_BYTES(t, cb_buf_bytes(&got), ((struct cb_bytes){ want, sizeof(want) }));
	cb_buf_fini(&got);
}

static void check_tree(struct cb_check *t, struct cb_fs *fs, bool old_kernel)
{
	static uint8_t raw[5000];
	struct cb_node n, link;

	CB_REQUIRE_OK(t, cb_fs_open(fs, CB_STR("/boot/slow"), &n));
	CB_CHECK_INT(t, n.size, 5000);
	CB_CHECK_INT(t, n.mode, 0100644);
	CB_CHECK_INT(t, n.mtime, 1700000000);
	CB_REQUIRE_OK(t, cb_fs_pread(fs, &n, 0, raw, sizeof(raw)));
	CB_CHECK(t, is_kernel(raw, 0, old_kernel ? 5000 : 0) && is_kernel(raw + 2048, 2048, 2952));
	CB_REQUIRE_OK(t, cb_fs_pread(fs, &n, 4090, raw, 900));
	CB_CHECK(t, is_kernel(raw, 4090, 900));
	CB_CHECK_INT(t, cb_fs_open(fs, CB_STR("/vmlinuz"), &link), 0);
	CB_CHECK_INT(t, link.id, n.id);
	CB_CHECK_INT(t, cb_fs_lopen(fs, CB_STR("/vmlinuz"), &link), 0);
	CB_CHECK_INT(t, link.type, CB_FT_LINK);
	CB_CHECK_INT(t, cb_fs_open(fs, CB_STR("/empty"), &n), 0);
	CB_CHECK_INT(t, n.size, 0);
	CB_CHECK_INT(t, cb_fs_open(fs, CB_STR("/small"), &n), 0);
	CB_CHECK_INT(t, cb_fs_pread(fs, &n, 0, raw, 13), 0);
	CB_CHECK(t, memcmp(raw, "in the inode\n", 13) == 0);
	CB_CHECK_INT(t, cb_fs_open(fs, CB_STR("/middle"), &n), 0);
	CB_CHECK_INT(t, cb_fs_pread(fs, &n, 55, raw, 75), 0);
	CB_CHECK(t, is_kernel(raw, 55, 75));
	CB_CHECK_ERR(t, cb_fs_open(fs, CB_STR("/many/none"), &n), CB_ENOENT, "no \"none\"");
	check_sparse(t, fs);
}

struct seen { struct cb_fs *fs; unsigned n, bad; };

/* Each name by path again: the hash tree must agree with the listing. */
static int look_up(void *arg, const struct cb_walk_entry *e)
{
	struct seen *s = arg;
	struct cb_node n;

	if (e->status < 0)
		return e->status;

	int r = cb_fs_lopen(s->fs, e->path, &n);

	if (r < 0)
		return r;
	s->bad += n.id != e->node->id;
	s->n++;
	return 0;
}

static void images(struct cb_check *t)
{
	static const uint32_t sectors[] = { 512, 1024 };
	static const char *const types[EXT4_IMAGES] = { "ext4", "ext4", "ext4", "ext4", "ext4" };

	for (enum ext4_image which = 0; which < EXT4_FAST; which++) {
		struct cb_fs *fs;
		struct seen s = { 0 };
		struct cb_node root;

		ext4_image_fill(which, disk);
		CB_REQUIRE_OK(t, mount_image(t, which, sectors[which % 2], &fs));
		CB_CHECK_STR(t, cb_str_c(fs->info.label), "tiny");
		CB_CHECK_STR(t, cb_str_c(fs->info.type), types[which]);
		CB_CHECK(t, fs->info.uuid[0] == 0x11 && fs->info.uuid[15] == 0x55);
		check_tree(t, fs, which != EXT4_LOG);
		s.fs = fs;
		CB_REQUIRE_OK(t, cb_fs_open(fs, CB_STR("/"), &root));
		CB_CHECK_INT(t, cb_fs_walk(fs, &root, CB_STR("/"), look_up, &s), 0);
		CB_CHECK_INT(t, s.n, 58);
		CB_CHECK_INT(t, s.bad, 0);
		CB_CHECK((t), t->sim->peak < 4u << 20);
		cb_fs_unmount(fs);
	}
}

static void log_is_replayed(struct cb_check *t)
{
	static const uint8_t magic[4] = { 0xc0, 0x3b, 0x39, 0x98 };
	static uint8_t raw[3072];
	struct cb_node n;
	struct cb_fs *fs;

	ext4_image_fill(EXT4_LOG, disk);
	CB_REQUIRE_OK(t, mount_image(t, EXT4_LOG, 512, &fs));
	CB_CHECK_STR(t, cb_str_c(fs->note),
		     "journal replayed in memory: 2 transactions, 2 blocks, 0 fast-commit records");
	CB_REQUIRE_OK(t, cb_fs_open(fs, CB_STR("/vmlinuz"), &n));
	CB_REQUIRE_OK(t, cb_fs_pread(fs, &n, 0, raw, sizeof(raw)));
	CB_CHECK(t, memcmp(raw, "new0....", 8) == 0 && raw[1023] == '.');
	CB_CHECK(t, memcmp(raw + 1024, magic, 4) == 0 && raw[1028] == '.');
	CB_CHECK(t, is_kernel(raw + 2048, 2048, 1024));
	/* A range that begins inside the escaped number. */
	CB_REQUIRE_OK(t, cb_fs_pread(fs, &n, 1026, raw, 4));
	CB_CHECK(t, memcmp(raw, magic + 2, 2) == 0 && raw[2] == '.');
	cb_fs_unmount(fs);
}

static void hashes(struct cb_check *t)
{
	static const uint32_t seed[4] = { 0x67452301, 0xefcdab89, 0x67452301, 0xefcdab89 };
	static const struct { unsigned version; const char *name; uint32_t hash; } known[] = {
		{ 0, "vmlinuz-6.1.0-13-amd64", 0x7f8bfcee }, { 0, "lost+found", 0x5e2aba24 },
		{ 0, "a", 0xe74b53e2 }, { 0, "\xc3\xa9t\xc3\xa9", 0x70d7b7fc },
		{ 1, "vmlinuz-6.1.0-13-amd64", 0x5a978a02 }, { 1, "lost+found", 0x663bdc72 },
		{ 1, "a", 0x35dc0cc4 }, { 1, "\xc3\xa9t\xc3\xa9", 0xff329f74 },
		{ 2, "vmlinuz-6.1.0-13-amd64", 0x4625e9ee }, { 2, "lost+found", 0x2dbf9e80 },
		{ 2, "a", 0x6d0ea4c0 }, { 2, "\xc3\xa9t\xc3\xa9", 0x04d337a6 },
	};
	uint32_t h, u;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct cb_str name = cb_str_c(known[i].name);

		CB_CHECK(t, cb_ext4_hash(known[i].version, seed, name, &h) && h == known[i].hash);
		CB_CHECK(t, cb_ext4_hash(known[i].version + 3, seed, name, &u));
		CB_CHECK(t, (u == h) == ((uint8_t)name.p[0] < 128));
	}
	CB_CHECK(t, !cb_ext4_hash(6, seed, CB_STR("a"), &h));
}

static void fast_commits(struct cb_check *t)
{
	static uint8_t raw[70000];
	struct cb_node n;
	struct cb_fs *fs;
	struct seen s = { .n = 0 };

	ext4_image_fill(EXT4_FAST, disk);
	CB_REQUIRE_OK(t, mount_image(t, EXT4_FAST, 512, &fs));
	CB_CHECK_STR(t, cb_str_c(fs->note),
		     "journal replayed in memory: 2 transactions, 2 blocks, 13 fast-commit records");
	CB_CHECK_ERR(t, cb_fs_open(fs, CB_STR("/empty"), &n), CB_ENOENT, "empty");
	CB_REQUIRE_OK(t, cb_fs_open(fs, CB_STR("/fresh"), &n));
	CB_CHECK_INT(t, n.mode, 0100600);
	CB_CHECK_INT(t, n.mtime, 1700000001);
	CB_CHECK_INT(t, n.size, 10);
	CB_REQUIRE_OK(t, cb_fs_pread(fs, &n, 0, raw, 10));
	CB_CHECK(t, is_kernel(raw, 3 * 1024, 10));
	CB_REQUIRE_OK(t, cb_fs_open(fs, CB_STR("/middle-again"), &n));
	CB_CHECK_INT(t, n.size, 130);
	CB_REQUIRE_OK(t, cb_fs_open(fs, CB_STR("/sparse"), &n));
	CB_REQUIRE_OK(t, cb_fs_pread(fs, &n, 0, raw, sizeof(raw)));
	CB_CHECK(t, memcmp(raw, "block 0", 7) == 0 && raw[69999] == '!');
	CB_CHECK(t, is_kernel(raw + 4096, 3 * 1024, 1024));
	for (size_t i = 1024; i < 9 * 1024; i++)
		if (raw[i] != 0 && i / 1024 != 4)
			CB_CHECK_INT(t, i, 0);
	CB_CHECK(t, raw[10242] == 0 && memcmp(raw + 15363, "block 3", 7) == 0);
	s.fs = fs;
	CB_REQUIRE_OK(t, cb_fs_open(fs, CB_STR("/"), &n));
	CB_CHECK_INT(t, cb_fs_walk(fs, &n, CB_STR("/"), look_up, &s), 0);
	CB_CHECK_INT(t, s.n, 59);
	cb_fs_unmount(fs);
}

/* The tree itself answers, not the linear search that stands behind it. */
static void hash_tree(struct cb_check *t)
{
	static const enum ext4_image with_tree[] = { EXT4_CSUM, EXT4_PLAIN, EXT4_LOG };

	for (unsigned i = 0; i < sizeof(with_tree) / sizeof(with_tree[0]); i++) {
		struct ext4_memo *dir;
		struct cb_node n, file;
		struct cb_fs *fs;
		uint32_t ino = 0;
		int r;

		ext4_image_fill(with_tree[i], disk);
		CB_REQUIRE_OK(t, mount_image(t, with_tree[i], 512, &fs));
		CB_REQUIRE_OK(t, cb_fs_open(fs, CB_STR("/many"), &n));
		CB_REQUIRE_OK(t, cb_fs_open(fs, CB_STR("/many/name-03-nnn"), &file));
		CB_REQUIRE_OK(t, cb_ext4_inode((struct ext4 *)fs, n.id, false, &dir));
		r = cb_ext4_htree_find((struct ext4 *)fs, dir, CB_STR("name-03-nnn"), &ino);
		CB_CHECK_INT(t, r, 0);
		CB_CHECK_INT(t, ino, file.id);
		r = cb_ext4_htree_find((struct ext4 *)fs, dir, CB_STR("name-03"), &ino);
		CB_CHECK_INT(t, r, CB_ENOENT);
		cb_fs_unmount(fs);
	}
}

static void damaged_super(struct cb_check *t)
{
	struct cb_fs *fs;
	struct cb_blk *b;
	struct cb_fs_info info = { .members = 0 };

	ext4_image_fill(EXT4_CSUM, disk);
	disk[SUPER + 0x78] ^= 1;
	CB_REQUIRE_OK(t, mount_image(t, EXT4_CSUM, 512, &fs));
	CB_CHECK_STR(t, cb_str_c(fs->note),
		     "superblock at byte 1024: wrong checksum: used the copy in group 1 at block 8193");
	check_tree(t, fs, true);
	cb_fs_unmount(fs);

	memset(disk + SUPER, 0, 1024);
	CB_REQUIRE_OK(t, cb_sim_blk(t->sim, disk, ext4_image_size(EXT4_CSUM), 512, 16, 1, &b));
	CB_CHECK_INT(t, cb_fs_ext4.probe(b, &info), CB_ENOTMINE);
	CB_CHECK_INT(t, cb_fs_ext4.rescue(b, &info), 0);
	CB_CHECK_STR(t, cb_str_c(info.label), "tiny");
	cb_blk_unref(b);
	CB_REQUIRE_OK(t, mount_image(t, EXT4_CSUM, 512, &fs));
	cb_fs_unmount(fs);
	memset(disk + 8193 * 1024, 0, 1024);
	CB_CHECK_ERR(t, mount_image(t, EXT4_CSUM, 512, &fs), CB_ENOTMINE, "wrong magic number");

	/* Without checksums a bit alone makes a feature. */
	ext4_image_fill(EXT4_PLAIN, disk);
	disk[SUPER + 0x63] |= 0x40;
	disk[SUPER + 0x61] |= 0x10;
	CB_CHECK_ERR(t, mount_image(t, EXT4_PLAIN, 512, &fs), CB_EUNSUP, "dirdata 0x40000000");
}

/* Where damage hurts, with what it must say; the rest of the tree stays readable. */
static void damaged_log(struct cb_check *t)
{
	struct cb_fs *fs;
	size_t at = 0;

	ext4_image_fill(EXT4_LOG, disk);
	/* The first descriptor: the magic number and type 1 behind the log's superblock. */
	for (size_t i = 4096; i + 1024 < ext4_image_size(EXT4_LOG) && at == 0; i += 1024)
		if (memcmp(disk + i, "\xc0\x3b\x39\x98\0\0\0\1", 8) == 0)
			at = i;
	CB_REQUIRE(t, at != 0);
	disk[at + 20] ^= 1;
	CB_CHECK_ERR(t, mount_image(t, EXT4_LOG, 512, &fs), CB_ECORRUPT, "descriptor or revoke block");
	disk[at + 20] ^= 1;
	disk[at + 1024 + 100] ^= 1;
	CB_CHECK_ERR(t, mount_image(t, EXT4_LOG, 512, &fs), CB_ECORRUPT, "has a wrong checksum");
	disk[at + 1024 + 100] ^= 1;
	/* No commit block: the transaction never happened. */
	memset(disk + at + 4 * 1024, 0, 1024);
	CB_REQUIRE_OK(t, mount_image(t, EXT4_LOG, 512, &fs));
	check_tree(t, fs, true);
	cb_fs_unmount(fs);
}

static int read_everything(struct cb_check *t, void *arg)
{
	const enum ext4_image *which = arg;
	struct cb_node n;
	struct cb_buf b;
	struct cb_fs *fs;
	int r = mount_image(t, *which, 512, &fs);

	if (r < 0)
		return r;
	cb_buf_init(&b, t->env, 100000);

	struct seen s = { .fs = fs };

	r = cb_fs_open(fs, CB_STR("/"), &n);
	if (r == 0)
		r = cb_fs_walk(fs, &n, CB_STR("/"), look_up, &s);
	if (r == 0)
		r = cb_fs_open(fs, CB_STR("/sparse"), &n);
	if (r == 0)
		r = cb_fs_slurp(fs, &n, 100000, &b);
	b.n = 0;
	if (r == 0)
		r = cb_fs_open(fs, CB_STR("/boot/slow"), &n);
	if (r == 0)
		r = cb_fs_slurp(fs, &n, 100000, &b);
	cb_buf_fini(&b);
	cb_fs_unmount(fs);
	return r;
}

static void faults(struct cb_check *t)
{
	for (enum ext4_image which = 0; which < EXT4_IMAGES; which++) {
		ext4_image_fill(which, disk);
		cb_check_faults(t, read_everything, &which, 400);
	}
}

/* What a boot loader does: few reads, none of them twice. */
static void reads_are_few(struct cb_check *t)
{
	static uint8_t raw[5000];
	struct cb_node n;
	struct cb_fs *fs;

	ext4_image_fill(EXT4_CSUM, disk);

	uint64_t before = t->sim->reads;

	CB_REQUIRE_OK(t, mount_image(t, EXT4_CSUM, 512, &fs));
	CB_REQUIRE_OK(t, cb_fs_open(fs, CB_STR("/boot/vmlinuz-6.1"), &n));
	CB_REQUIRE_OK(t, cb_fs_pread(fs, &n, 0, raw, sizeof(raw)));
	CB_CHECK(t, t->sim->reads - before <= 14); /* 16 sectors each: a line of 16 KiB is 2 */
	before = t->sim->reads;
	CB_REQUIRE_OK(t, cb_fs_open(fs, CB_STR("/boot/vmlinuz-6.1"), &n));
	CB_CHECK_INT(t, t->sim->reads, before);
	cb_fs_unmount(fs);
}

CB_SUITE(ext4, CB_TEST(images), CB_TEST(log_is_replayed), CB_TEST(fast_commits), CB_TEST(hashes),
	 CB_TEST(hash_tree), CB_TEST(damaged_super),
	 CB_TEST(damaged_log), CB_TEST(faults), CB_TEST(reads_are_few));
