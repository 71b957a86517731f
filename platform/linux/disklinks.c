/* linux/disklinks.c - names as udev's 60-persistent-storage.rules and path_id make them, for the buses
 * that virtual machines and servers boot from: virtio, NVMe, SATA, SCSI. */
#include "linux/sysdisk.h"

#include "core/str.h"

struct links {
	struct cb_arena *a;
	struct cb_str *v;
	size_t n;
	bool failed;
};

static void add(struct links *l, struct cb_str s)
{
	if (s.p == NULL)
		l->failed = true;
	else if (l->n < CB_DISK_LINKS)
		l->v[l->n++] = s;
}

/* What udev makes of identification text: blanks at the ends go, a run of them is one '_', and so is
 * any character that would need quoting. In place, in the arena. */
static struct cb_str clean(struct links *l, struct cb_str s)
{
	const struct cb_str fine = CB_STR("#+-.:=@_");
	struct cb_str copy = cb_arena_str(l->a, cb_str_trim(s));
	char *p = (char *)(uintptr_t)copy.p;
	size_t n = 0;

	l->failed = l->failed || p == NULL;
	for (size_t i = 0; i < copy.n; i++) {
		char c = p[i];
		bool keep = cb_is_alpha(c) || cb_is_digit(c) || cb_str_chr(fine, c) != SIZE_MAX;

		if (!keep && cb_is_blank(c) && n > 0 && p[n - 1] == '_')
			continue;
		p[n++] = keep ? c : '_';
	}
	copy.n = n;
	return copy;
}

/* 0000:00:1f.2 */
static bool is_pci_address(struct cb_str s)
{
	static const char form[] = "xxxx:xx:xx.x";

	if (s.n != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint64_t digit;

		if (form[i] == 'x' ? !cb_str_u64(cb_str_sub(s, i, 1), 16, &digit) : s.p[i] != form[i])
			return false;
	}
	return true;
}

/* H:C:T:L of a SCSI device */
static bool is_scsi_address(struct cb_str s)
{
	unsigned parts = 0;
	struct cb_str part;
	uint64_t v;

	while (cb_str_next(&s, ':', &part)) {
		if (!cb_str_u64(part, 10, &v))
			return false;
		parts++;
	}
	return parts == 4;
}

/* The bus part of path_id: "pci-0000:00:04.0", "platform-a003e00.virtio_mmio"; the last one of the path
 * counts, as bridges come before. ret_rest is what hangs below it. */
static struct cb_str bus(struct links *l, struct cb_str path, struct cb_str *ret_rest)
{
	struct cb_str found = { NULL, 0 }, part, prefix = CB_STR("");
	bool platform = false;

	*ret_rest = path;
	while (cb_str_next(&path, '/', &part)) {
		if (platform)
			prefix = CB_STR("platform-");
		else if (is_pci_address(part))
			prefix = CB_STR("pci-");
		platform = cb_str_eq(part, CB_STR("platform"));
		if (prefix.n > 0) {
			found = cb_arena_fmt(l->a, "%.*s%.*s", CB_STR_ARG(prefix), CB_STR_ARG(part));
			l->failed = l->failed || found.p == NULL;
			*ret_rest = path;
			prefix = CB_STR("");
		}
	}
	return found;
}

static void path_links(struct links *l, const struct cb_disk_facts *f)
{
	struct cb_str rest, part, at = bus(l, f->path, &rest);

	if (at.p == NULL)
		return;
	if (f->nsid > 0) {
		add(l, cb_arena_fmt(l->a, "by-path/%.*s-nvme-%llu", CB_STR_ARG(at),
				    (unsigned long long)f->nsid));
	} else if (f->ata_port > 0) {
		add(l, cb_arena_fmt(l->a, "by-path/%.*s-ata-%llu", CB_STR_ARG(at),
				    (unsigned long long)f->ata_port));
		add(l, cb_arena_fmt(l->a, "by-path/%.*s-ata-%llu.0", CB_STR_ARG(at),
				    (unsigned long long)f->ata_port));
	} else {
		bool scsi = false;

		/* path_id counts the hosts of this controller from 0: there is one. */
		while (cb_str_next(&rest, '/', &part)) {
			struct cb_str ctl = cb_str_sub(part, cb_str_chr(part, ':'), SIZE_MAX);

			if (!is_scsi_address(part))
				continue;
			add(l, cb_arena_fmt(l->a, "by-path/%.*s-scsi-0%.*s", CB_STR_ARG(at),
					    CB_STR_ARG(ctl)));
			scsi = true;
		}
		if (!scsi) {
			add(l, cb_arena_fmt(l->a, "by-path/%.*s", CB_STR_ARG(at)));
			add(l, cb_arena_fmt(l->a, "by-path/virtio-%.*s", CB_STR_ARG(at)));
		}
	}
}

static void id_links(struct links *l, const struct cb_disk_facts *f)
{
	struct cb_str serial = clean(l, f->serial), model = clean(l, f->model);
	struct cb_str vendor = clean(l, f->vendor);

	if (serial.n > 0 && cb_str_starts(f->name, CB_STR("vd")))
		add(l, cb_arena_fmt(l->a, "by-id/virtio-%.*s", CB_STR_ARG(serial)));
	else if (serial.n > 0 && f->nsid > 0)
		add(l, cb_arena_fmt(l->a, "by-id/nvme-%.*s_%.*s", CB_STR_ARG(model), CB_STR_ARG(serial)));
	else if (serial.n > 0 && f->ata_port > 0)
		add(l, cb_arena_fmt(l->a, "by-id/ata-%.*s_%.*s", CB_STR_ARG(model), CB_STR_ARG(serial)));
	else if (serial.n > 0 && vendor.n > 0)
		add(l, cb_arena_fmt(l->a, "by-id/scsi-0%.*s_%.*s_%.*s", CB_STR_ARG(vendor),
				    CB_STR_ARG(model), CB_STR_ARG(serial)));
	if (cb_str_starts(f->wwid, CB_STR("naa.")))
		add(l, cb_arena_fmt(l->a, "by-id/wwn-0x%.*s", CB_STR_ARG(cb_str_sub(f->wwid, 4, SIZE_MAX))));
	else if (f->nsid > 0 && f->wwid.n > 0)
		add(l, cb_arena_fmt(l->a, "by-id/nvme-%.*s", CB_STR_ARG(clean(l, f->wwid))));
}

int cb_disk_links(struct cb_arena *a, const struct cb_disk_facts *f, struct cb_str **ret,
		  size_t *ret_n)
{
	struct links l = { .a = a, .v = cb_new(a, struct cb_str, CB_DISK_LINKS) };

	if (l.v == NULL)
		return CB_ENOMEM;
	path_links(&l, f);
	id_links(&l, f);
	if (l.failed)
		return CB_ENOMEM;
	*ret = l.v;
	*ret_n = l.n;
	return 0;
}
