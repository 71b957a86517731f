/* tests/unit/test_efidisk.c - the firmware's disks under Linux's names. */
#include "image/efidisk.h"

#include "core/limits.h"
#include "unit/check.h"

#define ROOT  2, 1, 12, 0, 0xd0, 0x41, 0x03, 0x0a, 0, 0, 0, 0
#define PCI(dev, fn) 1, 1, 6, 0, fn, dev
#define SATA(port)   3, 18, 10, 0, port, 0, 0xff, 0xff, 0, 0
#define SCSI(id)     3, 2, 8, 0, id, 0, 0, 0
#define USB(port)    3, 5, 6, 0, port, 0
#define NVME(ns)     3, 23, 16, 0, ns, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define END          0x7f, 0xff, 4, 0

static const uint8_t virtio3[] = { ROOT, PCI(3, 0), END };
static const uint8_t virtio5[] = { ROOT, PCI(5, 0), END };
static const uint8_t virtio_behind_bridge[] = { ROOT, PCI(2, 0), PCI(0, 0), END };
static const uint8_t sata0[] = { ROOT, PCI(31, 2), SATA(0), END };
static const uint8_t sata2[] = { ROOT, PCI(31, 2), SATA(2), END };
static const uint8_t scsi1[] = { ROOT, PCI(4, 0), SCSI(1), END };
static const uint8_t usb1[] = { ROOT, PCI(6, 0), USB(1), END };
static const uint8_t nvme1[] = { ROOT, PCI(7, 0), NVME(1), END };
static const uint8_t nvme2[] = { ROOT, PCI(7, 0), NVME(2), END };
static const uint8_t nvme_other[] = { ROOT, PCI(8, 0), NVME(1), END };
static const uint8_t sd[] = { ROOT, PCI(9, 0), 3, 26, 5, 0, 0, END };
static const uint8_t ram[] = { 4, 9, 38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  0,
			       0, 0, 0,  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, END };
static const uint8_t torn[] = { ROOT, 1, 1, 200, 0 };

#define PATH(a) { (a), sizeof(a) }

static void names(struct cb_check *t)
{
	/* As a firmware may list them: by when each was connected. */
	struct cb_efidisk v[] = {
		{ .path = PATH(sata2), .removable = true, .cdrom = true },
		{ .path = PATH(usb1), .removable = true },
		{ .path = PATH(virtio_behind_bridge) },
		{ .path = PATH(virtio5) },
		{ .path = PATH(nvme_other) },
		{ .path = PATH(nvme2) },
		{ .path = PATH(sd) },
		{ .path = PATH(ram) },
		{ .path = PATH(sata0) },
		{ .path = PATH(virtio3) },
		{ .path = PATH(scsi1) },
		{ .path = PATH(nvme1) },
		{ .path = PATH(torn) },
		{ .path = { NULL, 0 } },
	};
	static const struct { const uint8_t *path; const char *name; } want[] = {
		{ virtio3, "vda" }, { virtio5, "vdb" }, { virtio_behind_bridge, "vdc" },
		{ nvme1, "nvme0n1" }, { nvme2, "nvme0n2" }, { nvme_other, "nvme1n1" },
		{ scsi1, "sda" }, { sata0, "sdb" }, { sd, "mmcblk0" },
		{ NULL, "disk0" }, { torn, "disk1" }, { ram, "disk2" },
		{ usb1, "sdc" }, { sata2, "sr0" },
	};

	cb_efidisk_order(t->env, v, sizeof(v) / sizeof(v[0]));
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		CB_CHECK(t, v[i].path.p == want[i].path);
		CB_CHECK_STR(t, cb_str_c(v[i].name), want[i].name);
	}
}

static void many(struct cb_check *t)
{
	static uint8_t paths[60][sizeof(virtio3)];
	static struct cb_efidisk v[60];

	for (uint32_t i = 0; i < 60; i++) {
		memcpy(paths[i], virtio3, sizeof(virtio3));
		paths[i][17] = (uint8_t)(59 - i); /* the device number */
		v[i] = (struct cb_efidisk){ .path = { paths[i], sizeof(virtio3) }, .tag = i };
	}
	cb_efidisk_order(t->env, v, 60);
	CB_CHECK_INT(t, v[0].tag, 59);
	CB_CHECK_STR(t, cb_str_c(v[0].name), "vda");
	CB_CHECK_STR(t, cb_str_c(v[25].name), "vdz");
	CB_CHECK_STR(t, cb_str_c(v[26].name), "vdaa");
	CB_CHECK_STR(t, cb_str_c(v[59].name), "vdbh");
}

CB_SUITE(efidisk, CB_TEST(names), CB_TEST(many));
