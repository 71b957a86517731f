/* init/stage_disk.c - wait for the disks, look at them, rank what can boot. */
#include "boot/explain.h"
#include "core/log.h"
#include "core/str.h"
#include "init/init.h"
#include "linux/os.h"

#define SECOND      UINT64_C(1000000000)
#define LOOK_AGAIN  (SECOND / 2)  /* also without a message of the kernel: some drivers send none */
#define QUIET       (SECOND / 4)  /* without news of block devices: every fast disk has come */
#define TEXT_MAX    (256u << 10)

/* The consoles that we were told to use, for the next kernel's command line. */
static int own_consoles(struct cb_init *in, struct cb_arena *a, struct cb_str *ret)
{
	struct cb_buf line, consoles;
	struct cb_str left, word;
	int r;

	cb_buf_init(&line, &in->env, 8192);
	cb_buf_init(&consoles, &in->env, 8192);
	r = cb_os_read(&in->env, "/proc/cmdline", 4096, &line);
	left = (struct cb_str){ (const char *)line.p, line.n };
	while (r == 0 && cb_settings_word(&left, &word))
		if (cb_str_starts(word, CB_STR("console=")))
			cb_buf_fmt(&consoles, "%s%.*s", consoles.n > 0 ? " " : "",
				   CB_STR_ARG(cb_str_sub(word, 8, SIZE_MAX)));
	if (r == 0)
		r = cb_buf_status(&consoles);
	if (r == 0) {
		*ret = cb_arena_str(a, (struct cb_str){ (const char *)consoles.p, consoles.n });
		r = ret->p != NULL ? 0 : CB_ENOMEM;
	}
	cb_wipe(line.p, line.n);
	cb_buf_fini(&line);
	cb_buf_fini(&consoles);
	return r;
}

static void fill_request(struct cb_init *in, struct cb_str *initrd, struct cb_boot_request *ret)
{
	const struct cb_settings *s = &in->settings;
	struct cb_str device = cb_settings_get(s, CB_KEY_DISK);

	/* A data set by itself names its pool too. */
	if (device.n == 0)
		device = cb_settings_get(s, CB_KEY_DISK_DATASET);
	*initrd = cb_settings_get(s, CB_KEY_DISK_INITRD);
	ret->device = device;
	ret->fs = cb_settings_get(s, CB_KEY_DISK_FS);
	ret->kernel = cb_settings_get(s, CB_KEY_DISK_KERNEL);
	ret->initrds = initrd;
	ret->initrds_n = initrd->n > 0 ? 1 : 0;
	if (cb_settings_source(s, CB_KEY_CMDLINE) != CB_SOURCE_PRESET) {
		ret->cmdline = cb_settings_get(s, CB_KEY_CMDLINE);
		ret->cmdline_from = "cloudboot.cmdline";
	}
	ret->arch = in->arch;
	ret->hand = in->hand;
}

/* 1: found. 0: not yet, it may come. Negative: it never will. */
static int look(struct cb_init *in, const struct cb_boot_request *req)
{
	struct cb_candidate *c;
	int r;

	cb_boot_plan_free(in->plan);
	in->plan = NULL;
	cb_clear(&in->env);
	meter_start(in, "searching the disks");
	r = cb_boot_plan_make(&in->volumes, req, &in->plan);
	if (r == 0)
		r = cb_boot_next(in->plan, NULL, &c);
	meter_stop(in);
	if (r == 0)
		return 1;
	if (r != CB_ENOENT)
		return r;
	/* The named device is there, but nothing on it boots: waiting doesn't help. */
	return in->plan != NULL && req->device.n > 0 ? r : 0;
}

static uint64_t since(struct cb_init *in, uint64_t then)
{
	return cb_now_ns(&in->env) - then;
}

static int wait_for_boot(struct cb_init *in, const struct cb_boot_request *req)
{
	uint64_t start = cb_now_ns(&in->env), patience = cb_settings_ns(&in->settings, CB_KEY_DISK_WAIT);
	bool said = false, first = true, last;
	unsigned fresh = 0;
	int r;

	for (;;) {
		while (since(in, in->device_ns) < QUIET && since(in, start) < patience)
			(void)wait_for_devices(in, QUIET - since(in, in->device_ns)); /* it notes the time */
		r = scan_disks(in, &fresh);
		if (r < 0)
			return r;
		/* The last look is for its report: scanning for late disks clears the one before. */
		last = since(in, start) >= patience;
		if (fresh > 0 || first || last) {
			r = look(in, req);
			if (r != 0)
				return r < 0 ? r : 0;
		}
		first = false;
		if (last)
			return CB_ETIMEDOUT;
		if (!said && since(in, start) > SECOND) {
			say(in, "waiting", "for %s%.*s, up to %llu s",
			    req->device.n > 0 ? "" : "a bootable disk", CB_STR_ARG(req->device),
			    (unsigned long long)(patience / SECOND));
			said = true;
		}
		(void)wait_for_devices(in, LOOK_AGAIN); /* the loop looks either way */
	}
}

/* What went wrong is in the diagnostics; after the time ran out, that of the last look. */
static int no_boot(struct cb_init *in, int r, const struct cb_boot_request *req)
{
	uint64_t seconds = cb_settings_ns(&in->settings, CB_KEY_DISK_WAIT) / SECOND;

	if (r == CB_ENOMEM || r == CB_ELIMIT)
		return fail_with(in, r, REPORT_MEMORY);
	if (in->volumes.disks_n == 0) {
		r = cb_fail(&in->env, CB_ENOENT, "no disk was found in %llu s", (unsigned long long)seconds);
		return fail_with(in, r, REPORT_NO_DISKS);
	}
	if (r == CB_EINVAL || r == CB_EUNSUP)
		return fail_with(in, r, REPORT_BAD_DEVICE);
	return fail_with(in, r, req->device.n > 0 && in->plan == NULL ? REPORT_NO_DEVICE : REPORT_NOTHING);
}

static struct cb_str text_of(const struct cb_buf *b)
{
	return (struct cb_str){ (const char *)b->p, b->n };
}

/* Everything, for whoever debugs; else what is going to boot, and what would have come before it. */
static void explain(struct cb_init *in)
{
	struct cb_candidate *chosen = NULL;
	struct cb_buf text;

	cb_buf_init(&text, &in->env, TEXT_MAX);
	if (in->env.max_level >= CB_LOG_DEBUG) {
		cb_explain_volumes(&in->volumes, &text);
		say_lines(in, NULL, text_of(&text));
		text.n = 0;
		cb_explain_plan(in->plan, &text);
		say_lines(in, NULL, text_of(&text));
	} else if (cb_boot_next(in->plan, NULL, &chosen) == 0) {
		for (const struct cb_candidate *c = in->plan->first; c != chosen; c = c->next) {
			text.n = 0;
			cb_explain_short(c, &text);
			say(in, "skipped", "%.*s: %.*s", CB_STR_ARG(text_of(&text)), CB_STR_ARG(c->why));
		}
		say(in, "boot", "%.*s: %s, %.*s", CB_STR_ARG(chosen->title), chosen->rule,
		    CB_STR_ARG(chosen->reason));
		text.n = 0;
		cb_explain_candidate(chosen, &text);
		say_lines(in, NULL, text_of(&text));
	}
	cb_buf_fini(&text);
}

static int with_request(struct cb_init *in, int (*fn)(struct cb_init *in, const struct cb_boot_request *req))
{
	struct cb_boot_request req = { 0 };
	struct cb_str initrd;
	struct cb_arena a;
	int r;

	cb_arena_init(&a, &in->env, 64u << 10);
	fill_request(in, &initrd, &req);
	r = own_consoles(in, &a, &req.console);
	if (r == 0) {
		r = fn(in, &req);
		r = r < 0 ? no_boot(in, r, &req) : 0;
	}
	if (r == 0)
		explain(in);
	cb_arena_fini(&a);
	return r < 0 ? cb_wrap(&in->env, r, "finding something to boot") : 0;
}

static int look_once(struct cb_init *in, const struct cb_boot_request *req)
{
	int r = look(in, req);

	return r == 1 ? 0 : r == 0 ? CB_ENOENT : r;
}

int plan_again(struct cb_init *in)
{
	return with_request(in, look_once);
}

int stage_disk(struct cb_init *in)
{
	cb_volumes_init(&in->volumes, &in->env, cb_fs_drivers);
	return with_request(in, wait_for_boot);
}
