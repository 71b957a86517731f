/* init/onfail.c - what comes after a failed attempt (cloudboot.onfail), and the machine's end. */
#include <unistd.h>

#include "core/log.h"
#include "core/str.h"
#include "image/bootvars.h"
#include "init/init.h"
#include "linux/efivarfs.h"

#define SECOND     UINT64_C(1000000000)
#define READ_TIME  (10 * SECOND)  /* for a person to see the report before the screen goes */
#define WAIT_FIRST (5 * SECOND)
#define WAIT_MOST  (60 * SECOND)
#define WAIT_LEAST (2 * SECOND)   /* before a new device starts another attempt */

void end_machine(struct cb_init *in, enum cb_end how)
{
	announce(in, "cloud-boot: %s", how == CB_END_OFF ? "power off" : "reboot");
	if (cb_pid1_end(&in->env, how) < 0)
		announce(in, "cloud-boot: %s", in->diag.text);
	for (;;)
		(void)pause(); /* the kernel said no: only it can go on */
}

bool wait_for_devices(struct cb_init *in, uint64_t timeout_ns)
{
	unsigned woke = cb_pid1_wait(&in->pid1, timeout_ns);

	if (woke & CB_WOKE_REBOOT)
		end_machine(in, CB_END_RESTART);
	if (woke & CB_WOKE_OFF)
		end_machine(in, CB_END_OFF);
	if (woke & CB_WOKE_DEVICE)
		in->device_ns = cb_now_ns(&in->env);
	return (woke & CB_WOKE_DEVICE) != 0;
}

static void wait_all(struct cb_init *in, uint64_t ns)
{
	uint64_t start = cb_now_ns(&in->env), gone;

	while ((gone = cb_now_ns(&in->env) - start) < ns)
		(void)wait_for_devices(in, ns - gone); /* time is what we wait for */
}

/* Attempts come 5, 10, 20, 40, 60, 60, ... seconds apart, and when a disk is plugged in. */
static void wait_for_retry(struct cb_init *in, unsigned attempt)
{
	uint64_t ns = attempt > 4 ? WAIT_MOST : cb_min(WAIT_FIRST << (attempt - 1), WAIT_MOST);
	uint64_t start = cb_now_ns(&in->env), gone;

	announce(in, "cloud-boot: next attempt in %llu s, or when a disk appears; Ctrl-Alt-Del reboots",
		 (unsigned long long)(ns / SECOND));
	wait_all(in, WAIT_LEAST);
	while ((gone = cb_now_ns(&in->env) - start) < ns)
		if (wait_for_devices(in, ns - gone))
			return;
}

/* Where the firmware can't be told, a plain reboot is what is left: its own order decides. */
static void choose_next(struct cb_init *in)
{
	struct cb_efivarfs fs;
	uint16_t entry;
	int r = cb_efivarfs_open(&in->env, CB_EFIVARS, &fs);

	if (r == 0)
		r = cb_bootvars_behind(&fs.vars, &entry);
	if (r == 0)
		r = cb_bootvars_next(&fs.vars, entry);
	if (r < 0)
		announce(in, "cloud-boot: the firmware's own order decides: %s", in->diag.text);
	else
		announce(in, "cloud-boot: the firmware's next entry is Boot%04X", entry);
}

void after_failure(struct cb_init *in, unsigned attempt)
{
	struct cb_str mode = cb_settings_get(&in->settings, CB_KEY_ONFAIL);

	bool loop = in->report == REPORT_LOOP || in->report == REPORT_NO_VARS;

	/* Another attempt would stage again, and be sent back again. */
	if (loop && !cb_str_eq(mode, CB_STR("poweroff")) && !cb_str_eq(mode, CB_STR("reboot")) &&
	    !cb_str_eq(mode, CB_STR("next")))
		mode = CB_STR("hang");
	if (cb_str_eq(mode, CB_STR("hang"))) {
		announce(in, "cloud-boot: stopped%s; Ctrl-Alt-Del reboots",
			 loop ? " instead of staging again" : " (cloudboot.onfail=hang)");
		for (;;)
			(void)wait_for_devices(in, WAIT_MOST); /* signals end it */
	}
	if (cb_str_eq(mode, CB_STR("poweroff"))) {
		announce(in, "cloud-boot: power off in 10 s (cloudboot.onfail=poweroff)");
		wait_all(in, READ_TIME);
		end_machine(in, CB_END_OFF);
	}
	if (cb_str_eq(mode, CB_STR("next")))
		choose_next(in);
	if (cb_str_eq(mode, CB_STR("reboot")) || cb_str_eq(mode, CB_STR("next"))) {
		announce(in, "cloud-boot: reboot in 10 s (cloudboot.onfail=%.*s)", CB_STR_ARG(mode));
		wait_all(in, READ_TIME);
		end_machine(in, CB_END_RESTART);
	}
	if (cb_str_eq(mode, CB_STR("menu")))
		announce(in, "cloud-boot: there is no menu to go back to (cloudboot.onfail=menu): retry");
	wait_for_retry(in, attempt);
}
