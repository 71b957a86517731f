/* fs/ext4/dir.c - directories as blocks of entries, in order; what a hash tree adds is skipped. */
#include "fs/ext4/ext4_priv.h"

#include "core/limits.h"
#include "core/str.h"

#define ENTRY_HEAD 8u
#define CHECKED_AS 0x646972u       /* "dir" */
/* A tree that can be searched has the first of these flags only: case-folded names hash otherwise. */
#define NO_TREE_FLAGS (EXT4_FL_INDEX | EXT4_FL_INLINE_DATA | EXT4_FL_CASEFOLD)
#define INLINE_HEAD 4u             /* the parent's number, before an inline directory's entries */

struct disk_entry { cb_le32 ino; cb_le16 rec_len; uint8_t name_len, type; };
_Static_assert(sizeof(struct disk_entry) == ENTRY_HEAD, "directory entry");

/* 64 KiB doesn't fit 16 bits: 65535 and 0 mean it, the low two bits are bits 16 and 17. */
static uint32_t get_rec_len(const struct disk_entry *e, size_t block)
{
	uint32_t len = cb_get_le16(e->rec_len);

	if (block < 65536)
		return len;
	if (len == 65535 || len == 0)
		return 65536;
	return (len & 65532) | (len & 3) << 16;
}

static int bad_entry(struct ext4 *m, const struct ext4_inode *dir, size_t at, const char *what,
		     uint64_t value, uint64_t limit)
{
	return cb_fail(m->fs.env, CB_ECORRUPT,
		       "directory %u: entry at byte %zu of a block: %s %llu, limit %llu", dir->ino, at,
		       what, U64(value), U64(limit));
}

int cb_ext4_dirent(struct ext4 *m, const struct ext4_inode *dir, struct cb_bytes block, size_t *at,
		   struct ext4_dirent *ret)
{
	const struct disk_entry *e = cb_view(struct disk_entry, block, *at);
	size_t left = block.n - *at;
	uint32_t len, name_len;

	if (e == NULL)
		return bad_entry(m, dir, *at, "bytes", left, ENTRY_HEAD);
	len = get_rec_len(e, block.n);
	name_len = e->name_len;
	if (len % 4 != 0 || len < ENTRY_HEAD + name_len || len < 12)
		return bad_entry(m, dir, *at, "length", len, ENTRY_HEAD + name_len);
	if (len > left)
		return bad_entry(m, dir, *at, "length", len, left);
	*ret = (struct ext4_dirent){ .ino = cb_get_le32(e->ino) };
	if (ret->ino != 0) {
		ret->name = (struct cb_str){ (const char *)block.p + *at + ENTRY_HEAD, name_len };
		ret->type = (m->s.incompat & EXT4_INCOMPAT_FILETYPE) != 0 ? e->type & 7 : 0;
		if (name_len == 0)
			return bad_entry(m, dir, *at, "name of", 0, 1);
		if (ret->ino > m->s.inodes)
			return bad_entry(m, dir, *at, "inode", ret->ino, m->s.inodes);
		if (cb_str_chr(ret->name, '/') != SIZE_MAX || cb_str_chr(ret->name, '\0') != SIZE_MAX)
			return bad_entry(m, dir, *at, "a '/' or NUL in a name of", name_len, CB_MAX_NAME);
	}
	*at += len;
	return 0;
}

/* An entry in use that is not "." or "..". */
static bool is_real(const struct ext4_dirent *e)
{
	return e->ino != 0 && !(e->name.p[0] == '.' &&
				(e->name.n == 1 || (e->name.n == 2 && e->name.p[1] == '.')));
}

static int check_block(struct ext4 *m, const struct ext4_inode *dir, uint32_t lblk, struct cb_bytes b)
{
	size_t dx = (dir->flags & EXT4_FL_INDEX) != 0 ? cb_ext4_dx_offset(m, b, lblk) : 0;

	if (!m->csum || (dx != 0 ? cb_ext4_dx_csum_ok(dir, b, dx) : cb_ext4_leaf_csum_ok(dir, b)))
		return 0;
	return cb_fail(m->fs.env, CB_ECORRUPT, "directory %u: %s block %u: wrong checksum", dir->ino,
		       dx != 0 ? "hash tree" : "entry", lblk);
}

int cb_ext4_dir_block(struct ext4 *m, struct ext4_memo *dir, uint32_t lblk, struct cb_bytes *ret)
{
	uint32_t key = (dir->inode.seed ^ CHECKED_AS) | 1, *checked;
	struct ext4_run run;
	int r = cb_ext4_map(m, dir, lblk, &run);

	if (r < 0)
		return r;
	if (!run.mapped)
		return cb_fail(m->fs.env, CB_ECORRUPT, "directory %u: block %u is a hole", dir->inode.ino,
			       lblk);
	ret->n = m->s.block_size;
	r = cb_ext4_block(m, run.phys, &ret->p, &checked);
	if (r < 0)
		return cb_wrap(m->fs.env, r, "directory %u: block %u", dir->inode.ino, lblk);
	if (*checked == key)
		return 0;
	r = check_block(m, &dir->inode, lblk, *ret);
	if (r == 0)
		*checked = key;
	return r;
}

/* What readdir() tells its caller, and how many it may. */
struct listing {
	struct ext4 *m;
	const struct ext4_inode *dir;
	cb_dirent_fn *fn;
	void *arg;
	uint32_t n;
};

static int tell(struct listing *l, const struct ext4_dirent *e)
{
	static const uint8_t types[8] = {
		CB_FT_UNKNOWN, CB_FT_FILE, CB_FT_DIR, CB_FT_OTHER, CB_FT_OTHER, CB_FT_OTHER, CB_FT_OTHER,
		CB_FT_LINK,
	};
	struct cb_dirent out = { .name = e->name, .id = e->ino, .type = (enum cb_ftype)types[e->type] };

	if (l->n++ == CB_MAX_DIR_ENTRIES)
		return cb_fail(l->m->fs.env, CB_ELIMIT, "directory %u: more than %u names", l->dir->ino,
			       CB_MAX_DIR_ENTRIES);
	return l->fn(l->arg, &out);
}

static int list_bytes(struct listing *l, struct cb_bytes b)
{
	struct ext4_dirent e;
	uint32_t unused;
	size_t at = 0;

	while (at < b.n) {
		int r = cb_ext4_dirent(l->m, l->dir, b, &at, &e);

		/* What fast commits say of a name stands above the disk. */
		if (r == 0 && is_real(&e) && !cb_ext4_fc_lookup(l->dir->fc, e.name, &unused))
			r = tell(l, &e);
		if (r != 0)
			return r;
	}
	return 0;
}

int cb_ext4_find_in_block(struct ext4 *m, const struct ext4_inode *dir, struct cb_bytes b,
			  struct cb_str name, uint32_t *ret_ino)
{
	struct ext4_dirent e;
	size_t at = 0;

	while (at < b.n) {
		int r = cb_ext4_dirent(m, dir, b, &at, &e);

		if (r < 0)
			return r;
		if (e.ino != 0 && cb_str_eq(e.name, name)) {
			*ret_ino = e.ino;
			return 0;
		}
	}
	return CB_ENOENT;
}

/* Entries of an inline directory: in i_block after the parent's number, then in the attribute. */
static int inline_part(struct ext4 *m, const struct ext4_inode *dir, unsigned part, struct cb_bytes *ret)
{
	int r = 0;

	*ret = (struct cb_bytes){ dir->block + INLINE_HEAD, EXT4_I_BLOCK - INLINE_HEAD };
	if (part == 1 && dir->size <= EXT4_I_BLOCK)
		ret->n = 0;
	else if (part == 1)
		r = cb_ext4_inline_rest(m, dir, ret);
	if (r == 0 && part == 1 && dir->size > EXT4_I_BLOCK)
		ret->n = (size_t)cb_min(ret->n, dir->size - EXT4_I_BLOCK);
	return r;
}

/* How many pieces of entries the directory has, and the n-th. A holes-free directory can't have
 * more blocks than the file system. */
static int count_parts(struct ext4 *m, const struct ext4_inode *dir, uint32_t *ret)
{
	uint64_t n = dir->size / m->s.block_size;

	if ((dir->flags & EXT4_FL_ENCRYPTED) != 0)
		return cb_fail(m->fs.env, CB_EUNSUP, "directory %u is encrypted", dir->ino);
	if ((dir->flags & EXT4_FL_INLINE_DATA) != 0) {
		*ret = 2;
		return 0;
	}
	if (dir->size % m->s.block_size != 0 || n == 0 || n > m->s.blocks || n > UINT32_MAX)
		return cb_fail(m->fs.env, CB_ECORRUPT, "directory %u: %llu bytes in blocks of %u", dir->ino,
			       U64(dir->size), m->s.block_size);
	*ret = cb_ext4_fc_is_new(dir->fc) ? 0 : (uint32_t)n;
	return 0;
}

static int get_part(struct ext4 *m, struct ext4_memo *dir, uint32_t i, struct cb_bytes *ret)
{
	if ((i & 255) == 255 && cb_poll(m->fs.env))
		return cb_fail(m->fs.env, CB_ECANCELED, "stopped");
	if ((dir->inode.flags & EXT4_FL_INLINE_DATA) != 0)
		return inline_part(m, &dir->inode, i, ret);
	return cb_ext4_dir_block(m, dir, i, ret);
}

int cb_ext4_readdir(struct ext4 *m, struct ext4_memo *dir, cb_dirent_fn *fn, void *arg)
{
	struct listing l = { m, &dir->inode, fn, arg, 0 };
	struct ext4_dirent e;
	uint32_t n;
	int r = count_parts(m, &dir->inode, &n);

	for (uint32_t i = 0; r == 0 && i < n; i++) {
		struct cb_bytes b;

		r = get_part(m, dir, i, &b);
		if (r == 0)
			r = list_bytes(&l, b);
	}
	for (uint32_t i = 0; r == 0 && cb_ext4_fc_name(dir->inode.fc, i, &e); i++)
		if (e.ino != 0)
			r = tell(&l, &e);
	return r;
}

static int find_linearly(struct ext4 *m, struct ext4_memo *dir, uint32_t parts, struct cb_str name,
			 uint32_t *ret_ino)
{
	for (uint32_t i = 0; i < parts; i++) {
		struct cb_bytes b;
		int r = get_part(m, dir, i, &b);

		if (r == 0)
			r = cb_ext4_find_in_block(m, &dir->inode, b, name, ret_ino);
		if (r != CB_ENOENT)
			return r;
	}
	return CB_ENOENT;
}

int cb_ext4_lookup(struct ext4 *m, struct ext4_memo *dir, struct cb_str name, uint32_t *ret_ino)
{
	const struct ext4_inode *in = &dir->inode;
	bool trusted = false;
	uint32_t parts;
	int r = count_parts(m, in, &parts);

	if (r < 0)
		return r;
	if (cb_ext4_fc_lookup(in->fc, name, ret_ino)) {
		r = *ret_ino != 0 ? 0 : CB_ENOENT;
		trusted = true;
	} else if ((in->flags & NO_TREE_FLAGS) == EXT4_FL_INDEX && parts > 1) {
		r = cb_ext4_htree_find(m, dir, name, ret_ino);
		/* Without checksums a damaged tree could hide a name: a miss is looked for again. */
		trusted = r != CB_EUNSUP && (r != CB_ENOENT || m->csum);
	}
	if (!trusted)
		r = find_linearly(m, dir, parts, name, ret_ino);
	if (r != CB_ENOENT)
		return r;
	return cb_fail(m->fs.env, CB_ENOENT, "no \"%.*s\"", CB_STR_ARG(name));
}
