/* tests/fuzz/fuzz_pe.c - any bytes as a PE image and as a UKI. What is read from it lies within it; what is
 * written from it is an image again, with the same content. */
#include "disk/esp.h"
#include "image/uki.h"
#include "posix/posix.h"
#include "sim/sim.h"

#define MAX_OUT ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t added[] = "0123456789";

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static int to_buf(void *ctx, const void *p, size_t n)
{
	cb_buf_add(ctx, p, n);
	return cb_buf_status(ctx);
}

/* b is a, perhaps with zeros up to the alignment in files. */
static bool same(struct cb_env *env, const struct cb_input *a, const struct cb_input *b)
{
	uint8_t x[512], y[512], zero;

	if (b->size < a->size)
		return false;
	for (uint64_t off = a->size; off < b->size; off++) {
		check(cb_input_read(env, b, off, &zero, 1) == 0);
		if (zero != 0)
			return false;
	}
	for (uint64_t off = 0; off < a->size; off += sizeof(x)) {
		size_t n = (size_t)cb_min(sizeof(x), a->size - off);

		check(cb_input_read(env, a, off, x, n) == 0 && cb_input_read(env, b, off, y, n) == 0);
		if (memcmp(x, y, n) != 0)
			return false;
	}
	return true;
}

/* The sections of pe are the first ones of again; what was replaced is at its own name. */
static void compare(const struct cb_pe *pe, const struct cb_pe *again, struct cb_str but)
{
	for (uint32_t i = 0, j = 0; i < pe->nsections; i++) {
		const struct cb_pe_section *s = &pe->section[i];
		struct cb_input a, b;

		if (cb_str_eq(cb_str_c(s->name), but))
			return;         /* from here on they may have changed places */
		check(j < again->nsections && again->section[j].vaddr == s->vaddr);
		a = cb_pe_content(pe, s);
		b = cb_pe_content(again, &again->section[j]);
		check(again->section[j].vsize == s->vsize && same(pe->env, &a, &b));
		j++;
	}
}

static void append(const struct cb_pe *pe)
{
	struct cb_input ten = cb_input_mem((struct cb_bytes){ added, 10 }), got, in;
	const struct cb_pe_add add[] = {
		{ CB_STR(".sbat"), ten, CB_PE_DATA, true }, { CB_STR(".fuzz"), ten, CB_PE_CODE, false },
	};
	struct cb_pe *again = NULL;
	struct cb_pieces l;
	struct cb_buf out;
	struct cb_sink sink = { to_buf, NULL, &out };

	cb_pieces_init(&l, pe->env);
	cb_buf_init(&out, pe->env, MAX_OUT);
	if (cb_pe_append(pe, add, 2, CB_PE_NX_COMPAT, &l) == 0 && l.size < MAX_OUT) {
		check(cb_pieces_write(&l, &sink) == 0);
		in = cb_input_mem(cb_buf_bytes(&out));
		check(cb_pe_open(pe->env, &in, &again) == 0);
		check((again->dll_flags & CB_PE_NX_COMPAT) == 0 && again->cert_size == 0);
		compare(pe, again, CB_STR(".sbat"));
		got = cb_pe_content(again, &again->section[again->nsections - 1]);
		check(same(pe->env, &got, &ten));
		got = cb_pe_content(again, cb_pe_find(again, CB_STR(".sbat")));
		check(same(pe->env, &got, &ten));
		cb_pe_close(again);
	}
	cb_buf_fini(&out);
	cb_pieces_fini(&l);
}

static void boot_efi(const struct cb_pe *pe)
{
	struct cb_boot_efi_plan plan = { .efi = pe->in, .boot_name = CB_STR("BOOTX64.EFI"), .bits = 16 };
	struct cb_esp *esp = NULL;
	struct cb_pe *again = NULL;
	struct cb_pieces l;
	struct cb_input in;

	cb_pieces_init(&l, pe->env);
	if (cb_boot_efi_write(pe->env, &plan, &l, &esp) == 0) {
		in = cb_pieces_input(&l);
		check(cb_pe_open(pe->env, &in, &again) == 0);
		check(again->nsections == pe->nsections);
		compare(pe, again, (struct cb_str){ 0 });
		cb_pe_close(again);
	}
	cb_pieces_fini(&l);
	cb_esp_close(esp);
}

static void uki(struct cb_env *env, const struct cb_input *in)
{
	struct cb_uki u;
	struct cb_input part;
	struct cb_buf text;

	if (cb_uki_open(env, in, &u) < 0)
		return;
	check(cb_uki_get(&u, CB_UKI_LINUX, &part));
	for (unsigned i = 0; i < CB_UKI_PARTS; i++) {
		uint8_t last;

		cb_buf_init(&text, env, 4096);
		if (cb_uki_text(&u, (enum cb_uki_part)i, 4096, &text) == 0 && text.n > 0)
			check(text.p[text.n - 1] != 0);
		cb_buf_fini(&text);
		if (cb_uki_get(&u, (enum cb_uki_part)i, &part) && part.size > 0)
			check(cb_input_read(env, &part, part.size - 1, &last, 1) == 0);
	}
	cb_uki_close(&u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_input in = cb_input_mem((struct cb_bytes){ data, size });
	struct cb_pe *pe = NULL;
	struct cb_sim sim;

	cb_sim_init(&sim, &cb_posix_platform, NULL);
	if (cb_pe_open(&sim.env, &in, &pe) == 0) {
		append(pe);
		boot_efi(pe);
		cb_pe_close(pe);
	}
	uki(&sim.env, &in);
	check(sim.live_n == 0);
	return 0;
}
