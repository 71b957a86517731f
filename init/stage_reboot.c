/* init/stage_reboot.c - path C: the chosen kernel onto the cache partition, an entry for the firmware, and
 * a restart (docs/staging.md). */
#include <time.h>

#include "boot/stage.h"
#include "core/fmt.h"
#include "core/log.h"
#include "core/str.h"
#include "init/cache.h"
#include "linux/efivarfs.h"

#define CLOCK_SET  1577836800             /* 2020: before that nobody has set it */
#define CMDLINE_MAX (16u << 10)

static uint64_t wall_clock(void)
{
	time_t now = time(NULL);

	return now >= CLOCK_SET ? (uint64_t)now : 0;
}

/* NVRAM is no place for secrets: anybody on the machine can read it. */
static int without_secrets(struct cb_init *in, struct cb_str line, struct cb_buf *ret)
{
	struct cb_str word;

	while (cb_settings_word(&line, &word)) {
		size_t eq = cb_str_chr(word, '=');
		struct cb_str name = cb_str_sub(word, 0, eq);
		enum cb_key key = cb_key_find(name, cb_str_sub(word, name.n + 1, SIZE_MAX));

		if (key != CB_KEY_N && cb_key_info(key)->secret) {
			warn(in, "%.*s is left out of the kernel's command line: it is a secret",
			     CB_STR_ARG(name));
			continue;
		}
		cb_buf_fmt(ret, "%s%.*s", ret->n > 0 ? " " : "", CB_STR_ARG(word));
	}
	return cb_buf_status(ret);
}

/* One item's staging, for as long as it takes. */
struct work {
	struct cb_init *in;
	struct cache cache;
	struct cb_stage stage;
	struct cb_efivarfs vars;
	struct cb_boot_image *img;
	struct cb_str cmdline;
	struct cb_volume *volume;
};

static enum report report_of(const struct work *w, int r)
{
	static const enum report reports[] = {
		[CB_STAGE_BROKEN] = REPORT_NOT_STAGED, [CB_STAGE_NO_ROOM] = REPORT_NO_ROOM,
		[CB_STAGE_NO_VARS] = REPORT_NO_VARS, [CB_STAGE_LOOP] = REPORT_LOOP,
	};

	return r == CB_ENOMEM ? REPORT_MEMORY : reports[w->stage.trouble];
}

/* The firmware can't be told: a program where it looks by itself. */
static int boot_file(struct work *w)
{
	struct cb_init *in = w->in;
	struct cb_pieces whole;
	struct cb_input program;
	char name[32];
	int r;

	(void)cb_fmt(name, sizeof(name), "BOOT%s.EFI", cb_arch_efi(in->arch)); /* it fits */
	cb_pieces_init(&whole, &in->env);
	r = make_boot_file(in, w->img, w->cmdline, &whole);
	if (r == 0) {
		program = cb_pieces_input(&whole);
		r = cb_stage_boot_file(&w->stage, cb_str_c(name), &program);
	}
	cb_pieces_fini(&whole);
	if (r < 0)
		return cb_wrap(&in->env, r, "\\EFI\\BOOT\\%s", name);
	announce(in, "cloud-boot: \\EFI\\BOOT\\%s on %.*s starts it: put that disk first in the firmware's "
		 "boot order", name, CB_STR_ARG(w->volume->name));
	return 0;
}

static void say_staged(struct work *w, uint64_t began)
{
	struct cb_init *in = w->in;
	const struct cb_stage *s = &w->stage;

	say(in, "staged", "%.*s on %.*s%s, in %llu ms", CB_STR_ARG(s->entry.name),
	    CB_STR_ARG(w->volume->name), s->kept ? ", as it was" : "",
	    (unsigned long long)((cb_now_ns(&in->env) - began) / 1000000));
	if (s->pruned > 0)
		say(in, "", "%u older target%s made room", s->pruned, s->pruned == 1 ? "" : "s");
	if (s->again)
		warn(in, "the firmware came back instead of starting it: it is told once more, by BootNext "
		     "too");
}

static int write_files(struct work *w)
{
	struct cb_init *in = w->in;
	struct cb_stage_item item = { .kernel = cb_input_mem(cb_buf_bytes(&w->img->kernel)),
				      .initrd = cb_input_mem(cb_buf_bytes(&w->img->initrd)),
				      .name = w->stage.entry.name, .cmdline = w->cmdline };
	uint64_t began = cb_now_ns(&in->env);
	int r = cache_open(in, w->volume, &w->cache);

	w->stage.cache = &w->cache.folder.folder;
	if (r == 0)
		r = cb_stage_write(&w->stage, &item);
	if (r == 0)
		say_staged(w, began);
	if (r == 0 && w->stage.vars == NULL) {
		announce(in, "cloud-boot: this machine has no EFI variables");
		r = boot_file(w);
	}
	return r;
}

/* Whatever happened, the volume is let go; what failed first is what is reported. */
static int and_close(struct work *w, int r)
{
	struct cb_diag kept = w->in->diag;
	int closed = cache_close(&w->cache);

	if (r < 0)
		w->in->diag = kept;
	return r < 0 ? r : closed;
}

static int arm(struct work *w)
{
	struct cb_init *in = w->in;
	unsigned written = 0;
	uint16_t number;
	int r = cb_stage_arm(&w->stage, &number, &written);

	if (r == 0) {
		say(in, "firmware", "Boot%04X starts it%s%s", number, w->stage.once ? ", once" : "",
		    written == 0 ? "; the variables were right already" : "");
		return 0;
	}
	if (r == CB_ENOMEM)
		return r;
	announce(in, "cloud-boot: the firmware's variables can't be written: %s", in->diag.text);
	r = cache_open(in, w->volume, &w->cache);
	w->stage.begun = false;
	return and_close(w, r == 0 ? boot_file(w) : r);
}

static int restart(struct cb_init *in)
{
	int r;

	close_all(in);
	announce(in, "cloud-boot: restart");
	r = cb_pid1_end(&in->env, CB_END_RESTART);
	return fail_with(in, cb_wrap(&in->env, r, "restarting"), REPORT_NOT_STARTED);
}

static int prepare(struct work *w, const struct cb_candidate *c, struct cb_buf *cmdline)
{
	struct cb_init *in = w->in;
	struct cb_stage *s = &w->stage;
	int r = cb_stage_init(s, &in->env);

	if (r == 0)
		r = without_secrets(in, w->img->cmdline, cmdline);
	w->cmdline = (struct cb_str){ (const char *)cmdline->p, cmdline->n };
	if (r == 0)
		r = cache_place(in, w->volume, &s->entry);
	if (r == 0)
		r = cb_boot_target_name(&in->volumes, c, &s->arena, &s->entry.name);
	if (r < 0)
		return r;
	s->ours = w->volume->role == CB_ROLE_CACHE;
	s->once = cb_settings_flag(&in->settings, CB_KEY_TRIAL);
	s->now = wall_clock();
	r = cb_efivarfs_open(&in->env, CB_EFIVARS, &w->vars);
	if (r < 0) {
		cb_log(&in->env, CB_LOG_DEBUG, "%s", in->diag.text);
		cb_clear(&in->env);
	}
	s->vars = r == 0 ? &w->vars.vars : NULL;
	return r == CB_ENOMEM ? r : 0;
}

static int stage(struct cb_init *in, struct cb_volume *volume, const struct cb_candidate *c,
		 struct cb_boot_image *img)
{
	struct work *w = cb_alloc(&in->env, sizeof(*w));
	struct cb_buf cmdline;
	int r = w != NULL ? 0 : CB_ENOMEM;

	if (r < 0)
		return r;
	w->in = in;
	w->img = img;
	w->volume = volume;
	w->cache.folder.fd = -1;
	if (img->devicetree.n > 0)
		warn(in, "firmware brings its own device tree: the entry's is not used");
	cb_buf_init(&cmdline, &in->env, CMDLINE_MAX);
	r = prepare(w, c, &cmdline);
	if (r == 0)
		r = and_close(w, write_files(w));
	if (r == 0 && w->stage.vars != NULL)
		r = arm(w);
	if (r < 0)
		r = fail_with(in, cb_wrap(&in->env, r, "staging on %.*s", CB_STR_ARG(volume->name)),
			      report_of(w, r));
	cb_buf_fini(&cmdline);
	cb_stage_fini(&w->stage);
	cb_free(&in->env, w, sizeof(*w));
	return r;
}

static int load(struct cb_init *in, struct cb_candidate *c, struct cb_boot_image *img)
{
	uint64_t began = cb_now_ns(&in->env);
	char kernel[SIZE_TEXT], initrd[SIZE_TEXT];
	int r;

	meter_start(in, "reading");
	r = cb_boot_load(in->plan, c, img);
	meter_stop(in);
	if (r == 0)
		say(in, "loaded", "%s, %s, initrd %s, in %llu ms", img->format,
		    size_text(img->kernel.n, kernel), size_text(img->initrd.n, initrd),
		    (unsigned long long)((cb_now_ns(&in->env) - began) / 1000000));
	return r;
}

int sink_reboot(struct cb_init *in, struct cb_volume *cache)
{
	struct cb_candidate *c = NULL;
	struct cb_boot_image img;
	unsigned tried = 0;
	bool memory = false;
	int r;

	say(in, "exit", "reboot, %s", in->hand_why);
	while ((r = cb_boot_next(in->plan, c, &c)) == 0) {
		tried++;
		r = load(in, c, &img);
		if (r == 0) {
			r = stage(in, cache, c, &img);
			cb_boot_image_fini(&img);
			return r < 0 ? r : restart(in);
		}
		memory = memory || r == CB_ENOMEM;
		skip_candidate(in, c, r); /* the next one may do better */
	}
	return fail_with(in, cb_wrap(&in->env, r, "%u candidate%s tried", tried, tried == 1 ? "" : "s"),
			 memory ? REPORT_MEMORY : REPORT_ALL_BROKEN);
}
