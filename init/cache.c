/* init/cache.c - the cache partition: which volume it is, mounting it, what was written to it. */
#include "boot/devspec.h"
#include "core/fmt.h"
#include "core/log.h"
#include "core/str.h"
#include "init/cache.h"
#include "linux/mounts.h"
#include "linux/os.h"

#define PLACE   "/run/cache"
#define SECTOR  512u
#define SECOND  UINT64_C(1000000000)
#define PATIENCE (3 * SECOND)             /* for a cache disk that comes after the system's */
#define WRITTEN 6u                        /* field of Documentation/block/stat.rst: sectors written */

static bool may_hold(const struct cb_volume *v)
{
	return v->part > 0 && v->disk->table.kind == CB_PART_GPT && cb_str_eq(v->fs_type, CB_STR("vfat"));
}

/* What cloudboot.cache names. */
static int find_named(struct cb_init *in, struct cb_str text, struct cb_volume **ret)
{
	struct cb_selection sel = { 0 };
	struct cb_devspec spec;
	int r = cb_devspec_parse(&in->volumes.arena, text, &spec);

	if (r == 0)
		r = cb_devspec_resolve(&in->volumes, &spec, &sel);
	for (size_t i = 0; r == 0 && i < sel.n; i++)
		if (may_hold(sel.v[i])) {
			*ret = sel.v[i];
			return 0;
		}
	if (r == 0)
		r = cb_fail(&in->env, CB_EINVAL, "no FAT partition of a GPT");
	return cb_wrap(&in->env, r, "cloudboot.cache=%.*s", CB_STR_ARG(text));
}

static int find_own(struct cb_init *in, struct cb_volume **ret)
{
	struct cb_volume *found = NULL;

	for (struct cb_volume *v = in->volumes.volumes; v != NULL; v = v->next) {
		if (v->role != CB_ROLE_CACHE)
			continue;
		if (!may_hold(v))
			warn(in, "%.*s is named cloud-boot-cache, and has no FAT file system%s%.*s",
			     CB_STR_ARG(v->name), v->status < 0 ? ": " : "", CB_STR_ARG(v->why));
		else if (found == NULL)
			found = v;
		else
			warn(in, "%.*s is a cache partition too: %.*s is used", CB_STR_ARG(v->name),
			     CB_STR_ARG(found->name));
	}
	if (found == NULL)
		return cb_fail(&in->env, CB_ENOENT, "there is no partition named cloud-boot-cache");
	*ret = found;
	return 0;
}

bool cache_is_there(struct cb_init *in)
{
	struct cb_str named = cb_settings_get(&in->settings, CB_KEY_CACHE);
	struct cb_diag kept = in->diag;
	struct cb_volume *v;
	bool there = false;

	if (named.n > 0)
		there = find_named(in, named, &v) == 0;
	else
		for (v = in->volumes.volumes; v != NULL && !there; v = v->next)
			there = v->role == CB_ROLE_CACHE && may_hold(v);
	in->diag = kept;
	return there;
}

int cache_find(struct cb_init *in, struct cb_volume **ret)
{
	struct cb_str named = cb_settings_get(&in->settings, CB_KEY_CACHE);
	uint64_t start = cb_now_ns(&in->env);
	unsigned fresh;
	int r;

	for (;;) {
		r = named.n > 0 ? find_named(in, named, ret) : find_own(in, ret);
		if (r != CB_ENOENT || cb_now_ns(&in->env) - start >= PATIENCE)
			return r;
		(void)wait_for_devices(in, SECOND / 2); /* the loop looks either way */
		r = scan_disks(in, &fresh);
		if (r < 0)
			return r;
	}
}

int cache_place(struct cb_init *in, const struct cb_volume *v, struct cb_boot_entry *ret)
{
	uint32_t block = v->disk->blk->block_size;

	for (size_t i = 0; i < v->disk->table.n; i++) {
		const struct cb_part *p = &v->disk->table.parts[i];

		if (p->number != v->part)
			continue;
		*ret = (struct cb_boot_entry){ .part = p->number, .first = p->off / block,
					       .nblocks = p->size / block };
		if (cb_uuid_parse(cb_str_c(p->uuid), &ret->partuuid))
			return 0;
	}
	return cb_fail(&in->env, CB_ECORRUPT, "%.*s has no GPT entry", CB_STR_ARG(v->name));
}

static uint64_t bytes_written(const struct cache *c)
{
	char text[256];
	size_t n = cb_os_textf(text, sizeof(text), "/sys/class/block/%.*s/stat", CB_STR_ARG(c->volume->name));
	struct cb_str s = { text, n }, word;
	uint64_t sectors = 0;

	for (unsigned i = 0; cb_str_word(&s, &word); i++)
		if (i == WRITTEN && cb_str_u64(word, 10, &sectors))
			return sectors * SECTOR;
	return 0;
}

static int unlock(void *arg)
{
	const struct cache *c = arg;
	int r = cb_mount_unlock(&c->in->env, PLACE);

	return r < 0 ? cb_wrap(&c->in->env, r, "%.*s", CB_STR_ARG(c->volume->name)) : 0;
}

int cache_open(struct cb_init *in, struct cb_volume *v, struct cache *ret)
{
	char device[64];
	int r;

	*ret = (struct cache){ .in = in, .volume = v, .folder.fd = -1 };
	(void)cb_fmt(device, sizeof(device), "/dev/%.*s", CB_STR_ARG(v->name)); /* it fits */
	ret->before = bytes_written(ret);
	r = cb_mount_fat(&in->env, device, PLACE);
	if (r < 0)
		return r;
	ret->mounted = true;
	r = cb_posix_folder_open(&in->env, PLACE, &ret->folder);
	ret->folder.unlock = unlock;
	ret->folder.arg = ret;
	return r;
}

int cache_close(struct cache *c)
{
	int r = 0;

	cb_posix_folder_close(&c->folder);
	if (c->mounted)
		r = cb_unmount(&c->in->env, PLACE);
	c->mounted = false;
	if (r == 0)
		cb_log(&c->in->env, CB_LOG_DEBUG, "%.*s: %llu bytes written", CB_STR_ARG(c->volume->name),
		       (unsigned long long)(bytes_written(c) - c->before));
	return r;
}
