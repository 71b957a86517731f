/* fs/ext4/ext4.c - ext2, ext3 and ext4, read-only: the driver's table, mounting, links. */
#include "fs/ext4/ext4_priv.h"

#include "core/fmt.h"
#include "core/limits.h"

#define PRIMARY_AT 1024u

static int ext4_root(struct cb_fs *fs, struct cb_node *ret)
{
	struct ext4_memo *f;
	int r = cb_ext4_inode((struct ext4 *)fs, EXT4_ROOT_INO, false, &f);

	if (r < 0)
		return r;
	cb_ext4_node(&f->inode, ret);
	if (ret->type != CB_FT_DIR)
		return cb_fail(fs->env, CB_ECORRUPT, "the root, inode %u, is not a directory", EXT4_ROOT_INO);
	return 0;
}

static int ext4_get(struct cb_fs *fs, uint64_t id, uint64_t aux, struct cb_node *ret)
{
	struct ext4_memo *f;
	int r = cb_ext4_inode((struct ext4 *)fs, id, false, &f);

	(void)aux;
	if (r < 0)
		return r;
	cb_ext4_node(&f->inode, ret);
	return 0;
}

static int ext4_lookup(struct cb_fs *fs, const struct cb_node *dir, struct cb_str name,
		       struct cb_node *ret)
{
	struct ext4 *m = (struct ext4 *)fs;
	struct ext4_memo *f;
	uint32_t ino;
	int r = cb_ext4_inode(m, dir->id, false, &f);

	if (r == 0)
		r = cb_ext4_lookup(m, f, name, &ino);
	if (r < 0)
		return r;
	r = ext4_get(fs, ino, 0, ret);
	return r < 0 ? cb_wrap(fs->env, r, "\"%.*s\"", CB_STR_ARG(name)) : 0;
}

static int check_plain(struct ext4 *m, const struct ext4_inode *in)
{
	if ((in->flags & EXT4_FL_ENCRYPTED) != 0)
		return cb_fail(m->fs.env, CB_EUNSUP, "inode %u is encrypted", in->ino);
	if ((in->flags & EXT4_FL_COMPRESSED) != 0)
		return cb_fail(m->fs.env, CB_EUNSUP, "inode %u is compressed", in->ino);
	return 0;
}

static int64_t ext4_read(struct cb_fs *fs, const struct cb_node *node, uint64_t off, void *buf, size_t n)
{
	struct ext4 *m = (struct ext4 *)fs;
	struct ext4_memo *f;
	int r = cb_ext4_inode(m, node->id, false, &f);

	if (r == 0)
		r = check_plain(m, &f->inode);
	if (r < 0)
		return r;

	int64_t got = cb_ext4_read(m, f, off, buf, n);

	return got < 0 ? cb_wrap(fs->env, (int)got, "file %llu at byte %llu", U64(node->id), U64(off)) : got;
}

static int ext4_readdir(struct cb_fs *fs, const struct cb_node *dir, cb_dirent_fn *fn, void *arg)
{
	struct ext4_memo *f;
	int r = cb_ext4_inode((struct ext4 *)fs, dir->id, false, &f);

	return r < 0 ? r : cb_ext4_readdir((struct ext4 *)fs, f, fn, arg);
}

static int ext4_readlink(struct cb_fs *fs, const struct cb_node *l, struct cb_buf *ret)
{
	struct ext4 *m = (struct ext4 *)fs;
	struct ext4_memo *f;
	int r = cb_ext4_inode(m, l->id, false, &f);

	if (r == 0)
		r = check_plain(m, &f->inode);
	if (r < 0)
		return r;
	if (f->inode.size == 0 || f->inode.size > CB_MAX_PATH)
		return cb_fail(fs->env, CB_ECORRUPT, "inode %u: a symbolic link of %llu bytes", f->inode.ino,
			       U64(f->inode.size));

	size_t n = (size_t)f->inode.size;
	uint8_t *to = cb_buf_reserve(ret, n);

	if (to == NULL)
		return cb_buf_status(ret);
	if (f->inode.fast_link) {
		memcpy(to, f->inode.block, n);
	} else {
		int64_t got = cb_ext4_read(m, f, 0, to, n);

		if (got < 0)
			return (int)got;
	}
	/* A NUL ends the text for every other reader too. */
	for (size_t i = 0; i < n; i++)
		if (to[i] == '\0')
			n = i;
	cb_buf_commit(ret, n);
	return 0;
}

static void ext4_unmount(struct cb_fs *fs)
{
	struct ext4 *m = (struct ext4 *)fs;

	cb_blk_unref(m->blk);
	cb_arena_fini(&m->fs.arena);
	cb_free(fs->env, m, sizeof(*m));
}

static const struct cb_fs_ops ext4_ops = {
	.root = ext4_root, .get = ext4_get, .lookup = ext4_lookup, .read = ext4_read,
	.readdir = ext4_readdir, .readlink = ext4_readlink, .unmount = ext4_unmount,
};

static int ext4_probe(struct cb_blk *b, struct cb_fs_info *ret)
{
	struct ext4_super s = { .label = "" };
	int r = cb_ext4_super_read(b, PRIMARY_AT, &s);

	if (r != CB_ENOTMINE)
		cb_ext4_super_info(&s, ret);
	/* A damaged superblock has copies: mounting tells whether one of them serves. */
	if (r == CB_ECORRUPT) {
		cb_clear(b->env);
		r = 0;
	}
	return r;
}

static int ext4_rescue(struct cb_blk *b, struct cb_fs_info *ret)
{
	struct ext4_super s;
	uint64_t at;
	int r = cb_ext4_super_backup(b, &s, &at);

	if (r == 0)
		cb_ext4_super_info(&s, ret);
	return r;
}

/* The primary superblock, or the first good copy; the report of the primary stands if none is. */
static int find_super(struct ext4 *m)
{
	struct cb_env *env = m->fs.env;
	int first = cb_ext4_super_read(m->blk, PRIMARY_AT, &m->s), r;
	struct cb_diag why;
	uint64_t at;

	if (first == CB_ENOTMINE)
		(void)cb_fail(env, first, "superblock at byte %u: wrong magic number", PRIMARY_AT);
	if (first != CB_ECORRUPT && first != CB_ENOTMINE)
		return first;
	why = *env->diag;
	r = cb_ext4_super_backup(m->blk, &m->s, &at);
	if (r == CB_ENOTMINE) {
		*env->diag = why;
		return cb_wrap(env, first, "no copy of the superblock was found either");
	}
	if (r < 0)
		return r;
	cb_clear(env);
	(void)cb_fmt(m->fs.note, sizeof(m->fs.note), "%s: used the copy in group %u at block %llu",
		     why.text, m->s.group, U64(at / m->s.block_size));
	return 0;
}

static int mount_blk(struct ext4 *m)
{
	int r = find_super(m);

	if (r < 0)
		return r;
	m->csum = (m->s.ro_compat & EXT4_RO_METADATA_CSUM) != 0;
	m->line_blocks = m->s.block_size < EXT4_LINE ? EXT4_LINE / m->s.block_size : 1;
	r = cb_ext4_journal_load(m);
	if (r < 0)
		return cb_wrap(m->fs.env, r, "journal");

	struct cb_node root;

	return ext4_root(&m->fs, &root);
}

static int ext4_mount(struct cb_blk *const *b, size_t n, struct cb_fs **ret)
{
	struct cb_env *env = b[0]->env;
	struct ext4 *m;
	int r;

	if (n != 1)
		return cb_fail(env, CB_EINVAL, "%zu devices, an ext4 file system has one", n);
	m = cb_alloc(env, sizeof(*m));
	if (m == NULL)
		return CB_ENOMEM;
	m->fs.ops = &ext4_ops;
	m->fs.env = env;
	m->blk = cb_blk_ref(b[0]);
	cb_arena_init(&m->fs.arena, env, CB_MAX_FS_ARENA);
	r = mount_blk(m);
	if (r < 0) {
		ext4_unmount(&m->fs);
		return r;
	}
	cb_ext4_super_info(&m->s, &m->fs.info);
	*ret = &m->fs;
	return 0;
}

const struct cb_fs_driver cb_fs_ext4 = {
	.name = "ext4", .probe = ext4_probe, .rescue = ext4_rescue, .mount = ext4_mount,
};
