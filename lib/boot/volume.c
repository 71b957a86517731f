/* boot/volume.c - from disks to partitions to mounted file systems. */
#include "boot/volume.h"

#include "block/cache.h"
#include "core/fmt.h"
#include "core/limits.h"
#include "core/str.h"

#define ARENA_CAP (8u << 20)

/* UAPI.2 (Discoverable Partitions), UEFI 2.10 table 5.7. */
static const struct { const char *type; enum cb_role role; enum cb_arch arch; } gpt_roles[] = {
	{ "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", CB_ROLE_ESP, CB_ARCH_NONE },
	{ "bc13c2ff-59e6-4262-a352-b275fd6f7172", CB_ROLE_XBOOTLDR, CB_ARCH_NONE },
	{ "4f68bce3-e8cd-4db1-96e7-fbcaf984b709", CB_ROLE_ROOT, CB_ARCH_X86_64 },
	{ "b921b045-1df0-41c3-af44-4c6f280d3fae", CB_ROLE_ROOT, CB_ARCH_AARCH64 },
	{ "72ec70a6-cf74-40e6-bd49-4bda08e8f224", CB_ROLE_ROOT, CB_ARCH_RISCV64 },
	{ "77055800-792c-4f94-b39a-98c91b762bb6", CB_ROLE_ROOT, CB_ARCH_LOONGARCH64 },
};
#define MBR_ESP      0xefu
#define MBR_XBOOTLDR 0xeau

void cb_volumes_init(struct cb_volumes *vs, struct cb_env *env,
		     const struct cb_fs_driver *const *drivers)
{
	*vs = (struct cb_volumes){ .env = env, .drivers = drivers };
	cb_arena_init(&vs->arena, env, ARENA_CAP);
}

void cb_volumes_unmount(struct cb_volumes *vs)
{
	for (struct cb_volume *v = vs->volumes; v != NULL; v = v->next) {
		cb_fs_unmount(v->fs);
		v->fs = NULL;
	}
	for (struct cb_disk *d = vs->disks; d != NULL; d = d->next)
		cb_blk_cache_drop(d->blk);
}

void cb_volumes_fini(struct cb_volumes *vs)
{
	cb_volumes_unmount(vs);
	for (struct cb_volume *v = vs->volumes; v != NULL; v = v->next)
		cb_blk_unref(v->blk);
	for (struct cb_disk *d = vs->disks; d != NULL; d = d->next)
		cb_blk_unref(d->blk);
	cb_arena_fini(&vs->arena);
	*vs = (struct cb_volumes){ .env = vs->env, .drivers = vs->drivers };
}

/* Copy s; a failure is remembered in *r. */
static struct cb_str keep(struct cb_volumes *vs, struct cb_str s, int *r)
{
	struct cb_str copy = cb_arena_str(&vs->arena, s);

	if (copy.p == NULL && *r == 0)
		*r = vs->env->diag->code;
	return copy;
}

/* Move the report into *ret_why and go on; failures of the machine itself go up. */
static int set_aside(struct cb_volumes *vs, int status, int *ret_status, struct cb_str *ret_why)
{
	const struct cb_diag *d = vs->env->diag;
	int r = 0;

	if (!cb_part_may_skip(status))
		return status;

	struct cb_str why = keep(vs, (struct cb_str){ d->text, d->len }, &r);

	if (r < 0)
		return r;
	cb_clear(vs->env);
	*ret_status = status;
	*ret_why = why;
	return 0;
}

/* As blkid writes it: the driver's own text, or a UUID's. */
static struct cb_str uuid_text(struct cb_volumes *vs, const struct cb_fs_info *info, int *r)
{
	char text[CB_UUID_TEXT] = "";
	struct cb_uuid u;

	if (info->uuid_text[0] != '\0')
		return keep(vs, cb_str_c(info->uuid_text), r);
	memcpy(u.b, info->uuid, sizeof(u.b));
	if (!cb_uuid_is_nil(u))
		cb_uuid_text(u, text);
	return keep(vs, cb_str_c(text), r);
}

static int set_info(struct cb_volumes *vs, struct cb_volume *v, const struct cb_fs_driver *d,
		    const struct cb_fs_info *info)
{
	int r = 0;

	v->driver = d;
	v->fs_type = keep(vs, cb_str_c(info->type[0] != '\0' ? info->type : d->name), &r);
	v->label = keep(vs, cb_str_c(info->label), &r);
	v->uuid = uuid_text(vs, info, &r);
	return r;
}

/* The first driver that knows it; else the first that claims it and finds it broken. */
static int probe(struct cb_volumes *vs, struct cb_volume *v)
{
	for (size_t i = 0; vs->drivers[i] != NULL; i++) {
		const struct cb_fs_driver *d = vs->drivers[i];
		struct cb_fs_info info = { .members = 1 };
		int r = d->probe(v->blk, &info);

		if (r == 0) {
			v->status = 0;
			v->why = (struct cb_str){ NULL, 0 };
			return set_info(vs, v, d, &info);
		}
		if (r == CB_ENOTMINE || v->status < 0) {
			if (!cb_part_may_skip(r))
				return r;
			cb_clear(vs->env);
			continue;
		}
		r = set_aside(vs, r, &v->status, &v->why);
		if (r == 0)
			r = set_info(vs, v, d, &info);
		if (r < 0)
			return r;
	}
	return 0;
}

/* At the end of the list, which then holds its own reference on blk. */
static int append(struct cb_volumes *vs, struct cb_disk *disk, struct cb_blk *blk,
		  struct cb_str name, struct cb_volume **ret)
{
	struct cb_volume **end = &vs->volumes;
	int r = 0;

	if (vs->volumes_n == CB_MAX_VOLUMES)
		return cb_fail(vs->env, CB_ELIMIT, "%.*s: more than %u volumes", CB_STR_ARG(name),
			       CB_MAX_VOLUMES);

	struct cb_volume *v = cb_new(&vs->arena, struct cb_volume, 1);

	if (v == NULL)
		return vs->env->diag->code;
	v->name = keep(vs, name, &r);
	if (r < 0)
		return r;
	v->disk = disk;
	v->blk = cb_blk_ref(blk);
	while (*end != NULL)
		end = &(*end)->next;
	*end = v;
	vs->volumes_n++;
	*ret = v;
	return 0;
}

static int set_gpt_role(struct cb_volumes *vs, struct cb_volume *v, const struct cb_part *p)
{
	char type[CB_UUID_TEXT];
	int r = 0;

	cb_uuid_text(p->type, type);
	v->type = keep(vs, cb_str_c(type), &r);
	for (size_t i = 0; i < sizeof(gpt_roles) / sizeof(gpt_roles[0]); i++)
		if (cb_str_eq(cb_str_c(type), cb_str_c(gpt_roles[i].type))) {
			v->role = gpt_roles[i].role;
			v->arch = gpt_roles[i].arch;
		}
	if (cb_str_eq(v->partlabel, CB_STR("cloud-boot-cache")))
		v->role = CB_ROLE_CACHE;
	return r;
}

static int set_mbr_role(struct cb_volumes *vs, struct cb_volume *v, const struct cb_part *p)
{
	v->type = cb_arena_fmt(&vs->arena, "0x%02x", p->mbr_type);
	if (v->type.p == NULL)
		return vs->env->diag->code;
	v->role = p->mbr_type == MBR_ESP ? CB_ROLE_ESP :
		  p->mbr_type == MBR_XBOOTLDR ? CB_ROLE_XBOOTLDR : CB_ROLE_OTHER;
	return 0;
}

static int add_part(struct cb_volumes *vs, struct cb_disk *d, const struct cb_part *p)
{
	struct cb_volume *v = NULL;
	struct cb_blk *blk;
	char name[64];
	int r = cb_part_open(d->blk, p, &blk);

	if (r < 0)
		return r;
	cb_part_name(d->name.p, p->number, name, sizeof(name));
	r = append(vs, d, blk, cb_str_c(name), &v);
	cb_blk_unref(blk);
	if (r < 0)
		return r;
	v->part = p->number;
	v->partlabel = p->label;
	v->partuuid = keep(vs, cb_str_c(p->uuid), &r);
	if (r == 0)
		r = d->table.kind == CB_PART_GPT ? set_gpt_role(vs, v, p) : set_mbr_role(vs, v, p);
	return r == 0 ? probe(vs, v) : r;
}

/* The last volumes are for the disks that may still come. */
static bool is_full(const struct cb_volumes *vs)
{
	return vs->volumes_n >= CB_MAX_VOLUMES - (CB_MAX_DISKS - vs->disks_n) * CB_KEEP_VOLUMES;
}

/* The whole disk counts as a volume when no table cuts it up. */
static int add_contents(struct cb_volumes *vs, struct cb_disk *d)
{
	struct cb_volume *v;
	int r = cb_part_scan(d->blk, &vs->arena, &d->table);

	if (r < 0) {
		d->table = (struct cb_part_table){ .kind = CB_PART_NONE };
		r = set_aside(vs, r, &d->status, &d->why);
		if (r < 0)
			return r;
	}
	if (d->table.n == 0) {
		r = append(vs, d, d->blk, d->name, &v);
		return r == 0 ? probe(vs, v) : r;
	}
	for (size_t i = 0; i < d->table.n; i++) {
		if (is_full(vs)) {
			d->left_out = d->table.n - i;
			return 0;
		}
		r = add_part(vs, d, &d->table.parts[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int keep_links(struct cb_volumes *vs, const struct cb_disk_desc *desc, struct cb_disk *d)
{
	int r = 0;

	if (desc->links_n == 0)
		return 0;
	d->links = cb_new(&vs->arena, struct cb_str, desc->links_n);
	if (d->links == NULL)
		return vs->env->diag->code;
	for (size_t i = 0; i < desc->links_n; i++)
		d->links[i] = keep(vs, desc->links[i], &r);
	d->links_n = desc->links_n;
	return r;
}

int cb_volumes_add_disk(struct cb_volumes *vs, const struct cb_disk_desc *desc)
{
	struct cb_disk **end = &vs->disks;
	int r = 0;

	if (vs->disks_n == CB_MAX_DISKS)
		return cb_fail(vs->env, CB_ELIMIT, "%.*s: more than %u disks",
			       CB_STR_ARG(desc->name), CB_MAX_DISKS);

	struct cb_disk *d = cb_new(&vs->arena, struct cb_disk, 1);

	if (d == NULL)
		return vs->env->diag->code;
	d->name = keep(vs, desc->name, &r);
	d->serial = keep(vs, desc->serial, &r);
	if (r == 0)
		r = keep_links(vs, desc, d);
	if (r < 0)
		return r;
	r = cb_blk_cache(desc->blk, CB_CACHE_MIN, &d->blk);
	if (r < 0)
		return r;
	d->index = vs->disks_n++;
	while (*end != NULL)
		end = &(*end)->next;
	*end = d;
	r = add_contents(vs, d);
	return r < 0 ? cb_wrap(vs->env, r, "%.*s", CB_STR_ARG(desc->name)) : 0;
}

int cb_volumes_add(struct cb_volumes *vs, struct cb_volume *below, struct cb_blk *blk,
		   struct cb_str name, struct cb_volume **ret)
{
	struct cb_volume *v;
	int r = append(vs, below->disk, blk, name, &v);

	if (r < 0)
		return r;
	v->below = below;
	r = probe(vs, v);
	if (r == 0)
		*ret = v;
	return r;
}

int cb_volume_mount(struct cb_volumes *vs, struct cb_volume *v)
{
	if (v->fs != NULL)
		return 0;
	if (v->status < 0)
		return cb_fail(vs->env, v->status, "%.*s", CB_STR_ARG(v->why));
	if (v->driver == NULL)
		return cb_fail(vs->env, CB_ENOTMINE, "%.*s: no file system that is known here",
			       CB_STR_ARG(v->name));

	int r = v->driver->mount(&v->blk, 1, &v->fs);

	if (r == 0)
		return 0;
	v->fs = NULL;
	r = cb_wrap(vs->env, r, "%.*s", CB_STR_ARG(v->name));
	if (!cb_part_may_skip(r))
		return r;

	int kept = set_aside(vs, r, &v->status, &v->why);

	return kept < 0 ? kept : cb_fail(vs->env, v->status, "%.*s", CB_STR_ARG(v->why));
}

const char *cb_volume_text(const struct cb_volume *v, char ret[CB_VOLUME_TEXT])
{
	bool label = v->label.n > 0;
	struct cb_str name = label ? v->label : v->uuid;

	if (v->fs_type.n == 0)
		(void)cb_fmt(ret, CB_VOLUME_TEXT, "%.*s (no file system)",
			     CB_STR_ARG(v->name)); /* or cut */
	else if (name.n == 0)
		(void)cb_fmt(ret, CB_VOLUME_TEXT, "%.*s (%.*s)", CB_STR_ARG(v->name),
			     CB_STR_ARG(v->fs_type));
	else
		(void)cb_fmt(ret, CB_VOLUME_TEXT, "%.*s (%.*s, %s=%.*s)", CB_STR_ARG(v->name),
			     CB_STR_ARG(v->fs_type), label ? "LABEL" : "UUID", CB_STR_ARG(name));
	return ret;
}
