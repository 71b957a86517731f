/* init/main.c - process 1 of cloud-boot's initramfs: the stages of a boot, one report when one fails. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/fmt.h"
#include "core/log.h"
#include "core/str.h"
#include "init/init.h"
#include "linux/mounts.h"
#include "linux/os.h"
#include "posix/posix.h"

static const struct {
	const char *name;
	int (*run)(struct cb_init *in);
} stages[] = {
	{ "settings", stage_settings },
	{ "devices", stage_devices },
	{ "exit", stage_exit },
	{ "disk", stage_disk },
	{ "sink", stage_sink },
};

static struct cb_init the_init;

/* A bug of ours. Nothing may be touched that the bug may have broken: fixed text, then a reboot after
 * time to read it, because the kernel would panic if we ended. */
static void fault(int sig)
{
	static const char text[] = "\ncloud-boot: process 1 was stopped by a signal that only a bug raises\n"
				   "  what to do: report it, with the lines above; reboot in 60 s\n"
				   "  CB-1090\n";

	(void)sig;
	cb_console_write(&the_init.console, text, sizeof(text) - 1);
	(void)sleep(60); /* interrupted or not */
	for (;;)
		(void)cb_pid1_end(&the_init.env, CB_END_RESTART); /* nothing else is left to do */
}

/* An allocation that can't be met must fail here, where it becomes a report, and not later by the
 * kernel's looking for a process to end: there is only us. */
static void no_overcommit(struct cb_init *in)
{
	if (cb_os_write(&in->env, "/proc/sys/vm/overcommit_ratio", "80") < 0 ||
	    cb_os_write(&in->env, "/proc/sys/vm/overcommit_memory", "2") < 0)
		cb_clear(&in->env);   /* a kernel without these knobs boots all the same */
}

static int start(struct cb_init *in)
{
	struct utsname u = { .release = "" };
	int r;

	r = cb_mounts_early(&in->env);
	if (r < 0)
		return fail_with(in, r, REPORT_KERNEL_FS);
	cb_console_open(&in->console); /* all of them: /sys names them, /dev has them */
	no_overcommit(in);
	r = cb_pid1_init(&in->env, &in->pid1, fault);
	if (r < 0)
		return fail_with(in, r, REPORT_SIGNALS);
	in->device_ns = cb_now_ns(&in->env);
	(void)uname(&u); /* can't fail with a good pointer */
	(void)cb_arch_parse(cb_str_c(u.machine), &in->arch); /* stays NONE: any kernel may be tried */
	say(in, NULL, "cloud-boot " CB_VERSION ", Linux %s, %s", u.release, cb_arch_name(in->arch));
	return 0;
}

static int run_stages(struct cb_init *in)
{
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		uint64_t began = cb_now_ns(&in->env);
		int r = stages[i].run(in);

		cb_log(&in->env, CB_LOG_DEBUG, "stage %s: %llu ms", stages[i].name,
		       (unsigned long long)((cb_now_ns(&in->env) - began) / 1000000));
		if (r < 0)
			return fail_with(in, r, REPORT_MEMORY);
	}
	return 0;
}

static void attempt_init(struct cb_init *in)
{
	cb_settings_init(&in->settings, &in->env);
	cb_volumes_init(&in->volumes, &in->env, cb_fs_drivers);
	in->report = REPORT_NONE;
	cb_clear(&in->env);
}

void close_all(struct cb_init *in)
{
	cb_settings_fini(&in->settings);
	cb_settings_init(&in->settings, &in->env);
	cb_boot_plan_free(in->plan);
	in->plan = NULL;
	cb_volumes_fini(&in->volumes);
}

int main(void)
{
	struct cb_init *in = &the_init;
	bool started = false;

	if (getpid() != 1) {
		fprintf(stderr, "cloud-boot-init " CB_VERSION ": process 1 of cloud-boot's initramfs; it "
			"does nothing elsewhere\n");
		return 2;
	}
	in->env = (struct cb_env){ &in->plat, in, CB_LOG_INFO, &in->diag };
	in->plat = cb_posix_platform;
	in->pid1.signals = in->pid1.uevents = -1;
	log_to_console(in);
	cb_console_open(&in->console);
	for (unsigned attempt = 1;; attempt++) {
		attempt_init(in);
		started = started || start(in) == 0;
		if (started)
			(void)run_stages(in); /* comes back with a report, or not at all */
		print_report(in);
		after_failure(in, attempt);
		close_all(in);
	}
}
