/* tests/unit/test_boot_kname.c - which files are kernels, their order, and the names of their
 * initrds. */
#include "boot/kname.h"
#include "unit/check.h"

static struct cb_kname parse(struct cb_check *t, const char *name)
{
	struct cb_kname k = { .tail = { NULL, 0 } };

	if (!cb_kname_parse(cb_str_c(name), &k))
		cb_check_failed(t, __FILE__, __LINE__, "%s is a kernel", name);
	return k;
}

static void kernels(struct cb_check *t)
{
	static const struct {
		const char *name, *version, *tail;
		enum cb_kname_class class;
	} rows[] = {
		{ "vmlinuz", "", "", CB_KNAME_ORDINARY },
		{ "vmlinuz-6.12.0-1-amd64", "6.12.0-1-amd64", "", CB_KNAME_ORDINARY },
		{ "vmlinuz-virt", "virt", "", CB_KNAME_ORDINARY },
		{ "vmlinuz-linux-lts", "linux-lts", "", CB_KNAME_ORDINARY },
		{ "Image-6.4.0-24-default", "6.4.0-24-default", "", CB_KNAME_ORDINARY },
		{ "Image.gz", "", "", CB_KNAME_ORDINARY },
		{ "kernel-6.6.13-gentoo-x86_64.efi", "6.6.13-gentoo-x86_64", "",
		  CB_KNAME_ORDINARY },
		{ "vmlinux-6.1", "6.1", "", CB_KNAME_ORDINARY },
		{ "vmlinuz.old", "", ".old", CB_KNAME_OLD },
		{ "kernel-6.6.13.efi.old", "6.6.13", ".old", CB_KNAME_OLD },
		{ "vmlinuz-6.1.bak", "6.1", ".bak", CB_KNAME_OLD },
		{ "vmlinuz-0-rescue-4098b3f6", "0-rescue-4098b3f6", "", CB_KNAME_RESCUE },
		{ "vmlinuz-6.1-KDUMP", "6.1-KDUMP", "", CB_KNAME_KDUMP },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cb_kname k = parse(t, rows[i].name);

		CB_CHECK_STR(t, k.version, rows[i].version);
		CB_CHECK_STR(t, k.tail, rows[i].tail);
		CB_CHECK_INT(t, k.class, rows[i].class);
	}
}

static void other_files(struct cb_check *t)
{
	static const char *const names[] = {
		"",
		"vmlinu",
		"vmlinuzx",
		"vmlinuz-",
		"vmlinuz-6.1.dpkg-new",
		"vmlinuz-6.1.dpkg-old",
		"vmlinuz-6.1.rpmsave",
		"vmlinuz-6.1.rpmnew",
		"vmlinuz-6.1~",
		".vmlinuz-6.1.hmac",
		"vmlinuz-6.1.hmac",
		"vmlinuz-6.1.sig",
		"initrd.img-6.1",
		"System.map-6.1",
		"config-6.1",
		"kernel-6.1.config",
		"vmlinux-6.4.0-default.xz",
		"Images",
		"kernels",
		"vmlinuz-6.1.new",
		"vmlinuz_6.1",
		"kernel.img",
		"grub",
		"lost+found",
	};
	struct cb_kname k;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (cb_kname_parse(cb_str_c(names[i]), &k))
			cb_check_failed(t, __FILE__, __LINE__, "\"%s\" is no kernel", names[i]);
}

/* Best first; each is before all that follow it. */
static void order(struct cb_check *t)
{
	static const char *const names[] = {
		"vmlinuz-6.12.0",  "vmlinuz-6.9.10",     "Image-6.9.10",    "vmlinux-6.9.10",
		"kernel-6.9.10",   "vmlinuz-6.9.9",      "vmlinuz-6.9~rc1", "vmlinuz-virt",
		"vmlinuz",         "vmlinuz-6.12.0.old", "vmlinuz-6.9.bak", "vmlinuz-9-rescue-f00",
		"vmlinuz-7-kdump",
	};
	size_t n = sizeof(names) / sizeof(names[0]);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			struct cb_kname a = parse(t, names[i]), b = parse(t, names[j]);
			int r = cb_kname_cmp(&a, &b);

			if ((r < 0) != (i < j) || (r > 0) != (i > j))
				cb_check_failed(t, __FILE__, __LINE__, "%s before %s: %d", names[i],
						names[j], r);
		}
}

static void initrds(struct cb_check *t)
{
	static const struct { const char *kernel, *initrd; bool pairs; } rows[] = {
		{ "vmlinuz-6.12.0-1-amd64", "initrd.img-6.12.0-1-amd64", true },
		{ "vmlinuz-5.14.0-503.el9.x86_64", "initramfs-5.14.0-503.el9.x86_64.img", true },
		{ "vmlinuz-0-rescue-4098", "initramfs-0-rescue-4098.img", true },
		{ "Image-6.4.0-24-default", "initrd-6.4.0-24-default", true },
		{ "vmlinuz-virt", "initramfs-virt", true },
		{ "vmlinuz-linux", "initramfs-linux.img", true },
		{ "vmlinuz-linux", "initramfs-linux-fallback.img", false },
		{ "kernel-genkernel-x86_64-6.6", "initramfs-genkernel-x86_64-6.6", true },
		{ "kernel-6.6.13-gentoo.efi", "initramfs-6.6.13-gentoo.img", true },
		{ "vmlinuz", "initrd.img", true },
		{ "vmlinuz", "initrd", true },
		{ "vmlinuz.old", "initrd.img.old", true },
		{ "vmlinuz-6.6.old", "initramfs-6.6.img.old", true },
		{ "vmlinuz-6.6.old", "initramfs-6.6.img", true },
		{ "vmlinuz-6.6", "initramfs-6.6.img.old", false },
		{ "vmlinuz-6.6", "initramfs-6.6kdump.img", false },
		{ "vmlinuz-6.6", "initrd.img", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cb_kname k = parse(t, rows[i].kernel);
		struct cb_arena a;
		struct cb_str name;
		bool found = false;

		cb_arena_init(&a, t->env, 1u << 16);
		for (unsigned j = 0; cb_kname_initrd(&a, &k, j, &name); j++)
			found = found || cb_str_eq(name, cb_str_c(rows[i].initrd));
		if (found != rows[i].pairs)
			cb_check_failed(t, __FILE__, __LINE__, "%s and %s", rows[i].kernel,
					rows[i].initrd);
		cb_arena_fini(&a);
	}
}

CB_SUITE(boot_kname, CB_TEST(kernels), CB_TEST(other_files), CB_TEST(order), CB_TEST(initrds));
