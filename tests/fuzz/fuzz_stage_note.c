/* tests/fuzz/fuzz_stage_note.c - the note of what is staged: any bytes. What is accepted must come through
 * writing and reading again unchanged, and its names must be fit for file names. */
#include "boot/stage_note.h"
#include "core/str.h"
#include "posix/posix.h"
#include "sim/sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void check_same(const struct cb_stage_note *a, const struct cb_stage_note *b)
{
	check(a->n == b->n && a->n <= CB_STAGE_TARGETS);
	for (unsigned i = 0; i < a->n; i++) {
		const struct cb_stage_target *t = &a->v[i], *u = &b->v[i];

		check(t->safe.n > 0 && t->safe.n <= CB_STAGE_SAFE_MAX);
		check(cb_str_chr(t->safe, '/') == SIZE_MAX && cb_str_chr(t->safe, '\\') == SIZE_MAX);
		check(t->name.n > 0 && t->name.n <= CB_STAGE_NAME_MAX && t->kernel.size > 0);
		check(cb_str_eq(t->name, u->name) && cb_str_eq(t->safe, u->safe) && t->when == u->when);
		check(cb_stage_file_eq(&t->kernel, &u->kernel) && cb_stage_file_eq(&t->initrd, &u->initrd));
	}
	check(cb_stage_file_eq(&a->boot_file, &b->boot_file));
	check(a->guard.times == b->guard.times);
	if (a->guard.times > 0)
		check(cb_str_eq(a->guard.target, b->guard.target) && a->guard.when == b->guard.when &&
		      a->guard.how == b->guard.how);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_stage_note n, again;
	struct cb_arena a;
	struct cb_buf text;
	struct cb_sim sim;
	int r;

	cb_sim_init(&sim, &cb_posix_platform, NULL);
	cb_arena_init(&a, &sim.env, 1u << 20);
	cb_buf_init(&text, &sim.env, 2 * CB_STAGE_NOTE_MAX);
	r = cb_stage_note_parse(&a, (struct cb_str){ (const char *)data, size }, &n);
	check(r == 0 || r == CB_ECORRUPT || r == CB_ELIMIT);
	check(r == 0 || sim.diag.len > 0);
	if (r == 0) {
		cb_stage_note_write(&n, &text);
		check(cb_buf_status(&text) == 0);
		/* Escapes may make it longer than what was read. */
		if (text.n <= CB_STAGE_NOTE_MAX) {
			r = cb_stage_note_parse(&a, (struct cb_str){ (const char *)text.p, text.n }, &again);
			check(r == 0);
			check_same(&n, &again);
		}
	}
	cb_buf_fini(&text);
	cb_arena_fini(&a);
	check(sim.live_n == 0);
	return 0;
}
