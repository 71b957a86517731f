/* linux/sysdisk.c - /sys/block. */
#include "linux/sysdisk.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/fmt.h"
#include "core/limits.h"
#include "core/str.h"
#include "linux/os.h"

#define SECTOR 512u               /* of /sys/block/X/size, whatever the disk's own is */
#define VPD_HEADER 4u             /* before the serial number of SCSI VPD page 0x80 */

static uint64_t number(struct cb_str name, const char *attribute)
{
	char text[32];
	uint64_t v = 0;
	size_t n = cb_os_textf(text, sizeof(text), "/sys/block/%.*s/%s", CB_STR_ARG(name), attribute);

	return cb_str_u64((struct cb_str){ text, n }, 10, &v) ? v : 0;
}

static struct cb_str attribute(struct cb_arena *a, struct cb_str name, const char *attribute)
{
	char text[256];
	size_t n = cb_os_textf(text, sizeof(text), "/sys/block/%.*s/%s", CB_STR_ARG(name), attribute);

	return cb_arena_str(a, (struct cb_str){ text, n });
}

static struct cb_str vpd_serial(struct cb_arena *a, struct cb_str name)
{
	struct cb_str page = attribute(a, name, "device/vpd_pg80");

	return cb_str_trim(cb_str_sub(page, VPD_HEADER, SIZE_MAX));
}

/* The port of an ATA disk: .../ata3/host2/target2:0:0/2:0:0:0 says /sys/class/ata_port/ata3/port_no. */
static uint64_t ata_port(struct cb_str path)
{
	struct cb_str part;
	char text[32];
	uint64_t v;

	while (cb_str_next(&path, '/', &part)) {
		if (!cb_str_starts(part, CB_STR("ata")) || !cb_str_u64(cb_str_sub(part, 3, SIZE_MAX), 10, &v))
			continue;

		size_t n = cb_os_textf(text, sizeof(text), "/sys/class/ata_port/%.*s/port_no",
				       CB_STR_ARG(part));

		return cb_str_u64((struct cb_str){ text, n }, 10, &v) ? v : 0;
	}
	return 0;
}

static int describe(struct cb_arena *a, struct cb_sysdisk *d)
{
	char link[64];
	struct cb_disk_facts f = { .name = d->name };

	(void)cb_fmt(link, sizeof(link), "/sys/block/%.*s/device", CB_STR_ARG(d->name)); /* fits */

	char *path = realpath(link, NULL);

	f.path = cb_arena_str(a, cb_str_c(path));
	free(path);
	f.serial = attribute(a, d->name, "serial");
	if (f.serial.n == 0)
		f.serial = attribute(a, d->name, "device/serial");
	if (f.serial.n == 0)
		f.serial = vpd_serial(a, d->name);
	f.vendor = attribute(a, d->name, "device/vendor");
	f.model = attribute(a, d->name, "device/model");
	f.wwid = attribute(a, d->name, "wwid");
	if (f.wwid.n == 0)
		f.wwid = attribute(a, d->name, "device/wwid");
	f.nsid = cb_str_starts(d->name, CB_STR("nvme")) ? number(d->name, "nsid") : 0;
	f.ata_port = ata_port(f.path);
	d->serial = f.serial;
	if (f.path.p == NULL || f.serial.p == NULL)
		return CB_ENOMEM;
	return cb_disk_links(a, &f, &d->links, &d->links_n);
}

/* Behind a driver of hardware: `device` is there. Not the second path of a multipath NVMe (hidden),
 * not the boot and replay-protected areas of an eMMC, not a floppy drive, which takes seconds to say
 * that it is empty. */
static bool is_disk(struct cb_str name)
{
	struct cb_str mmc = CB_STR("mmcblk");
	char text[64];

	if (name.n == 0 || name.p[0] == '.' || name.n > 31 || cb_str_starts(name, CB_STR("fd")))
		return false;
	if (cb_str_starts(name, mmc) && (cb_str_find(name, CB_STR("boot")) != SIZE_MAX ||
					 cb_str_find(name, CB_STR("rpmb")) != SIZE_MAX))
		return false;
	if (cb_os_textf(text, sizeof(text), "/sys/block/%.*s/hidden", CB_STR_ARG(name)) > 0 && text[0] == '1')
		return false;
	(void)cb_fmt(text, sizeof(text), "/sys/block/%.*s/device", CB_STR_ARG(name)); /* 31 bytes fit */
	return access(text, F_OK) == 0;
}

static unsigned group(struct cb_str name)
{
	return cb_str_starts(name, CB_STR("sr")) ? 2 : number(name, "removable") != 0 ? 1 : 0;
}

/* Shorter names first: vdb before vdaa, nvme2n1 before nvme10n1. */
static bool comes_before(struct cb_str a, struct cb_str b)
{
	unsigned ga = group(a), gb = group(b);

	if (ga != gb)
		return ga < gb;
	if (a.n != b.n)
		return a.n < b.n;
	return cb_str_cmp(a, b) < 0;
}

static int collect(struct cb_arena *a, DIR *dir, struct cb_str *names, size_t *ret_n)
{
	const struct dirent *e;
	size_t n = 0;

	while (n < CB_MAX_DISKS && (e = readdir(dir)) != NULL) {
		struct cb_str name = cb_str_c(e->d_name);
		size_t at = n;

		if (!is_disk(name))
			continue;
		name = cb_arena_str(a, name);
		if (name.p == NULL)
			return CB_ENOMEM;
		for (; at > 0 && comes_before(name, names[at - 1]); at--)
			names[at] = names[at - 1];
		names[at] = name;
		n++;
	}
	*ret_n = n;
	return 0;
}

int cb_sysdisk_list(struct cb_arena *a, struct cb_sysdisk **ret, size_t *ret_n)
{
	struct cb_str *names = cb_new(a, struct cb_str, CB_MAX_DISKS);
	struct cb_sysdisk *disks = cb_new(a, struct cb_sysdisk, CB_MAX_DISKS);
	size_t n = 0;

	if (names == NULL || disks == NULL)
		return CB_ENOMEM;

	DIR *dir = opendir("/sys/block");

	if (dir == NULL)
		return cb_os_fail(a->env, errno, "/sys/block");

	int r = collect(a, dir, names, &n);

	(void)closedir(dir); /* nothing was written */
	for (size_t i = 0; i < n && r == 0; i++) {
		disks[i] = (struct cb_sysdisk){ .name = names[i], .size = number(names[i], "size") * SECTOR };
		r = describe(a, &disks[i]);
	}
	if (r < 0)
		return r;
	*ret = disks;
	*ret_n = n;
	return 0;
}
