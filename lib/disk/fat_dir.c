/* disk/fat_dir.c - names and directories of a FAT volume. */
#include "core/limits.h"
#include "core/str.h"
#include "core/utf.h"
#include "disk/fat_priv.h"

#define LFN_UNITS 13u                    /* of a name in one entry */
#define LFN_LAST 0x40u
#define MAX_TAIL 9999u                   /* NAME~1 ... */

struct dirent {
	uint8_t name[11], attr, nt, tenth;
	cb_le16 ctime, cdate, adate, first_hi, mtime, mdate, first_lo;
	cb_le32 size;
};
_Static_assert(sizeof(struct dirent) == FAT_ENTRY, "directory entry");

struct lfn {
	uint8_t order, name1[10], attr, type, sum, name2[12], zero[2], name3[4];
};
_Static_assert(sizeof(struct lfn) == FAT_ENTRY, "long name entry");

/* UTF-16 units of a name that FAT can have; 0 when it can't. */
static uint32_t name_units(struct cb_str name)
{
	uint32_t units = 0, cp;

	if (name.n == 0 || name.p[name.n - 1] == '.' || name.p[name.n - 1] == ' ')
		return 0;              /* "." and "..", too */
	while (name.n > 0) {
		size_t n = cb_utf8_get(name, &cp);

		if (n == 0 || cp < 0x20 || cp == 0x7f ||
		    (cp < 0x80 && cb_str_chr(CB_STR("\"*/:<>?\\|"), (char)cp) != SIZE_MAX))
			return 0;
		units += cp > 0xffff ? 2 : 1;
		name = cb_str_sub(name, n, name.n);
	}
	return units <= CB_MAX_NAME ? units : 0;
}

static struct fat_node *find_child(const struct fat_node *dir, struct cb_str name)
{
	for (struct fat_node *c = dir->child; c != NULL; c = c->sibling)
		if (cb_str_ieq(c->name, name))
			return c;
	return NULL;
}

static int add_child(struct cb_fat *f, struct fat_node *dir, struct cb_str name, bool is_dir,
		     struct fat_node **ret)
{
	uint32_t units = name_units(name);

	if (units == 0)
		return cb_fail(f->env, CB_EINVAL, "FAT can't have a file named \"%.*s\"",
			       CB_STR_ARG(name));

	struct fat_node *c = cb_new(&f->arena, struct fat_node, 1);

	if (c == NULL)
		return f->env->diag->code;
	c->name = name;
	c->units = units;
	c->is_dir = is_dir;
	c->parent = dir;
	if (dir->last_child != NULL)
		dir->last_child->sibling = c;
	else
		dir->child = c;
	dir->last_child = c;
	*ret = c;
	return 0;
}

int fat_add_path(struct cb_fat *f, const struct cb_fat_file *file, struct fat_node **ret)
{
	struct fat_node *at = f->root;
	struct cb_str rest = file->path, name;

	while (cb_str_next(&rest, '/', &name)) {
		bool last = rest.n == 0;
		struct fat_node *c = name.n > 0 ? find_child(at, name) : at;

		if (c == NULL) {
			int r = add_child(f, at, name, !last || file->is_dir, &c);

			if (r < 0)
				return r;
		} else if (!c->is_dir || (last && !file->is_dir)) {
			return cb_fail(f->env, CB_EINVAL, "FAT: two files are named \"%.*s\"",
				       CB_STR_ARG(file->path));
		}
		at = c;
	}
	if (at == f->root)
		return cb_fail(f->env, CB_EINVAL, "FAT: a file without a name");
	*ret = at;
	return 0;
}

static bool short_char(char c)
{
	return (c >= 'A' && c <= 'Z') || cb_is_digit(c) ||
	       cb_str_chr(CB_STR("$%'-_@~`!(){}^#&"), c) != SIZE_MAX;
}

static char to_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 0x20) : c;
}

/* Up to room characters of part at to; true when that is all of it, perhaps in capitals. */
static bool short_part(uint8_t *to, size_t room, struct cb_str part)
{
	bool whole = true;
	size_t n = 0;

	for (size_t i = 0; i < part.n; i++) {
		char c = to_upper(part.p[i]);

		if (c == ' ' || c == '.' || n == room) {
			whole = false;
			continue;
		}
		if (!short_char(c)) {
			whole = false;
			c = '_';
		}
		to[n++] = (uint8_t)c;
	}
	return whole;
}

/* The short name to start from; true when nothing but the case of letters is lost. */
static bool short_basis(uint8_t to[11], struct cb_str name)
{
	size_t dot = cb_str_rchr(name, '.');
	struct cb_str ext = { 0 };
	bool whole = true;

	memset(to, ' ', 11);
	if (dot == 0)
		whole = false;         /* ".profile": no extension, and no dot either */
	if (dot != SIZE_MAX && dot > 0) {
		ext = cb_str_sub(name, dot + 1, name.n);
		name = cb_str_sub(name, 0, dot);
	}
	whole = short_part(to, 8, name) && whole;
	whole = short_part(to + 8, 3, ext) && whole;
	if (to[0] == ' ') {
		to[0] = '_';
		whole = false;
	}
	return whole;
}

static bool is_taken(const struct fat_node *dir, const struct fat_node *but, const uint8_t name[11])
{
	for (const struct fat_node *c = dir->child; c != NULL; c = c->sibling)
		if (c != but && memcmp(c->short_name, name, 11) == 0)
			return true;
	return false;
}

/* BASIS~1, BASIS~2, ... until it is free. */
static bool add_tail(const struct fat_node *dir, struct fat_node *c)
{
	uint8_t basis[11];
	unsigned room = 8;

	memcpy(basis, c->short_name, 11);
	while (room > 1 && basis[room - 1] == ' ')
		room--;
	for (unsigned i = 1; i <= MAX_TAIL; i++) {
		unsigned digits = i < 10 ? 1 : i < 100 ? 2 : i < 1000 ? 3 : 4, at = room, v = i;

		if (at > 8 - 1 - digits)
			at = 8 - 1 - digits;
		memcpy(c->short_name, basis, 11);
		memset(c->short_name + at, ' ', 8 - at);
		c->short_name[at] = '~';
		for (unsigned k = digits; k > 0; k--, v /= 10)
			c->short_name[at + k] = (uint8_t)('0' + v % 10);
		if (!is_taken(dir, c, c->short_name))
			return true;
	}
	return false;
}

/* Is the name as it stands what short_name says? */
static bool is_exact(const struct fat_node *c)
{
	for (size_t i = 0; i < c->name.n; i++)
		if (c->name.p[i] != to_upper(c->name.p[i]))
			return false;
	return true;
}

int fat_name_children(struct cb_fat *f, struct fat_node *dir)
{
	/* Names that are short by themselves must not find theirs taken: they come first. */
	for (struct fat_node *c = dir->child; c != NULL; c = c->sibling) {
		c->is_long = !short_basis(c->short_name, c->name) || !is_exact(c);
		if (c->is_long)
			memset(c->short_name, 0, 11);
	}
	for (struct fat_node *c = dir->child; c != NULL; c = c->sibling) {
		if (!c->is_long)
			continue;

		bool whole = short_basis(c->short_name, c->name);

		if ((!whole || is_taken(dir, c, c->short_name)) && !add_tail(dir, c))
			return cb_fail(f->env, CB_ELIMIT, "FAT: no short name left for \"%.*s\"",
				       CB_STR_ARG(c->name));
	}
	return 0;
}

static uint32_t slots_of(const struct fat_node *c)
{
	return c->is_long ? 1 + (c->units + LFN_UNITS - 1) / LFN_UNITS : 1;
}

uint64_t fat_dir_size(const struct cb_fat *f, const struct fat_node *dir)
{
	uint64_t slots = dir != f->root ? 2 : f->label[0] != ' ' ? 1 : 0;

	for (const struct fat_node *c = dir->child; c != NULL; c = c->sibling)
		slots += slots_of(c);
	return slots * FAT_ENTRY;
}

static uint8_t *put_short(const struct cb_fat *f, uint8_t *p, const uint8_t name[11], uint8_t attr,
			  uint32_t first, uint32_t size)
{
	struct dirent e = {
		.attr = attr, .ctime = cb_put_le16(f->time), .cdate = cb_put_le16(f->date),
		.adate = cb_put_le16(f->date), .mtime = cb_put_le16(f->time),
		.mdate = cb_put_le16(f->date), .first_hi = cb_put_le16((uint16_t)(first >> 16)),
		.first_lo = cb_put_le16((uint16_t)first), .size = cb_put_le32(size),
	};

	memcpy(e.name, name, 11);
	memcpy(p, &e, sizeof(e));
	return p + sizeof(e);
}

static uint8_t short_sum(const uint8_t name[11])
{
	uint8_t sum = 0;

	for (unsigned i = 0; i < 11; i++)
		sum = (uint8_t)((sum << 7 | sum >> 1) + name[i]);
	return sum;
}

/* The pieces of a long name, last first. */
static uint8_t *put_long(uint8_t *p, const struct fat_node *c, struct cb_bytes utf16)
{
	uint32_t n = slots_of(c) - 1;

	for (uint32_t k = n; k > 0; k--) {
		uint8_t units[2 * LFN_UNITS];
		size_t from = (size_t)(k - 1) * sizeof(units), have = cb_min(sizeof(units), utf16.n - from);
		struct lfn e = {
			.order = (uint8_t)(k | (k == n ? LFN_LAST : 0)), .attr = FAT_ATTR_LONG,
			.sum = short_sum(c->short_name),
		};

		memset(units, 0xff, sizeof(units));
		memcpy(units, utf16.p + from, have);
		if (have < sizeof(units))
			memset(units + have, 0, 2);
		memcpy(e.name1, units, 10);
		memcpy(e.name2, units + 10, 12);
		memcpy(e.name3, units + 22, 4);
		memcpy(p, &e, sizeof(e));
		p += sizeof(e);
	}
	return p;
}

int fat_dir_fill(struct cb_fat *f, const struct fat_node *dir, uint8_t *p)
{
	struct cb_buf utf16;
	int r = 0;

	cb_buf_init(&utf16, f->env, 4 * CB_MAX_NAME);
	if (dir == f->root && f->label[0] != ' ')
		p = put_short(f, p, f->label, FAT_ATTR_LABEL, 0, 0);
	if (dir != f->root) {
		p = put_short(f, p, (const uint8_t *)".          ", FAT_ATTR_DIR, dir->first, 0);
		p = put_short(f, p, (const uint8_t *)"..         ", FAT_ATTR_DIR,
			      dir->parent == f->root ? 0 : dir->parent->first, 0);
	}
	for (const struct fat_node *c = dir->child; c != NULL && r == 0; c = c->sibling) {
		if (c->is_long) {
			utf16.n = 0;
			cb_utf8_to_utf16(&utf16, c->name);
			r = cb_buf_status(&utf16);
			if (r < 0)
				break;
			p = put_long(p, c, cb_buf_bytes(&utf16));
		}
		p = put_short(f, p, c->short_name, c->is_dir ? FAT_ATTR_DIR : FAT_ATTR_FILE, c->first,
			      c->is_dir ? 0 : (uint32_t)c->data.size);
	}
	cb_buf_fini(&utf16);
	return r;
}
