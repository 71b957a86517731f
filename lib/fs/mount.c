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

/* Ask a driver: by its probe, or when nobody's probe knew the device, by its rescue. */
static int ask(const struct cb_fs_driver *d, bool rescue, struct cb_blk *b, struct cb_fs_info *ret)
{
	int r = CB_ENOTMINE;

	*ret = (struct cb_fs_info){ .members = 1 };
	if (!rescue)
		r = d->probe(b, ret);
	else if (d->rescue != NULL)
		r = d->rescue(b, ret);
	complete(ret, d);
	if (r == CB_ENOTMINE)
		cb_clear(b->env);
	return r;
}

static int probe_all(struct cb_blk *b, bool rescue, struct claims *c, struct cb_fs_info *ret)
{
	for (size_t i = 0; cb_fs_drivers[i] != NULL; i++) {
		struct cb_fs_info info;
		int r = ask(cb_fs_drivers[i], rescue, b, &info);

		if (r == CB_ENOTMINE)
			continue;
		if (r == 0 || c->n == 0)
			*ret = info;
		if (r == 0)
			return 0;
		note_claim(c, cb_fs_drivers[i]->name, b->env, r);
	}
	return CB_ENOTMINE;
}

int cb_fs_probe(struct cb_blk *b, struct cb_fs_info *ret)
{
	struct claims claims = { .n = 0 };
	int r = probe_all(b, false, &claims, ret);

	if (r < 0 && claims.n == 0)
		r = probe_all(b, true, &claims, ret);
	if (r == 0)
		return 0;
	if (claims.n == 0)
		return cb_fail(b->env, CB_ENOTMINE, "%s: no file system that is known here", b->name);
	return cb_fail(b->env, claims.code, "%s: %s", b->name, claims.text);
}

/* Every driver called type, or every one; those that fail leave a claim. */
static int mount_all(struct cb_blk *const *b, size_t n, const char *type, bool rescue,
		     struct claims *c, struct cb_fs **ret)
{
	for (size_t i = 0; cb_fs_drivers[i] != NULL; i++) {
		const struct cb_fs_driver *d = cb_fs_drivers[i];
		struct cb_fs_info info;

		if (type != NULL && !cb_str_eq(cb_str_c(type), cb_str_c(d->name)))
			continue;

		int r = ask(d, rescue, b[0], &info);

		if (r == 0)
			r = d->mount(b, n, ret);
		if (r == 0) {
			complete(&(*ret)->info, d);
			return 0;
		}
		if (r == CB_ENOMEM || r == CB_ECANCELED)
			return cb_wrap(b[0]->env, r, "%s: %s", b[0]->name, d->name);
		if (r != CB_ENOTMINE)
			note_claim(c, d->name, b[0]->env, r);
		cb_clear(b[0]->env);
	}
	return CB_ENOTMINE;
}

static bool is_known(const char *type)
{
	for (size_t i = 0; cb_fs_drivers[i] != NULL; i++)
		if (type == NULL || cb_str_eq(cb_str_c(type), cb_str_c(cb_fs_drivers[i]->name)))
			return true;
	return false;
}

int cb_fs_mount(struct cb_blk *const *b, size_t n, const char *type, struct cb_fs **ret)
{
	struct claims claims = { .n = 0 };
	struct cb_env *env = b[0]->env;
	int r = mount_all(b, n, type, false, &claims, ret);

	if (r == CB_ENOTMINE && claims.n == 0)
		r = mount_all(b, n, type, true, &claims, ret);
	if (r != CB_ENOTMINE)
		return r;
	if (claims.n > 0)
		return cb_fail(env, claims.code, "%s: %s", b[0]->name, claims.text);
	if (!is_known(type))
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
