/* fs/mount.c - which of the program's drivers reads a device. */
#include "fs/fs.h"

#include "core/fmt.h"
#include "core/str.h"
#include "core/uuid.h"

#define CLAIMS 360            /* bytes of what claimants said; a report has 512 */

/* Reports of drivers that claimed the device and failed, in order. */
struct claims {
	char text[CLAIMS];
	size_t n;
	int code;                 /* of the first */
};

static void note_claim(struct claims *c, const char *driver, struct cb_env *env, int code)
{
	size_t room = sizeof(c->text) - c->n;
	size_t n = cb_fmt(c->text + c->n, room, "%s%s: %s", c->n > 0 ? "; " : "", driver,
			  env->diag->text);

	c->n += n < room ? n : room - 1;
	if (c->code == 0)
		c->code = code;
	cb_clear(env);
}

/* What most drivers leave to us. */
static void complete(struct cb_fs_info *info, const struct cb_fs_driver *d)
{
	struct cb_uuid u;

	if (info->type[0] == '\0')
		(void)cb_fmt(info->type, sizeof(info->type), "%s", d->name); /* names are short */
	memcpy(u.b, info->uuid, sizeof(u.b));
	if (info->uuid_text[0] == '\0' && !cb_uuid_is_nil(u))
		cb_uuid_text(u, info->uuid_text);
}

int cb_fs_probe(struct cb_blk *b, struct cb_fs_info *ret)
{
	struct claims claims = { .n = 0 };
	struct cb_fs_info info, claimed = { .members = 0 };

	for (size_t i = 0; cb_fs_drivers[i] != NULL; i++) {
		const struct cb_fs_driver *d = cb_fs_drivers[i];

		info = (struct cb_fs_info){ .members = 1 };

		int r = d->probe(b, &info);

		complete(&info, d);
		if (r == 0) {
			*ret = info;
			return 0;
		}
		if (r == CB_ENOTMINE) {
			cb_clear(b->env);
			continue;
		}
		if (claims.n == 0)
			claimed = info;
		note_claim(&claims, d->name, b->env, r);
	}
	if (claims.n == 0)
		return cb_fail(b->env, CB_ENOTMINE, "%s: no file system that is known here", b->name);
	*ret = claimed;
	return cb_fail(b->env, claims.code, "%s: %s", b->name, claims.text);
}

static int mount_with(const struct cb_fs_driver *d, struct cb_blk *const *b, size_t n,
		      struct cb_fs **ret)
{
	struct cb_fs_info info = { .members = 1 };
	int r = d->probe(b[0], &info);

	if (r < 0)
		return r;
	r = d->mount(b, n, ret);
	if (r == 0)
		complete(&(*ret)->info, d);
	return r;
}

int cb_fs_mount(struct cb_blk *const *b, size_t n, const char *type, struct cb_fs **ret)
{
	struct claims claims = { .n = 0 };
	struct cb_env *env = b[0]->env;
	bool known = false;

	for (size_t i = 0; cb_fs_drivers[i] != NULL; i++) {
		const struct cb_fs_driver *d = cb_fs_drivers[i];

		if (type != NULL && !cb_str_eq(cb_str_c(type), cb_str_c(d->name)))
			continue;
		known = true;

		int r = mount_with(d, b, n, ret);

		if (r == 0)
			return 0;
		if (r == CB_ENOMEM || r == CB_ECANCELED)
			return cb_wrap(env, r, "%s: %s", b[0]->name, d->name);
		if (r == CB_ENOTMINE)
			cb_clear(env);
		else
			note_claim(&claims, d->name, env, r);
	}
	if (claims.n > 0)
		return cb_fail(env, claims.code, "%s: %s", b[0]->name, claims.text);
	if (!known && type != NULL)
		return cb_fail(env, CB_EUNSUP, "%s: no driver for file system type \"%s\"",
			       b[0]->name, type);
	return cb_fail(env, CB_ENOTMINE, "%s: no %s file system", b[0]->name,
		       type != NULL ? type : "known");
}

void cb_fs_unmount(struct cb_fs *fs)
{
	if (fs != NULL)
		fs->ops->unmount(fs);
}

int cb_fs_readdir(struct cb_fs *fs, const struct cb_node *dir, cb_dirent_fn *fn, void *arg)
{
	if (dir->type != CB_FT_DIR)
		return cb_fail(fs->env, CB_ENOTDIR, "file %llu is not a directory",
			       (unsigned long long)dir->id);
	return fs->ops->readdir(fs, dir, fn, arg);
}

int cb_fs_readlink(struct cb_fs *fs, const struct cb_node *l, struct cb_buf *ret)
{
	if (l->type != CB_FT_LINK)
		return cb_fail(fs->env, CB_EINVAL, "file %llu is not a symbolic link",
			       (unsigned long long)l->id);
	return fs->ops->readlink(fs, l, ret);
}
