/* .modinfo of a module made here byte by byte, damaged ones, and load order. */
#include "image/kmod.h"

#include "unit/check.h"

#define SHOFF 256u

/* An ELF with sections: null, .modinfo, .shstrtab. */
static struct cb_bytes make(uint8_t elf[512], const char *info, size_t n)
{
	static const char names[] = "\0.modinfo\0.shstrtab";
	static const uint8_t head[] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };

	memset(elf, 0, 512);
	memcpy(elf, head, sizeof(head));
	elf[41] = SHOFF >> 8;
	elf[58] = 64;                   /* shentsize */
	elf[60] = 3;                    /* shnum */
	elf[62] = 2;                    /* shstrndx */
	memcpy(elf + 64, names, sizeof(names));
	memcpy(elf + 100, info, n);
	elf[SHOFF + 64] = 1;            /* .modinfo */
	elf[SHOFF + 64 + 24] = 100;
	elf[SHOFF + 64 + 32] = (uint8_t)n;
	elf[SHOFF + 128] = 10;          /* .shstrtab */
	elf[SHOFF + 128 + 24] = 64;
	elf[SHOFF + 128 + 32] = sizeof(names);
	return (struct cb_bytes){ elf, SHOFF + 192 };
}

#define INFO "license=GPL\0depends=virtio,virtio_ring\0softdep=pre: crc32c\0name=virtio_blk\0" \
	"vermagic=6.1.0 SMP"

static void reads_modinfo(struct cb_check *t)
{
	uint8_t elf[512];
	struct cb_kmod m;

	CB_REQUIRE_OK(t, cb_kmod_parse(t->env, make(elf, INFO, sizeof(INFO)), &m));
	CB_CHECK_STR(t, m.name, "virtio_blk");
	CB_CHECK_STR(t, m.depends, "virtio,virtio_ring");
	CB_CHECK_STR(t, m.softdep, "pre: crc32c");
	CB_CHECK_STR(t, m.vermagic, "6.1.0 SMP");
}

static void refuses_what_is_not_a_module(struct cb_check *t)
{
	uint8_t elf[512];
	struct cb_bytes b = make(elf, INFO, sizeof(INFO));
	struct cb_kmod m;

	CB_CHECK_ERR(t, cb_kmod_parse(t->env, (struct cb_bytes){ (const uint8_t *)"\3757zXZ", 6 }, &m),
		     CB_ENOTMINE, "not an ELF");
	elf[4] = 1;
	CB_CHECK_ERR(t, cb_kmod_parse(t->env, b, &m), CB_EUNSUP, "ELF class 1");
	elf[4] = 2;
	elf[SHOFF + 64 + 39] = 0x80;    /* .modinfo of 2^63 bytes */
	CB_CHECK_ERR(t, cb_kmod_parse(t->env, b, &m), CB_ECORRUPT, "section of");
	b = make(elf, INFO, sizeof(INFO));
	elf[SHOFF + 64] = 2;            /* "modinfo": another name */
	CB_CHECK_ERR(t, cb_kmod_parse(t->env, b, &m), CB_ECORRUPT, "no section .modinfo");
	b = make(elf, INFO, sizeof(INFO));
	elf[47] = 0xff;                 /* section headers far past the end */
	CB_CHECK_ERR(t, cb_kmod_parse(t->env, b, &m), CB_ECORRUPT, "section header 2");
}

/* Every cut of a good file is an error or the same answer, never a read past the end (ASan). */
static void survives_every_cut(struct cb_check *t)
{
	uint8_t elf[512];
	struct cb_bytes b = make(elf, INFO, sizeof(INFO));
	struct cb_kmod m;

	for (size_t n = 0; n < b.n; n++) {
		uint8_t *cut = cb_alloc(t->env, n + 1);

		CB_REQUIRE(t, cut != NULL);
		memcpy(cut, elf, n);
		CB_CHECK(t, cb_kmod_parse(t->env, (struct cb_bytes){ cut, n }, &m) < 0);
		cb_free(t->env, cut, n + 1);
	}
	cb_clear(t->env);
}

static void names_from_paths(struct cb_check *t)
{
	CB_CHECK_STR(t, cb_kmod_file_name(CB_STR("kernel/fs/fat/vfat.ko.xz")), "vfat");
	CB_CHECK_STR(t, cb_kmod_file_name(CB_STR("virtio-rng.ko")), "virtio-rng");
	CB_CHECK(t, cb_kmod_same(CB_STR("virtio-rng"), CB_STR("virtio_rng")));
	CB_CHECK(t, !cb_kmod_same(CB_STR("fat"), CB_STR("vfat")));
}

static void orders_by_depends(struct cb_check *t)
{
	const struct cb_kmod mods[] = {
		{ .name = CB_STR("virtio_blk"), .depends = CB_STR("virtio,virtio-ring") },
		{ .name = CB_STR("fat") },
		{ .name = CB_STR("virtio_ring"), .depends = CB_STR("virtio") },
		{ .name = CB_STR("a"), .depends = CB_STR("b") },
		{ .name = CB_STR("virtio"), .depends = CB_STR("not_here,virtio") },
		{ .name = CB_STR("b"), .depends = CB_STR("a") },
		{ .name = CB_STR("vfat"), .depends = CB_STR("fat") },
	};
	static const size_t want[] = { 1, 4, 6, 2, 0, 3, 5 };
	size_t got[7];

	CB_REQUIRE_OK(t, cb_kmod_order(t->env, mods, 7, got));
	for (size_t i = 0; i < 7; i++)
		CB_CHECK_INT(t, got[i], want[i]);
	t->sim->fail_alloc = 1;
	CB_CHECK_ERR(t, cb_kmod_order(t->env, mods, 7, got), CB_ENOMEM, "out of memory");
	CB_CHECK_ERR(t, cb_kmod_order(t->env, mods, 5000, got), CB_ELIMIT, "5000");
}

CB_SUITE(image_kmod, CB_TEST(reads_modinfo), CB_TEST(refuses_what_is_not_a_module),
	 CB_TEST(survives_every_cut), CB_TEST(names_from_paths), CB_TEST(orders_by_depends));
