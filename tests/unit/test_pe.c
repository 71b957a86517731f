/* PE32+ headers: what is read, what is refused and how it is said, what appending changes. */
#include "image/pe.h"

#include "unit/check.h"
#include "unit/pe_kit.h"

struct fixture {
	uint8_t *p;                      /* KIT_SIZE bytes */
	struct cb_input in;
	struct cb_pe *pe;
};

static bool set_up(struct cb_check *t, struct fixture *f)
{
	*f = (struct fixture){ .p = cb_alloc(t->env, KIT_SIZE) };
	if (f->p == NULL)
		return false;
	kit_pe(f->p, CB_ARCH_X86_64, "sbat,1\n");
	f->in = cb_input_mem((struct cb_bytes){ f->p, KIT_SIZE });
	return true;
}

static void tear_down(struct cb_check *t, struct fixture *f)
{
	cb_pe_close(f->pe);
	cb_free(t->env, f->p, KIT_SIZE);
}

static void reads_headers(struct cb_check *t)
{
	struct fixture f;
	char c[8];

	CB_REQUIRE(t, set_up(t, &f));
	kit_le32(f.p, KIT_OPT + 112 + 32, KIT_SIZE - 0x200);  /* certificates: they may lie in a section */
	kit_le32(f.p, KIT_OPT + 112 + 36, 0x200);
	CB_REQUIRE_OK(t, cb_pe_open(t->env, &f.in, &f.pe));
	CB_CHECK_INT(t, f.pe->arch, CB_ARCH_X86_64);
	CB_CHECK_INT(t, f.pe->nsections, 3);
	CB_CHECK_INT(t, f.pe->subsystem, CB_PE_SUBSYSTEM_EFI_APP);
	CB_CHECK_INT(t, f.pe->headers_size, KIT_HEADERS);
	CB_CHECK_INT(t, f.pe->image_size, 0x4000);
	CB_CHECK_INT(t, f.pe->cert_off, KIT_SIZE - 0x200);
	CB_CHECK_INT(t, f.pe->cert_size, 0x200);
	CB_CHECK_INT(t, f.pe->checksum_off, KIT_OPT + 64);
	CB_CHECK_INT(t, f.pe->cert_dir_off, KIT_OPT + 112 + 32);

	const struct cb_pe_section *s = cb_pe_find(f.pe, CB_STR(".sbat"));

	CB_REQUIRE(t, s != NULL);
	CB_CHECK(t, cb_pe_find(f.pe, CB_STR(".sba")) == NULL);
	CB_CHECK(t, cb_pe_find(f.pe, CB_STR(".sbat2")) == NULL);

	struct cb_input in = cb_pe_content(f.pe, s);

	CB_CHECK_INT(t, in.size, 7);                   /* VirtualSize < SizeOfRawData */
	CB_REQUIRE_OK(t, cb_input_read(t->env, &in, 0, c, 7));
	CB_CHECK_STR(t, ((struct cb_str){ c, 7 }), "sbat,1\n");
	tear_down(t, &f);
}

static void virtual_size_counts(struct cb_check *t)
{
	static const uint32_t vsize[] = { 0, 1, 0x200, 0x201, 0x900 };
	static const uint32_t want[] = { 0x200, 1, 0x200, 0x200, 0x200 };

	for (unsigned i = 0; i < 5; i++) {
		struct fixture f;

		CB_REQUIRE(t, set_up(t, &f));
		kit_section(f.p, 1, ".data", vsize[i]);
		CB_REQUIRE_OK(t, cb_pe_open(t->env, &f.in, &f.pe));
		CB_CHECK_INT(t, cb_pe_content(f.pe, &f.pe->section[1]).size, want[i]);
		CB_CHECK_INT(t, f.pe->section[1].vsize, vsize[i] > 0 ? vsize[i] : 0x200);
		tear_down(t, &f);
	}
}

/* One field wrong at a time: where, width, value, the error and what the report says. */
static const struct {
	unsigned at, width;
	uint32_t value;
	int code;
	const char *text;
} damage[] = {
	{ 0, 2, 0x4d5a, CB_ENOTMINE, "no MZ" },
	{ 0x3c, 4, 0xfffffff0, CB_ENOTMINE, "header at 4294967280" },
	{ 0x3c, 4, KIT_SIZE - 8, CB_ENOTMINE, "of 2048 bytes" },
	{ KIT_LFANEW, 4, 0x00004551, CB_ENOTMINE, "magic 0x00004551 at 64" },
	{ KIT_COFF + 2, 2, 97, CB_ELIMIT, "97 sections > 96" },
	{ KIT_COFF + 2, 2, 90, CB_ECORRUPT, "section table ends at" },
	{ KIT_COFF + 16, 2, 239, CB_ECORRUPT, "16 data directories in a header of 239 bytes" },
	{ KIT_COFF + 16, 2, 0xffff, CB_ECORRUPT, "section table ends at" },
	{ KIT_OPT, 2, 0x10b, CB_EUNSUP, "32-bit" },
	{ KIT_OPT, 2, 0x107, CB_ECORRUPT, "magic 0x107" },
	{ KIT_OPT + 32, 4, 0, CB_ECORRUPT, "section alignment 0" },
	{ KIT_OPT + 36, 4, 0x300, CB_ECORRUPT, "file alignment 768" },
	{ KIT_OPT + 36, 4, 0x20000, CB_ECORRUPT, "file alignment 131072" },
	{ KIT_OPT + 60, 4, KIT_SIZE + 1, CB_ECORRUPT, "headers at 2049, the file at 2048" },
	{ KIT_OPT + 60, 4, 0x10001, CB_ELIMIT, "65537 bytes of headers > 65536" },
	{ KIT_OPT + 60, 4, KIT_TABLE + 119, CB_ECORRUPT, "section table ends at" },
	{ KIT_OPT + 108, 4, 17, CB_ECORRUPT, "17 data directories" },
	{ KIT_OPT + 108, 4, 0xffffffff, CB_ECORRUPT, "data directories" },
	{ KIT_OPT + 112 + 36, 4, 1, CB_ECORRUPT, "certificates at 0+1" },
	{ KIT_TABLE + 40 + 8, 4, 0xfffff000, CB_ECORRUPT, "section 1 (.data) at address 0x2000" },
	{ KIT_TABLE + 40 + 16, 4, 0xffffffff, CB_ECORRUPT, "section 1 (.data) at 1024+4294967295" },
	{ KIT_TABLE + 80 + 16, 4, 0x201, CB_ECORRUPT, "section 2 (.sbat) at 1536+513" },
	{ KIT_TABLE + 40 + 20, 4, KIT_HEADERS + 1, CB_ECORRUPT, "overlap" },
	{ KIT_TABLE + 40 + 20, 4, 0xfffffe00, CB_ECORRUPT, "section 1 (.data)" },
};

static void refuses_damage(struct cb_check *t)
{
	for (unsigned i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		struct fixture f;

		CB_REQUIRE(t, set_up(t, &f));
		if (damage[i].width == 2)
			kit_le16(f.p, damage[i].at, (uint16_t)damage[i].value);
		else
			kit_le32(f.p, damage[i].at, damage[i].value);
		CB_CHECK_ERR(t, cb_pe_open(t->env, &f.in, &f.pe), damage[i].code, damage[i].text);
		tear_down(t, &f);
	}
}

static void refuses_every_truncation(struct cb_check *t)
{
	struct fixture f;

	CB_REQUIRE(t, set_up(t, &f));
	for (size_t n = 0; n < KIT_SIZE; n++) {
		f.in = cb_input_mem((struct cb_bytes){ f.p, n });

		int r = cb_pe_open(t->env, &f.in, &f.pe);

		CB_CHECK(t, r == CB_ENOTMINE || r == CB_ECORRUPT);
	}
	tear_down(t, &f);
}

struct collect { uint8_t p[16384]; size_t n; };

static int collect_write(void *ctx, const void *p, size_t n)
{
	struct collect *c = ctx;

	if (n > sizeof(c->p) - c->n)
		return CB_ELIMIT;
	memcpy(c->p + c->n, p, n);
	c->n += n;
	return 0;
}

static int append(struct cb_check *t, const struct cb_pe *pe, const struct cb_pe_add *add, size_t n,
		  struct collect *ret)
{
	struct cb_pieces l;
	struct cb_sink sink = { collect_write, NULL, ret };
	int r;

	cb_pieces_init(&l, t->env);
	r = cb_pe_append(pe, add, n, CB_PE_NX_COMPAT, &l);
	if (r == 0)
		r = cb_pieces_write(&l, &sink);
	cb_pieces_fini(&l);
	return r;
}

static struct cb_input text(const char *s)
{
	struct cb_str v = cb_str_c(s);

	return cb_input_mem((struct cb_bytes){ (const uint8_t *)v.p, v.n });
}

static int append_scenario(struct cb_check *t, void *arg)
{
	struct fixture *f = arg;
	struct collect *out = cb_alloc(t->env, sizeof(*out));
	const struct cb_pe_add add[] = {
		{ CB_STR(".sbat"), text("sbat,2\nmore,1\n"), CB_PE_DATA, true },
		{ CB_STR(".osrel"), text("ID=x\n"), CB_PE_DATA, true },
		{ CB_STR(".linux"), text("kernel"), CB_PE_CODE, true },
	};
	struct cb_pe *again = NULL;
	int r;

	if (out == NULL)
		return CB_ENOMEM;
	r = cb_pe_open(t->env, &f->in, &f->pe);
	if (r == 0)
		r = append(t, f->pe, add, 3, out);
	if (r == 0) {
		struct cb_input in = cb_input_mem((struct cb_bytes){ out->p, out->n });

		r = cb_pe_open(t->env, &in, &again);
	}
	if (r == 0) {
		CB_CHECK_INT(t, again->nsections, 5);
		CB_CHECK_INT(t, again->headers_size, 0x400);  /* the table has outgrown its sector */
		CB_CHECK_INT(t, again->image_size, 0x6000);
		CB_CHECK_INT(t, again->dll_flags, 0x60);
		CB_CHECK_INT(t, kit_get32(out->p, KIT_OPT + 64), 0);
		CB_CHECK_INT(t, again->section[4].vaddr, 0x5000);
		CB_CHECK_INT(t, again->section[4].flags, CB_PE_CODE);
		CB_CHECK_INT(t, cb_pe_content(again, cb_pe_find(again, CB_STR(".sbat"))).size, 14);
		CB_CHECK_INT(t, again->section[0].off, 0x400);
		CB_CHECK_INT(t, out->p[0x400], 'T');
		CB_CHECK_INT(t, out->p[again->section[1].off + 0x1ff], 'D');
		CB_CHECK_INT(t, memcmp(out->p + again->section[4].off, "kernel", 6), 0);
		CB_CHECK_INT(t, out->n, 0x400 + 5 * 0x200);
	}
	cb_pe_close(again);
	cb_pe_close(f->pe);
	f->pe = NULL;
	cb_free(t->env, out, sizeof(*out));
	return r;
}

static void appends(struct cb_check *t)
{
	struct fixture f;

	CB_REQUIRE(t, set_up(t, &f));
	cb_check_faults(t, append_scenario, &f, 100);
	tear_down(t, &f);
}

/* A replacement that doesn't fit below its neighbour goes behind the last section. */
static void moves_what_grew(struct cb_check *t)
{
	struct fixture f;
	struct collect *out = cb_alloc(t->env, sizeof(*out));
	uint8_t *big = cb_alloc(t->env, 0x1001);
	struct cb_pe_add add = { CB_STR(".data"), { .mem = big, .size = 0x1001 }, CB_PE_DATA, true };
	struct cb_input in;
	struct cb_pe *again = NULL;

	CB_REQUIRE(t, out != NULL && big != NULL);
	CB_REQUIRE(t, set_up(t, &f));
	CB_REQUIRE_OK(t, cb_pe_open(t->env, &f.in, &f.pe));
	CB_REQUIRE_OK(t, append(t, f.pe, &add, 1, out));
	in = cb_input_mem((struct cb_bytes){ out->p, out->n });
	CB_REQUIRE_OK(t, cb_pe_open(t->env, &in, &again));
	CB_CHECK_INT(t, again->nsections, 3);
	CB_CHECK_INT(t, cb_pe_find(again, CB_STR(".data"))->vaddr, 0x4000);
	CB_CHECK_INT(t, cb_pe_find(again, CB_STR(".data"))->raw_size, 0x1200);
	CB_CHECK_INT(t, again->image_size, 0x6000);
	cb_pe_close(again);
	tear_down(t, &f);
	cb_free(t->env, out, sizeof(*out));
	cb_free(t->env, big, 0x1001);
}

/* Found by fuzzing: a section without any size may lie inside another one. What takes its place may not. */
static void moves_what_has_no_room(struct cb_check *t)
{
	struct fixture f;
	struct collect *out = cb_alloc(t->env, sizeof(*out));
	struct cb_pe_add add = { CB_STR(".data"), text("data"), CB_PE_DATA, true };
	struct cb_input in;
	struct cb_pe *again = NULL;

	CB_REQUIRE(t, out != NULL);
	CB_REQUIRE(t, set_up(t, &f));
	kit_section(f.p, 1, ".data", 0);
	kit_le32(f.p, KIT_TABLE + 40 + 12, 0x1010);    /* inside .text: read, but not added to */
	CB_REQUIRE_OK(t, cb_pe_open(t->env, &f.in, &f.pe));
	CB_CHECK_ERR(t, append(t, f.pe, &add, 1, out), CB_ECORRUPT,
		     "sections 0 (.text) and 1 (.data) overlap in memory");
	cb_pe_close(f.pe);
	kit_le32(f.p, KIT_TABLE + 40 + 16, 0);
	CB_REQUIRE_OK(t, cb_pe_open(t->env, &f.in, &f.pe));
	CB_REQUIRE_OK(t, append(t, f.pe, &add, 1, out));
	in = cb_input_mem((struct cb_bytes){ out->p, out->n });
	CB_REQUIRE_OK(t, cb_pe_open(t->env, &in, &again));
	CB_CHECK_INT(t, cb_pe_find(again, CB_STR(".data"))->vaddr, 0x4000);
	cb_pe_close(again);
	tear_down(t, &f);
	cb_free(t->env, out, sizeof(*out));
}

/* Found by fuzzing: where VirtualSize is 0, padding in the file must not make a section longer in memory,
 * up to what is put behind it. */
static void keeps_size_in_memory(struct cb_check *t)
{
	struct fixture f;
	struct collect *out = cb_alloc(t->env, sizeof(*out));
	struct cb_pe_add add = { CB_STR(".new"), text("new"), CB_PE_DATA, false };
	struct cb_input in;
	struct cb_pe *again = NULL;

	CB_REQUIRE(t, out != NULL);
	CB_REQUIRE(t, set_up(t, &f));
	kit_section(f.p, 2, ".sbat", 0);
	kit_le32(f.p, KIT_TABLE + 80 + 12, 0x3f2e);    /* 0xd2 bytes below the next page */
	kit_le32(f.p, KIT_TABLE + 80 + 16, 0x74);
	CB_REQUIRE_OK(t, cb_pe_open(t->env, &f.in, &f.pe));
	CB_REQUIRE_OK(t, append(t, f.pe, &add, 1, out));
	in = cb_input_mem((struct cb_bytes){ out->p, out->n });
	CB_REQUIRE_OK(t, cb_pe_open(t->env, &in, &again));
	CB_CHECK_INT(t, again->section[2].vsize, 0x74);
	CB_CHECK_INT(t, again->section[2].raw_size, 0x200);
	CB_CHECK_INT(t, again->section[3].vaddr, 0x4000);
	CB_CHECK_INT(t, cb_pe_content(again, &again->section[2]).size, 0x74);
	cb_pe_close(again);
	tear_down(t, &f);
	cb_free(t->env, out, sizeof(*out));
}

static void refuses_to_append(struct cb_check *t)
{
	struct fixture f;
	struct collect *out = cb_alloc(t->env, sizeof(*out));
	struct cb_pe_add bad[] = {
		{ CB_STR(".longname"), text("x"), CB_PE_DATA, false },
		{ CB_STR(".empty"), text(""), CB_PE_DATA, false },
		{ CB_STR(".huge"), { .size = 0xfffff000u }, CB_PE_DATA, false },
	};
	struct cb_pe_add many[20];

	CB_REQUIRE(t, out != NULL);
	CB_REQUIRE(t, set_up(t, &f));
	CB_REQUIRE_OK(t, cb_pe_open(t->env, &f.in, &f.pe));
	CB_CHECK_ERR(t, append(t, f.pe, &bad[0], 1, out), CB_EINVAL, ".longname");
	CB_CHECK_ERR(t, append(t, f.pe, &bad[1], 1, out), CB_EINVAL, "of 0 bytes");
	CB_CHECK_ERR(t, append(t, f.pe, &bad[2], 1, out), CB_ELIMIT, ".huge ends past 4 GiB");
	cb_pe_close(f.pe);
	f.pe = NULL;

	/* The first section at 0x400: headers have room up to there and no further. */
	kit_le32(f.p, KIT_TABLE + 12, 0x400);
	for (unsigned i = 0; i < 20; i++)
		many[i] = (struct cb_pe_add){ CB_STR(".n"), text("x"), CB_PE_DATA, false };
	CB_REQUIRE_OK(t, cb_pe_open(t->env, &f.in, &f.pe));
	CB_CHECK_ERR(t, append(t, f.pe, many, 15, out), CB_EUNSUP, "section .text begins at 1024");
	CB_REQUIRE_OK(t, append(t, f.pe, many, 13, out));
	tear_down(t, &f);
	cb_free(t->env, out, sizeof(*out));
}

static void rebases(struct cb_check *t)
{
	struct fixture f;
	struct cb_buf b;

	CB_REQUIRE(t, set_up(t, &f));
	CB_REQUIRE_OK(t, cb_pe_open(t->env, &f.in, &f.pe));
	cb_buf_init(&b, t->env, 4096);
	CB_REQUIRE_OK(t, cb_pe_rebase(f.pe, 0x100000, 0x400, 0x1000, &b));
	CB_CHECK_INT(t, b.n, KIT_TABLE + 120 - KIT_LFANEW);
	CB_CHECK_INT(t, kit_get32(b.p, 0), 0x4550);
	CB_CHECK_INT(t, kit_get32(b.p, KIT_OPT + 60 - KIT_LFANEW), 0x600);
	for (uint32_t i = 0; i < 3; i++)
		CB_CHECK_INT(t, kit_get32(b.p, KIT_TABLE + 40 * i + 20 - KIT_LFANEW), 0x100200 + 0x200 * i);
	b.n = 0;
	CB_CHECK_ERR(t, cb_pe_rebase(f.pe, 0, 0x400, 0x500, &b), CB_EUNSUP, "> 1280");
	CB_CHECK_ERR(t, cb_pe_rebase(f.pe, 0, 0xf00, 0x2000, &b), CB_EUNSUP, "section .text begins at 4096");
	CB_CHECK_ERR(t, cb_pe_rebase(f.pe, 0xfffffd01, 0x400, 0x1000, &b), CB_ELIMIT, "4 GiB");
	CB_CHECK_INT(t, b.n, 0);
	cb_buf_fini(&b);
	tear_down(t, &f);
}

CB_SUITE(pe, CB_TEST(reads_headers), CB_TEST(virtual_size_counts), CB_TEST(refuses_damage),
	 CB_TEST(refuses_every_truncation), CB_TEST(appends), CB_TEST(moves_what_grew),
	 CB_TEST(moves_what_has_no_room), CB_TEST(keeps_size_in_memory), CB_TEST(refuses_to_append),
	 CB_TEST(rebases));
