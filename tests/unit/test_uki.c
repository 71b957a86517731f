/* UKIs: built from a stub and taken apart again; profiles; what is refused. */
#include "image/uki.h"

#include "unit/check.h"
#include "unit/pe_kit.h"

#define STUB_SBAT "sbat,1,SBAT Version,sbat,1,https://example.org\nstub,2,s,s,1,s\n"
#define KERNEL_SBAT "sbat,1,other\nstub,2,s,s,1,s\nkernel,1,k,k,1,k\n"

static const uint8_t cmdline[] = "quiet ro\n\0";

struct fixture {
	uint8_t *stub, *kernel;                /* KIT_SIZE each */
	struct cb_uki_plan plan;
};

static struct cb_input text(const char *s)
{
	struct cb_str v = cb_str_c(s);

	return cb_input_mem((struct cb_bytes){ (const uint8_t *)v.p, v.n });
}

static bool set_up(struct cb_check *t, struct fixture *f)
{
	*f = (struct fixture){ cb_alloc(t->env, KIT_SIZE), cb_alloc(t->env, KIT_SIZE), { { 0 }, { { 0 } } } };
	if (f->stub == NULL || f->kernel == NULL)
		return false;
	kit_pe(f->stub, CB_ARCH_X86_64, STUB_SBAT);
	kit_pe(f->kernel, CB_ARCH_X86_64, KERNEL_SBAT);
	f->plan.stub = cb_input_mem((struct cb_bytes){ f->stub, KIT_SIZE });
	f->plan.part[CB_UKI_LINUX] = cb_input_mem((struct cb_bytes){ f->kernel, KIT_SIZE });
	f->plan.part[CB_UKI_CMDLINE] = cb_input_mem((struct cb_bytes){ cmdline, sizeof(cmdline) });
	f->plan.part[CB_UKI_OSREL] = text("ID=x\n");
	f->plan.part[CB_UKI_SBAT] = text("ours,1,o,o,1,o\n");
	return true;
}

static void tear_down(struct cb_check *t, struct fixture *f)
{
	cb_free(t->env, f->stub, KIT_SIZE);
	cb_free(t->env, f->kernel, KIT_SIZE);
}

static int check_text(struct cb_check *t, const struct cb_uki *u, enum cb_uki_part part, const char *want)
{
	struct cb_buf b;
	int r;

	cb_buf_init(&b, t->env, 4096);
	r = cb_uki_text(u, part, 4096, &b);
	if (r == 0)
		CB_CHECK_STR(t, ((struct cb_str){ (const char *)b.p, b.n }), want);
	cb_buf_fini(&b);
	return r;
}

static int check_uki(struct cb_check *t, const struct fixture *f, const struct cb_uki *u)
{
	struct cb_input in;
	uint8_t b[64];
	int r;

	CB_CHECK(t, !cb_uki_get(u, CB_UKI_INITRD, &in));
	CB_CHECK(t, !cb_uki_get(u, CB_UKI_UNAME, &in));
	CB_CHECK(t, cb_uki_get(u, CB_UKI_LINUX, &in));
	CB_CHECK_INT(t, in.size, KIT_SIZE);
	r = cb_input_read(t->env, &in, KIT_HEADERS, b, sizeof(b));
	CB_CHECK(t, r < 0 || memcmp(b, f->kernel + KIT_HEADERS, sizeof(b)) == 0);
	if (r == 0)
		r = check_text(t, u, CB_UKI_CMDLINE, "quiet ro");
	if (r == 0)
		r = check_text(t, u, CB_UKI_OSREL, "ID=x");
	if (r == 0)
		r = check_text(t, u, CB_UKI_UNAME, "");
	if (r == 0)
		r = check_text(t, u, CB_UKI_SBAT, "sbat,1,SBAT Version,sbat,1,https://example.org\n"
			       "stub,2,s,s,1,s\nkernel,1,k,k,1,k\nours,1,o,o,1,o");
	/* The kernel comes last: one that is entered in place has the memory behind it. */
	CB_CHECK_STR(t, cb_str_c(u->pe->section[u->pe->nsections - 1].name), ".linux");
	CB_CHECK_INT(t, u->pe->section[u->pe->nsections - 1].flags, CB_PE_CODE);
	return r;
}

static int round_trip(struct cb_check *t, void *arg)
{
	struct fixture *f = arg;
	struct cb_uki u = { 0 };
	struct cb_pieces l;
	struct cb_input in;
	int r;

	cb_pieces_init(&l, t->env);
	r = cb_uki_build(t->env, &f->plan, &l);
	in = cb_pieces_input(&l);
	if (r == 0)
		r = cb_uki_open(t->env, &in, &u);
	if (r == 0)
		r = check_uki(t, f, &u);
	cb_uki_close(&u);
	cb_pieces_fini(&l);
	return r;
}

static void builds_and_reads(struct cb_check *t)
{
	struct fixture f;

	CB_REQUIRE(t, set_up(t, &f));
	cb_check_faults(t, round_trip, &f, 100);
	tear_down(t, &f);
}

static uint16_t built_dll_flags(struct cb_check *t, const struct fixture *f)
{
	struct cb_pieces l;
	struct cb_pe *pe = NULL;
	struct cb_input in;
	uint16_t flags = 0;

	cb_pieces_init(&l, t->env);
	CB_CHECK_INT(t, cb_uki_build(t->env, &f->plan, &l), 0);
	in = cb_pieces_input(&l);
	if (cb_check_int(t, __FILE__, __LINE__, "open", cb_pe_open(t->env, &in, &pe), 0))
		flags = pe->dll_flags;
	cb_pe_close(pe);
	cb_pieces_fini(&l);
	return flags;
}

/* The image promises to run without writable code only when the kernel does, too. */
static void nx_is_the_kernels(struct cb_check *t)
{
	struct fixture f;

	CB_REQUIRE(t, set_up(t, &f));
	CB_CHECK_INT(t, built_dll_flags(t, &f), 0x160);
	kit_le16(f.kernel, KIT_OPT + 70, 0x60);
	CB_CHECK_INT(t, built_dll_flags(t, &f), 0x60);
	tear_down(t, &f);
}

static void refuses(struct cb_check *t, const struct fixture *f, int code, const char *report)
{
	struct cb_pieces l;

	cb_pieces_init(&l, t->env);
	CB_CHECK_ERR(t, cb_uki_build(t->env, &f->plan, &l), code, report);
	cb_pieces_fini(&l);
}

static void refuses_to_build(struct cb_check *t)
{
	struct fixture f;
	uint8_t *big = cb_alloc(t->env, 5000);

	CB_REQUIRE(t, set_up(t, &f) && big != NULL);
	f.plan.part[CB_UKI_SBAT] = cb_input_mem((struct cb_bytes){ big, 5000 });
	refuses(t, &f, CB_ELIMIT, ".sbat of 5000 bytes > 4096");
	f.plan.part[CB_UKI_SBAT].size = 0;
	kit_le16(f.kernel, KIT_COFF, 0xaa64);
	refuses(t, &f, CB_EINVAL, "the kernel is for aarch64, the stub for x86_64");
	f.kernel[0] = 'X';
	refuses(t, &f, CB_EINVAL, "the kernel must be an EFI image: PE: no MZ");
	f.plan.part[CB_UKI_LINUX].size = 0;
	refuses(t, &f, CB_EINVAL, "the kernel must be an EFI image: PE: 0 bytes");
	f.stub[0] = 'X';
	refuses(t, &f, CB_ENOTMINE, "UKI: stub: PE: no MZ");
	cb_free(t->env, big, 5000);
	tear_down(t, &f);
}

/* UAPI.5, multi-profile UKIs: profile 0 overrides the base, the others are not looked at. */
static void first_profile_counts(struct cb_check *t)
{
	struct fixture f;
	const struct cb_pe_add add[] = {
		{ CB_STR(".linux"), text("kernel"), CB_PE_CODE, false },
		{ CB_STR(".cmdline"), text("base"), CB_PE_DATA, false },
		{ CB_STR(".uname"), text("6.1"), CB_PE_DATA, false },
		{ CB_STR(".profile"), text("ID=a"), CB_PE_DATA, false },
		{ CB_STR(".cmdline"), text("first"), CB_PE_DATA, false },
		{ CB_STR(".profile"), text("ID=b"), CB_PE_DATA, false },
		{ CB_STR(".cmdline"), text("second"), CB_PE_DATA, false },
		{ CB_STR(".osrel"), text("ID=second"), CB_PE_DATA, false },
	};
	struct cb_pe *pe = NULL;
	struct cb_pieces l;
	struct cb_input in;
	struct cb_uki u;

	CB_REQUIRE(t, set_up(t, &f));
	cb_pieces_init(&l, t->env);
	CB_REQUIRE_OK(t, cb_pe_open(t->env, &f.plan.stub, &pe));
	CB_REQUIRE_OK(t, cb_pe_append(pe, add, 8, 0, &l));
	in = cb_pieces_input(&l);
	CB_REQUIRE_OK(t, cb_uki_open(t->env, &in, &u));
	CB_CHECK_INT(t, check_text(t, &u, CB_UKI_CMDLINE, "first"), 0);
	CB_CHECK_INT(t, check_text(t, &u, CB_UKI_UNAME, "6.1"), 0);
	CB_CHECK(t, !cb_uki_get(&u, CB_UKI_OSREL, &in));
	cb_uki_close(&u);
	cb_pe_close(pe);
	cb_pieces_fini(&l);
	tear_down(t, &f);
}

static void refuses_to_read(struct cb_check *t)
{
	struct fixture f;
	struct cb_uki u;
	struct cb_buf b;

	CB_REQUIRE(t, set_up(t, &f));
	CB_CHECK_ERR(t, cb_uki_open(t->env, &f.plan.stub, &u), CB_ENOTMINE, "no .linux section");
	kit_section(f.stub, 0, ".linux", 0);
	kit_section(f.stub, 1, ".cmdline", 0x200);
	CB_REQUIRE_OK(t, cb_uki_open(t->env, &f.plan.stub, &u));
	cb_buf_init(&b, t->env, 4096);
	CB_CHECK_ERR(t, cb_uki_text(&u, CB_UKI_CMDLINE, 0x1ff, &b), CB_ELIMIT, ".cmdline of 512 bytes > 511");
	CB_CHECK_INT(t, b.n, 0);
	cb_buf_fini(&b);
	cb_uki_close(&u);
	tear_down(t, &f);
}

CB_SUITE(uki, CB_TEST(builds_and_reads), CB_TEST(nx_is_the_kernels), CB_TEST(refuses_to_build),
	 CB_TEST(first_profile_counts), CB_TEST(refuses_to_read));
