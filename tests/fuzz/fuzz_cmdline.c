/* tests/fuzz/fuzz_cmdline.c - kernel command lines and files of them; the settings' grammar
 * beside it, which cuts the same text at the same blanks. */
#include "boot/cmdline.h"
#include "core/limits.h"
#include "core/str.h"
#include "posix/posix.h"
#include "settings/settings.h"
#include "sim/sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

/* Both grammars see the same words: what we are told is what the next kernel would be told. */
static void same_words(struct cb_str line)
{
	struct cb_str a = line, b = line, x, y;

	for (;;) {
		bool more = cb_cmdline_word(&a, &x);

		check(cb_settings_word(&b, &y) == more);
		if (!more)
			return;
		check(cb_str_eq(x, y) && x.n > 0 && a.n < line.n);
	}
}

/* Completing a line twice changes nothing, and every value is still there. */
static void complete(struct cb_arena *a, struct cb_str line)
{
	struct cb_str once, twice, value;
	int r = cb_cmdline_finish(a, line, CB_STR("ttyS0,115200 tty0"), &once);

	check(r == 0 || r == CB_EINVAL || r == CB_ELIMIT);
	if (r < 0)
		return;
	check(once.n < CB_MAX_CMDLINE && cb_cmdline_get(once, CB_STR("console"), &value));
	check(cb_cmdline_finish(a, once, CB_STR("tty9"), &twice) == 0 && cb_str_eq(once, twice));
	for (size_t i = 0; i < once.n; i++)
		check((uint8_t)once.p[i] >= 0x20 || cb_is_blank(once.p[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_str text = { (const char *)data, size }, line, again, value;
	struct cb_arena a;
	struct cb_sim sim;
	int r;

	cb_sim_init(&sim, &cb_posix_platform, NULL);
	cb_arena_init(&a, &sim.env, 8 * size + (1u << 20));
	same_words(text);
	(void)cb_cmdline_get(text, CB_STR("root"), &value); /* only that it ends within the text */
	complete(&a, text);
	r = cb_cmdline_from_file(&a, text, &line);
	check(r == 0 || r == CB_EINVAL || r == CB_ELIMIT);
	if (r == 0) {
		complete(&a, line);
		/* A comment's '#' may come to the front when the line before it was blank words. */
		if (line.n == 0 || line.p[0] != '#')
			check(cb_cmdline_from_file(&a, line, &again) == 0 &&
			      cb_str_eq(line, again));
	}
	cb_arena_fini(&a);
	check(sim.live_n == 0);
	return 0;
}
