/* tests/fuzz/fuzz_settings.c - command lines and files of settings, any bytes. */
#include "settings/settings.h"

#include "core/str.h"
#include "posix/posix.h"
#include "sim/sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_str text = { (const char *)data, size };
	struct cb_settings s;
	struct cb_sim sim;
	struct cb_buf b;

	cb_sim_init(&sim, &cb_posix_platform, NULL);
	cb_settings_init(&s, &sim.env);
	cb_buf_init(&b, &sim.env, 8 * size + 4096);
	check(cb_settings_read(&s, text, CB_SOURCE_CMDLINE) == 0 || size > 4096);
	cb_settings_normalise(text, &b);
	check(cb_buf_status(&b) == 0 && b.n <= size + 2 * (size + 1));
	check(cb_settings_read(&s, (struct cb_str){ (const char *)b.p, b.n }, CB_SOURCE_METADATA) == 0 ||
	      size > 4096);
	for (unsigned k = 0; k < CB_KEY_N; k++)
		for (const struct cb_given *g = s.given[k]; g != NULL; g = g->next) {
			check(cb_key_check(&sim.env, (enum cb_key)k, g->value) == 0);
			check(g->next == NULL || g->next->source < g->source);
		}
	b.n = 0;
	cb_settings_redact(text, &b);
	b.n = 0;
	cb_settings_print(&s, &b);
	for (size_t i = 0; i < b.n; i++)
		check(b.p[i] == '\n' || b.p[i] >= 0x20);
	cb_buf_fini(&b);
	cb_settings_fini(&s);
	check(sim.live_n == 0);
	return 0;
}
