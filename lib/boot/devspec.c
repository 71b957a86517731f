/* boot/devspec.c - reading a device specification and finding what it means. */
#include "boot/devspec.h"

#include "core/fmt.h"
#include "core/str.h"

#define LISTED 240u           /* bytes of names in a report */

static const struct { const char *text; enum cb_devspec_kind kind; } keys[] = {
	{ "LABEL=", CB_DEVSPEC_LABEL }, { "UUID=", CB_DEVSPEC_UUID },
	{ "PARTLABEL=", CB_DEVSPEC_PARTLABEL }, { "PARTUUID=", CB_DEVSPEC_PARTUUID },
	{ "ID=", CB_DEVSPEC_SERIAL },
	{ "/dev/disk/by-label/", CB_DEVSPEC_LABEL }, { "/dev/disk/by-uuid/", CB_DEVSPEC_UUID },
	{ "/dev/disk/by-partlabel/", CB_DEVSPEC_PARTLABEL },
	{ "/dev/disk/by-partuuid/", CB_DEVSPEC_PARTUUID },
};

static const char *const kind_names[] = {
	[CB_DEVSPEC_ANY] = "", [CB_DEVSPEC_NAME] = "/dev/", [CB_DEVSPEC_LABEL] = "LABEL=",
	[CB_DEVSPEC_UUID] = "UUID=", [CB_DEVSPEC_PARTLABEL] = "PARTLABEL=",
	[CB_DEVSPEC_PARTUUID] = "PARTUUID=", [CB_DEVSPEC_SERIAL] = "ID=",
	[CB_DEVSPEC_LINK] = "/dev/disk/", [CB_DEVSPEC_DATASET] = "",
};

/* udev writes bytes that don't fit into a file name as \xNN. */
static struct cb_str undo_udev(struct cb_arena *a, struct cb_str s)
{
	struct cb_str copy = cb_arena_str(a, s);
	char *p = (char *)(uintptr_t)copy.p;    /* our own copy */
	size_t n = 0;

	for (size_t i = 0; copy.p != NULL && i < s.n; n++) {
		uint64_t byte;

		if (s.p[i] == '\\' && cb_in_range(i, 4, s.n) && s.p[i + 1] == 'x' &&
		    cb_str_u64(cb_str_sub(s, i + 2, 2), 16, &byte)) {
			p[n] = (char)byte;
			i += 4;
		} else {
			p[n] = s.p[i++];
		}
	}
	copy.n = n;
	return copy;
}

/* "-part3" at the end of names below by-id and by-path. */
static unsigned cut_part(struct cb_str *s)
{
	size_t dash = cb_str_rchr(*s, '-');
	struct cb_str end = cb_str_sub(*s, dash == SIZE_MAX ? s->n : dash + 1, SIZE_MAX);
	uint64_t n;

	if (!cb_str_starts(end, CB_STR("part")) ||
	    !cb_str_u64(cb_str_sub(end, 4, SIZE_MAX), 10, &n) || n == 0 || n > UINT32_MAX)
		return 0;
	s->n = dash;
	return (unsigned)n;
}

/* What udev, LVM and ZFS put into names. */
static bool is_name(struct cb_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!cb_is_alpha(s.p[i]) && !cb_is_digit(s.p[i]) &&
		    cb_str_chr(CB_STR("._:-+!@/"), s.p[i]) == SIZE_MAX)
			return false;
	return s.n > 0 && s.p[0] != '/';
}

/* Kind and value of trimmed text; false: it is none of the forms. */
static bool classify(struct cb_str s, struct cb_devspec *ret)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct cb_str key = cb_str_c(keys[i].text);

		if (!cb_str_ieq(cb_str_sub(s, 0, key.n), key))
			continue;
		ret->kind = keys[i].kind;
		ret->value = cb_str_sub(s, key.n, SIZE_MAX);
		return ret->value.n > 0;
	}
	if (cb_str_starts(s, CB_STR("/dev/disk/"))) {
		ret->kind = CB_DEVSPEC_LINK;
		ret->value = cb_str_sub(s, 10, SIZE_MAX);
		return cb_str_chr(ret->value, '/') != SIZE_MAX;
	}
	if (cb_str_starts(s, CB_STR("/dev/")) || cb_str_chr(s, '/') == SIZE_MAX) {
		ret->kind = CB_DEVSPEC_NAME;
		ret->value = s.p[0] == '/' ? cb_str_sub(s, 5, SIZE_MAX) : s;
		return is_name(ret->value);
	}
	ret->kind = CB_DEVSPEC_DATASET;
	ret->value = s;
	return cb_is_alpha(s.p[0]) && is_name(s);
}

int cb_devspec_parse(struct cb_arena *a, struct cb_str text, struct cb_devspec *ret)
{
	struct cb_devspec spec = { .kind = CB_DEVSPEC_ANY, .value = { "", 0 } };
	struct cb_str s = cb_str_trim(text);

	if (s.n > 0 && !classify(s, &spec))
		return cb_fail(a->env, CB_EINVAL,
			       "\"%.*s\" is no device: give /dev/vda2, LABEL=, UUID=, "
			       "PARTLABEL=, PARTUUID=, /dev/disk/by-..., ID=serial or pool/dataset",
			       CB_STR_ARG(s));
	if (spec.kind == CB_DEVSPEC_SERIAL || spec.kind == CB_DEVSPEC_LINK)
		spec.part = cut_part(&spec.value);
	if (spec.value.n > 1 && spec.value.p[0] == '"' && spec.value.p[spec.value.n - 1] == '"')
		spec.value = cb_str_sub(spec.value, 1, spec.value.n - 2);
	spec.value = undo_udev(a, spec.value);
	if (spec.value.p == NULL)
		return a->env->diag->code;
	*ret = spec;
	return 0;
}

/* A link that the program gave, or a by-id name that ends in the serial: ata-MODEL_SERIAL,
 * virtio-SERIAL. */
static bool disk_has_link(const struct cb_disk *d, struct cb_str link)
{
	for (size_t i = 0; i < d->links_n; i++)
		if (cb_str_eq(d->links[i], link))
			return true;
	if (d->serial.n == 0 || !cb_str_starts(link, CB_STR("by-id/")) ||
	    !cb_str_ends(link, d->serial))
		return false;

	char before = link.p[link.n - d->serial.n - 1];

	return before == '_' || before == '-';
}

static bool disk_matches(const struct cb_volume *v, const struct cb_devspec *spec)
{
	const struct cb_disk *d = v->disk;

	while (v->below != NULL)
		v = v->below;
	if (spec->part != 0 && v->part != spec->part)
		return false;
	if (spec->kind == CB_DEVSPEC_SERIAL)
		return cb_str_eq(d->serial, spec->value);
	return spec->kind == CB_DEVSPEC_LINK ? disk_has_link(d, spec->value) :
	       spec->kind == CB_DEVSPEC_NAME && cb_str_eq(d->name, spec->value);
}

/* What a volume has of that kind; empty for what names disks. */
static struct cb_str field(const struct cb_volume *v, enum cb_devspec_kind kind)
{
	switch (kind) {
	case CB_DEVSPEC_NAME: return v->name;
	case CB_DEVSPEC_LABEL: return v->label;
	case CB_DEVSPEC_UUID: return v->uuid;
	case CB_DEVSPEC_PARTLABEL: return v->partlabel;
	case CB_DEVSPEC_PARTUUID: return v->partuuid;
	default: return (struct cb_str){ NULL, 0 };
	}
}

static bool volume_matches(const struct cb_volume *v, const struct cb_devspec *spec)
{
	struct cb_str f = field(v, spec->kind);

	if (spec->kind == CB_DEVSPEC_DATASET)
		return cb_str_eq(v->fs_type, CB_STR("zfs")) &&
		       cb_str_eq(v->label,
				 cb_str_sub(spec->value, 0, cb_str_chr(spec->value, '/')));
	if (f.n == 0)
		return false;
	if (spec->kind == CB_DEVSPEC_UUID || spec->kind == CB_DEVSPEC_PARTUUID)
		return cb_str_ieq(f, spec->value);
	return cb_str_eq(f, spec->value);
}

static bool has_driver(const struct cb_volumes *vs, struct cb_str name)
{
	for (size_t i = 0; vs->drivers[i] != NULL; i++)
		if (cb_str_eq(cb_str_c(vs->drivers[i]->name), name))
			return true;
	return false;
}

/* "a, b, ..." into out: what the user could have meant. */
static void list_fields(const struct cb_volumes *vs, enum cb_devspec_kind kind, char out[LISTED])
{
	size_t n = 0;

	out[0] = '\0';
	for (const struct cb_volume *v = vs->volumes; v != NULL; v = v->next) {
		struct cb_str f = kind == CB_DEVSPEC_SERIAL ? v->disk->serial : field(v, kind);

		if (f.n == 0 || (kind == CB_DEVSPEC_SERIAL && v->part > 1))
			continue;
		if (f.n + 8 > LISTED - n) {
			(void)cb_fmt(out + n, LISTED - n, ", ..."); /* room was kept for it */
			return;
		}
		n += cb_fmt(out + n, LISTED - n, "%s%.*s", n > 0 ? ", " : "", CB_STR_ARG(f));
	}
}

static int none(const struct cb_volumes *vs, const struct cb_devspec *spec)
{
	char listed[LISTED];
	enum cb_devspec_kind kind = spec->kind == CB_DEVSPEC_LINK ? CB_DEVSPEC_SERIAL : spec->kind;

	if (spec->kind == CB_DEVSPEC_DATASET && !has_driver(vs, CB_STR("zfs")))
		return cb_fail(vs->env, CB_EUNSUP,
			       "dataset \"%.*s\": this program has no ZFS driver",
			       CB_STR_ARG(spec->value));
	if (vs->disks_n == 0)
		return cb_fail(vs->env, CB_ENOENT, "there is no disk");
	list_fields(vs, kind, listed);
	return cb_fail(vs->env, CB_ENOENT, "no volume is %s%.*s; there is %s",
		       kind_names[spec->kind], (int)cb_min(spec->value.n, 128), spec->value.p,
		       listed[0] != '\0' ? listed : "none of that kind");
}

/* Fill v (room for all) with the matches; returns how many, and whether they are all of one
 * disk's. */
static size_t collect(struct cb_volumes *vs, const struct cb_devspec *spec, struct cb_volume **v,
		      bool *ret_disk)
{
	const struct cb_disk *disk = NULL;
	size_t n = 0;

	*ret_disk = false;
	for (struct cb_volume *i = vs->volumes; i != NULL; i = i->next)
		if (spec->kind == CB_DEVSPEC_ANY || volume_matches(i, spec))
			v[n++] = i;
	if (n > 0)
		return n;
	for (struct cb_volume *i = vs->volumes; i != NULL; i = i->next)
		if (disk_matches(i, spec)) {
			disk = disk != NULL ? disk : i->disk;
			v[n++] = i;
		}
	*ret_disk = n > 0;
	return n;
}

int cb_devspec_resolve(struct cb_volumes *vs, const struct cb_devspec *spec,
		       struct cb_selection *ret)
{
	struct cb_selection s = { .note = { "", 0 } };
	bool by_disk;

	s.v = cb_new(&vs->arena, struct cb_volume *, vs->volumes_n + 1);
	if (s.v == NULL)
		return vs->env->diag->code;
	s.n = collect(vs, spec, s.v, &by_disk);
	if (s.n == 0)
		return none(vs, spec);

	size_t first = 1;

	while (first < s.n && (spec->kind == CB_DEVSPEC_ANY ||
			       (by_disk && s.v[first]->disk == s.v[0]->disk)))
		first++;
	if (first < s.n) {
		s.note = cb_arena_fmt(&vs->arena, "%s%.*s is on %.*s and on %.*s%s: the first is taken",
				      kind_names[spec->kind], CB_STR_ARG(spec->value),
				      CB_STR_ARG(s.v[0]->name), CB_STR_ARG(s.v[first]->name),
				      s.n - first > 1 ? " and others" : "");
		if (s.note.p == NULL)
			return vs->env->diag->code;
		s.n = first;
	}
	*ret = s;
	return 0;
}
