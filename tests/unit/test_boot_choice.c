/* tests/unit/test_boot_choice.c - what is chosen on disks laid out as the distributions do. */
#include "boot/explain.h"
#include "core/limits.h"
#include "unit/boot_kit.h"
#include "unit/tree.h"

static uint8_t bz[KIT_KERNEL], bz_virt[KIT_KERNEL], bz_linux[KIT_KERNEL], bz_lts[KIT_KERNEL];
static uint8_t arm64[KIT_KERNEL], uki[KIT_UKI_MAX], uki_self[KIT_UKI_MAX];

#define BZ(path_) { .path = path_, .p = bz, .n = KIT_KERNEL }
#define ARM64(path_) { .path = path_, .p = arm64, .n = KIT_KERNEL }
#define TEXT(path_, text_) { .path = path_, .text = text_ }
#define LINK(path_, text_) { .path = path_, .text = text_, .link = true }
#define FILES(a) .files = a, .files_n = sizeof(a) / sizeof(a[0])
#define PARTS(a) .parts = a, .parts_n = sizeof(a) / sizeof(a[0])

static void make_kernels(void)
{
	static const char osrel[] = "NAME=Arch\nID=arch\nPRETTY_NAME=\"Arch Linux\"\nBUILD_ID=rolling\n";
	static const char line[] = "root=PARTUUID=1234 rw\n";
	const struct kit_part parts[] = {
		{ ".osrel", osrel, sizeof(osrel) - 1 }, { ".cmdline", line, sizeof(line) },
		{ ".uname", "6.13.1-arch1-1", 14 }, { ".linux", bz_linux, KIT_KERNEL },
		{ ".initrd", "uki-initrd", 10 },
	};
	const struct kit_part self[] = {
		{ ".osrel", "ID=cloud-boot\n", 14 }, { ".linux", bz, KIT_KERNEL },
	};

	kit_bzimage(bz, "");
	kit_bzimage(bz_virt, "6.12.13-0-virt");
	kit_bzimage(bz_linux, "6.13.1-arch1-1");
	kit_bzimage(bz_lts, "6.12.10-1-lts");
	kit_image(arm64);
	(void)kit_uki(uki, CB_ARCH_X86_64, parts, 5);
	(void)kit_uki(uki_self, CB_ARCH_X86_64, self, 2);
}

/* A line each: "rule kernel+initrd... @volume", "!" behind broken ones, "~" behind last resorts. */
static void summary(const struct cb_boot_plan *p, struct cb_buf *b)
{
	for (const struct cb_candidate *c = p->first; c != NULL; c = c->next) {
		cb_buf_fmt(b, "%s %.*s", c->rule, CB_STR_ARG(c->kernel.path));
		for (size_t i = 0; i < c->initrds_n; i++)
			cb_buf_fmt(b, "+%.*s", CB_STR_ARG(c->initrds[i].path));
		cb_buf_fmt(b, " @%.*s%s%s\n", CB_STR_ARG(c->kernel.volume->name), c->status < 0 ? "!" : "",
			   c->last_resort ? "~" : "");
	}
}

struct layout {
	const char *name;
	const struct tree_disk *disks;
	size_t n;
	struct cb_boot_request req;
	const char *want;            /* summary */
	const char *root, *cmdline, *from, *title;   /* of the first that boots */
};

#define REQ .console = { "ttyS0", 5 }, .arch = CB_ARCH_X86_64

/* Debian 13 genericcloud: no entries; links in / that lead into /boot. */
static const struct tree_file debian_root[] = {
	TEXT("/etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nID=debian\n"),
	LINK("/sbin/init", "/lib/systemd/systemd"),
	TEXT("/etc/fstab", "PARTUUID=x / ext4 rw 0 1\n"),
	BZ("/boot/vmlinuz-6.12.43+deb13-cloud-amd64"),
	BZ("/boot/vmlinuz-6.9.10-cloud-amd64"),
	TEXT("/boot/initrd.img-6.12.43+deb13-cloud-amd64", "new"),
	TEXT("/boot/initrd.img-6.9.10-cloud-amd64", "old"),
	TEXT("/boot/config-6.9.10-cloud-amd64", ""),
	TEXT("/boot/System.map-6.9.10-cloud-amd64", ""),
	LINK("/vmlinuz", "boot/vmlinuz-6.9.10-cloud-amd64"),
	LINK("/vmlinuz.old", "boot/vmlinuz-6.9.10-cloud-amd64"),
	LINK("/initrd.img", "boot/initrd.img-6.9.10-cloud-amd64"),
};
static const struct tree_file empty_esp[] = { TEXT("/EFI/BOOT/BOOTX64.EFI", "MZ") };
static const struct tree_part debian_parts[] = {
	{ TREE_ROOT_X64, "", { .type = "ext4", .uuid = 0x13, FILES(debian_root) } },
	{ TREE_ESP, "", { .type = "vfat", .uuid = 0x01, FILES(empty_esp) } },
};
static const struct tree_disk debian[] = { { .name = "vda", PARTS(debian_parts) } };

/* Ubuntu 24.04: /boot on its own, named by fstab; a data disk's system comes first. */
static const struct tree_file ubuntu_boot[] = {
	BZ("/vmlinuz-6.8.0-60-generic"), BZ("/vmlinuz-6.8.0-9-generic"),
	TEXT("/initrd.img-6.8.0-60-generic", "a"), TEXT("/initrd.img-6.8.0-9-generic", "b"),
	LINK("/vmlinuz", "vmlinuz-6.8.0-60-generic"), LINK("/vmlinuz.old", "vmlinuz-6.8.0-9-generic"),
	LINK("/initrd.img", "initrd.img-6.8.0-60-generic"),
	TEXT("/grub/grub.cfg", "# grub"),
};
static const struct tree_file ubuntu_root[] = {
	TEXT("/usr/lib/os-release", "PRETTY_NAME='Ubuntu 24.04.2 LTS'\n"),
	TEXT("/etc/fstab", "# <file system>\nLABEL=cloudimg-rootfs / ext4 defaults 0 1\n"
	     "LABEL=BOOT /boot ext4 defaults 0 2\nLABEL=gone /srv ext4 defaults 0 2\n"),
	TEXT("/usr/lib/systemd/systemd", "elf"),
};
static const struct tree_file other_root[] = { TEXT("/etc/os-release", "PRETTY_NAME=Other\n") };
static const struct tree_part ubuntu_parts[] = {
	{ TREE_LINUX, "", { .type = "ext4", .label = "other", .uuid = 0x20, FILES(other_root) } },
	{ TREE_LINUX, "", { .type = "ext4", .label = "cloudimg-rootfs", .uuid = 0x24, FILES(ubuntu_root) } },
	{ TREE_BOOT, "", { .type = "ext4", .label = "BOOT", .uuid = 0x25, FILES(ubuntu_boot) } },
};
static const struct tree_disk ubuntu[] = { { .name = "vda", PARTS(ubuntu_parts) } };

/* Fedora 41: entries on an ext4 /boot, root in a btrfs subvolume; its rescue entry sorts last. */
#define FEDORA_ID "4098b3f648d74c13b1f04ccfba7798e8"
static const struct tree_file fedora_boot[] = {
	TEXT("/loader/entries/" FEDORA_ID "-0-rescue.conf", "title Fedora rescue\nversion 0-rescue\n"
	     "linux /vmlinuz-0-rescue-" FEDORA_ID "\ninitrd /initramfs-0-rescue-" FEDORA_ID ".img\n"
	     "options root=UUID=44 ro rootflags=subvol=root\n"),
	TEXT("/loader/entries/" FEDORA_ID "-6.11.4-301.fc41.x86_64.conf", "title Fedora Linux (6.11.4)\n"
	     "version 6.11.4-301.fc41.x86_64\nlinux /vmlinuz-6.11.4-301.fc41.x86_64\n"
	     "initrd /initramfs-6.11.4-301.fc41.x86_64.img $tuned_initrd\n"
	     "options root=UUID=44 ro rootflags=subvol=root $tuned_params\ngrub_class fedora\n"),
	TEXT("/loader/entries/" FEDORA_ID "-6.11.10-300.fc41.x86_64.conf", "title Fedora Linux (6.11.10)\n"
	     "version 6.11.10-300.fc41.x86_64\nlinux /vmlinuz-6.11.10-300.fc41.x86_64\n"
	     "initrd /initramfs-6.11.10-300.fc41.x86_64.img\n"
	     "options root=UUID=44 ro rootflags=subvol=root no_timer_check console=tty1\n"),
	BZ("/vmlinuz-0-rescue-" FEDORA_ID), TEXT("/initramfs-0-rescue-" FEDORA_ID ".img", "r"),
	BZ("/vmlinuz-6.11.4-301.fc41.x86_64"), TEXT("/initramfs-6.11.4-301.fc41.x86_64.img", "o"),
	BZ("/vmlinuz-6.11.10-300.fc41.x86_64"), TEXT("/initramfs-6.11.10-300.fc41.x86_64.img", "n"),
	TEXT("/.vmlinuz-6.11.10-300.fc41.x86_64.hmac", "h"),
};
static const struct tree_part fedora_parts[] = {
	{ TREE_ESP, "", { .type = "vfat", .uuid = 0x41, FILES(empty_esp) } },
	{ TREE_LINUX, "", { .type = "ext4", .label = "boot", .uuid = 0x42, FILES(fedora_boot) } },
	{ TREE_ROOT_X64, "", { .type = NULL } },
};
static const struct tree_disk fedora[] = { { .name = "vda", PARTS(fedora_parts) } };

/* AlmaLinux 9: one xfs with /boot in it; entries name files from the root of the file system. */
static const struct tree_file alma_root[] = {
	TEXT("/etc/os-release", "PRETTY_NAME=\"AlmaLinux 9.5 (Teal Serval)\"\n"),
	TEXT("/boot/loader/entries/a-5.14.0-503.el9.x86_64.conf", "title AlmaLinux (5.14.0-503) 9.5\n"
	     "version 5.14.0-503.el9.x86_64\nlinux /boot/vmlinuz-5.14.0-503.el9.x86_64\n"
	     "initrd /boot/initramfs-5.14.0-503.el9.x86_64.img $tuned_initrd\noptions $kernelopts\n"),
	/* Made while /boot was a partition: the paths lack it. */
	TEXT("/boot/loader/entries/a-5.14.0-427.el9.x86_64.conf", "title AlmaLinux (5.14.0-427) 9.4\n"
	     "linux /vmlinuz-5.14.0-427.el9.x86_64\ninitrd /initramfs-5.14.0-427.el9.x86_64.img\n"
	     "options root=UUID=1 ro\n"),
	BZ("/boot/vmlinuz-5.14.0-503.el9.x86_64"), TEXT("/boot/initramfs-5.14.0-503.el9.x86_64.img", "i"),
	BZ("/boot/vmlinuz-5.14.0-427.el9.x86_64"), TEXT("/boot/initramfs-5.14.0-427.el9.x86_64.img", "i"),
	TEXT("/boot/initramfs-5.14.0-503.el9.x86_64kdump.img", "k"),
	TEXT("/etc/kernel/cmdline", "# installer\nroot=UUID=9595 ro crashkernel=1G-4G:192M\n"),
};
static const struct tree_part alma_parts[] = {
	{ TREE_LINUX, "", { .type = "xfs", .label = "root", .uuid = 0x95, FILES(alma_root) } },
};
static const struct tree_disk alma[] = { { .name = "sda", PARTS(alma_parts) } };

/* openSUSE Leap Micro 6 on arm64: links from /boot into /usr. */
static const struct tree_file suse_root[] = {
	ARM64("/usr/lib/modules/6.4.0-24-default/Image"),
	LINK("/boot/Image-6.4.0-24-default", "../usr/lib/modules/6.4.0-24-default/Image"),
	LINK("/boot/Image", "Image-6.4.0-24-default"),
	TEXT("/boot/initrd-6.4.0-24-default", "i"),
	LINK("/boot/initrd", "initrd-6.4.0-24-default"),
	TEXT("/usr/lib/os-release", "PRETTY_NAME=\"openSUSE Leap Micro 6.1\"\n"),
	LINK("/etc/os-release", "../usr/lib/os-release"),
};
static const struct tree_disk suse[] = {
	{ .name = "vda", .whole = { .type = "btrfs", .label = "ROOT", .uuid = 0x60, FILES(suse_root) } },
};

/* Alpine 3.21: no versions in names; init is busybox. */
static const struct tree_file alpine_root[] = {
	LINK("/sbin/init", "/bin/busybox"),
	{ .path = "/boot/vmlinuz-virt", .p = bz_virt, .n = KIT_KERNEL },
	{ .path = "/boot/vmlinuz-lts", .p = bz_lts, .n = KIT_KERNEL },
	TEXT("/boot/initramfs-virt", "i"), TEXT("/boot/initramfs-lts", "i"),
	LINK("/boot/boot", "."),
};
static const struct tree_disk alpine[] = {
	{ .name = "nvme0n1", .whole = { .type = "ext4", .uuid = 0x32, FILES(alpine_root) } },
};

/* Arch: the ESP is /boot; a UKI beside the files. */
static const struct tree_file arch_esp[] = {
	{ .path = "/EFI/Linux/arch-linux.efi", .p = uki, .n = KIT_UKI_MAX },
	{ .path = "/vmlinuz-linux", .p = bz_linux, .n = KIT_KERNEL },
	{ .path = "/vmlinuz-linux-lts", .p = bz_lts, .n = KIT_KERNEL },
	TEXT("/initramfs-linux.img", "i"), TEXT("/initramfs-linux-fallback.img", "f"),
	TEXT("/initramfs-linux-lts.img", "l"),
};
static const struct tree_file arch_root[] = {
	TEXT("/etc/os-release", "PRETTY_NAME=\"Arch Linux\"\n"),
	TEXT("/etc/fstab", "UUID=0505-0505 /boot vfat umask=0077 0 2\n"),
};
static const struct tree_part arch_parts[] = {
	{ TREE_ESP, "", { .type = "vfat", .uuid = 0x05, FILES(arch_esp) } },
	{ TREE_LINUX, "", { .type = "ext4", .uuid = 0x06, FILES(arch_root) } },
};
static const struct tree_disk arch[] = { { .name = "vda", PARTS(arch_parts) } };

/* Gentoo: kernel-*; an initramfs is optional; the one before is kept as .old. */
static const struct tree_file gentoo_root[] = {
	TEXT("/etc/os-release", "PRETTY_NAME=Gentoo\n"),
	BZ("/boot/kernel-6.6.62-gentoo-x86_64"), BZ("/boot/kernel-6.6.62-gentoo-x86_64.old"),
	BZ("/boot/kernel-6.6.9-gentoo-x86_64"), TEXT("/boot/initramfs-6.6.9-gentoo-x86_64.img", "i"),
};
static const struct tree_part gentoo_parts[] = {
	{ TREE_LINUX, "", { .type = "ext4", .uuid = 0x07, FILES(gentoo_root) } },
};
static const struct tree_disk gentoo[] = { { .name = "vda", PARTS(gentoo_parts) } };

/* Two installed systems, cloud-boot's own cache and its own UKI: the first disk with a system wins. */
static const struct tree_file cache[] = { { .path = "/EFI/Linux/T-a.efi", .p = uki, .n = KIT_UKI_MAX } };
static const struct tree_file self[] = {
	{ .path = "/EFI/Linux/boot.efi", .p = uki_self, .n = KIT_UKI_MAX },
};
static const struct tree_part own_parts[] = {
	{ TREE_ESP, "cloud-boot-cache", { .type = "vfat", .uuid = 0x50, FILES(cache) } },
	{ TREE_ESP, "", { .type = "vfat", .uuid = 0x51, FILES(self) } },
};
static const struct tree_disk several[] = {
	{ .name = "vda", PARTS(own_parts) }, { .name = "vdb", PARTS(gentoo_parts) },
	{ .name = "vdc", PARTS(fedora_parts) },
};

/* Ubuntu's /boot and root on two disks: only fstab ties them together. */
static const struct tree_part split_boot[] = {
	{ TREE_BOOT, "", { .type = "ext4", .label = "BOOT", .uuid = 0x25, FILES(ubuntu_boot) } },
};
static const struct tree_part split_root[] = {
	{ TREE_ROOT_X64, "", { .type = "ext4", .label = "other", .uuid = 0x20, FILES(other_root) } },
	{ TREE_LINUX, "", { .type = "ext4", .label = "r", .uuid = 0x24, FILES(ubuntu_root) } },
};
static const struct tree_disk split[] = {
	{ .name = "vda", PARTS(split_boot) }, { .name = "vdb", PARTS(split_root) },
};

static const struct layout layouts[] = {
	{ "debian", debian, 1, { REQ },
	  "files /boot/vmlinuz-6.12.43+deb13-cloud-amd64+/boot/initrd.img-6.12.43+deb13-cloud-amd64 @vda1\n"
	  "files /boot/vmlinuz-6.9.10-cloud-amd64+/boot/initrd.img-6.9.10-cloud-amd64 @vda1\n",
	  "vda1", "root=UUID=13131313-1313-1313-1313-131313131313 ro console=ttyS0",
	  "derived: the root file system is on vda1",
	  "Debian GNU/Linux 13 (trixie) (6.12.43+deb13-cloud-amd64)" },
	{ "ubuntu", ubuntu, 1, { REQ },
	  "files /vmlinuz-6.8.0-60-generic+/initrd.img-6.8.0-60-generic @vda3\n"
	  "files /vmlinuz-6.8.0-9-generic+/initrd.img-6.8.0-9-generic @vda3\n",
	  "vda2", "root=UUID=24242424-2424-2424-2424-242424242424 ro console=ttyS0",
	  "derived: the root file system is on vda2", "Ubuntu 24.04.2 LTS (6.8.0-60-generic)" },
	{ "ubuntu on two disks", split, 2, { REQ },
	  "files /vmlinuz-6.8.0-60-generic+/initrd.img-6.8.0-60-generic @vda1\n"
	  "files /vmlinuz-6.8.0-9-generic+/initrd.img-6.8.0-9-generic @vda1\n",
	  "vdb2", "root=UUID=24242424-2424-2424-2424-242424242424 ro console=ttyS0",
	  "derived: the root file system is on vdb2", "Ubuntu 24.04.2 LTS (6.8.0-60-generic)" },
	{ "ubuntu without its root", split, 1, { REQ },
	  "files /vmlinuz-6.8.0-60-generic+/initrd.img-6.8.0-60-generic @vda1\n"
	  "files /vmlinuz-6.8.0-9-generic+/initrd.img-6.8.0-9-generic @vda1\n",
	  NULL, "console=ttyS0", "nothing: no root file system was found", NULL },
	{ "fedora", fedora, 1, { REQ },
	  "entry /vmlinuz-6.11.10-300.fc41.x86_64+/initramfs-6.11.10-300.fc41.x86_64.img @vda2\n"
	  "entry /vmlinuz-6.11.4-301.fc41.x86_64+/initramfs-6.11.4-301.fc41.x86_64.img @vda2\n"
	  "entry /vmlinuz-0-rescue-" FEDORA_ID "+/initramfs-0-rescue-" FEDORA_ID ".img @vda2\n",
	  NULL, "root=UUID=44 ro rootflags=subvol=root no_timer_check console=tty1", "the entry",
	  "Fedora Linux (6.11.10)" },
	{ "alma", alma, 1, { REQ },
	  "entry /boot/vmlinuz-5.14.0-503.el9.x86_64+/boot/initramfs-5.14.0-503.el9.x86_64.img @sda1\n"
	  "entry /boot/vmlinuz-5.14.0-427.el9.x86_64+/boot/initramfs-5.14.0-427.el9.x86_64.img @sda1\n",
	  "sda1", "root=UUID=9595 ro crashkernel=1G-4G:192M console=ttyS0", "/etc/kernel/cmdline of sda1",
	  "AlmaLinux (5.14.0-503) 9.5" },
	{ "opensuse", suse, 1, { .arch = CB_ARCH_AARCH64, .console = { "ttyAMA0", 7 } },
	  "files /boot/Image-6.4.0-24-default+/boot/initrd-6.4.0-24-default @vda\n",
	  "vda", "root=UUID=60606060-6060-6060-6060-606060606060 ro console=ttyAMA0",
	  "derived: the root file system is on vda", "openSUSE Leap Micro 6.1 (6.4.0-24-default)" },
	{ "alpine", alpine, 1, { REQ },
	  "files /boot/vmlinuz-virt+/boot/initramfs-virt @nvme0n1\n"
	  "files /boot/vmlinuz-lts+/boot/initramfs-lts @nvme0n1\n",
	  "nvme0n1", "root=UUID=32323232-3232-3232-3232-323232323232 ro console=ttyS0",
	  "derived: the root file system is on nvme0n1", "vmlinuz-virt" },
	{ "arch", arch, 1, { REQ },
	  "uki /EFI/Linux/arch-linux.efi @vda1\n"
	  "files /vmlinuz-linux+/initramfs-linux.img @vda1\n"
	  "files /vmlinuz-linux-lts+/initramfs-linux-lts.img @vda1\n",
	  "vda2", "root=PARTUUID=1234 rw console=ttyS0", "the UKI", "Arch Linux" },
	{ "arch without its ESP", arch, 1, { REQ, .skip_esp = true }, "", NULL, NULL, NULL, NULL },
	{ "gentoo", gentoo, 1, { REQ },
	  "files /boot/kernel-6.6.62-gentoo-x86_64 @vda1\n"
	  "files /boot/kernel-6.6.9-gentoo-x86_64+/boot/initramfs-6.6.9-gentoo-x86_64.img @vda1\n"
	  "files /boot/kernel-6.6.62-gentoo-x86_64.old @vda1~\n",
	  "vda1", "root=PARTUUID=01010101-0101-0101-0101-0101010101d1 ro console=ttyS0",
	  "derived: the root file system is on vda1", "Gentoo (6.6.62-gentoo-x86_64)" },
	{ "several disks", several, 3, { REQ },
	  "uki /EFI/Linux/boot.efi @vda2!\n"
	  "files /boot/kernel-6.6.62-gentoo-x86_64 @vdb1\n"
	  "files /boot/kernel-6.6.9-gentoo-x86_64+/boot/initramfs-6.6.9-gentoo-x86_64.img @vdb1\n"
	  "entry /vmlinuz-6.11.10-300.fc41.x86_64+/initramfs-6.11.10-300.fc41.x86_64.img @vdc2\n"
	  "entry /vmlinuz-6.11.4-301.fc41.x86_64+/initramfs-6.11.4-301.fc41.x86_64.img @vdc2\n"
	  "entry /vmlinuz-0-rescue-" FEDORA_ID "+/initramfs-0-rescue-" FEDORA_ID ".img @vdc2\n"
	  "files /boot/kernel-6.6.62-gentoo-x86_64.old @vdb1~\n",
	  "vdb1", "root=PARTUUID=01010101-0101-0101-0101-0101010101d1 ro console=ttyS0",
	  "derived: the root file system is on vdb1", "Gentoo (6.6.62-gentoo-x86_64)" },
	{ "one disk of several", several, 3, { REQ, .device = { "/dev/vdc", 8 } },
	  "entry /vmlinuz-6.11.10-300.fc41.x86_64+/initramfs-6.11.10-300.fc41.x86_64.img @vdc2\n"
	  "entry /vmlinuz-6.11.4-301.fc41.x86_64+/initramfs-6.11.4-301.fc41.x86_64.img @vdc2\n"
	  "entry /vmlinuz-0-rescue-" FEDORA_ID "+/initramfs-0-rescue-" FEDORA_ID ".img @vdc2\n",
	  NULL, "root=UUID=44 ro rootflags=subvol=root no_timer_check console=tty1", "the entry",
	  "Fedora Linux (6.11.10)" },
	{ "one file system type", several, 3, { REQ, .fs = { "fat", 3 } },
	  "uki /EFI/Linux/boot.efi @vda2!\n", NULL, NULL, NULL, NULL },
	{ "our cache, asked for", several, 3, { REQ, .device = { "PARTLABEL=cloud-boot-cache", 26 } },
	  "uki /EFI/Linux/T-a.efi @vda1\n", NULL, "root=PARTUUID=1234 rw console=ttyS0", "the UKI",
	  "Arch Linux" },
	{ "a line that was given", debian, 1, { REQ, .cmdline = { "root=LABEL=x  quiet", 19 },
	  .cmdline_from = "cloudboot.cmdline" },
	  "files /boot/vmlinuz-6.12.43+deb13-cloud-amd64+/boot/initrd.img-6.12.43+deb13-cloud-amd64 @vda1\n"
	  "files /boot/vmlinuz-6.9.10-cloud-amd64+/boot/initrd.img-6.9.10-cloud-amd64 @vda1\n",
	  "vda1", "root=LABEL=x quiet console=ttyS0", "cloudboot.cmdline", NULL },
	{ "a path that was given", debian, 1, { REQ, .kernel = { "/vmlinuz", 8 } },
	  "path /vmlinuz+/initrd.img @vda1\n",
	  "vda1", "root=UUID=13131313-1313-1313-1313-131313131313 ro console=ttyS0", NULL, NULL },
	{ "a path below /boot on a separate one", ubuntu, 1,
	  { REQ, .kernel = { "boot/vmlinuz-6.8.0-9-generic", 28 }, .device = { "LABEL=BOOT", 10 } },
	  "path /vmlinuz-6.8.0-9-generic+/initrd.img-6.8.0-9-generic @vda3\n", "vda2",
	  "root=UUID=24242424-2424-2424-2424-242424242424 ro console=ttyS0", NULL, NULL },
};

static void check_layout(struct cb_check *t, const struct layout *l)
{
	struct tree_world w;
	struct cb_boot_plan *p = NULL;
	struct cb_candidate *c = NULL;
	struct cb_buf b;
	unsigned before = t->failures;

	cb_buf_init(&b, t->env, 1u << 16);
	CB_CHECK_INT(t, tree_init(&w, t, l->disks, l->n), 0);
	CB_CHECK_INT(t, cb_boot_plan_make(&w.vs, &l->req, &p), 0);
	if (p != NULL) {
		summary(p, &b);
		CB_CHECK_STR(t, ((struct cb_str){ (const char *)b.p, b.n }), l->want);
		if (l->cmdline == NULL) {
			CB_CHECK_INT(t, cb_boot_next(p, NULL, &c), CB_ENOENT);
		} else if (cb_boot_next(p, NULL, &c) == 0) {
			CB_CHECK_STR(t, c->cmdline, l->cmdline);
			CB_CHECK_STR(t, c->root != NULL ? c->root->name : cb_str_c(NULL), l->root);
			if (l->from != NULL)
				CB_CHECK_STR(t, c->cmdline_from, l->from);
			if (l->title != NULL)
				CB_CHECK_STR(t, c->title, l->title);
		} else {
			CB_CHECK(t, c != NULL);
		}
	}
	if (t->failures > before) {
		cb_buf_fini(&b);
		if (p != NULL)
			cb_explain_plan(p, &b);
		cb_check_failed(t, __FILE__, __LINE__, "layout \"%s\":\n%.*s", l->name, (int)b.n,
				(const char *)b.p);
	}
	cb_clear(t->env);
	cb_buf_fini(&b);
	cb_boot_plan_free(p);
	tree_fini(&w);
}

static void distributions(struct cb_check *t)
{
	make_kernels();
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		check_layout(t, &layouts[i]);
}

CB_SUITE(boot_choice, CB_TEST(distributions));
