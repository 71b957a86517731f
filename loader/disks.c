/* loader/disks.c - from the firmware's block devices to the chooser's list of volumes. */
#include "core/limits.h"
#include "core/log.h"
#include "core/str.h"
#include "loader/loader.h"

static bool is_known(const struct cb_loader *l, struct cb_str name)
{
	for (const struct cb_disk *d = l->volumes.disks; d != NULL; d = d->next)
		if (cb_str_eq(d->name, name))
			return true;
	return false;
}

static int add_disk(struct cb_loader *l, const struct cb_uefi_disk *d)
{
	struct cb_disk_desc desc = { .name = d->name };
	int r;

	if (l->volumes.disks_n == CB_MAX_DISKS)
		return cb_fail(&l->env, CB_ELIMIT, "more than %u disks", CB_MAX_DISKS);
	r = cb_uefi_blk(&l->u, &l->env, d, &desc.blk);

	if (r < 0)
		return r;
	l->disk_path[l->volumes.disks_n] = d->path;
	r = cb_volumes_add_disk(&l->volumes, &desc);
	cb_blk_unref(desc.blk);
	return r;
}

int scan_disks(struct cb_loader *l)
{
	struct cb_uefi_disk *list;
	struct cb_arena a;
	size_t n = 0;
	int r;

	cb_arena_init(&a, &l->env, 1u << 20);
	r = cb_uefi_disks(&l->u, &a, &list, &n);
	for (size_t i = 0; i < n && r == 0; i++) {
		if (is_known(l, list[i].name))
			continue;
		r = add_disk(l, &list[i]);
		if (r == CB_ENOMEM || r == CB_ELIMIT)
			break;
		if (r < 0) {
			/* One bad disk hides no other. */
			cb_log(&l->env, CB_LOG_WARN, "%.*s", (int)l->diag.len, l->diag.text);
			cb_clear(&l->env);
			r = 0;
		}
	}
	cb_arena_fini(&a);
	return r < 0 ? fail_with(l, cb_wrap(&l->env, r, "looking at the disks"), REPORT_MEMORY) : 0;
}
