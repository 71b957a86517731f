/* fs/fat/fat.c - the boot sector, mounting, reading files.
 *
 * A volume of FAT32's form has 32 bits however few clusters it has: mkfs.fat -F 32 makes such, Linux
 * and UEFI take them. Otherwise the number of clusters decides between 12 and 16 (fatgen103). */
#include "fs/fat/fat_priv.h"

#include "core/fmt.h"
#include "core/limits.h"
#include "core/str.h"

#define SECTOR_MIN   512u
#define SECTOR_MAX   4096u
#define FAT12_END    4085u         /* clusters: so many are no FAT12 any more */
#define FAT16_END    65525u
#define FAT32_END    0x0ffffff5u
#define HAS_ID       0x28u         /* extended boot signature: a volume id follows */
#define HAS_LABEL    0x29u         /* and a label, and a type */
#define NOT_MIRRORED 0x80u

/* The last part of a boot sector; where it is depends on the kind. */
struct boot_tail {
	uint8_t drive, reserved, signature;
	cb_le32 volume_id;
	uint8_t label[11], type[8];
};
_Static_assert(sizeof(struct boot_tail) == 26, "fatgen103, boot sector, offsets 36 and 64");

struct boot_sector {
	uint8_t jump[3], oem[8];
	cb_le16 sector_size;
	uint8_t cluster_sectors;
	cb_le16 reserved;
	uint8_t tables;
	cb_le16 root_entries, sectors16;
	uint8_t media;
	cb_le16 table_sectors16, track_sectors, heads;
	cb_le32 hidden, sectors32;
	/* From here as FAT32 has it; the others have a boot_tail at once. */
	cb_le32 table_sectors32;
	cb_le16 flags, version;
	cb_le32 root_cluster;
	cb_le16 info, backup;
	uint8_t unused[12];
	struct boot_tail tail;
};
_Static_assert(sizeof(struct boot_sector) == 90, "fatgen103, boot sector");

/* Everything that fatgen103 asks of any boot sector, so that other file systems, boot loaders and
 * random bytes are not taken for a FAT. */
static bool is_fat(const struct boot_sector *s, const uint8_t *raw)
{
	uint32_t sector = cb_get_le16(s->sector_size);
	bool marked = (raw[510] == 0x55 && raw[511] == 0xaa) || memcmp(raw + 54, "FAT", 3) == 0 ||
		      memcmp(raw + 82, "FAT", 3) == 0;

	return marked && cb_is_pow2(sector) && sector >= SECTOR_MIN && sector <= SECTOR_MAX &&
	       cb_is_pow2(s->cluster_sectors) && cb_get_le16(s->reserved) > 0 && s->tables > 0 &&
	       s->tables <= 4 && (s->media == 0xf0 || s->media >= 0xf8) &&
	       (cb_get_le16(s->sectors16) > 0 || cb_get_le32(s->sectors32) > 0) &&
	       (cb_get_le16(s->table_sectors16) > 0 || cb_get_le32(s->table_sectors32) > 0);
}

static int read_boot_sector(struct cb_blk *b, uint8_t raw[SECTOR_MIN])
{
	struct cb_bytes all = { raw, SECTOR_MIN };
	int r;

	if (cb_blk_size(b) < SECTOR_MIN)
		return cb_fail(b->env, CB_ENOTMINE, "not a FAT: under %u bytes", SECTOR_MIN);
	r = cb_blk_pread(b, 0, raw, SECTOR_MIN);
	if (r < 0)
		return cb_wrap(b->env, r, "FAT: boot sector");
	if (!is_fat(cb_view(struct boot_sector, all, 0), raw))
		return cb_fail(b->env, CB_ENOTMINE, "not a FAT");
	return 0;
}

/* bits, clusters: from the sectors that the data area has and the room in the table. */
static int count_clusters(struct fat *f, const struct boot_sector *s, uint64_t data_sectors)
{
	uint64_t n = data_sectors / s->cluster_sectors, room;

	f->bits = cb_get_le16(s->table_sectors16) == 0 ? 32 : n < FAT12_END ? 12 : 16;
	if (f->bits != 32 && n >= FAT16_END)
		return cb_fail(f->fs.env, CB_ECORRUPT, "FAT: %llu clusters, a FAT16 has less than %u",
			       (unsigned long long)n, FAT16_END);
	if (n >= FAT32_END)
		return cb_fail(f->fs.env, CB_ECORRUPT, "FAT: %llu clusters, a FAT32 has less than %u",
			       (unsigned long long)n, FAT32_END);
	/* Linux too lives with a table that is too short for all clusters. */
	room = f->table_size * 8 / f->bits;
	if (room < 3 || n == 0)
		return cb_fail(f->fs.env, CB_ECORRUPT,
			       "FAT: no clusters: %llu sectors of data, %llu bytes of table",
			       (unsigned long long)data_sectors, (unsigned long long)f->table_size);
	f->clusters = (uint32_t)cb_min(n, room - 2);
	return 0;
}

static int lay_out(struct fat *f, const struct boot_sector *s)
{
	uint32_t sector = cb_get_le16(s->sector_size);
	uint64_t total = cb_get_le16(s->sectors16) > 0 ? cb_get_le16(s->sectors16) :
							  cb_get_le32(s->sectors32);
	uint64_t table = cb_get_le16(s->table_sectors16) > 0 ? cb_get_le16(s->table_sectors16) :
								cb_get_le32(s->table_sectors32);
	uint32_t root_bytes = cb_get_le16(s->root_entries) * 32u;
	uint64_t root_sectors = (root_bytes + sector - 1) / sector;
	uint64_t before = cb_get_le16(s->reserved) + s->tables * table + root_sectors;

	if (before >= total)
		return cb_fail(f->fs.env, CB_ECORRUPT, "FAT: %llu sectors, %llu of them before the data",
			       (unsigned long long)total, (unsigned long long)before);
	f->cluster_size = sector * s->cluster_sectors;
	f->table_off = (uint64_t)cb_get_le16(s->reserved) * sector;
	f->table_size = table * sector;
	f->tables = s->tables;
	f->mirrored = true;
	f->root_off = f->table_off + s->tables * f->table_size;
	f->root_size = root_bytes;
	f->data_off = before * sector;
	/* Files that lie past the end say so when they are read. */
	if (total * sector > cb_blk_size(f->b))
		(void)cb_fmt(f->fs.note, sizeof(f->fs.note), /* short */
			     "the file system has %llu bytes, the device %llu",
			     (unsigned long long)(total * sector), (unsigned long long)cb_blk_size(f->b));
	return count_clusters(f, s, total - before);
}

static int set_fat32(struct fat *f, const struct boot_sector *s)
{
	uint32_t flags = cb_get_le16(s->flags);

	if (cb_get_le16(s->version) != 0)
		return cb_fail(f->fs.env, CB_EUNSUP, "FAT32 version %u.%u, 0.0 is known",
			       cb_get_le16(s->version) >> 8, cb_get_le16(s->version) & 0xffu);
	f->root_cluster = cb_get_le32(s->root_cluster) & 0x0fffffff;
	if (f->root_cluster < 2 || f->root_cluster - 2 >= f->clusters)
		return cb_fail(f->fs.env, CB_ECORRUPT, "FAT: the root directory is at cluster %u of %u",
			       f->root_cluster, f->clusters);
	if ((flags & NOT_MIRRORED) != 0) {
		f->mirrored = false;
		f->active = flags & 15;
		if (f->active >= f->tables)
			return cb_fail(f->fs.env, CB_ECORRUPT, "FAT: table %u counts, there are %u",
				       f->active, f->tables);
	}
	return 0;
}

/* Text of a label field; "NO NAME" stands for none. */
static void get_label(struct fat *f, const uint8_t raw[11], char *ret, size_t room)
{
	uint8_t name[11];

	memcpy(name, raw, sizeof(name));
	if (name[0] == 0x05)
		name[0] = 0xe5;
	f->name.n = 0;
	if (memcmp(name, "NO NAME    ", 11) != 0 && name[0] != 0)
		cb_fat_oem(&f->name, name, sizeof(name), false);
	(void)cb_fmt(ret, room, "%.*s", (int)f->name.n, (const char *)f->name.p); /* fits */
}

struct label {
	struct fat *f;
	struct cb_fs_info *info;
};

/* A label entry is no name: no dot, blanks inside kept. */
static int take_label(void *arg, const struct fat_entry *e)
{
	const struct label *l = arg;

	if ((e->attr & FAT_ATTR_LABEL) == 0)
		return 0;
	get_label(l->f, e->raw, l->info->label, sizeof(l->info->label));
	return 1;
}

/* The label in the root directory; without one there, the boot sector's. */
static int set_label(struct fat *f)
{
	struct cb_node root = cb_fat_root(f);
	struct label l = { f, &f->fs.info };
	int r = cb_fat_scan(f, &root, take_label, &l);

	if (r == CB_ENOMEM || r == CB_ELIMIT || r == CB_ECANCELED)
		return r;
	if (r < 0)
		cb_clear(f->fs.env); /* whoever opens the directory will see it */
	if (r != 1)
		memcpy(f->fs.info.label, f->boot_label, sizeof(f->boot_label));
	return 0;
}

static int set_up(struct fat *f)
{
	uint8_t raw[SECTOR_MIN];
	struct cb_bytes all = { raw, sizeof(raw) };
	const struct boot_sector *s = cb_view(struct boot_sector, all, 0);
	const struct boot_tail *tail;
	int r = read_boot_sector(f->b, raw);

	if (r == 0)
		r = lay_out(f, s);
	if (r == 0 && f->bits == 32)
		r = set_fat32(f, s);
	if (r < 0)
		return r;
	for (size_t i = 0; i < FAT_CHUNKS; i++)
		f->chunks[i].no = UINT64_MAX;
	f->piece = cb_arena_alloc(&f->fs.arena, 1, FAT_DIR_PIECE, f->b->buf_align);
	if (f->piece == NULL || cb_buf_reserve(&f->name, FAT_NAME_MAX) == NULL ||
	    cb_buf_reserve(&f->alias, FAT_NAME_MAX) == NULL)
		return f->fs.env->diag->code;
	tail = f->bits == 32 ? &s->tail :
			       cb_view(struct boot_tail, all, offsetof(struct boot_sector, table_sectors32));
	if (tail->signature == HAS_ID || tail->signature == HAS_LABEL)
		f->volume_id = cb_get_le32(tail->volume_id);
	if (tail->signature == HAS_LABEL)
		get_label(f, tail->label, f->boot_label, sizeof(f->boot_label));
	if (f->volume_id != 0) {
		memcpy(f->fs.info.uuid, &tail->volume_id, sizeof(tail->volume_id));
		(void)cb_fmt(f->fs.info.uuid_text, sizeof(f->fs.info.uuid_text), "%04X-%04X", /* 9 bytes */
			     f->volume_id >> 16, f->volume_id & 0xffff);
	}
	return set_label(f);
}

static int fat_root(struct cb_fs *fs, struct cb_node *ret)
{
	*ret = cb_fat_root((const struct fat *)fs);
	return 0;
}

/* One run of clusters a call: fs/file.c comes back for the next. */
static int64_t fat_read(struct cb_fs *fs, const struct cb_node *node, uint64_t off, void *buf, size_t n)
{
	struct fat *f = (struct fat *)fs;
	uint32_t index, cluster, run, skip, want;
	int r;

	if (off >= node->size || n == 0)
		return 0;
	n = (size_t)cb_min(n, node->size - off);
	index = (uint32_t)(off / f->cluster_size);   /* a file has less than 2^32 bytes */
	skip = (uint32_t)(off % f->cluster_size);
	want = (uint32_t)(((uint64_t)skip + n + f->cluster_size - 1) / f->cluster_size);
	r = cb_fat_run(f, (uint32_t)node->aux, index, want, &cluster, &run);
	if (r == 1)
		r = cb_fail(fs->env, CB_ECORRUPT, "its chain has no cluster %u, its size is %llu bytes",
			    index, (unsigned long long)node->size);
	if (r < 0)
		return cb_wrap(fs->env, r, "FAT: file %llu", (unsigned long long)node->id);
	n = (size_t)cb_min(n, (uint64_t)run * f->cluster_size - skip);
	r = cb_blk_pread(f->b, cb_fat_offset(f, cluster) + skip, buf, n);
	if (r < 0)
		return cb_wrap(fs->env, r, "FAT: file %llu, byte %llu", (unsigned long long)node->id,
			       (unsigned long long)off);
	return (int64_t)n;
}

static void fat_unmount(struct cb_fs *fs)
{
	struct fat *f = (struct fat *)fs;
	struct cb_env *env = fs->env;

	cb_buf_fini(&f->name);
	cb_buf_fini(&f->alias);
	cb_arena_fini(&fs->arena);
	cb_blk_unref(f->b);
	cb_free(env, f, sizeof(*f));
}

/* No readlink: there are no links, so nobody asks. */
static const struct cb_fs_ops fat_ops = {
	.root = fat_root, .get = cb_fat_get, .lookup = cb_fat_lookup, .read = fat_read,
	.readdir = cb_fat_readdir, .unmount = fat_unmount,
};

static int fat_mount(struct cb_blk *const *b, size_t n, struct cb_fs **ret)
{
	struct cb_env *env = b[0]->env;
	struct fat *f;
	int r;

	if (n != 1)
		return cb_fail(env, CB_EINVAL, "FAT: %zu devices, it has one", n);
	f = cb_alloc(env, sizeof(*f));
	if (f == NULL)
		return CB_ENOMEM;
	f->fs.ops = &fat_ops;
	f->fs.env = env;
	f->fs.info.members = 1;
	(void)cb_fmt(f->fs.info.type, sizeof(f->fs.info.type), "vfat"); /* short */
	f->b = cb_blk_ref(b[0]);
	cb_arena_init(&f->fs.arena, env, CB_MAX_FS_ARENA);
	cb_buf_init(&f->name, env, FAT_NAME_MAX);
	cb_buf_init(&f->alias, env, FAT_NAME_MAX);
	r = set_up(f);
	if (r < 0) {
		fat_unmount(&f->fs);
		return r;
	}
	*ret = &f->fs;
	return 0;
}

static int fat_probe(struct cb_blk *b, struct cb_fs_info *ret)
{
	uint8_t raw[SECTOR_MIN];
	struct cb_fs *fs;
	int r = read_boot_sector(b, raw);

	if (r < 0)
		return r;
	(void)cb_fmt(ret->type, sizeof(ret->type), "vfat"); /* short */
	r = fat_mount(&b, 1, &fs);
	if (r < 0)
		return r;
	*ret = fs->info;
	fat_unmount(fs);
	return 0;
}

const struct cb_fs_driver cb_fs_fat = { .name = "vfat", .probe = fat_probe, .mount = fat_mount };
