/* tests/unit/tree.c - the driver of table file systems, and GPT disks in memory. */
#include "unit/tree.h"

#include "codec/crc.h"
#include "core/fmt.h"
#include "core/utf.h"

#define MARK     "cbtree"
#define SECTOR   512u
#define FIRST    40u             /* of the first partition */
#define PART     4u              /* sectors of a partition */
#define ENTRIES  8u
#define LAST     (TREE_DISK_SIZE / SECTOR - 1)

/* Trees of the running test, by number. */
static const struct tree *trees[TREE_DISKS * ENTRIES];
static size_t trees_n;

struct tree_fs {
	struct cb_fs fs;
	struct cb_blk *blk;
	const struct tree *tree;
};

static int find_tree(struct cb_blk *b, const struct tree **ret)
{
	uint8_t s[SECTOR];
	int r = cb_blk_pread(b, 0, s, sizeof(s));

	if (r < 0)
		return r;
	if (memcmp(s, MARK, 6) != 0 || s[6] >= trees_n || trees[s[6]]->type == NULL)
		return CB_ENOTMINE;
	*ret = trees[s[6]];
	return 0;
}

static int tree_probe(struct cb_blk *b, struct cb_fs_info *ret)
{
	const struct tree *t;
	int r = find_tree(b, &t);

	if (r < 0)
		return r;
	(void)cb_fmt(ret->type, sizeof(ret->type), "%s", t->type); /* short */
	(void)cb_fmt(ret->label, sizeof(ret->label), "%s",
		     t->label != NULL ? t->label : ""); /* short */
	memset(ret->uuid, t->uuid, sizeof(ret->uuid));
	if (cb_str_eq(cb_str_c(t->type), CB_STR("vfat")))
		(void)cb_fmt(ret->uuid_text, sizeof(ret->uuid_text), "%02X%02X-%02X%02X", t->uuid,
			     t->uuid, t->uuid, t->uuid); /* fits */
	ret->members = 1;
	return t->claims_badly ? cb_fail(b->env, CB_EUNSUP, "feature 0x40 is not supported") : 0;
}

/* A node is a prefix of the first file that begins with it: id is the file, aux the prefix's
 * length. */
static struct cb_str node_path(const struct tree *t, const struct cb_node *node)
{
	if (node->aux == 0)
		return CB_STR("");
	return cb_str_sub(cb_str_c(t->files[node->id].path), 0, (size_t)node->aux);
}

static int tree_get(struct cb_fs *fs, uint64_t id, uint64_t aux, struct cb_node *ret)
{
	const struct tree_fs *f = (const struct tree_fs *)fs;
	const struct tree_file *e;
	const struct tree *t;
	int r = find_tree(f->blk, &t);

	if (r < 0)
		return r;
	*ret = (struct cb_node){ .id = id, .aux = aux, .type = CB_FT_DIR };
	if (aux == 0)
		return 0;
	e = &f->tree->files[id];
	if (e->path[aux] == '/')
		return 0;
	ret->type = e->link ? CB_FT_LINK : CB_FT_FILE;
	ret->size = e->p != NULL ? e->n : cb_str_c(e->text).n;
	return 0;
}

static int tree_root(struct cb_fs *fs, struct cb_node *ret)
{
	return tree_get(fs, 0, 0, ret);
}

static int tree_lookup(struct cb_fs *fs, const struct cb_node *dir, struct cb_str name,
		       struct cb_node *ret)
{
	const struct tree *t = ((const struct tree_fs *)fs)->tree;
	struct cb_str prefix = node_path(t, dir);
	size_t n = prefix.n + 1 + name.n;

	for (size_t i = 0; i < t->files_n; i++) {
		struct cb_str path = cb_str_c(t->files[i].path);

		if (path.n < n || (path.n > n && path.p[n] != '/') ||
		    !cb_str_starts(path, prefix) || path.p[prefix.n] != '/' ||
		    !cb_str_eq(cb_str_sub(path, prefix.n + 1, name.n), name))
			continue;
		return tree_get(fs, i, n, ret);
	}
	return cb_fail(fs->env, CB_ENOENT, "no \"%.*s\"", CB_STR_ARG(name));
}

static int64_t tree_read(struct cb_fs *fs, const struct cb_node *node, uint64_t off, void *buf,
			 size_t n)
{
	const struct tree_fs *f = (const struct tree_fs *)fs;
	const struct tree_file *e = &f->tree->files[node->id];
	const struct tree *t;
	int r = find_tree(f->blk, &t);

	if (r < 0)
		return r;
	if (off >= node->size)
		return 0;
	n = (size_t)cb_min(n, node->size - off);
	memcpy(buf, (e->p != NULL ? (const char *)e->p : e->text) + off, n);
	return (int64_t)n;
}

static bool listed_before(const struct tree *t, struct cb_str head, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		struct cb_str path = cb_str_c(t->files[j].path);

		if (cb_str_starts(path, head) && path.p[head.n] == '/')
			return true;
	}
	return false;
}

static int tree_readdir(struct cb_fs *fs, const struct cb_node *dir, cb_dirent_fn *fn, void *arg)
{
	const struct tree_fs *f = (const struct tree_fs *)fs;
	const struct tree *t;
	int r = find_tree(f->blk, &t);

	if (r < 0)
		return r;

	struct cb_str prefix = node_path(t, dir);

	for (size_t i = 0; i < t->files_n && r == 0; i++) {
		struct cb_str path = cb_str_c(t->files[i].path), rest;
		struct cb_dirent e = { .id = i };

		if (!cb_str_starts(path, prefix) || path.p[prefix.n] != '/')
			continue;
		rest = cb_str_sub(path, prefix.n + 1, SIZE_MAX);
		e.name = cb_str_sub(rest, 0, cb_str_chr(rest, '/'));
		e.aux = prefix.n + 1 + e.name.n;
		e.type = e.name.n < rest.n ? CB_FT_DIR : t->files[i].link ? CB_FT_LINK : CB_FT_FILE;
		if (e.type == CB_FT_DIR && listed_before(t, cb_str_sub(path, 0, (size_t)e.aux), i))
			continue;
		r = fn(arg, &e);
	}
	return r;
}

static int tree_readlink(struct cb_fs *fs, const struct cb_node *l, struct cb_buf *ret)
{
	cb_buf_str(ret, cb_str_c(((const struct tree_fs *)fs)->tree->files[l->id].text));
	return cb_buf_status(ret);
}

static void tree_unmount(struct cb_fs *fs)
{
	struct tree_fs *f = (struct tree_fs *)fs;

	cb_blk_unref(f->blk);
	cb_free(fs->env, f, sizeof(*f));
}

static const struct cb_fs_ops tree_ops = {
	.root = tree_root, .get = tree_get, .lookup = tree_lookup, .read = tree_read,
	.readdir = tree_readdir, .readlink = tree_readlink, .unmount = tree_unmount,
};

static int tree_mount(struct cb_blk *const *b, size_t n, struct cb_fs **ret)
{
	const struct tree *t;
	int r = find_tree(b[0], &t);

	(void)n;
	if (r == 0 && t->mount_fails)
		r = cb_fail(b[0]->env, CB_ECORRUPT, "superblock: checksum 0, not 1");
	if (r < 0)
		return r;

	struct tree_fs *f = cb_alloc(b[0]->env, sizeof(*f));

	if (f == NULL)
		return CB_ENOMEM;
	f->fs.ops = &tree_ops;
	f->fs.env = b[0]->env;
	f->blk = cb_blk_ref(b[0]);
	f->tree = t;
	*ret = &f->fs;
	return 0;
}

static const struct cb_fs_driver driver = {
	.name = "tree", .probe = tree_probe, .mount = tree_mount,
};
const struct cb_fs_driver *const tree_drivers[] = { &driver, NULL };

static void put_tree(uint8_t *sector, const struct tree *t)
{
	memcpy(sector, MARK, 6);
	sector[6] = (uint8_t)trees_n;
	trees[trees_n++] = t;
}

static void put32(uint8_t *at, uint32_t v)
{
	cb_le32 le = cb_put_le32(v);

	memcpy(at, &le, sizeof(le));
}

static void put_part(uint8_t *image, unsigned i, const struct tree_part *p)
{
	uint8_t *e = image + 2 * SECTOR + i * 128u;
	struct cb_uuid type;

	if (cb_uuid_parse(cb_str_c(p->type), &type))
		cb_uuid_to_guid(type, e);
	memset(e + 16, (int)(i + 1), 15);
	e[31] = 0xd1;
	put32(e + 32, FIRST + i * PART);
	put32(e + 40, FIRST + i * PART + PART - 1);
	for (size_t j = 0; p->label != NULL && p->label[j] != '\0' && j < 36; j++)
		e[56 + 2 * j] = (uint8_t)p->label[j];
	put_tree(image + (FIRST + i * PART) * SECTOR, &p->tree);
}

static void put_header(uint8_t *image, uint32_t lba, uint32_t other, uint32_t entries)
{
	uint8_t *h = image + lba * SECTOR;

	memcpy(h, "EFI PART", 8);
	put32(h + 8, 0x10000);
	put32(h + 12, 92);
	put32(h + 24, lba);
	put32(h + 32, other);
	put32(h + 40, FIRST);
	put32(h + 48, LAST - 4);
	memset(h + 56, 0xd0, 16);
	put32(h + 72, entries);
	put32(h + 80, ENTRIES);
	put32(h + 84, 128);
	put32(h + 88, ~cb_crc32(~0u, image + entries * SECTOR, ENTRIES * 128));
	put32(h + 16, ~cb_crc32(~0u, h, 92));
}

static void put_disk(uint8_t *image, const struct tree_disk *d)
{
	if (d->parts_n == 0) {
		put_tree(image, &d->whole);
		return;
	}
	image[450] = 0xee;
	put32(image + 454, 1);
	put32(image + 458, LAST);
	image[510] = 0x55;
	image[511] = 0xaa;
	for (unsigned i = 0; i < d->parts_n; i++)
		put_part(image, i, &d->parts[i]);
	memcpy(image + (LAST - 2) * SECTOR, image + 2 * SECTOR, ENTRIES * 128);
	put_header(image, 1, LAST, 2);
	put_header(image, LAST, 1, LAST - 2);
}

int tree_init(struct tree_world *w, struct cb_check *t, const struct tree_disk *disks, size_t n)
{
	int r = 0;

	*w = (struct tree_world){ .t = t };
	trees_n = 0;
	cb_volumes_init(&w->vs, t->env, tree_drivers);
	for (size_t i = 0; i < n && r == 0; i++) {
		struct cb_blk *b;
		struct cb_disk_desc desc = {
			.name = cb_str_c(disks[i].name), .serial = cb_str_c(disks[i].serial),
			.links = disks[i].links, .links_n = disks[i].links_n,
		};

		w->image[i] = cb_alloc(t->env, TREE_DISK_SIZE);
		if (w->image[i] == NULL)
			return CB_ENOMEM;
		put_disk(w->image[i], &disks[i]);
		r = cb_sim_blk(t->sim, w->image[i], TREE_DISK_SIZE, SECTOR, 8, 1, &b);
		if (r < 0)
			return r;
		desc.blk = b;
		r = cb_volumes_add_disk(&w->vs, &desc);
		cb_blk_unref(b);
	}
	return r;
}

void tree_fini(struct tree_world *w)
{
	cb_volumes_fini(&w->vs);
	for (size_t i = 0; i < TREE_DISKS; i++)
		cb_free(w->t->env, w->image[i], TREE_DISK_SIZE);
}

struct cb_volume *tree_volume(struct tree_world *w, const char *name)
{
	for (struct cb_volume *v = w->vs.volumes; v != NULL; v = v->next)
		if (cb_str_eq(v->name, cb_str_c(name)))
			return v;
	cb_check_failed(w->t, __FILE__, __LINE__, "there is a volume %s", name);
	return NULL;
}
