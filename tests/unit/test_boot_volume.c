/* tests/unit/test_boot_volume.c - disks to volumes, and every form of device specification. */
#include "boot/devspec.h"
#include "core/limits.h"
#include "unit/tree.h"

static const struct tree_file etc[] = { { .path = "/etc/hostname", .text = "here\n" } };
#define ETC .files = etc, .files_n = 1

static const struct tree_part parts_a[] = {
	{ TREE_ESP, "EFI System", { .type = "vfat", .label = "EFI", .uuid = 0xab, ETC } },
	{ TREE_ROOT_X64, "root", { .type = "ext4", .label = "root", .uuid = 0xcd, ETC } },
	{ TREE_LINUX, "My Data", { .type = NULL } },
	{ TREE_LINUX, "cloud-boot-cache", { .type = "vfat", .uuid = 0x11, ETC } },
};
static const struct tree_part parts_b[] = {
	{ TREE_LINUX, "", { .type = "ext4", .label = "root", .uuid = 0xee, ETC } },
	{ TREE_LINUX,
	  "",
	  { .type = "ext4", .label = "odd", .uuid = 0xef, ETC, .claims_badly = true } },
	{ TREE_LINUX,
	  "",
	  { .type = "ext4", .label = "sick", .uuid = 0xf0, ETC, .mount_fails = true } },
};
static const struct cb_str links_b[] = { { "by-path/pci-0000:00:05.0", 24 } };
static const struct tree_disk disks[] = {
	{ "vda", NULL, parts_a, 4, { .type = NULL }, NULL, 0 },
	{ "nvme0n1", "S3R1AL", parts_b, 3, { .type = NULL }, links_b, 1 },
	{ "vdc", "whole", NULL, 0, { .type = "xfs", .label = "a b", .uuid = 0x77, ETC }, NULL, 0 },
};

static void scan(struct cb_check *t)
{
	struct tree_world w;
	struct cb_volume *v;
	char text[CB_VOLUME_TEXT];

	CB_REQUIRE_OK(t, tree_init(&w, t, disks, 3));
	CB_CHECK_INT(t, w.vs.disks_n, 3);
	CB_CHECK_INT(t, w.vs.volumes_n, 8);
	v = tree_volume(&w, "vda1");
	CB_CHECK_INT(t, v->role, CB_ROLE_ESP);
	CB_CHECK_STR(t, v->uuid, "ABAB-ABAB");
	CB_CHECK_STR(t, v->partlabel, "EFI System");
	CB_CHECK_STR(t, cb_str_c(cb_volume_text(v, text)), "vda1 (vfat, LABEL=EFI)");
	v = tree_volume(&w, "vda2");
	CB_CHECK_INT(t, v->role, CB_ROLE_ROOT);
	CB_CHECK_INT(t, v->arch, CB_ARCH_X86_64);
	CB_CHECK_INT(t, v->part, 2);
	CB_CHECK_STR(t, v->type, TREE_ROOT_X64);
	CB_CHECK_STR(t, v->uuid, "cdcdcdcd-cdcd-cdcd-cdcd-cdcdcdcdcdcd");
	CB_CHECK_STR(t, v->partuuid, "02020202-0202-0202-0202-0202020202d1");
	v = tree_volume(&w, "vda3");
	CB_CHECK_INT(t, v->fs_type.n, 0);
	CB_CHECK_INT(t, v->status, 0);
	CB_CHECK_STR(t, cb_str_c(cb_volume_text(v, text)), "vda3 (no file system)");
	CB_CHECK_ERR(t, cb_volume_mount(&w.vs, v), CB_ENOTMINE, "vda3: no file system");
	CB_CHECK_INT(t, tree_volume(&w, "vda4")->role, CB_ROLE_CACHE);
	CB_CHECK_INT(t, tree_volume(&w, "vdc")->part, 0);
	v = tree_volume(&w, "vda4");
	CB_CHECK_STR(t, cb_str_c(cb_volume_text(v, text)), "vda4 (vfat, UUID=1111-1111)");
	tree_fini(&w);
}

static void mounts(struct cb_check *t)
{
	struct tree_world w;
	struct cb_volume *v;
	struct cb_node n;

	CB_REQUIRE_OK(t, tree_init(&w, t, disks, 3));
	v = tree_volume(&w, "vda2");
	CB_REQUIRE_OK(t, cb_volume_mount(&w.vs, v));
	CB_REQUIRE_OK(t, cb_volume_mount(&w.vs, v));
	CB_CHECK_INT(t, cb_fs_open(v->fs, CB_STR("/etc/hostname"), &n), 0);
	cb_volumes_unmount(&w.vs);
	CB_CHECK(t, v->fs == NULL);
	CB_REQUIRE_OK(t, cb_volume_mount(&w.vs, v));
	/* What is broken stays broken, says so each time, and hides nothing else. */
	v = tree_volume(&w, "nvme0n1p2");
	CB_CHECK_INT(t, v->status, CB_EUNSUP);
	CB_CHECK_STR(t, v->label, "odd");
	CB_CHECK_ERR(t, cb_volume_mount(&w.vs, v), CB_EUNSUP, "feature 0x40");
	v = tree_volume(&w, "nvme0n1p3");
	CB_CHECK_INT(t, v->status, 0);
	for (unsigned i = 0; i < 2; i++)
		CB_CHECK_ERR(t, cb_volume_mount(&w.vs, v), CB_ECORRUPT,
			     "nvme0n1p3: superblock: checksum");
	CB_CHECK_INT(t, v->status, CB_ECORRUPT);
	tree_fini(&w);
}

/* What the scan has read is not read again. */
static void cached(struct cb_check *t)
{
	static const struct cb_fs_driver *const none[] = { NULL };
	static uint8_t disk[64u << 10], block[512];
	struct cb_disk_desc desc = { .name = CB_STR("vda") };
	struct cb_volumes vs;

	CB_REQUIRE_OK(t, cb_sim_blk(t->sim, disk, sizeof(disk), 512, 128, 1, &desc.blk));
	cb_volumes_init(&vs, t->env, none);
	CB_CHECK_INT(t, cb_volumes_add_disk(&vs, &desc), 0);

	uint64_t reads = t->sim->reads;

	CB_CHECK(t, reads > 0);
	for (unsigned i = 0; vs.disks != NULL && i < 16; i++)
		CB_CHECK_INT(t, cb_blk_pread(vs.disks->blk, 512 * i, block, sizeof(block)), 0);
	CB_CHECK_INT(t, t->sim->reads, reads);
	cb_volumes_fini(&vs);
	cb_blk_unref(desc.blk);
}

/* A device opened from a volume is a volume of the same disk. */
static void layers(struct cb_check *t)
{
	struct tree_world w;
	struct cb_volume *inner = NULL;

	CB_REQUIRE_OK(t, tree_init(&w, t, disks, 3));

	struct cb_volume *outer = tree_volume(&w, "vda3");

	CB_REQUIRE_OK(t, cb_volumes_add(&w.vs, outer, tree_volume(&w, "vdc")->blk,
					CB_STR("vda3 > luks"), &inner));
	CB_CHECK(t, inner->below == outer && inner->disk == outer->disk);
	CB_CHECK_STR(t, inner->fs_type, "xfs");
	CB_REQUIRE_OK(t, cb_volume_mount(&w.vs, inner));
	tree_fini(&w);
}

struct spec_row {
	const char *spec, *first;    /* first volume */
	size_t n;
	const char *note;
};

static const struct spec_row good[] = {
	{ "", "vda1", 8, "" },
	{ "  ", "vda1", 8, "" },
	{ "/dev/vda2", "vda2", 1, "" },
	{ "vda2", "vda2", 1, "" },
	{ "/dev/vda", "vda1", 4, "" },
	{ "/dev/nvme0n1p1", "nvme0n1p1", 1, "" },
	{ "/dev/vdc", "vdc", 1, "" },
	{ "LABEL=EFI", "vda1", 1, "" },
	{ "label=EFI", "vda1", 1, "" },
	{ "LABEL=\"a b\"", "vdc", 1, "" },
	{ "/dev/disk/by-label/a\\x20b", "vdc", 1, "" },
	{ "LABEL=root", "vda2", 1, "LABEL=root is on vda2 and on nvme0n1p1: the first is taken" },
	{ "UUID=ABAB-ABAB", "vda1", 1, "" },
	{ "UUID=abab-abab", "vda1", 1, "" },
	{ "UUID=CDCDCDCD-cdcd-cdcd-cdcd-cdcdcdcdcdcd", "vda2", 1, "" },
	{ "/dev/disk/by-uuid/cdcdcdcd-cdcd-cdcd-cdcd-cdcdcdcdcdcd", "vda2", 1, "" },
	{ "PARTLABEL=My Data", "vda3", 1, "" },
	{ "/dev/disk/by-partlabel/My\\x20Data", "vda3", 1, "" },
	{ "PARTUUID=03030303-0303-0303-0303-0303030303D1", "vda3", 1,
	  "PARTUUID=03030303-0303-0303-0303-"
	  "0303030303D1 is on vda3 and on nvme0n1p3: the first is taken" },
	{ "ID=S3R1AL", "nvme0n1p1", 3, "" },
	{ "ID=S3R1AL-part2", "nvme0n1p2", 1, "" },
	{ "/dev/disk/by-id/virtio-S3R1AL", "nvme0n1p1", 3, "" },
	{ "/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_S3R1AL-part3", "nvme0n1p3", 1, "" },
	{ "/dev/disk/by-path/pci-0000:00:05.0", "nvme0n1p1", 3, "" },
	{ "/dev/disk/by-path/pci-0000:00:05.0-part1", "nvme0n1p1", 1, "" },
};

static const struct { const char *spec; int code; const char *text;
} bad[] = {
	{ "/dev/vdb1", CB_ENOENT, "no volume is /dev/vdb1; there is vda1, vda2" },
	{ "LABEL=nope", CB_ENOENT,
	  "no volume is LABEL=nope; there is EFI, root, root, odd, sick, a b" },
	{ "LABEL=ROOT", CB_ENOENT, "no volume is LABEL=ROOT" },
	{ "UUID=1234", CB_ENOENT, "there is ABAB-ABAB, " },
	{ "ID=none", CB_ENOENT, "there is S3R1AL, whole" },
	{ "ID=S3R1AL-part9", CB_ENOENT, "no volume is ID=S3R1AL" },
	{ "/dev/disk/by-id/virtio-XS3R1AL", CB_ENOENT, "no volume" },
	{ "LABEL=", CB_EINVAL, "is no device" },
	{ "/dev/", CB_EINVAL, "is no device" },
	{ "/dev/disk/by-label", CB_EINVAL, "is no device" },
	{ "FOO=bar", CB_EINVAL, "is no device" },
	{ "rpool/ROOT/pve-1", CB_EUNSUP, "no ZFS driver" },
	{ "/etc/passwd", CB_EINVAL, "is no device" },
};

static int resolve(struct tree_world *w, const char *text, struct cb_selection *ret)
{
	struct cb_devspec spec;
	int r = cb_devspec_parse(&w->vs.arena, cb_str_c(text), &spec);

	return r < 0 ? r : cb_devspec_resolve(&w->vs, &spec, ret);
}

static void specs(struct cb_check *t)
{
	struct tree_world w;
	struct cb_selection s;

	CB_REQUIRE_OK(t, tree_init(&w, t, disks, 3));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (resolve(&w, good[i].spec, &s) < 0) {
			cb_check_failed(t, __FILE__, __LINE__, "%s: %s", good[i].spec,
					t->env->diag->text);
			continue;
		}
		CB_CHECK_STR(t, s.v[0]->name, good[i].first);
		CB_CHECK_INT(t, s.n, good[i].n);
		CB_CHECK_STR(t, s.note, good[i].note);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CB_CHECK_ERR(t, resolve(&w, bad[i].spec, &s), bad[i].code, bad[i].text);
	tree_fini(&w);
	CB_REQUIRE_OK(t, tree_init(&w, t, disks, 0));
	CB_CHECK_ERR(t, resolve(&w, "", &s), CB_ENOENT, "there is no disk");
	tree_fini(&w);
}

static int scenario(struct cb_check *t, void *arg)
{
	struct tree_world w;
	struct cb_selection s;
	int r = tree_init(&w, t, disks, 3);

	(void)arg;
	if (r == 0)
		r = resolve(&w, "LABEL=root", &s);
	if (r == 0)
		r = cb_volume_mount(&w.vs, s.v[0]);
	tree_fini(&w);
	return r;
}

static void faults(struct cb_check *t)
{
	cb_check_faults(t, scenario, NULL, 400);
}

static void many_disks(struct cb_check *t)
{
	struct cb_volumes vs;
	struct cb_disk_desc d = { .name = CB_STR("x") };
	static uint8_t sector[512];
	int r = 0;

	CB_REQUIRE_OK(t, cb_blk_mem(t->env, sector, sizeof(sector), 512, &d.blk));
	cb_volumes_init(&vs, t->env, tree_drivers);
	for (unsigned i = 0; i < CB_MAX_DISKS && r == 0; i++)
		r = cb_volumes_add_disk(&vs, &d);
	CB_CHECK_INT(t, r, 0);
	CB_CHECK_ERR(t, cb_volumes_add_disk(&vs, &d), CB_ELIMIT, "more than 128 disks");
	cb_volumes_fini(&vs);
	cb_blk_unref(d.blk);
}

/* Of 64 logical partitions, a sector each. */
static void make_logical(uint8_t disk[132 * 512])
{
	static const uint8_t mbr[16] = { [4] = 5, [8] = 1, [12] = 131 };

	memcpy(disk + 446, mbr, sizeof(mbr));
	for (uint8_t i = 0; i < CB_MAX_LOGICAL; i++) {
		uint8_t *ebr = disk + (1 + 2 * i) * 512;
		const uint8_t part[16] = { [4] = 0x83, [8] = 1, [12] = 1 };
		const uint8_t next[16] = { [4] = 5, [8] = (uint8_t)(2 * i + 2), [12] = 2 };

		memcpy(ebr + 446, part, sizeof(part));
		if (i + 1u < CB_MAX_LOGICAL)
			memcpy(ebr + 462, next, sizeof(next));
		ebr[510] = 0x55;
		ebr[511] = 0xaa;
	}
	disk[510] = 0x55;
	disk[511] = 0xaa;
}

/* Whatever the first disks have, the last ones get their share. */
static void many_partitions(struct cb_check *t)
{
	static uint8_t sectors[132 * 512];
	struct cb_volumes vs;
	struct cb_disk_desc d = { .name = CB_STR("x") };
	const struct cb_disk *last;
	int r = 0;

	make_logical(sectors);
	CB_REQUIRE_OK(t, cb_blk_mem(t->env, sectors, sizeof(sectors), 512, &d.blk));
	cb_volumes_init(&vs, t->env, tree_drivers);
	for (unsigned i = 0; i < CB_MAX_DISKS && r == 0; i++)
		r = cb_volumes_add_disk(&vs, &d);
	CB_CHECK_INT(t, r, 0);
	CB_CHECK_INT(t, vs.volumes_n, CB_MAX_VOLUMES);
	for (last = vs.disks; last->next != NULL; last = last->next)
		;
	CB_CHECK_INT(t, vs.disks->left_out, 0);
	CB_CHECK_INT(t, last->left_out, CB_MAX_LOGICAL - CB_KEEP_VOLUMES);
	cb_volumes_fini(&vs);
	cb_blk_unref(d.blk);
}

CB_SUITE(boot_volume, CB_TEST(scan), CB_TEST(mounts), CB_TEST(cached), CB_TEST(layers), CB_TEST(specs),
	 CB_TEST(faults), CB_TEST(many_disks), CB_TEST(many_partitions));
