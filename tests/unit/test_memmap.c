/* tests/unit/test_memmap.c - /proc/iomem, room in memory, the layout of an arm64 kernel. */
#include "unit/check.h"

#include "core/limits.h"
#include "image/arm64_place.h"

static const char iomem[] =
	"09000000-09000fff : pl011@9000000\n"
	"  09000000-09000fff : 9000000.pl011 pl011@9000000\n"
	"40000000-4fffffff : System RAM\n"
	"  40210000-414fffff : Kernel code\n"
	"  41c00000-41ffffff : reserved\n"
	"    41c00000-41cfffff : nested\n"
	"  42000000-420fffff : reserved\n"
	"50000000-5000ffff : reserved\n"
	"50010000-5fffffff : System RAM\n"
	"  5fff0000-5fffffff : reserved\n"
	"4010000000-401fffffff : PCI ECAM\n"
	"broken line\n"
	"60000000 : System RAM\n"
	"7fffffff-70000000 : System RAM\n"
	"70000000-ffffffffffffffff : System RAM\n";

static void parses(struct cb_check *t)
{
	struct cb_memmap m;
	struct cb_arena a;

	cb_arena_init(&a, t->env, 1u << 20);
	CB_REQUIRE_OK(t, cb_memmap_parse(&a, cb_str_c(iomem), &m));
	CB_REQUIRE(t, m.ram_n == 2 && m.taken_n == 3);
	CB_CHECK_INT(t, m.ram[0].start, 0x40000000);
	CB_CHECK_INT(t, m.ram[0].end, 0x50000000);
	CB_CHECK_INT(t, m.ram[1].start, 0x50010000);
	CB_CHECK_INT(t, m.taken[0].start, 0x41c00000);
	CB_CHECK_INT(t, m.taken[2].end, 0x60000000);
	CB_CHECK_ERR(t, cb_memmap_parse(&a, CB_STR("00000000-00000000 : System RAM\n"), &m), CB_ENOENT,
		     "no System RAM");
	CB_CHECK_ERR(t, cb_memmap_parse(&a, CB_STR(""), &m), CB_ENOENT, "no System RAM");
	cb_arena_fini(&a);
}

static void finds_room(struct cb_check *t)
{
	struct cb_memmap m;
	struct cb_arena a;
	uint64_t at;

	cb_arena_init(&a, t->env, 1u << 20);
	CB_REQUIRE_OK(t, cb_memmap_parse(&a, cb_str_c(iomem), &m));
	CB_REQUIRE_OK(t, cb_memmap_take(&m, 0x1c00000, 0x200000, 0, UINT64_MAX, &at));
	CB_CHECK_INT(t, at, 0x40000000);
	CB_REQUIRE_OK(t, cb_memmap_take(&m, 0x100000, 0x200000, 0, UINT64_MAX, &at));
	CB_CHECK_INT(t, at, 0x42200000);
	CB_REQUIRE_OK(t, cb_memmap_take(&m, 0x100000, 0x10000, 0, UINT64_MAX, &at));
	CB_CHECK_INT(t, at, 0x42100000);
	CB_REQUIRE_OK(t, cb_memmap_take(&m, 0x10000, 0x10000, 0x50000000, UINT64_MAX, &at));
	CB_CHECK_INT(t, at, 0x50010000);
	CB_REQUIRE_OK(t, cb_memmap_take(&m, 0xde00000, 0x100000, 0, UINT64_MAX, &at));
	CB_CHECK_INT(t, at, 0x50100000);
	CB_CHECK_ERR(t, cb_memmap_take(&m, 0x10000000, 1, 0, UINT64_MAX, &at), CB_ENOMEM, "no 256 MiB");
	CB_CHECK_ERR(t, cb_memmap_take(&m, UINT64_MAX, 1, 0, UINT64_MAX, &at), CB_ENOMEM, "in one piece");
	CB_CHECK_ERR(t, cb_memmap_take(&m, 0x1000, 0x1000, 0x60000000, 0x70000000, &at), CB_ENOMEM, "");
	cb_arena_fini(&a);
}

static void image(uint8_t h[64], uint64_t text_offset, uint64_t size)
{
	cb_le64 text = cb_put_le64(text_offset), sz = cb_put_le64(size);

	memset(h, 0, 64);
	memcpy(h + 8, &text, 8);
	memcpy(h + 16, &sz, 8);
	memcpy(h + 56, "ARM\x64", 4);
}

static bool apart(struct cb_memrange a, struct cb_memrange b)
{
	return a.end <= b.start || b.end <= a.start;
}

static void places_arm64(struct cb_check *t)
{
	struct cb_arm64_place p;
	struct cb_memmap m;
	struct cb_arena a;
	uint8_t h[64];

	cb_arena_init(&a, t->env, 1u << 20);
	CB_REQUIRE_OK(t, cb_memmap_parse(&a, cb_str_c(iomem), &m));
	image(h, 0x80000, 0x1f00000);
	CB_REQUIRE_OK(t, cb_arm64_place(&m, (struct cb_bytes){ h, 64 }, 0x2345678, 9000, &p));
	/* 2 MiB aligned plus text_offset, where 0x1f80000 bytes meet nothing reserved. */
	CB_CHECK_INT(t, p.kernel.start, 0x42280000);
	CB_CHECK_INT(t, p.kernel.end, 0x44180000);
	CB_CHECK_INT(t, p.fdt.start % 0x200000, 0);
	CB_CHECK_INT(t, p.initrd.end - p.initrd.start, 0x2350000);
	CB_CHECK(t, apart(p.kernel, p.initrd) && apart(p.kernel, p.fdt) && apart(p.kernel, p.start) &&
		    apart(p.initrd, p.fdt) && apart(p.initrd, p.start) && apart(p.fdt, p.start));

	const cb_le64 *fdt = cb_view(cb_le64, ((struct cb_bytes){ p.code, sizeof(p.code) }), 24);
	const cb_le64 *kernel = cb_view(cb_le64, ((struct cb_bytes){ p.code, sizeof(p.code) }), 32);

	CB_CHECK_INT(t, cb_get_le64(*fdt), p.fdt.start);
	CB_CHECK_INT(t, cb_get_le64(*kernel), p.kernel.start);

	CB_REQUIRE_OK(t, cb_memmap_parse(&a, cb_str_c(iomem), &m));
	image(h, 0, 0x100000);
	CB_REQUIRE_OK(t, cb_arm64_place(&m, (struct cb_bytes){ h, 64 }, 0, 9000, &p));
	CB_CHECK_INT(t, p.kernel.start, 0x40000000);
	CB_CHECK_INT(t, p.initrd.end, 0);
	cb_arena_fini(&a);
}

static void refuses(struct cb_check *t)
{
	struct cb_arm64_place p;
	struct cb_memmap m;
	struct cb_arena a;
	uint8_t h[64];
	struct cb_bytes b = { h, 64 };

	cb_arena_init(&a, t->env, 1u << 20);
	CB_REQUIRE_OK(t, cb_memmap_parse(&a, cb_str_c(iomem), &m));
	image(h, 0, 0);
	CB_CHECK_ERR(t, cb_arm64_place(&m, b, 0, 9000, &p), CB_EUNSUP, "size 0");
	image(h, 0x200000, 0x1000000);
	CB_CHECK_ERR(t, cb_arm64_place(&m, b, 0, 9000, &p), CB_EUNSUP, "text offset 0x200000");
	image(h, 0, 0x1000000);
	CB_CHECK_ERR(t, cb_arm64_place(&m, b, 0, CB_MAX_FDT + 1, &p), CB_ELIMIT, "device tree of");
	CB_CHECK_ERR(t, cb_arm64_place(&m, b, 0x20000000, 9000, &p), CB_ENOMEM, "memory for the initrd");
	h[56] = 'x';
	CB_CHECK_ERR(t, cb_arm64_place(&m, b, 0, 9000, &p), CB_ENOTMINE, "not an arm64 Image");
	CB_CHECK_ERR(t, cb_arm64_place(&m, (struct cb_bytes){ h, 63 }, 0, 9000, &p), CB_ENOTMINE, "");
	cb_arena_fini(&a);
}

static int parse(struct cb_check *t, void *arg)
{
	struct cb_memmap m;
	struct cb_arena a;

	(void)arg;
	cb_arena_init(&a, t->env, 1u << 20);

	int r = cb_memmap_parse(&a, cb_str_c(iomem), &m);

	cb_arena_fini(&a);
	return r;
}

static void faults(struct cb_check *t)
{
	cb_check_faults(t, parse, NULL, 10);
}

CB_SUITE(memmap, CB_TEST(parses), CB_TEST(finds_room), CB_TEST(places_arm64), CB_TEST(refuses),
	 CB_TEST(faults));
