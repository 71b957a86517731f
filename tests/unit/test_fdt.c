/* tests/unit/test_fdt.c - reading device trees and writing them with another /chosen. */
#include "unit/check.h"

#include "core/limits.h"
#include "image/fdt.h"

#define BYTES(lit) ((struct cb_bytes){ (const uint8_t *)"" lit, sizeof(lit) - 1 })

/* A tree under construction; the strings block is fixed. */
static const char strings[] = "compatible\0bootargs\0linux,initrd-start\0linux,uefi-system-table\0kaslr-seed";
enum name { COMPATIBLE = 0, BOOTARGS = 11, INITRD_START = 20, UEFI_TABLE = 39, KASLR_SEED = 63 };

struct build {
	struct cb_buf nodes, file;
};

static void put32(struct cb_buf *b, uint32_t v)
{
	cb_be32 raw = cb_put_be32(v);

	cb_buf_add(b, &raw, sizeof(raw));
}

static void begin(struct build *b, const char *name)
{
	struct cb_str s = cb_str_c(name);

	put32(&b->nodes, 1);
	cb_buf_add(&b->nodes, s.p, s.n + 1);
	cb_buf_add(&b->nodes, "\0\0\0", (4 - (s.n + 1) % 4) % 4);
}

static void end(struct build *b)
{
	put32(&b->nodes, 2);
}

static void prop(struct build *b, enum name name, struct cb_bytes data)
{
	put32(&b->nodes, 3);
	put32(&b->nodes, (uint32_t)data.n);
	put32(&b->nodes, (uint32_t)name);
	cb_buf_add(&b->nodes, data.p, data.n);
	cb_buf_add(&b->nodes, "\0\0\0", (4 - data.n % 4) % 4);
}

static void start(struct cb_check *t, struct build *b)
{
	cb_buf_init(&b->nodes, t->env, 1u << 20);
	cb_buf_init(&b->file, t->env, 1u << 20);
}

/* Header, reservations, nodes, strings. */
static struct cb_bytes finish(struct build *b)
{
	uint32_t nodes = 40 + 32, text = nodes + (uint32_t)b->nodes.n + 4;
	const uint32_t head[] = {
		0xd00dfeed, text + (uint32_t)sizeof(strings), nodes, text, 40, 17, 16, 3,
		(uint32_t)sizeof(strings), (uint32_t)b->nodes.n + 4,
	};

	put32(&b->nodes, 9);
	b->file.n = 0;
	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		put32(&b->file, head[i]);
	cb_buf_add(&b->file, "\0\0\0\0\x40\0\0\0\0\0\0\0\0\0\x10\0", 16);
	cb_buf_add(&b->file, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	cb_buf_add(&b->file, b->nodes.p, b->nodes.n);
	cb_buf_add(&b->file, strings, sizeof(strings));
	return cb_buf_bytes(&b->file);
}

static void stop(struct build *b)
{
	cb_buf_fini(&b->nodes);
	cb_buf_fini(&b->file);
}

/* As the EFI stub of a first kernel leaves it, with NOPs and a decoy below another node. */
static struct cb_bytes typical(struct build *b)
{
	begin(b, "");
	prop(b, COMPATIBLE, BYTES("linux,dummy-virt"));
	begin(b, "memory@40000000");
	begin(b, "chosen");
	prop(b, BOOTARGS, BYTES("decoy\0"));
	end(b);
	end(b);
	put32(&b->nodes, 4);
	begin(b, "chosen");
	put32(&b->nodes, 4);
	prop(b, BOOTARGS, BYTES("old arguments\0"));
	prop(b, INITRD_START, BYTES("\0\0\0\0\x48\0\0\0"));
	prop(b, UEFI_TABLE, BYTES("\0\0\0\0\x7f\0\0\1"));
	prop(b, KASLR_SEED, BYTES("12345678"));
	begin(b, "framebuffer@0");
	prop(b, BOOTARGS, BYTES("inner\0"));
	end(b);
	end(b);
	end(b);
	return finish(b);
}

static void check_prop(struct cb_check *t, const struct cb_fdt *f, const char *path, const char *name,
		       struct cb_bytes want)
{
	struct cb_bytes got;

	CB_REQUIRE_OK(t, cb_fdt_get(t->env, f, cb_str_c(path), cb_str_c(name), &got));
	CB_CHECK_BYTES(t, got, want);
}

static void reads(struct cb_check *t)
{
	struct cb_fdt f;
	struct cb_bytes got;
	struct build b;

	start(t, &b);
	CB_REQUIRE_OK(t, cb_fdt_open(t->env, typical(&b), &f));
	check_prop(t, &f, "/", "compatible", BYTES("linux,dummy-virt"));
	check_prop(t, &f, "/chosen", "bootargs", BYTES("old arguments\0"));
	check_prop(t, &f, "/chosen/framebuffer@0", "bootargs", BYTES("inner\0"));
	check_prop(t, &f, "/memory@40000000/chosen", "bootargs", BYTES("decoy\0"));
	CB_CHECK_ERR(t, cb_fdt_get(t->env, &f, CB_STR("/chosen"), CB_STR("compatible"), &got), CB_ENOENT,
		     "no compatible in /chosen");
	CB_CHECK_ERR(t, cb_fdt_get(t->env, &f, CB_STR("/framebuffer@0"), CB_STR("bootargs"), &got),
		     CB_ENOENT, "no bootargs in /framebuffer@0");
	stop(&b);
}

static const struct cb_fdt_boot boot = {
	.bootargs = { "root=/dev/vda1 ro", 17 }, .initrd_start = 0x48000000, .initrd_end = 0x49234567,
	.rng_seed = { (const uint8_t *)"seed", 4 },
};

static void rewrites_chosen(struct cb_check *t)
{
	struct cb_fdt f, g;
	struct cb_bytes got;
	struct cb_buf out;
	struct build b;

	start(t, &b);
	cb_buf_init(&out, t->env, CB_MAX_FDT);
	CB_REQUIRE_OK(t, cb_fdt_open(t->env, typical(&b), &f));
	CB_REQUIRE_OK(t, cb_fdt_with_boot(t->env, &f, &boot, &out));
	CB_CHECK_INT(t, out.n % 8, 0);
	CB_REQUIRE_OK(t, cb_fdt_open(t->env, cb_buf_bytes(&out), &g));
	check_prop(t, &g, "/chosen", "bootargs", BYTES("root=/dev/vda1 ro\0"));
	check_prop(t, &g, "/chosen", "linux,initrd-start", BYTES("\0\0\0\0\x48\0\0\0"));
	check_prop(t, &g, "/chosen", "linux,initrd-end", BYTES("\0\0\0\0\x49\x23\x45\x67"));
	check_prop(t, &g, "/chosen", "linux,uefi-system-table", BYTES("\0\0\0\0\x7f\0\0\1"));
	check_prop(t, &g, "/chosen", "rng-seed", BYTES("seed"));
	check_prop(t, &g, "/chosen/framebuffer@0", "bootargs", BYTES("inner\0"));
	check_prop(t, &g, "/memory@40000000/chosen", "bootargs", BYTES("decoy\0"));
	CB_CHECK_ERR(t, cb_fdt_get(t->env, &g, CB_STR("/chosen"), CB_STR("kaslr-seed"), &got), CB_ENOENT,
		     "no kaslr-seed");
	CB_CHECK_BYTES(t, g.reserved, f.reserved);
	CB_CHECK_INT(t, g.boot_cpu, 3);
	cb_buf_fini(&out);
	stop(&b);
}

static void makes_chosen(struct cb_check *t)
{
	const struct cb_fdt_boot bare = { .bootargs = CB_STR("quiet") };
	struct cb_fdt f, g;
	struct cb_bytes got;
	struct cb_buf out;
	struct build b;

	start(t, &b);
	cb_buf_init(&out, t->env, CB_MAX_FDT);
	begin(&b, "");
	prop(&b, COMPATIBLE, BYTES("x"));
	end(&b);
	CB_REQUIRE_OK(t, cb_fdt_open(t->env, finish(&b), &f));
	CB_REQUIRE_OK(t, cb_fdt_with_boot(t->env, &f, &bare, &out));
	CB_REQUIRE_OK(t, cb_fdt_open(t->env, cb_buf_bytes(&out), &g));
	check_prop(t, &g, "/chosen", "bootargs", BYTES("quiet\0"));
	check_prop(t, &g, "/", "compatible", BYTES("x"));
	CB_CHECK_ERR(t, cb_fdt_get(t->env, &g, CB_STR("/chosen"), CB_STR("linux,initrd-start"), &got),
		     CB_ENOENT, "linux,initrd-start");
	cb_buf_fini(&out);
	stop(&b);
}

/* Every byte cut off, every 32-bit word made huge: an error or a tree, never a read outside. */
static void survives_damage(struct cb_check *t)
{
	struct cb_bytes file, got;
	struct cb_fdt f;
	struct cb_buf out;
	struct build b;

	start(t, &b);
	file = typical(&b);
	for (size_t n = 0; n < file.n; n++)
		CB_CHECK(t, cb_fdt_open(t->env, (struct cb_bytes){ file.p, n }, &f) < 0);
	for (size_t at = 0; at + 4 <= file.n; at += 4)
		for (unsigned v = 0; v < 2; v++) {
			uint8_t saved[4];

			memcpy(saved, file.p + at, 4);
			memset(b.file.p + at, v == 0 ? 0xff : 0x7f, 4);
			cb_buf_init(&out, t->env, CB_MAX_FDT);
			if (cb_fdt_open(t->env, file, &f) == 0 &&
			    cb_fdt_with_boot(t->env, &f, &boot, &out) == 0 &&
			    cb_fdt_open(t->env, cb_buf_bytes(&out), &f) == 0)
				CB_CHECK(t, cb_fdt_get(t->env, &f, CB_STR("/chosen"), CB_STR("bootargs"),
						       &got) <= 0);
			cb_buf_fini(&out);
			memcpy(b.file.p + at, saved, 4);
		}
	cb_clear(t->env);
	stop(&b);
}

static void refuses(struct cb_check *t)
{
	struct cb_bytes file;
	struct cb_fdt f;
	struct cb_buf out;
	struct build b;

	start(t, &b);
	cb_buf_init(&out, t->env, CB_MAX_FDT);
	CB_CHECK_ERR(t, cb_fdt_open(t->env, BYTES("hello"), &f), CB_ENOTMINE, "not a device tree");
	for (int i = 0; i < 65; i++)
		begin(&b, i == 0 ? "" : "deep");
	CB_REQUIRE_OK(t, cb_fdt_open(t->env, finish(&b), &f));
	CB_CHECK_ERR(t, cb_fdt_with_boot(t->env, &f, &boot, &out), CB_ELIMIT, "more than 64 deep");
	b.nodes.n = 0;
	prop(&b, COMPATIBLE, BYTES("x"));
	CB_REQUIRE_OK(t, cb_fdt_open(t->env, finish(&b), &f));
	CB_CHECK_ERR(t, cb_fdt_with_boot(t->env, &f, &boot, &out), CB_ECORRUPT, "outside of nodes");
	b.nodes.n = 0;
	end(&b);
	CB_REQUIRE_OK(t, cb_fdt_open(t->env, finish(&b), &f));
	CB_CHECK_ERR(t, cb_fdt_with_boot(t->env, &f, &boot, &out), CB_ECORRUPT, "never began");
	b.nodes.n = 0;
	begin(&b, "");
	CB_REQUIRE_OK(t, cb_fdt_open(t->env, finish(&b), &f));
	CB_CHECK_ERR(t, cb_fdt_with_boot(t->env, &f, &boot, &out), CB_ECORRUPT, "inside of a node");
	b.nodes.n = 0;
	file = typical(&b);
	b.file.p[23] = 2;             /* version */
	CB_CHECK_ERR(t, cb_fdt_open(t->env, file, &f), CB_EUNSUP, "version 2");
	CB_CHECK_INT(t, out.n, 0);
	cb_buf_fini(&out);
	stop(&b);
}

static int rewrite(struct cb_check *t, void *arg)
{
	struct cb_fdt f;
	struct cb_buf out;

	(void)arg;
	cb_buf_init(&out, t->env, CB_MAX_FDT);

	int r = cb_fdt_open(t->env, *(const struct cb_bytes *)arg, &f);

	if (r == 0)
		r = cb_fdt_with_boot(t->env, &f, &boot, &out);
	cb_buf_fini(&out);
	return r;
}

static void faults(struct cb_check *t)
{
	struct cb_bytes file;
	struct build b;

	start(t, &b);
	file = typical(&b);
	cb_check_faults(t, rewrite, &file, 50);
	stop(&b);
}

CB_SUITE(fdt, CB_TEST(reads), CB_TEST(rewrites_chosen), CB_TEST(makes_chosen),
	 CB_TEST(survives_damage), CB_TEST(refuses), CB_TEST(faults));
