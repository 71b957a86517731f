/* image/uki.c - taking UKIs apart, and making them from a stub (UAPI.5, systemd-stub(7)). */
#include "image/uki.h"

#include "core/limits.h"

#define MAX_SBAT 4096u

/* Section order in the file. The kernel comes last: a kernel entered by the old handover protocol runs
 * where the section lies and needs more memory behind it than the section has. */
static const enum cb_uki_part file_order[] = {
	CB_UKI_SBAT, CB_UKI_OSREL, CB_UKI_CMDLINE, CB_UKI_UNAME, CB_UKI_PCRPKEY, CB_UKI_PCRSIG, CB_UKI_DTB,
	CB_UKI_SPLASH, CB_UKI_UCODE, CB_UKI_INITRD, CB_UKI_LINUX,
};
_Static_assert(sizeof(file_order) / sizeof(file_order[0]) == CB_UKI_PARTS, "every part has a place");

static const char *const part_names[CB_UKI_PARTS] = {
	[CB_UKI_LINUX] = ".linux", [CB_UKI_OSREL] = ".osrel", [CB_UKI_CMDLINE] = ".cmdline",
	[CB_UKI_INITRD] = ".initrd", [CB_UKI_UCODE] = ".ucode", [CB_UKI_SPLASH] = ".splash",
	[CB_UKI_DTB] = ".dtb", [CB_UKI_UNAME] = ".uname", [CB_UKI_SBAT] = ".sbat",
	[CB_UKI_PCRSIG] = ".pcrsig", [CB_UKI_PCRPKEY] = ".pcrpkey",
};

struct cb_str cb_uki_part_name(enum cb_uki_part part)
{
	return cb_str_c(part_names[part]);
}

/* UAPI.5: what comes before the first .profile is the base; what a profile has too, it overrides.
 * Profile 0 is the one that starts when none is asked for. */
static void find_parts(struct cb_uki *u)
{
	unsigned profiles = 0;

	for (uint32_t i = 0; i < u->pe->nsections && profiles < 2; i++) {
		const struct cb_pe_section *s = &u->pe->section[i];

		if (cb_str_eq(cb_str_c(s->name), CB_STR(".profile"))) {
			profiles++;
			continue;
		}
		for (unsigned p = 0; p < CB_UKI_PARTS; p++)
			if (cb_str_eq(cb_str_c(s->name), cb_str_c(part_names[p])) &&
			    (u->part[p] == NULL || (profiles == 1 && p != CB_UKI_LINUX)))
				u->part[p] = s;
	}
}

int cb_uki_open(struct cb_env *env, const struct cb_input *in, struct cb_uki *ret)
{
	struct cb_uki u = { 0 };
	int r = cb_pe_open(env, in, &u.pe);

	if (r < 0)
		return r;
	find_parts(&u);
	if (u.part[CB_UKI_LINUX] == NULL) {
		cb_pe_close(u.pe);
		return cb_fail(env, CB_ENOTMINE, "UKI: the PE has no .linux section");
	}
	*ret = u;
	return 0;
}

void cb_uki_close(struct cb_uki *u)
{
	cb_pe_close(u->pe);
	*u = (struct cb_uki){ 0 };
}

bool cb_uki_get(const struct cb_uki *u, enum cb_uki_part part, struct cb_input *ret)
{
	if (u->part[part] == NULL)
		return false;
	*ret = cb_pe_content(u->pe, u->part[part]);
	return true;
}

static int slurp(struct cb_env *env, const struct cb_input *in, size_t max, const char *what,
		 struct cb_buf *ret)
{
	if (in->size > max)
		return cb_fail(env, CB_ELIMIT, "UKI: %s of %llu bytes > %zu", what,
			       (unsigned long long)in->size, max);

	size_t n = (size_t)in->size;
	void *p = cb_buf_reserve(ret, n);

	if (p == NULL)
		return cb_buf_status(ret);

	int r = cb_input_read(env, in, 0, p, n);

	if (r < 0)
		return r;
	cb_buf_commit(ret, n);
	return 0;
}

static void trim_tail(struct cb_buf *b, size_t from)
{
	while (b->n > from && (b->p[b->n - 1] == 0 || cb_is_blank((char)b->p[b->n - 1])))
		b->n--;
}

int cb_uki_text(const struct cb_uki *u, enum cb_uki_part part, size_t max, struct cb_buf *ret)
{
	struct cb_input in;
	size_t from = ret->n;

	if (!cb_uki_get(u, part, &in) || in.size == 0)
		return 0;

	int r = slurp(u->pe->env, &in, max, part_names[part], ret);

	if (r < 0)
		return r;
	trim_tail(ret, from);
	return 0;
}

/* Lines of an .sbat, each once, and only the first of the header lines that every part begins with. */
static void merge_lines(struct cb_buf *to, struct cb_str text)
{
	struct cb_str line, have;

	while (cb_str_line(&text, &line)) {
		struct cb_str sofar = { (const char *)to->p, to->n };
		bool known = to->n > 0 && cb_str_starts(line, CB_STR("sbat,"));

		line = cb_str_trim(line);
		while (!known && cb_str_line(&sofar, &have))
			known = cb_str_eq(have, line);
		if (known || line.n == 0)
			continue;
		cb_buf_str(to, line);
		cb_buf_str(to, CB_STR("\n"));
	}
}

static int merge_sbat(struct cb_env *env, const struct cb_input *in, struct cb_buf *to)
{
	struct cb_buf text;
	int r;

	if (in->size == 0)
		return 0;
	cb_buf_init(&text, env, MAX_SBAT);
	r = slurp(env, in, MAX_SBAT, ".sbat", &text);
	if (r == 0) {
		trim_tail(&text, 0);
		merge_lines(to, (struct cb_str){ (const char *)text.p, text.n });
		r = cb_buf_status(to);
	}
	cb_buf_fini(&text);
	return r;
}

static int merge_sbat_of(const struct cb_pe *pe, struct cb_buf *to)
{
	const struct cb_pe_section *s = cb_pe_find(pe, cb_uki_part_name(CB_UKI_SBAT));
	struct cb_input in = { 0 };

	if (s != NULL)
		in = cb_pe_content(pe, s);
	return merge_sbat(pe->env, &in, to);
}

/* What the kernel's own PE header has to say about the image around it. */
static int look_at_kernel(const struct cb_pe *stub, const struct cb_input *linux_in, struct cb_buf *sbat,
			  uint16_t *ret_dll_clear)
{
	struct cb_pe *kernel = NULL;
	struct cb_env *env = stub->env;
	int r = cb_pe_open(env, linux_in, &kernel);

	if (r < 0)
		return cb_wrap(env, r == CB_ENOTMINE ? CB_EINVAL : r, "UKI: the kernel must be an EFI image");
	if (kernel->machine != stub->machine)
		r = cb_fail(env, CB_EINVAL, "UKI: the kernel is for %s, the stub for %s",
			    cb_arch_name(kernel->arch), cb_arch_name(stub->arch));
	if (r == 0)
		r = merge_sbat_of(kernel, sbat);
	/* Firmware that enforces NX would do so for the kernel under the stub's promise. */
	if ((kernel->dll_flags & CB_PE_NX_COMPAT) == 0)
		*ret_dll_clear = CB_PE_NX_COMPAT;
	cb_pe_close(kernel);
	return r;
}

static int build(const struct cb_pe *stub, const struct cb_uki_plan *plan, struct cb_buf *sbat,
		 struct cb_pieces *ret)
{
	struct cb_pe_add add[CB_UKI_PARTS];
	struct cb_input merged;
	uint16_t dll_clear = 0;
	size_t n = 0;
	int r = merge_sbat_of(stub, sbat);

	if (r == 0)
		r = look_at_kernel(stub, &plan->part[CB_UKI_LINUX], sbat, &dll_clear);
	if (r == 0)
		r = merge_sbat(stub->env, &plan->part[CB_UKI_SBAT], sbat);
	if (r < 0)
		return r;
	r = cb_pieces_keep(ret, cb_buf_bytes(sbat), &merged);
	if (r < 0)
		return r;
	for (size_t i = 0; i < CB_UKI_PARTS; i++) {
		enum cb_uki_part p = file_order[i];
		bool is_sbat = p == CB_UKI_SBAT;
		struct cb_input data = is_sbat ? merged : plan->part[p];

		if (data.size > 0)
			add[n++] = (struct cb_pe_add){ cb_uki_part_name(p), data,
						       p == CB_UKI_LINUX ? CB_PE_CODE : CB_PE_DATA,
						       is_sbat };
	}
	return cb_pe_append(stub, add, n, dll_clear, ret);
}

int cb_uki_build(struct cb_env *env, const struct cb_uki_plan *plan, struct cb_pieces *ret)
{
	struct cb_pe *stub = NULL;
	struct cb_buf sbat;
	int r = cb_pe_open(env, &plan->stub, &stub);

	if (r < 0)
		return cb_wrap(env, r, "UKI: stub");
	cb_buf_init(&sbat, env, 4 * (size_t)MAX_SBAT);
	r = build(stub, plan, &sbat, ret);
	cb_buf_fini(&sbat);
	cb_pe_close(stub);
	return r;
}
