/* boot.efi: one file that is a PE image and a disk, each checked with its own reader. */
#include "block/part.h"
#include "disk/esp.h"
#include "image/uki.h"

#include "unit/check.h"
#include "unit/pe_kit.h"

static const struct cb_uuid seed = { { 0xaa, 0xbb, 0xcc, 0xdd, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } };

static int to_memory(void *ctx, const void *p, size_t n)
{
	cb_buf_add(ctx, p, n);
	return cb_buf_status(ctx);
}

/* The outer image has the inner one's sections, elsewhere in the file and nowhere else in memory. */
static void check_pe(struct cb_check *t, const struct cb_input *in, const uint8_t *inner)
{
	struct cb_pe *pe = NULL;
	uint8_t b[0x200];
	uint32_t delta;

	CB_REQUIRE_OK(t, cb_pe_open(t->env, in, &pe));
	CB_CHECK_INT(t, pe->pe_off, 0x400);
	CB_CHECK_INT(t, pe->nsections, 3);
	CB_CHECK_INT(t, pe->arch, CB_ARCH_AARCH64);
	CB_CHECK_INT(t, pe->image_size, 0x4000);
	delta = pe->section[0].off - KIT_HEADERS;
	for (uint32_t i = 0; i < 3; i++) {
		CB_CHECK_INT(t, pe->section[i].vaddr, 0x1000 * (i + 1));
		CB_CHECK_INT(t, pe->section[i].off, delta + KIT_HEADERS + 0x200 * i);
		CB_CHECK_INT(t, cb_input_read(t->env, in, pe->section[i].off, b, 0x200), 0);
		CB_CHECK_INT(t, memcmp(b, inner + KIT_HEADERS + 0x200 * i, 0x200), 0);
	}
	/* The whole of the inner file is there, in one run. */
	CB_CHECK_INT(t, cb_input_read(t->env, in, delta, b, 0x200), 0);
	CB_CHECK_INT(t, memcmp(b, inner, 0x200), 0);
	cb_pe_close(pe);
}

static int check_disk(struct cb_check *t, const struct cb_buf *image, uint32_t sign_room)
{
	struct cb_part_table table = { 0 };
	struct cb_blk *blk = NULL;
	struct cb_arena a;
	int r = cb_blk_mem(t->env, image->p, image->n, 512, &blk);

	cb_arena_init(&a, t->env, 1 << 20);
	if (r == 0)
		r = cb_part_scan(blk, &a, &table);
	if (r == 0) {
		CB_CHECK_INT(t, table.kind, CB_PART_GPT);
		CB_CHECK_INT(t, table.notes_n, 0);
		CB_CHECK_INT(t, table.n, 1);
	}
	if (r == 0 && table.n == 1) {
		CB_CHECK_INT(t, table.parts[0].off, 64 * 512);
		CB_CHECK_INT(t, table.parts[0].size + 64 * 512 + sign_room + 33 * 512, image->n);
		CB_CHECK_STR(t, table.parts[0].label, "cloud-boot");
		CB_CHECK_INT(t, memcmp(image->p + table.parts[0].off + 54, "FAT16", 5), 0);
		CB_CHECK_INT(t, kit_get32(image->p + table.parts[0].off, 28), 64);
	}
	cb_blk_unref(blk);
	cb_arena_fini(&a);
	return r;
}

static int boot_efi_scenario(struct cb_check *t, void *arg)
{
	uint8_t *inner = cb_alloc(t->env, KIT_SIZE);
	struct cb_fat_file extra = { CB_STR("cloud-boot/cmdline"), { 0 }, false };
	struct cb_boot_efi_plan plan = {
		.efi = { .mem = inner, .size = KIT_SIZE }, .boot_name = CB_STR("BOOTAA64.EFI"),
		.bits = 16, .seed = seed, .extra = &extra, .nextra = 1,
	};
	struct cb_esp *esp = NULL;
	struct cb_pieces l;
	struct cb_buf image;
	struct cb_sink sink = { to_memory, NULL, &image };
	int r;

	plan.sign_room = *(const uint32_t *)arg;
	if (inner == NULL)
		return CB_ENOMEM;
	kit_pe(inner, CB_ARCH_AARCH64, "sbat,1\n");
	extra.data = plan.efi;
	cb_pieces_init(&l, t->env);
	cb_buf_init(&image, t->env, 4 << 20);
	r = cb_boot_efi_write(t->env, &plan, &l, &esp);
	if (r == 0)
		r = cb_pieces_write(&l, &sink);
	if (r == 0 && plan.sign_room > 0) {
		for (uint32_t i = 0; i < plan.sign_room; i++)
			cb_buf_add(&image, "s", 1);
		r = cb_boot_efi_tail(esp, &image);
	}
	if (r == 0)
		r = check_disk(t, &image, plan.sign_room);
	if (r == 0 && t->sim->fail_alloc == 0) {
		struct cb_input in = cb_input_mem(cb_buf_bytes(&image));

		check_pe(t, &in, inner);
	}
	cb_buf_fini(&image);
	cb_pieces_fini(&l);
	cb_esp_close(esp);
	cb_free(t->env, inner, KIT_SIZE);
	return r;
}

static void boot_efi(struct cb_check *t)
{
	uint32_t sign_room = 0;

	cb_check_faults(t, boot_efi_scenario, &sign_room, 200);
}

/* What is to be signed has the same two tables, once the signer has put the second one there. */
static void boot_efi_to_be_signed(struct cb_check *t)
{
	uint32_t sign_room = 1536;

	cb_check_faults(t, boot_efi_scenario, &sign_room, 200);
}

/* UEFI asks for FAT32, whose smallest volume is 33 MB; it is never in memory. */
static void boot_efi_fat32(struct cb_check *t)
{
	uint8_t *inner = cb_alloc(t->env, KIT_SIZE);
	struct cb_boot_efi_plan plan = {
		.efi = { .mem = inner, .size = KIT_SIZE }, .boot_name = CB_STR("BOOTAA64.EFI"), .seed = seed,
	};
	struct cb_esp *esp = NULL;
	struct cb_pieces l;

	CB_REQUIRE(t, inner != NULL);
	kit_pe(inner, CB_ARCH_AARCH64, "sbat,1\n");
	cb_pieces_init(&l, t->env);
	CB_REQUIRE_OK(t, cb_boot_efi_write(t->env, &plan, &l, &esp));

	struct cb_input in = cb_pieces_input(&l);

	check_pe(t, &in, inner);
	CB_CHECK_INT(t, in.size % (64 * 512), 33 * 512);
	CB_CHECK(t, in.size > 32 << 20 && in.size < 34 << 20);
	CB_CHECK(t, t->sim->peak < 256 << 10);
	cb_pieces_fini(&l);
	cb_esp_close(esp);
	cb_free(t->env, inner, KIT_SIZE);
}

static void boot_efi_refuses(struct cb_check *t)
{
	uint8_t *inner = cb_alloc(t->env, KIT_SIZE);
	struct cb_boot_efi_plan plan = {
		.efi = { .mem = inner, .size = KIT_SIZE }, .boot_name = CB_STR("BOOTAA64.EFI"), .bits = 16,
	};
	struct cb_esp *esp = NULL;
	struct cb_pieces l;

	CB_REQUIRE(t, inner != NULL);
	cb_pieces_init(&l, t->env);
	CB_CHECK_ERR(t, cb_boot_efi_write(t->env, &plan, &l, &esp), CB_ENOTMINE, "boot.efi: PE: no MZ");
	kit_pe(inner, CB_ARCH_AARCH64, "sbat,1\n");
	kit_le32(inner, KIT_TABLE + 12, 0x400);        /* .text where the headers of boot.efi will be */
	CB_CHECK_ERR(t, cb_boot_efi_write(t->env, &plan, &l, &esp), CB_EUNSUP,
		     "section .text begins at 1024");
	kit_pe(inner, CB_ARCH_AARCH64, "sbat,1\n");
	plan.nextra = 100;
	CB_CHECK_ERR(t, cb_boot_efi_write(t->env, &plan, &l, &esp), CB_ELIMIT, "100 files > 64");
	plan.nextra = 0;
	plan.sign_room = 1000;
	CB_CHECK_ERR(t, cb_boot_efi_write(t->env, &plan, &l, &esp), CB_EINVAL, "1000 bytes for a signature");
	cb_pieces_fini(&l);
	cb_free(t->env, inner, KIT_SIZE);
}

/* The cache disk: a given size, both kinds of sectors. */
static void plain_disk(struct cb_check *t)
{
	static const uint32_t sectors[] = { 512, 4096 };

	for (unsigned i = 0; i < 2; i++) {
		struct cb_fat_file dir = { CB_STR("EFI/Linux"), { 0 }, true };
		struct cb_esp_plan plan = {
			.fat = { .sector = sectors[i], .files = &dir, .nfiles = 1 }, .size = 256 << 20,
			.seed = seed, .name = CB_STR("cloud-boot-cache"),
		};
		struct cb_esp *esp = NULL;
		struct cb_pieces l;
		uint8_t b[512];

		cb_pieces_init(&l, t->env);
		CB_REQUIRE_OK(t, cb_esp_write(t->env, &plan, &l, &esp));

		struct cb_input in = cb_pieces_input(&l);

		CB_CHECK_INT(t, in.size, 256 << 20);
		CB_REQUIRE_OK(t, cb_input_read(t->env, &in, 1 << 20, b, 512));
		CB_CHECK_INT(t, b[510] | b[511] << 8, 0xaa55);
		CB_CHECK_INT(t, kit_get32(b, 28), (1 << 20) / sectors[i]);
		CB_CHECK_INT(t, kit_get32(b, 32) + b[19] + 256u * b[20], (254 << 20) / sectors[i]);
		CB_REQUIRE_OK(t, cb_input_read(t->env, &in, in.size - sectors[i], b, 512));
		CB_CHECK_INT(t, memcmp(b, "EFI PART", 8), 0);
		cb_pieces_fini(&l);
		cb_esp_close(esp);
		plan.size = 1 << 20;
		CB_CHECK_ERR(t, cb_esp_write(t->env, &plan, &l, &esp), CB_EINVAL, "a disk of 1048576 bytes");
		plan.fat.sector = 2048;
		CB_CHECK_ERR(t, cb_esp_write(t->env, &plan, &l, &esp), CB_EINVAL, "2048");
	}
}

CB_SUITE(disk_esp, CB_TEST(boot_efi), CB_TEST(boot_efi_to_be_signed), CB_TEST(boot_efi_fat32),
	 CB_TEST(boot_efi_refuses), CB_TEST(plain_disk));
