/* tests/unit/test_fs_core.c - probing, paths, readers and walks, over a file system of constants. */
#include "core/fmt.h"
#include "core/limits.h"
#include "fs/fs.h"
#include "unit/check.h"

/* A tree in a table: a file's bytes are a function of their offset, a link's are text. */
struct entry {
	uint64_t parent;
	const char *name, *text;
	enum cb_ftype type;
};

#define ROOT 1
#define BIG_SIZE 300001u

static const struct entry tree[] = {
	[ROOT] = { 0, "", NULL, CB_FT_DIR },
	[2] = { ROOT, "boot", NULL, CB_FT_DIR },
	[3] = { 2, "vmlinuz", NULL, CB_FT_FILE },
	[4] = { ROOT, "vmlinuz", "boot/vmlinuz", CB_FT_LINK },
	[5] = { 2, "up", "../boot//./vmlinuz", CB_FT_LINK },
	[6] = { ROOT, "loop", "/loop", CB_FT_LINK },
	[7] = { ROOT, "b", "/boot/", CB_FT_LINK },
	[8] = { ROOT, "dangling", "nowhere", CB_FT_LINK },
	[9] = { 2, "abs", "/vmlinuz", CB_FT_LINK },
	[10] = { ROOT, "fifo", NULL, CB_FT_OTHER },
	[11] = { ROOT, "empty", "", CB_FT_LINK },
	[12] = { ROOT, "deep", NULL, CB_FT_DIR },
	[13] = { 12, "a", NULL, CB_FT_DIR },
	[14] = { 13, "c", NULL, CB_FT_FILE },
	[15] = { ROOT, "self", "/self/x", CB_FT_LINK },
	[16] = { ROOT, "broken", NULL, CB_FT_DIR },
	[17] = { ROOT, "endless", NULL, CB_FT_DIR },
	[18] = { ROOT, "f-link", "boot/vmlinuz/", CB_FT_LINK },
};
#define N_TREE (sizeof(tree) / sizeof(tree[0]))
#define BROKEN 16
#define ENDLESS 17

static uint8_t byte_at(uint64_t off)
{
	return (uint8_t)(off * 7 + (off >> 8));
}

static int tree_get(struct cb_fs *fs, uint64_t id, uint64_t aux, struct cb_node *ret)
{
	if (id == 0 || id >= N_TREE)
		return cb_fail(fs->env, CB_ECORRUPT, "no file %llu", (unsigned long long)id);
	*ret = (struct cb_node){ .id = id, .aux = aux, .type = tree[id].type, .links = 1 };
	if (ret->type == CB_FT_FILE)
		ret->size = BIG_SIZE;
	return 0;
}

static int tree_root(struct cb_fs *fs, struct cb_node *ret)
{
	return tree_get(fs, ROOT, 0, ret);
}

static int tree_lookup(struct cb_fs *fs, const struct cb_node *dir, struct cb_str name,
		       struct cb_node *ret)
{
	for (uint64_t i = ROOT + 1; i < N_TREE; i++)
		if (tree[i].parent == dir->id && cb_str_eq(cb_str_c(tree[i].name), name))
			return tree_get(fs, i, 0, ret);
	if (dir->id == ENDLESS)
		return tree_get(fs, ENDLESS, 0, ret);
	return cb_fail(fs->env, CB_ENOENT, "no \"%.*s\"", CB_STR_ARG(name));
}

/* In pieces of at most 1000 bytes, as a driver may. */
static int64_t tree_read(struct cb_fs *fs, const struct cb_node *f, uint64_t off, void *buf, size_t n)
{
	uint8_t *to = buf;

	(void)fs;
	if (off >= f->size)
		return 0;
	n = (size_t)cb_min(cb_min(n, 1000), f->size - off);
	for (size_t i = 0; i < n; i++)
		to[i] = byte_at(off + i);
	return (int64_t)n;
}

static int tree_readdir(struct cb_fs *fs, const struct cb_node *dir, cb_dirent_fn *fn, void *arg)
{
	struct cb_dirent e = { .type = CB_FT_UNKNOWN };
	int r = 0;

	if (dir->id == BROKEN)
		return cb_fail(fs->env, CB_ECORRUPT, "directory 16 is broken");
	if (dir->id == ENDLESS) {
		e.name = CB_STR("again");
		e.id = ENDLESS;
		return fn(arg, &e);
	}
	for (uint64_t i = N_TREE - 1; i > ROOT && r == 0; i--) {
		if (tree[i].parent != dir->id)
			continue;
		e.name = cb_str_c(tree[i].name);
		e.id = i;
		r = fn(arg, &e);
	}
	return r;
}

static int tree_readlink(struct cb_fs *fs, const struct cb_node *l, struct cb_buf *ret)
{
	(void)fs;
	cb_buf_str(ret, cb_str_c(tree[l->id].text));
	return cb_buf_status(ret);
}

static void tree_unmount(struct cb_fs *fs)
{
	cb_free(fs->env, fs, sizeof(*fs));
}

static const struct cb_fs_ops tree_ops = {
	.root = tree_root, .get = tree_get, .lookup = tree_lookup, .read = tree_read,
	.readdir = tree_readdir, .readlink = tree_readlink, .unmount = tree_unmount,
};

/* Magic in the device's first bytes: "TREE" mounts, "BAD!" is claimed and refused. */
static int tree_probe(struct cb_blk *b, struct cb_fs_info *ret)
{
	char magic[4];
	int r = cb_blk_pread(b, 0, magic, sizeof(magic));

	if (r < 0)
		return r;
	if (memcmp(magic, "BAD!", 4) == 0)
		return cb_fail(b->env, CB_ECORRUPT, "bad sum");
	if (memcmp(magic, "TREE", 4) != 0)
		return CB_ENOTMINE;
	(void)cb_fmt(ret->label, sizeof(ret->label), "root");
	ret->uuid[0] = 7;
	return 0;
}

/* "LOST" lacks what probing looks for, but a copy of it is there. */
static int tree_rescue(struct cb_blk *b, struct cb_fs_info *ret)
{
	char magic[4];
	int r = cb_blk_pread(b, 0, magic, sizeof(magic));

	(void)ret;
	return r < 0 ? r : memcmp(magic, "LOST", 4) == 0 ? 0 : CB_ENOTMINE;
}

static int tree_mount(struct cb_blk *const *b, size_t n, struct cb_fs **ret)
{
	struct cb_fs *fs = cb_alloc(b[0]->env, sizeof(*fs));

	if (fs == NULL)
		return CB_ENOMEM;
	fs->ops = &tree_ops;
	fs->env = b[0]->env;
	fs->info.members = (uint32_t)n;
	*ret = fs;
	return 0;
}

static const struct cb_fs_driver tree_driver = {
	.name = "tree", .probe = tree_probe, .mount = tree_mount, .rescue = tree_rescue,
};

const struct cb_fs_driver *const cb_fs_drivers[] = { &tree_driver, NULL };

static int mount_tree(struct cb_check *t, struct cb_fs **ret)
{
	static const uint8_t disk[512] = "TREE";
	struct cb_blk *b;
	int r = cb_sim_blk(t->sim, disk, sizeof(disk), 512, 8, 1, &b);

	if (r < 0)
		return r;
	r = cb_fs_mount(&b, 1, NULL, ret);
	cb_blk_unref(b);
	return r;
}

static void probing(struct cb_check *t)
{
	static const uint8_t good[512] = "TREE", bad[512] = "BAD!", none[512] = "????";
	static const uint8_t lost[512] = "LOST";
	struct cb_fs_info info = { .members = 0 };
	struct cb_blk *b;
	struct cb_fs *fs;

	CB_REQUIRE_OK(t, cb_sim_blk(t->sim, good, 512, 512, 8, 1, &b));
	CB_CHECK_INT(t, cb_fs_probe(b, &info), 0);
	CB_CHECK_STR(t, cb_str_c(info.type), "tree");
	CB_CHECK_STR(t, cb_str_c(info.label), "root");
	CB_CHECK_STR(t, cb_str_c(info.uuid_text), "07000000-0000-0000-0000-000000000000");
	CB_CHECK_ERR(t, cb_fs_mount(&b, 1, "zfs", &fs), CB_EUNSUP, "\"zfs\"");
	cb_blk_unref(b);

	CB_REQUIRE_OK(t, cb_sim_blk(t->sim, bad, 512, 512, 8, 1, &b));
	info.type[0] = '\0';
	CB_CHECK_ERR(t, cb_fs_probe(b, &info), CB_ECORRUPT, "sim: tree: bad sum");
	CB_CHECK_STR(t, cb_str_c(info.type), "tree");
	CB_CHECK_ERR(t, cb_fs_mount(&b, 1, NULL, &fs), CB_ECORRUPT, "sim: tree: bad sum");
	cb_blk_unref(b);

	CB_REQUIRE_OK(t, cb_sim_blk(t->sim, lost, 512, 512, 8, 1, &b));
	CB_CHECK_INT(t, cb_fs_probe(b, &info), 0);
	CB_CHECK_INT(t, cb_fs_mount(&b, 1, NULL, &fs), 0);
	CB_CHECK_STR(t, cb_str_c(fs->info.type), "tree");
	cb_fs_unmount(fs);
	cb_blk_unref(b);

	CB_REQUIRE_OK(t, cb_sim_blk(t->sim, none, 512, 512, 8, 1, &b));
	CB_CHECK_ERR(t, cb_fs_probe(b, &info), CB_ENOTMINE, "sim");
	CB_CHECK_ERR(t, cb_fs_mount(&b, 1, NULL, &fs), CB_ENOTMINE, "no known");
	CB_CHECK_ERR(t, cb_fs_mount(&b, 1, "tree", &fs), CB_ENOTMINE, "no tree");
	cb_blk_unref(b);
}

static void paths(struct cb_check *t)
{
	static const struct { const char *path; uint64_t id, lid; } good[] = {
		{ "", 1, 1 }, { "/", 1, 1 }, { "//", 1, 1 }, { ".", 1, 1 }, { "..", 1, 1 },
		{ "/boot", 2, 2 }, { "boot/", 2, 2 }, { "/boot/.", 2, 2 }, { "/boot/..", 1, 1 },
		{ "/boot/vmlinuz", 3, 3 }, { "/vmlinuz", 3, 4 }, { "/boot/up", 3, 5 },
		{ "/b", 2, 7 }, { "/b/", 2, 2 }, { "/b/vmlinuz", 3, 3 }, { "/b/..", 1, 1 },
		{ "/b/abs", 3, 9 }, { "/../../boot/../boot//vmlinuz", 3, 3 },
		{ "/deep/a/../a/c", 14, 14 }, { "/fifo", 10, 10 }, { "/deep/a/../../b/up", 3, 5 },
	};
	struct cb_node n = { .id = 99 };
	struct cb_fs *fs;

	CB_REQUIRE_OK(t, mount_tree(t, &fs));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CB_CHECK_INT(t, cb_fs_open(fs, cb_str_c(good[i].path), &n), 0);
		CB_CHECK_INT(t, n.id, good[i].id);
		CB_CHECK_INT(t, cb_fs_lopen(fs, cb_str_c(good[i].path), &n), 0);
		CB_CHECK_INT(t, n.id, good[i].lid);
	}
	CB_CHECK_ERR(t, cb_fs_open(fs, CB_STR("/nope"), &n), CB_ENOENT, "/nope: no \"nope\"");
	CB_CHECK_ERR(t, cb_fs_open(fs, CB_STR("/boot/vmlinuz/"), &n), CB_ENOTDIR, "vmlinuz");
	CB_CHECK_ERR(t, cb_fs_open(fs, CB_STR("/boot/vmlinuz/x"), &n), CB_ENOTDIR, "vmlinuz");
	CB_CHECK_ERR(t, cb_fs_open(fs, CB_STR("/vmlinuz/"), &n), CB_ENOTDIR, "vmlinuz");
	CB_CHECK_ERR(t, cb_fs_open(fs, CB_STR("/f-link"), &n), CB_ENOTDIR, "vmlinuz");
	CB_CHECK_ERR(t, cb_fs_open(fs, CB_STR("/loop"), &n), CB_ELOOP, "40");
	CB_CHECK_ERR(t, cb_fs_open(fs, CB_STR("/self"), &n), CB_ELOOP, "40");
	CB_CHECK_ERR(t, cb_fs_open(fs, CB_STR("/dangling"), &n), CB_ENOENT, "nowhere");
	CB_CHECK_ERR(t, cb_fs_open(fs, CB_STR("/empty"), &n), CB_ENOENT, "empty");
	cb_fs_unmount(fs);
}

static void path_limits(struct cb_check *t)
{
	static char deep[CB_MAX_PATH + 2];
	struct cb_str path = { deep, 0 };
	struct cb_node n;
	struct cb_fs *fs;

	CB_REQUIRE_OK(t, mount_tree(t, &fs));
	memset(deep, 'a', sizeof(deep));
	path.n = sizeof(deep);
	CB_CHECK_ERR(t, cb_fs_open(fs, path, &n), CB_ELIMIT, "4096");
	path.n = CB_MAX_NAME + 1;
	CB_CHECK_ERR(t, cb_fs_open(fs, path, &n), CB_ENOENT, "256");
	for (size_t i = 0; i < sizeof(deep) - 8; i += 8)
		memcpy(deep + i, "endless/", 8);
	path.n = 8 * CB_MAX_DEPTH;
	CB_CHECK_INT(t, cb_fs_open(fs, path, &n), 0);
	path.n += 8;
	CB_CHECK_ERR(t, cb_fs_open(fs, path, &n), CB_ELIMIT, "256");
	cb_fs_unmount(fs);
}

static void reading(struct cb_check *t)
{
	static uint8_t raw[BIG_SIZE];
	struct cb_node f, d;
	struct cb_buf b;
	struct cb_fs *fs;

	CB_REQUIRE_OK(t, mount_tree(t, &fs));
	CB_REQUIRE_OK(t, cb_fs_open(fs, CB_STR("/vmlinuz"), &f));
	CB_REQUIRE_OK(t, cb_fs_open(fs, CB_STR("/boot"), &d));
	CB_CHECK_INT(t, cb_fs_pread(fs, &f, 12345, raw, 5000), 0);
	CB_CHECK(t, raw[0] == byte_at(12345) && raw[4999] == byte_at(12345 + 4999));
	CB_CHECK_ERR(t, cb_fs_pread(fs, &f, BIG_SIZE - 1, raw, 2), CB_EINVAL, "300001");
	CB_CHECK_ERR(t, cb_fs_pread(fs, &d, 0, raw, 1), CB_EISDIR, "directory");

	cb_buf_init(&b, t->env, BIG_SIZE);
	CB_CHECK_ERR(t, cb_fs_slurp(fs, &f, BIG_SIZE - 1, &b), CB_ELIMIT, "300000");
	CB_CHECK_INT(t, cb_fs_slurp(fs, &f, BIG_SIZE, &b), 0);
	for (size_t i = 0; i < BIG_SIZE; i++)
		raw[i] = byte_at(i);
	CB_CHECK_BYTES(t, cb_buf_bytes(&b), ((struct cb_bytes){ raw, BIG_SIZE }));
	CB_CHECK_ERR(t, cb_fs_slurp(fs, &f, BIG_SIZE, &b), CB_ELIMIT, "300001");
	cb_buf_fini(&b);
	cb_fs_unmount(fs);
}

static void streaming(struct cb_check *t)
{
	static const size_t sizes[] = {
		1, 7, 4096, 5000, CB_FILE_AHEAD, 1, CB_FILE_AHEAD + 3, 100, 1 << 20
	};
	static uint8_t got[1 << 20];
	struct cb_node n;
	struct cb_file f;
	struct cb_fs *fs;
	uint64_t at = 0;

	CB_REQUIRE_OK(t, mount_tree(t, &fs));
	CB_REQUIRE_OK(t, cb_fs_open(fs, CB_STR("/boot/vmlinuz"), &n));
	CB_REQUIRE_OK(t, cb_file_init(&f, fs, &n));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int64_t r = cb_file_read(&f, got, sizes[i]);

		CB_CHECK_INT(t, r, cb_min(sizes[i], BIG_SIZE - at));
		for (int64_t j = 0; j < r; j++)
			if (got[j] != byte_at(at + (uint64_t)j)) {
				CB_CHECK_INT(t, at + (uint64_t)j, -1);
				break;
			}
		at += r > 0 ? (uint64_t)r : 0;
	}
	CB_CHECK_INT(t, cb_file_read(&f, got, 5), 0);
	for (uint64_t pos = 3; pos < BIG_SIZE; pos = pos * 3 / 2) {
		CB_CHECK_INT(t, cb_file_seek(&f, pos), 0);
		CB_CHECK_INT(t, cb_file_read(&f, got, 2), 2);
		CB_CHECK(t, got[0] == byte_at(pos) && got[1] == byte_at(pos + 1));
		CB_CHECK_INT(t, cb_file_seek(&f, pos - 2), 0);
		CB_CHECK_INT(t, cb_file_read(&f, got, 1), 1);
		CB_CHECK(t, got[0] == byte_at(pos - 2));
	}
	CB_CHECK_ERR(t, cb_file_seek(&f, BIG_SIZE + 1), CB_EINVAL, "300001");
	cb_file_fini(&f);
	cb_fs_unmount(fs);
}

static int list(void *arg, const struct cb_walk_entry *e)
{
	if (e->status < 0 && e->status != CB_ECORRUPT)
		return e->status;
	cb_buf_fmt(arg, "%.*s%s ", CB_STR_ARG(e->path), e->status < 0 ? "!" : "");
	return cb_buf_status(arg);
}

/* The endless directory is left out by starting below it; it has its own test. */
static int walk_deep(struct cb_check *t, void *arg)
{
	struct cb_buf *text = arg;
	struct cb_node n;
	struct cb_fs *fs;
	int r = mount_tree(t, &fs);

	if (r < 0)
		return r;
	r = cb_fs_open(fs, CB_STR("/boot"), &n);
	if (r == 0)
		r = cb_fs_walk(fs, &n, CB_STR("B"), list, text);
	if (r == 0)
		r = cb_fs_open(fs, CB_STR("/deep"), &n);
	if (r == 0)
		r = cb_fs_walk(fs, &n, CB_STR("/"), list, text);
	if (r == 0)
		r = cb_fs_open(fs, CB_STR("/broken"), &n);
	if (r == 0)
		r = cb_fs_walk(fs, &n, CB_STR("/x"), list, text);
	cb_fs_unmount(fs);
	return r;
}

static int walk_and_forget(struct cb_check *t, void *arg)
{
	struct cb_buf text;

	(void)arg;
	cb_buf_init(&text, t->env, 4000);

	int r = walk_deep(t, &text);

	cb_buf_fini(&text);
	return r;
}

static void walking(struct cb_check *t)
{
	struct cb_buf text;

	cb_buf_init(&text, t->env, 4000);
	CB_CHECK_INT(t, walk_deep(t, &text), 0);
	CB_CHECK_STR(t, ((struct cb_str){ (const char *)text.p, text.n }),
		     "B B/abs B/up B/vmlinuz / /a /a/c /x /x! ");
	cb_buf_fini(&text);
	cb_check_faults(t, walk_and_forget, NULL, 200);
}

static int prune(void *arg, const struct cb_walk_entry *e)
{
	cb_buf_fmt(arg, "%.*s ", CB_STR_ARG(e->path));
	return e->depth > 0 ? CB_WALK_PRUNE : cb_buf_status(arg);
}

static void walk_leaves_out(struct cb_check *t)
{
	struct cb_buf text;
	struct cb_node n;
	struct cb_fs *fs;

	cb_buf_init(&text, t->env, 4000);
	CB_REQUIRE_OK(t, mount_tree(t, &fs));
	CB_REQUIRE_OK(t, cb_fs_open(fs, CB_STR("/deep"), &n));
	CB_CHECK_INT(t, cb_fs_walk(fs, &n, CB_STR(""), prune, &text), 0);
	CB_CHECK_STR(t, ((struct cb_str){ (const char *)text.p, text.n }), " /a ");
	cb_buf_fini(&text);
	cb_fs_unmount(fs);
}

struct count { unsigned n, errors, depth; };

static int count(void *arg, const struct cb_walk_entry *e)
{
	struct count *c = arg;

	c->n++;
	c->errors += e->status < 0;
	c->depth = e->depth > c->depth ? e->depth : c->depth;
	return e->status == CB_ELIMIT ? 0 : e->status;
}

static void walk_is_bounded(struct cb_check *t)
{
	struct count c = { 0 };
	struct cb_node n;
	struct cb_fs *fs;

	CB_REQUIRE_OK(t, mount_tree(t, &fs));
	CB_REQUIRE_OK(t, cb_fs_open(fs, CB_STR("/endless"), &n));
	CB_CHECK_INT(t, cb_fs_walk(fs, &n, CB_STR(""), count, &c), 0);
	CB_CHECK_INT(t, c.depth, CB_MAX_DEPTH);
	CB_CHECK_INT(t, c.n, CB_MAX_DEPTH + 2);
	CB_CHECK_INT(t, c.errors, 1);
	cb_fs_unmount(fs);
}

CB_SUITE(fs_core, CB_TEST(probing), CB_TEST(paths), CB_TEST(path_limits), CB_TEST(reading),
	 CB_TEST(streaming), CB_TEST(walking), CB_TEST(walk_leaves_out),
	 CB_TEST(walk_is_bounded));
