/* fs/fat/dir.c - directories: short entries, the long names before them, looking up. */
#include "fs/fat/fat_priv.h"

#include "core/limits.h"
#include "core/str.h"
#include "core/utf.h"

#define LONG_UNITS   13u           /* UTF-16 units in one entry */
#define LONG_ENTRIES 20u
#define LAST_LONG    0x40u
#define DELETED      0xe5u
#define KANJI        0x05u         /* stands for a first byte of 0xe5 */
#define LOWER_BASE   0x08u
#define LOWER_EXT    0x10u

struct short_entry {
	uint8_t name[11], attr, lower, created_tenth;
	cb_le16 ctime, cdate, adate, cluster_high, mtime, mdate, cluster_low;
	cb_le32 size;
};
_Static_assert(sizeof(struct short_entry) == 32, "fatgen103, FAT Directory Structure");

struct long_entry {
	uint8_t order, name1[10], attr, type, sum, name2[12], zero[2], name3[4];
};
_Static_assert(sizeof(struct long_entry) == 32, "fatgen103, FAT Long Directory Entries");

/* A long name being put together: the last piece comes first. */
struct long_name {
	uint8_t units[LONG_ENTRIES * LONG_UNITS * 2];
	unsigned left;             /* pieces to come; with total > 0 and left 0 it is complete */
	unsigned total;            /* 0: there is none */
	uint8_t sum;
};

static void take_piece(struct long_name *l, const struct long_entry *e)
{
	unsigned order = e->order & (LAST_LONG - 1u);

	if ((e->order & LAST_LONG) != 0 && order >= 1 && order <= LONG_ENTRIES) {
		l->left = l->total = order;
		l->sum = e->sum;
	} else if (l->total == 0 || l->left == 0 || order != l->left || e->sum != l->sum) {
		l->total = 0;      /* pieces of different names: none */
		return;
	}
	if (order == 0 || e->type != 0) {
		l->total = 0;
		return;
	}
	l->left = order - 1;

	uint8_t *to = l->units + (size_t)l->left * LONG_UNITS * 2;

	memcpy(to, e->name1, 10);
	memcpy(to + 10, e->name2, 12);
	memcpy(to + 22, e->name3, 4);
}

static uint8_t sum_of(const uint8_t name[11])
{
	unsigned sum = 0;

	for (size_t i = 0; i < 11; i++)
		sum = (((sum & 1) << 7 | sum >> 1) + name[i]) & 0xff;
	return (uint8_t)sum;
}

/* A name that may be shown and opened again: one path component. */
static bool is_usable(struct cb_str s)
{
	return s.n > 0 && s.n <= CB_MAX_NAME && cb_str_chr(s, '/') == SIZE_MAX &&
	       !cb_str_eq(s, CB_STR(".")) && !cb_str_eq(s, CB_STR(".."));
}

static struct cb_str text_of(const struct cb_buf *b)
{
	return (struct cb_str){ (const char *)b->p, b->n };
}

/* "NAME.EXT"; with_case: in lower case where Windows NT's flags say so. */
static void short_name(struct cb_buf *out, const struct short_entry *e, bool with_case)
{
	uint8_t raw[11];
	bool lower_base = with_case && (e->lower & LOWER_BASE) != 0;
	bool lower_ext = with_case && (e->lower & LOWER_EXT) != 0;

	memcpy(raw, e->name, sizeof(raw));
	if (raw[0] == KANJI)
		raw[0] = DELETED;
	out->n = 0;
	cb_fat_oem(out, raw, 8, lower_base);

	size_t base = out->n;

	cb_buf_add(out, ".", 1);
	cb_fat_oem(out, raw + 8, 3, lower_ext);
	if (out->n == base + 1)
		out->n = base;
}

/* Days from 1970-01-01 to a date of 1980 or later. */
static int64_t days_to(int64_t year, unsigned month, unsigned day)
{
	static const uint16_t before[12] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	int64_t y = year - 1;
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return 365 * (year - 1970) + y / 4 - y / 100 + y / 400 - 477 + before[month - 1] +
	       (leap && month > 2) + day - 1;
}

/* The disk has local time and no zone: taken as UTC. */
static int64_t unix_time(cb_le16 date, cb_le16 time)
{
	unsigned d = cb_get_le16(date), t = cb_get_le16(time);
	unsigned month = d >> 5 & 15, day = d & 31;

	month = month < 1 ? 1 : month > 12 ? 12 : month;
	return days_to(1980 + (int64_t)(d >> 9), month, day > 0 ? day : 1) * 86400 +
	       (int64_t)(t >> 11) * 3600 + (t >> 5 & 63) * 60 + (t & 31) * 2;
}

static struct cb_node node_of(const struct fat *f, const struct short_entry *e, uint64_t at)
{
	uint64_t high = f->bits == 32 ? cb_get_le16(e->cluster_high) & 0x0fffu : 0;
	bool dir = (e->attr & FAT_ATTR_DIR) != 0;

	return (struct cb_node){
		.id = at / sizeof(*e), .aux = high << 16 | cb_get_le16(e->cluster_low),
		.size = dir ? 0 : cb_get_le32(e->size), .mtime = unix_time(e->mdate, e->mtime),
		.links = 1, .mode = dir ? 0040555 : 0100444, .type = dir ? CB_FT_DIR : CB_FT_FILE,
	};
}

struct cb_node cb_fat_root(const struct fat *f)
{
	return (struct cb_node){
		.id = FAT_ROOT, .aux = f->root_cluster, .links = 1, .mode = 0040555, .type = CB_FT_DIR,
	};
}

/* Hand out one short entry, with the long name that belongs to it. */
static int give(struct fat *f, const struct short_entry *e, const struct long_name *l, uint64_t at,
		fat_entry_fn *fn, void *arg)
{
	struct fat_entry out = { .raw = e->name, .attr = e->attr, .node = node_of(f, e, at) };
	int r;

	short_name(&f->alias, e, false);
	f->name.n = 0;
	if (l->total > 0 && l->left == 0 && l->sum == sum_of(e->name))
		cb_utf16_to_utf8(&f->name, (struct cb_bytes){ l->units, (size_t)l->total * LONG_UNITS * 2 });
	r = cb_buf_status(&f->name);
	/* No long name, an orphan, or one over 255 bytes of UTF-8: the short one is as good. */
	if (r == 0 && !is_usable(text_of(&f->name)))
		short_name(&f->name, e, true);
	if (r == 0)
		r = cb_buf_status(&f->alias);
	if (r < 0)
		return r;
	out.name = text_of(&f->name);
	out.alias = text_of(&f->alias);
	if ((e->attr & FAT_ATTR_LABEL) == 0 && !is_usable(out.name))
		return 0;          /* "." and "..", or damage that nobody could open */
	return fn(arg, &out);
}

/* Where byte `pos` of a directory is, and how much follows it there; 0: pos is its end. */
static int locate(struct fat *f, const struct cb_node *dir, uint32_t pos, uint64_t *ret_off,
		  size_t *ret_n)
{
	uint32_t cluster, run, skip = pos % f->cluster_size;
	uint32_t want = f->cluster_size < FAT_DIR_PIECE ? FAT_DIR_PIECE / f->cluster_size : 1;
	int r;

	if (dir->id == FAT_ROOT && f->bits != 32) {
		*ret_off = f->root_off + pos;
		*ret_n = f->root_size - pos;
		return 0;
	}
	r = cb_fat_run(f, (uint32_t)dir->aux, pos / f->cluster_size, want, &cluster, &run);
	if (r < 0)
		return r;
	*ret_off = r == 0 ? cb_fat_offset(f, cluster) + skip : 0;
	*ret_n = r == 0 ? (size_t)run * f->cluster_size - skip : 0;
	return 0;
}

/* At most FAT_DIR_PIECE bytes of a directory into f->piece, unless they are there. */
static int load_piece(struct fat *f, uint64_t off, size_t n)
{
	int r;

	if (f->piece_n == n && f->piece_off == off)
		return 0;
	f->piece_n = 0;
	r = cb_blk_pread(f->b, off, f->piece, n);
	if (r < 0)
		return r;
	f->piece_off = off;
	f->piece_n = n;
	return 0;
}

/* The entries in f->piece. Returns 0 to go on; *ret_end when the last one was among them. */
static int scan_piece(struct fat *f, struct long_name *l, fat_entry_fn *fn, void *arg, bool *ret_end)
{
	struct cb_bytes all = { f->piece, f->piece_n };

	for (size_t i = 0; i + sizeof(struct short_entry) <= all.n; i += sizeof(struct short_entry)) {
		const struct short_entry *e = cb_view(struct short_entry, all, i);
		int r;

		if (e->name[0] == 0) {
			*ret_end = true;
			return 0;
		}
		if (e->name[0] == DELETED) {
			l->total = 0;
			continue;
		}
		if ((e->attr & FAT_ATTR_MASK) == FAT_ATTR_LONG) {
			take_piece(l, cb_view(struct long_entry, all, i));
			continue;
		}
		r = give(f, e, l, f->piece_off + i, fn, arg);
		l->total = 0;
		if (r != 0)
			return r;
	}
	return 0;
}

int cb_fat_scan(struct fat *f, const struct cb_node *dir, fat_entry_fn *fn, void *arg)
{
	struct long_name l = { .total = 0 };
	uint32_t pos = 0;
	bool end = false;
	int r = 0;

	while (r == 0 && !end) {
		uint64_t off;
		size_t n;

		r = locate(f, dir, pos, &off, &n);
		if (r < 0 || n == 0)
			break;
		n = (size_t)cb_min(n, FAT_DIR_PIECE);
		if (n > FAT_DIR_MAX - pos) {
			r = cb_fail(f->fs.env, CB_ECORRUPT, "FAT: a directory over %u bytes", FAT_DIR_MAX);
			break;
		}
		r = load_piece(f, off, n);
		if (r < 0)
			break;
		pos += (uint32_t)n;
		r = scan_piece(f, &l, fn, arg, &end);
		if (r != 0)
			return r;
	}
	return r < 0 ? cb_wrap(f->fs.env, r, "directory %llu", (unsigned long long)dir->id) : 0;
}

int cb_fat_get(struct cb_fs *fs, uint64_t id, uint64_t aux, struct cb_node *ret)
{
	struct fat *f = (struct fat *)fs;
	uint8_t raw[sizeof(struct short_entry)];
	uint64_t off;
	int r = 0;

	(void)aux;
	if (id == FAT_ROOT) {
		*ret = cb_fat_root(f);
		return 0;
	}
	if (!cb_mul(id, sizeof(raw), &off) || off < f->root_off)
		return cb_fail(fs->env, CB_ENOENT, "FAT: no file %llu", (unsigned long long)id);
	if (off >= f->piece_off && cb_in_range(off - f->piece_off, sizeof(raw), f->piece_n))
		memcpy(raw, f->piece + (off - f->piece_off), sizeof(raw));
	else
		r = cb_blk_pread(f->b, off, raw, sizeof(raw));
	if (r < 0)
		return cb_wrap(fs->env, r, "FAT: file %llu", (unsigned long long)id);

	struct cb_bytes all = { raw, sizeof(raw) };
	const struct short_entry *e = cb_view(struct short_entry, all, 0);

	if (e->name[0] == 0 || e->name[0] == DELETED || (e->attr & FAT_ATTR_LABEL) != 0)
		return cb_fail(fs->env, CB_ENOENT, "FAT: no file %llu", (unsigned long long)id);
	*ret = node_of(f, e, off);
	return 0;
}

struct want {
	struct cb_str name;
	struct cb_node node;
};

static int compare(void *arg, const struct fat_entry *e)
{
	struct want *w = arg;

	if ((e->attr & FAT_ATTR_LABEL) != 0 ||
	    (!cb_fat_same_name(e->name, w->name) && !cb_fat_same_name(e->alias, w->name)))
		return 0;
	w->node = e->node;
	return 1;
}

int cb_fat_lookup(struct cb_fs *fs, const struct cb_node *dir, struct cb_str name, struct cb_node *ret)
{
	struct want w = { .name = name };
	int r = cb_fat_scan((struct fat *)fs, dir, compare, &w);

	if (r < 0)
		return r;
	if (r == 0)
		return cb_fail(fs->env, CB_ENOENT, "no \"%.*s\"", CB_STR_ARG(name));
	*ret = w.node;
	return 0;
}

struct listing {
	cb_dirent_fn *fn;
	void *arg;
};

static int list(void *arg, const struct fat_entry *e)
{
	const struct listing *l = arg;
	struct cb_dirent out = { e->name, e->node.id, e->node.aux, e->node.type };

	return (e->attr & FAT_ATTR_LABEL) != 0 ? 0 : l->fn(l->arg, &out);
}

int cb_fat_readdir(struct cb_fs *fs, const struct cb_node *dir, cb_dirent_fn *fn, void *arg)
{
	struct listing l = { fn, arg };

	return cb_fat_scan((struct fat *)fs, dir, list, &l);
}
