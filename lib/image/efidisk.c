/* image/efidisk.c - what kind of disk ends a device path, and Linux's names for them. */
#include "image/efidisk.h"

#include "core/fmt.h"

enum kind { KIND_VIRTIO, KIND_NVME, KIND_SCSI, KIND_SD, KIND_OTHER };

/* UEFI 2.10, 10.3.2 and 10.3.4. */
enum { HW_PCI = 1, HW_VENDOR = 4 };
enum { MSG_ATAPI = 1, MSG_SCSI = 2, MSG_FIBRE = 3, MSG_USB = 5, MSG_LUN = 17, MSG_SATA = 18, MSG_ISCSI = 19,
       MSG_FIBRE_EX = 21, MSG_SAS_EX = 22, MSG_NVME = 23, MSG_SD = 26, MSG_EMMC = 29 };

struct pci { uint8_t function, device; };
struct nvme { cb_le32 nsid; uint8_t eui64[8]; };
_Static_assert(sizeof(struct nvme) == 12, "NVMe namespace node without header");

static enum kind kind_of(const struct cb_devnode *n)
{
	if (n->type == CB_DEVPATH_HARDWARE)
		return n->subtype == HW_PCI || n->subtype == HW_VENDOR ? KIND_VIRTIO : KIND_OTHER;
	if (n->type != CB_DEVPATH_MESSAGING)
		return KIND_OTHER;
	switch (n->subtype) {
	case MSG_NVME:
		return KIND_NVME;
	case MSG_SD:
	case MSG_EMMC:
		return KIND_SD;
	case MSG_ATAPI:
	case MSG_SCSI:
	case MSG_FIBRE:
	case MSG_USB:
	case MSG_LUN:
	case MSG_SATA:
	case MSG_ISCSI:
	case MSG_FIBRE_EX:
	case MSG_SAS_EX:
		return KIND_SCSI;
	default:
		return KIND_OTHER;
	}
}

/* The next node of a path; false at its end, or where it stops making sense. */
static bool next(struct cb_env *env, struct cb_bytes *path, struct cb_devnode *ret)
{
	if (path->n == 0)
		return false;
	if (cb_devpath_next(env, path, ret) < 0) {
		cb_clear(env);
		return false;
	}
	return ret->type != CB_DEVPATH_END;
}

/* The last node; a zeroed one when there is none. */
static struct cb_devnode last_node(struct cb_env *env, struct cb_bytes path, unsigned *ret_pci)
{
	struct cb_devnode n = { 0 }, last = { 0 };

	*ret_pci = 0;
	while (next(env, &path, &n)) {
		last = n;
		*ret_pci += n.type == CB_DEVPATH_HARDWARE && n.subtype == HW_PCI;
	}
	return last;
}

static int compare_nodes(const struct cb_devnode *a, const struct cb_devnode *b)
{
	const struct pci *p = cb_view(struct pci, a->body, 0), *q = cb_view(struct pci, b->body, 0);

	if (a->type != b->type || a->subtype != b->subtype)
		return (a->type << 8 | a->subtype) - (b->type << 8 | b->subtype);
	if (a->type == CB_DEVPATH_HARDWARE && a->subtype == HW_PCI && p != NULL && q != NULL)
		return p->device != q->device ? p->device - q->device : p->function - q->function;

	int by = memcmp(a->body.p, b->body.p, (size_t)cb_min(a->body.n, b->body.n));

	return by != 0 ? by : (a->body.n > b->body.n) - (a->body.n < b->body.n);
}

/* A bus's own devices come before those behind its bridges, as Linux adds them. */
static int compare_paths(struct cb_env *env, struct cb_bytes a, unsigned a_pci, struct cb_bytes b,
			 unsigned b_pci)
{
	struct cb_devnode m = { 0 }, n = { 0 };

	if (a_pci != b_pci)
		return a_pci < b_pci ? -1 : 1;
	for (;;) {
		bool more_a = next(env, &a, &m), more_b = next(env, &b, &n);

		if (!more_a || !more_b)
			return more_a - more_b;

		int by = compare_nodes(&m, &n);

		if (by != 0)
			return by;
	}
}

static int compare(struct cb_env *env, const struct cb_efidisk *a, const struct cb_efidisk *b)
{
	int group_a = a->cdrom ? 2 : a->removable, group_b = b->cdrom ? 2 : b->removable;
	unsigned a_pci, b_pci;
	struct cb_devnode m = last_node(env, a->path, &a_pci), n = last_node(env, b->path, &b_pci);
	enum kind kind_a = kind_of(&m), kind_b = kind_of(&n);

	if (group_a != group_b)
		return group_a - group_b;
	if (kind_a != kind_b)
		return kind_a < kind_b ? -1 : 1;
	return compare_paths(env, a->path, a_pci, b->path, b_pci);
}

/* a, b, ... z, aa, ab, ... */
static void letters(char *ret, const char *prefix, unsigned i)
{
	if (i < 26)
		(void)cb_fmt(ret, CB_EFIDISK_NAME, "%s%c", prefix, (int)('a' + i)); /* it fits */
	else
		(void)cb_fmt(ret, CB_EFIDISK_NAME, "%s%c%c", prefix, (int)('a' + i / 26 - 1),
			     (int)('a' + i % 26)); /* it fits */
}

struct counts { unsigned cdrom, virtio, nvme, scsi, sd, other; };

/* Namespaces of one controller share all nodes but the last. */
static bool same_controller(const struct cb_efidisk *a, const struct cb_efidisk *b)
{
	const size_t tail = 4 + sizeof(struct nvme) + 4; /* the namespace's node, END */

	return a->path.n == b->path.n && a->path.n > tail &&
	       memcmp(a->path.p, b->path.p, a->path.n - tail) == 0;
}

static void name_nvme(struct cb_efidisk *d, const struct cb_efidisk *before, const struct cb_devnode *n,
		      struct counts *c)
{
	const struct nvme *ns = cb_view(struct nvme, n->body, 0);

	if (before == NULL || !same_controller(before, d))
		c->nvme++;
	(void)cb_fmt(d->name, sizeof(d->name), "nvme%un%u", c->nvme - 1,
		     ns != NULL ? cb_get_le32(ns->nsid) : 1u); /* it fits */
}

static void name(struct cb_env *env, struct cb_efidisk *d, const struct cb_efidisk *before,
		 struct counts *c)
{
	unsigned pci;
	struct cb_devnode n = last_node(env, d->path, &pci);

	if (d->cdrom) {
		(void)cb_fmt(d->name, sizeof(d->name), "sr%u", c->cdrom++); /* it fits */
		return;
	}
	switch (kind_of(&n)) {
	case KIND_VIRTIO:
		letters(d->name, "vd", c->virtio++);
		return;
	case KIND_NVME:
		name_nvme(d, before, &n, c);
		return;
	case KIND_SCSI:
		letters(d->name, "sd", c->scsi++);
		return;
	case KIND_SD:
		(void)cb_fmt(d->name, sizeof(d->name), "mmcblk%u", c->sd++); /* it fits */
		return;
	case KIND_OTHER:
		break;
	}
	(void)cb_fmt(d->name, sizeof(d->name), "disk%u", c->other++); /* it fits */
}

void cb_efidisk_order(struct cb_env *env, struct cb_efidisk *v, size_t n)
{
	struct counts c = { 0 };

	/* A handful of disks: insertion sort, which keeps equals in the firmware's order. */
	for (size_t i = 1; i < n; i++) {
		struct cb_efidisk d = v[i];
		size_t j = i;

		for (; j > 0 && compare(env, &d, &v[j - 1]) < 0; j--)
			v[j] = v[j - 1];
		v[j] = d;
	}
	for (size_t i = 0; i < n; i++)
		name(env, &v[i], i > 0 ? &v[i - 1] : NULL, &c);
}
