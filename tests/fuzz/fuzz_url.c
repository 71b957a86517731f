/* tests/fuzz/fuzz_url.c - addresses, and references on top of them: what is understood reads back the
 * same. */
#include "net/url.h"

#include "core/limits.h"
#include "core/str.h"
#include "posix/posix.h"
#include "sim/sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void read_back(struct cb_env *env, const struct cb_url *u)
{
	struct cb_buf text;
	struct cb_url again;

	check(u->host.n > 0 && u->host.n <= CB_MAX_HOST && u->port > 0 && u->path.p[0] == '/');
	cb_buf_init(&text, env, 4 * CB_MAX_URL);
	cb_url_text(u, &text);
	if (text.n <= CB_MAX_URL) {
		check(cb_url_parse(env, (struct cb_str){ (const char *)text.p, text.n }, &again) == 0);
		check(cb_url_same_origin(u, &again) && cb_str_eq(u->path, again.path));
		check(cb_url_is_loopback(u) == cb_url_is_loopback(&again));
	}
	cb_buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_str text = { (const char *)data, size }, ref;
	struct cb_url base, u;
	struct cb_arena a;
	struct cb_sim sim;

	cb_sim_init(&sim, &cb_posix_platform, NULL);
	cb_arena_init(&a, &sim.env, 1u << 20);
	ref = cb_str_sub(text, cb_str_chr(text, '\n'), SIZE_MAX);
	ref = cb_str_sub(ref, 1, SIZE_MAX);
	text = cb_str_sub(text, 0, cb_str_chr(text, '\n'));
	if (cb_url_parse(&sim.env, text, &base) == 0) {
		read_back(&sim.env, &base);
		if (cb_url_join(&a, &base, ref, &u) == 0)
			read_back(&sim.env, &u);
	}
	cb_clear(&sim.env);
	cb_arena_fini(&a);
	check(sim.live_n == 0);
	return 0;
}
