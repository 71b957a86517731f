/* init/stage_settings.c - what the command line asks for. */
#include <string.h>

#include "core/limits.h"
#include "core/str.h"
#include "init/init.h"
#include "linux/os.h"

/* Kernel messages in the middle of ours help nobody; warnings and worse still come through. Whoever
 * set a level on the command line knows what they want. */
#define KERNEL_LEVEL 5

static bool has_word(struct cb_str line, struct cb_str want)
{
	struct cb_str word;

	while (cb_settings_word(&line, &word))
		if (cb_str_eq(word, want) || (cb_str_starts(word, want) && word.p[want.n] == '='))
			return true;
	return false;
}

static int apply(struct cb_init *in, struct cb_str line)
{
	struct cb_settings *s = &in->settings;
	struct cb_buf text;
	int r = cb_settings_read(s, line, CB_SOURCE_CMDLINE);

	if (r < 0)
		return r;
	if (cb_settings_flag(s, CB_KEY_DEBUG))
		in->env.max_level = CB_LOG_DEBUG;
	else if (cb_settings_flag(s, CB_KEY_QUIET))
		in->env.max_level = CB_LOG_WARN;
	else
		in->env.max_level = CB_LOG_INFO;
	if (in->env.max_level != CB_LOG_DEBUG && !has_word(line, CB_STR("loglevel")) &&
	    !has_word(line, CB_STR("debug")) && !has_word(line, CB_STR("ignore_loglevel")))
		cb_console_kernel_level(KERNEL_LEVEL);
	for (const struct cb_note *n = s->notes; n != NULL; n = n->next)
		warn(in, "%.*s", CB_STR_ARG(n->text));
	if (cb_settings_get(s, CB_KEY_KERNEL).n > 0 || cb_settings_get(s, CB_KEY_INITRD).n > 0)
		warn(in, "cloudboot.kernel and cloudboot.initrd are for the UEFI loader: not used here");
	if (in->env.max_level == CB_LOG_DEBUG) {
		cb_buf_init(&text, &in->env, 64u << 10);
		cb_settings_print(s, &text);
		say_lines(in, "settings", (struct cb_str){ (const char *)text.p, text.n });
		cb_buf_fini(&text);
	}
	return 0;
}

int stage_settings(struct cb_init *in)
{
	struct cb_buf line;
	int r;

	cb_buf_init(&line, &in->env, 2 * CB_MAX_CMDLINE);
	r = cb_os_read(&in->env, "/proc/cmdline", CB_MAX_CMDLINE, &line);
	if (r == 0)
		r = apply(in, (struct cb_str){ (const char *)line.p, line.n });
	cb_wipe(line.p, line.n);
	cb_buf_fini(&line);
	return r < 0 ? cb_wrap(&in->env, r, "reading the command line") : 0;
}
