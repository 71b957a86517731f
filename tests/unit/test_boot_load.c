/* tests/unit/test_boot_load.c - from a candidate to the bytes that are handed over. */
#include "boot/boot.h"
#include "boot/explain.h"
#include "codec/crc.h"
#include "unit/boot_kit.h"
#include "unit/tree.h"

static uint8_t bz[KIT_KERNEL], bad[KIT_KERNEL], gz[KIT_KERNEL + 64], uki[KIT_UKI_MAX],
	arm64[KIT_KERNEL];
static size_t gz_n, uki_n;

#define FILES(a) .files = a, .files_n = sizeof(a) / sizeof(a[0])
#define TEXT(path_, text_) { .path = path_, .text = text_ }

/* RFC 1952 round one stored block (RFC 1951). */
static size_t make_gzip(uint8_t *to, const uint8_t *p, size_t n)
{
	static const uint8_t head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1 };

	memcpy(to, head, sizeof(head));
	kit_le16(to, 11, (uint16_t)n);
	kit_le16(to, 13, (uint16_t)~n);
	memcpy(to + 15, p, n);
	kit_le32(to, 15 + n, ~cb_crc32(~0u, p, n));
	kit_le32(to, 19 + n, (uint32_t)n);
	return n + 23;
}

static void make(void)
{
	const struct kit_part parts[] = {
		{ ".cmdline", "uki=1", 5 }, { ".ucode", "ucode", 5 }, { ".linux", bz, KIT_KERNEL },
		{ ".initrd", "initrd", 6 }, { ".dtb", "dtb!", 4 },
	};

	kit_bzimage(bz, "6.1.0-test");
	kit_image(arm64);
	gz_n = make_gzip(gz, arm64, KIT_KERNEL);
	/* A bzImage by its header; what is said of its entry makes kexec impossible. */
	kit_bzimage(bad, "6.2.0-test");
	bad[0x234] = 0;
	uki_n = kit_uki(uki, CB_ARCH_X86_64, parts, 5);
}

struct world {
	struct tree_world w;
	struct cb_boot_plan *plan;
};

static int open_world(struct cb_check *t, struct world *o, const struct tree_file *files, size_t n,
		      const struct cb_boot_request *req)
{
	const struct tree_disk disk[] = {
		{ .name = "vda",
		  .whole = { .type = "ext4", .label = "root", .files = files, .files_n = n } },
	};
	static struct tree_disk kept[1];
	int r;

	make();
	kept[0] = disk[0];
	o->plan = NULL;
	r = tree_init(&o->w, t, kept, 1);
	return r == 0 ? cb_boot_plan_make(&o->w.vs, req, &o->plan) : r;
}

static void close_world(struct world *o)
{
	cb_boot_plan_free(o->plan);
	tree_fini(&o->w);
}

static struct cb_str text_of(const struct cb_buf *b)
{
	return (struct cb_str){ (const char *)b->p, b->n };
}

static const struct tree_file entry_files[] = {
	{ .path = "/k", .p = bz, .n = KIT_KERNEL },
	TEXT("/1", "12345"),
	TEXT("/2", "1234"),
	TEXT("/3", "x"),
	TEXT("/board.dtb", "tree"),
	TEXT("/loader/entries/a.conf", "linux /k\ninitrd /1\ninitrd /2\ninitrd /3\noptions quiet\n"
				       "devicetree /board.dtb\n"),
};

static void kernel_and_initrds(struct cb_check *t)
{
	const struct cb_boot_request req = { .arch = CB_ARCH_X86_64, .console = CB_STR("ttyS0") };
	struct cb_boot_image img;
	struct world o;

	CB_CHECK_INT(t, open_world(t, &o, entry_files, 6, &req), 0);
	/* Whoever unmounted to save memory may still load. */
	cb_volumes_unmount(&o.w.vs);
	CB_REQUIRE_OK(t, cb_boot_load(o.plan, o.plan->first, &img));
	CB_CHECK_BYTES(t, cb_buf_bytes(&img.kernel), ((struct cb_bytes){ bz, KIT_KERNEL }));
	CB_CHECK_BYTES(t, cb_buf_bytes(&img.initrd),
		       ((struct cb_bytes){ (const uint8_t *)"12345\0\0\0" "1234x\0\0\0", 16 }));
	CB_CHECK_STR(t, text_of(&img.devicetree), "tree");
	CB_CHECK_STR(t, img.cmdline, "quiet console=ttyS0");
	CB_CHECK_STR(t, cb_str_c(img.format), "bzImage");
	CB_CHECK_INT(t, img.kind, CB_BOOT_LINUX);
	CB_CHECK_INT(t, img.arch, CB_ARCH_X86_64);
	CB_CHECK_INT(t, o.plan->first->status, 0);
	cb_boot_image_fini(&img);
	close_world(&o);
}

/* Who starts the kernel decides whether it gets the entry's device tree: explain says so. */
static void unused_device_trees_are_said(struct cb_check *t)
{
	static const enum cb_hand hands[] = { CB_HAND_KEXEC, CB_HAND_EFI };

	for (unsigned i = 0; i < 2; i++) {
		const struct cb_boot_request req = { .arch = CB_ARCH_X86_64, .hand = hands[i] };
		struct cb_buf text;
		struct world o;

		CB_CHECK_INT(t, open_world(t, &o, entry_files, 6, &req), 0);
		cb_buf_init(&text, t->env, 4096);
		cb_explain_candidate(o.plan->first, &text);
		CB_CHECK(t, cb_str_find(text_of(&text), CB_STR("dtb      /board.dtb")) != SIZE_MAX);
		CB_CHECK_INT(t, cb_str_find(text_of(&text), CB_STR("warning  this device tree is not used"))
			     == SIZE_MAX, hands[i] == CB_HAND_EFI);
		cb_buf_fini(&text);
		close_world(&o);
	}
}

/* A kernel whose header looks right and isn't is skipped when it is loaded. */
static void broken_when_loaded(struct cb_check *t)
{
	static const struct tree_file files[] = {
		{ .path = "/boot/vmlinuz-6.2", .p = bad, .n = KIT_KERNEL },
		{ .path = "/boot/vmlinuz-6.1", .p = bz, .n = KIT_KERNEL },
	};
	const struct cb_boot_request req = { .arch = CB_ARCH_X86_64 };
	struct cb_boot_image img;
	struct cb_candidate *c;
	struct world o;

	CB_CHECK_INT(t, open_world(t, &o, files, 2, &req), 0);
	CB_REQUIRE_OK(t, cb_boot_next(o.plan, NULL, &c));
	CB_CHECK_STR(t, c->id, "vmlinuz-6.2");
	CB_CHECK_ERR(
		t, cb_boot_load(o.plan, c, &img), CB_EUNSUP,
		"/boot/vmlinuz-6.2 on vda (ext4, LABEL=root): a bzImage that isn't relocatable");
	CB_CHECK_INT(t, c->status, CB_EUNSUP);
	CB_CHECK_ERR(t, cb_boot_load(o.plan, c, &img), CB_EUNSUP, "isn't relocatable");
	CB_REQUIRE_OK(t, cb_boot_next(o.plan, NULL, &c));
	CB_CHECK_STR(t, c->id, "vmlinuz-6.1");
	CB_REQUIRE_OK(t, cb_boot_load(o.plan, c, &img));
	CB_CHECK_INT(t, img.initrd.n, 0);
	cb_boot_image_fini(&img);
	close_world(&o);
}

static void wrapped(struct cb_check *t)
{
	struct tree_file files[] = {
		{ .path = "/boot/vmlinuz-6.8", .p = gz, .n = KIT_KERNEL + 23 }
	};
	struct cb_boot_request req = { .arch = CB_ARCH_AARCH64 };
	struct cb_boot_image img;
	struct world o;

	CB_CHECK_INT(t, open_world(t, &o, files, 1, &req), 0);
	CB_CHECK_INT(t, gz_n, KIT_KERNEL + 23);
	CB_REQUIRE_OK(t, cb_boot_load(o.plan, o.plan->first, &img));
	CB_CHECK_BYTES(t, cb_buf_bytes(&img.kernel), ((struct cb_bytes){ arm64, KIT_KERNEL }));
	CB_CHECK_STR(t, cb_str_c(img.format), "arm64 Image in gzip");
	CB_CHECK_INT(t, img.arch, CB_ARCH_AARCH64);
	cb_boot_image_fini(&img);
	close_world(&o);
	/* This Image has no EFI stub: firmware can't start it, and only unpacking tells. */
	req.hand = CB_HAND_EFI;
	CB_CHECK_INT(t, open_world(t, &o, files, 1, &req), 0);
	CB_CHECK_INT(t, o.plan->first->status, 0);
	CB_CHECK_ERR(t, cb_boot_load(o.plan, o.plan->first, &img), CB_EUNSUP,
		     "firmware can't start it");
	close_world(&o);
	/* The wrong machine shows only when it is unpacked. */
	req = (struct cb_boot_request){ .arch = CB_ARCH_X86_64 };
	CB_CHECK_INT(t, open_world(t, &o, files, 1, &req), 0);
	CB_CHECK_ERR(t, cb_boot_load(o.plan, o.plan->first, &img), CB_EUNSUP, "for aarch64");
	close_world(&o);
}

static const struct tree_file uki_files[] = {
	{ .path = "/EFI/Linux/a+3.efi", .p = uki, .n = KIT_UKI_MAX },
	TEXT("/EFI/Linux/b.efi",
	     "this is no UKI at all, nor anything else that a machine could start up"),
};

static void uki_taken_apart(struct cb_check *t)
{
	struct cb_boot_request req = { .arch = CB_ARCH_X86_64 };
	struct cb_boot_image img;
	struct cb_candidate *c;
	struct world o;

	CB_CHECK_INT(t, open_world(t, &o, uki_files, 2, &req), 0);
	CB_CHECK(t, uki_n <= KIT_UKI_MAX);
	CB_CHECK_INT(t, o.plan->first->status, CB_ENOTMINE);
	CB_REQUIRE_OK(t, cb_boot_next(o.plan, NULL, &c));
	CB_CHECK_STR(t, c->id, "a.efi");
	CB_CHECK_INT(t, c->tries_left, 3);
	CB_REQUIRE_OK(t, cb_boot_load(o.plan, c, &img));
	CB_CHECK_BYTES(t, cb_buf_bytes(&img.kernel), ((struct cb_bytes){ bz, KIT_KERNEL }));
	CB_CHECK_BYTES(t, cb_buf_bytes(&img.initrd),
		       ((struct cb_bytes){ (const uint8_t *)"ucode\0\0\0initrd\0\0", 16 }));
	CB_CHECK_STR(t, text_of(&img.devicetree), "dtb!");
	CB_CHECK_STR(t, img.cmdline, "uki=1");
	CB_CHECK_INT(t, img.kind, CB_BOOT_LINUX);
	cb_boot_image_fini(&img);
	close_world(&o);
	/* Firmware starts it whole; then its own command line is none of our business. */
	req.hand = CB_HAND_EFI;
	CB_CHECK_INT(t, open_world(t, &o, uki_files, 2, &req), 0);
	CB_REQUIRE_OK(t, cb_boot_next(o.plan, NULL, &c));
	CB_REQUIRE_OK(t, cb_boot_load(o.plan, c, &img));
	CB_CHECK_INT(t, img.kind, CB_BOOT_UKI);
	CB_CHECK_BYTES(t, cb_buf_bytes(&img.kernel), ((struct cb_bytes){ uki, KIT_UKI_MAX }));
	CB_CHECK_INT(t, img.initrd.n, 0);
	CB_CHECK_INT(t, img.cmdline.n, 0);
	cb_boot_image_fini(&img);
	close_world(&o);
	req.cmdline = CB_STR("mine");
	req.cmdline_from = "test";
	CB_CHECK_INT(t, open_world(t, &o, uki_files, 2, &req), 0);
	CB_REQUIRE_OK(t, cb_boot_next(o.plan, NULL, &c));
	CB_REQUIRE_OK(t, cb_boot_load(o.plan, c, &img));
	CB_CHECK_STR(t, img.cmdline, "mine");
	cb_boot_image_fini(&img);
	close_world(&o);
}

static void long_line(struct cb_check *t)
{
	static const struct tree_file files[] = {
		{ .path = "/boot/vmlinuz-6.1", .p = bz, .n = KIT_KERNEL }
	};
	static char line[2049];
	struct cb_boot_request req = { .arch = CB_ARCH_X86_64, .cmdline_from = "test" };
	struct cb_boot_image img;
	struct world o;

	memset(line, 'x', sizeof(line));
	for (size_t n = 2047; n <= 2048; n++) {
		req.cmdline = (struct cb_str){ line, n };
		CB_CHECK_INT(t, open_world(t, &o, files, 1, &req), 0);
		if (n == 2047)
			CB_CHECK_INT(t, cb_boot_load(o.plan, o.plan->first, &img), 0);
		else
			CB_CHECK_ERR(t, cb_boot_load(o.plan, o.plan->first, &img), CB_ELIMIT,
				     "the command line has 2048 bytes, this kernel takes 2047");
		if (n == 2047)
			cb_boot_image_fini(&img);
		close_world(&o);
	}
}

static int scenario(struct cb_check *t, void *arg)
{
	const bool *ukis = arg;
	struct cb_boot_request req = { .arch = CB_ARCH_X86_64, .console = CB_STR("ttyS0") };
	struct cb_boot_image img;
	struct cb_candidate *c;
	struct world o;
	int r = open_world(t, &o, *ukis ? uki_files : entry_files, *ukis ? 2 : 6, &req);

	if (r == 0)
		r = cb_boot_next(o.plan, NULL, &c);
	if (r == 0)
		r = cb_boot_load(o.plan, c, &img);
	if (r == 0)
		cb_boot_image_fini(&img);
	close_world(&o);
	return r;
}

static void faults(struct cb_check *t)
{
	bool ukis = false;

	cb_check_faults(t, scenario, &ukis, 400);
	ukis = true;
	cb_check_faults(t, scenario, &ukis, 400);
}

CB_SUITE(boot_load, CB_TEST(kernel_and_initrds), CB_TEST(unused_device_trees_are_said),
	 CB_TEST(broken_when_loaded), CB_TEST(wrapped), CB_TEST(uki_taken_apart), CB_TEST(long_line),
	 CB_TEST(faults));
