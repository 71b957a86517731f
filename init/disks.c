/* init/disks.c - from /sys/block to the chooser's list of volumes. */
#include "core/fmt.h"
#include "core/log.h"
#include "core/str.h"
#include "init/init.h"
#include "linux/sysdisk.h"
#include "posix/file_blk.h"

static bool is_known(const struct cb_init *in, struct cb_str name)
{
	for (const struct cb_disk *d = in->volumes.disks; d != NULL; d = d->next)
		if (cb_str_eq(d->name, name))
			return true;
	return false;
}

static int add_disk(struct cb_init *in, const struct cb_sysdisk *d, struct cb_blk *blk)
{
	const struct cb_disk_desc desc = {
		.blk = blk, .name = d->name, .serial = d->serial, .links = d->links, .links_n = d->links_n,
	};
	unsigned before = in->volumes.volumes_n;
	char size[SIZE_TEXT];
	int r = cb_volumes_add_disk(&in->volumes, &desc);

	if (r == 0)
		say(in, "disk", "%.*s, %s, %u volume%s%s%.*s", CB_STR_ARG(d->name), size_text(d->size, size),
		    in->volumes.volumes_n - before,
		    in->volumes.volumes_n - before == 1 ? "" : "s", d->serial.n > 0 ? ", serial " : "",
		    CB_STR_ARG(d->serial));
	return r;
}

static int open_disk(struct cb_init *in, const struct cb_sysdisk *d)
{
	struct cb_blk *file, *blk;
	char path[64];
	int r;

	(void)cb_fmt(path, sizeof(path), "/dev/%.*s", CB_STR_ARG(d->name)); /* 31 bytes fit */
	r = cb_posix_blk(&in->env, path, false, &file);
	if (r == 0)
		r = meter_blk(in, file, &blk);
	if (r < 0)
		return r;
	r = add_disk(in, d, blk);
	cb_blk_unref(blk);
	return r;
}

int scan_disks(struct cb_init *in, unsigned *ret_new)
{
	struct cb_sysdisk *list;
	struct cb_arena a;
	unsigned found = 0;
	size_t n = 0;
	int r;

	cb_arena_init(&a, &in->env, 4u << 20);
	r = cb_sysdisk_list(&a, &list, &n);
	for (size_t i = 0; i < n && r == 0; i++) {
		/* Size 0: a drive without a medium. It is looked at again next time. */
		if (list[i].size == 0 || is_known(in, list[i].name))
			continue;
		r = open_disk(in, &list[i]);
		if (r == 0)
			found++;
		if (r == CB_ENOMEM || r == CB_ELIMIT)
			break;
		if (r < 0) {
			cb_log(&in->env, CB_LOG_DEBUG, "%s", in->diag.text);
			cb_clear(&in->env);
			r = 0;
		}
	}
	cb_arena_fini(&a);
	if (r == 0)
		*ret_new = found;
	return r;
}
