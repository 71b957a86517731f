/* tests/unit/test_host_linux.c - platform/linux where it can run as an ordinary process. */
#include "unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/fmt.h"
#include "linux/kexec_load.h"
#include "linux/os.h"
#include "linux/sysdisk.h"

#define S(lit) { lit, sizeof(lit) - 1 }

static const struct {
	struct cb_disk_facts facts;
	const char *links[CB_DISK_LINKS + 1];
} disks[] = {
	{ { S("vda"), S("/sys/devices/pci0000:00/0000:00:04.0/virtio1"), S("disk 1/a"), S("0x1af4"),
	    S(""), S(""), 0, 0 },
	  { "by-path/pci-0000:00:04.0", "by-path/virtio-pci-0000:00:04.0", "by-id/virtio-disk_1_a" } },
	{ { S("vda"), S("/sys/devices/platform/a003e00.virtio_mmio/virtio1"), S(""), S(""), S(""), S(""),
	    0, 0 },
	  { "by-path/platform-a003e00.virtio_mmio", "by-path/virtio-platform-a003e00.virtio_mmio" } },
	{ { S("nvme0n1"), S("/sys/devices/pci0000:00/0000:00:1c.0/0000:01:00.0/nvme/nvme0"), S("S1"), S(""),
	    S("QEMU  NVMe Ctrl   "), S("eui.0123456789abcdef"), 1, 0 },
	  { "by-path/pci-0000:01:00.0-nvme-1", "by-id/nvme-QEMU_NVMe_Ctrl_S1",
	    "by-id/nvme-eui.0123456789abcdef" } },
	{ { S("sda"), S("/sys/devices/pci0000:00/0000:00:1f.2/ata3/host2/target2:0:0/2:0:0:0"), S("QM00005"),
	    S("ATA"), S("QEMU HARDDISK"), S("t10.ATA"), 0, 3 },
	  { "by-path/pci-0000:00:1f.2-ata-3", "by-path/pci-0000:00:1f.2-ata-3.0",
	    "by-id/ata-QEMU_HARDDISK_QM00005" } },
	{ { S("sdb"), S("/sys/devices/pci0000:00/0000:00:05.0/virtio2/host6/target6:0:0/6:0:0:1"), S("hd1"),
	    S("QEMU"), S("QEMU HARDDISK"), S("naa.5000c500a1b2c3d4"), 0, 0 },
	  { "by-path/pci-0000:00:05.0-scsi-0:0:0:1", "by-id/scsi-0QEMU_QEMU_HARDDISK_hd1",
	    "by-id/wwn-0x5000c500a1b2c3d4" } },
	{ { S("vdz"), S(""), S(""), S(""), S(""), S(""), 0, 0 }, { NULL } },
};

static void links_are_udevs(struct cb_check *t)
{
	struct cb_arena a;

	cb_arena_init(&a, t->env, 1u << 20);
	for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]); i++) {
		struct cb_str *got;
		size_t n, j = 0;

		CB_REQUIRE_OK(t, cb_disk_links(&a, &disks[i].facts, &got, &n));
		for (; j < n && disks[i].links[j] != NULL; j++)
			CB_CHECK_STR(t, got[j], disks[i].links[j]);
		CB_CHECK(t, j == n && disks[i].links[j] == NULL);
	}
	cb_arena_fini(&a);
}

static int all_links(struct cb_check *t, void *arg)
{
	struct cb_arena a;
	struct cb_str *got;
	size_t n;
	int r = 0;

	(void)arg;
	for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]) && r == 0; i++) {
		cb_arena_init(&a, t->env, 1u << 20);
		r = cb_disk_links(&a, &disks[i].facts, &got, &n);
		cb_arena_fini(&a);
	}
	return r;
}

static int this_machine(struct cb_check *t, void *arg)
{
	struct cb_sysdisk *list;
	struct cb_arena a;
	size_t n = 0;

	cb_arena_init(&a, t->env, 1u << 20);

	int r = cb_sysdisk_list(&a, &list, &n);

	for (size_t i = 0; i < n; i++)
		CB_CHECK(t, list[i].name.n > 0 && list[i].name.p[list[i].name.n] == '\0' &&
			    !cb_str_starts(list[i].name, CB_STR("loop")));
	*(size_t *)arg = n;
	cb_arena_fini(&a);
	return r;
}

static void faults(struct cb_check *t)
{
	size_t n;

	cb_check_faults(t, all_links, NULL, 100);
	if (access("/sys/block", F_OK) == 0)
		cb_check_faults(t, this_machine, &n, 100);
}

static void small_files(struct cb_check *t)
{
	char path[] = "/tmp/cb-unit-XXXXXX", text[8];
	int fd = mkstemp(path);
	struct cb_buf b;

	CB_REQUIRE(t, fd >= 0);
	(void)close(fd);
	cb_buf_init(&b, t->env, 16);
	CB_CHECK_INT(t, cb_os_text(path, text, sizeof(text)), 0);
	CB_REQUIRE_OK(t, cb_os_write(t->env, path, " a b\n\n"));
	CB_CHECK_INT(t, cb_os_textf(text, sizeof(text), "/tmp/%s", path + 5), 3);
	CB_CHECK_STR(t, cb_str_c(text), "a b");
	CB_REQUIRE_OK(t, cb_os_write(t->env, path, "0123456789abcdef"));
	CB_CHECK_INT(t, cb_os_text(path, text, sizeof(text)), 7);
	CB_REQUIRE_OK(t, cb_os_read(t->env, path, 4, &b));
	CB_CHECK_INT(t, b.n, 4);
	CB_CHECK_ERR(t, cb_os_read(t->env, path, 100, &b), CB_ELIMIT, path);
	CB_REQUIRE(t, unlink(path) == 0);
	CB_CHECK_ERR(t, cb_os_read(t->env, path, 4, &b), CB_ENOENT, path);
	CB_CHECK_ERR(t, cb_os_write(t->env, path, "x"), CB_ENOENT, path);
	CB_CHECK_INT(t, cb_os_text(path, text, sizeof(text)), 0);
	CB_CHECK_STR(t, cb_str_c(text), "");
	cb_buf_fini(&b);
}

static void kexec_files(struct cb_check *t)
{
	struct cb_bytes data = { (const uint8_t *)"kernel", 6 };
	char path[64], text[16];
	int fd;

	CB_REQUIRE_OK(t, cb_kexec_file(t->env, "kernel", data, &fd));
	CB_REQUIRE(t, cb_fmt(path, sizeof(path), "/proc/self/fd/%d", fd) < sizeof(path));
	CB_CHECK_INT(t, cb_os_text(path, text, sizeof(text)), 6);
	CB_CHECK_STR(t, cb_str_c(text), "kernel");
	(void)close(fd);
}

CB_SUITE(host_linux, CB_TEST(links_are_udevs), CB_TEST(faults), CB_TEST(small_files),
	 CB_TEST(kexec_files));
