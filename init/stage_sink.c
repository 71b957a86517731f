/* init/stage_sink.c - how the boot ends: kexec, or the firmware (SPEC 7.3). */
#include "core/str.h"
#include "init/cache.h"
#include "linux/kexec_load.h"
#include "linux/smbios.h"

static bool is_auto(const struct cb_init *in)
{
	return cb_str_eq(cb_settings_get(&in->settings, CB_KEY_EXIT), CB_STR("auto"));
}

/* Decided before the disks are searched: firmware can start things that kexec can't. */
int stage_exit(struct cb_init *in)
{
	struct cb_str how = cb_settings_get(&in->settings, CB_KEY_EXIT);
	const char *why = cb_kexec_impossible();

	in->hand = CB_HAND_KEXEC;
	in->hand_why = "as cloudboot.exit says";
	if (cb_str_eq(how, CB_STR("reboot"))) {
		in->hand = CB_HAND_EFI;
	} else if (is_auto(in)) {
		/* Not even an empty call where the platform traps it. A locked-down kernel takes those
		 * that it trusts: it is asked. */
		if (why == NULL && !kexec_is_there(in))
			why = "the running kernel has no kexec call";
		in->hand = why != NULL ? CB_HAND_EFI : CB_HAND_KEXEC;
		in->hand_why = why != NULL ? why : "which this machine allows";
	} else if (cb_smbios_is_apple_vz()) {
		return fail_with(in, cb_fail(&in->env, CB_EAUTH, "cloudboot.exit=kexec: %s", why),
				 REPORT_FORBIDDEN);
	}
	return 0;
}

static int by_reboot(struct cb_init *in)
{
	struct cb_volume *cache;
	int r = cache_find(in, &cache);

	if (r < 0)
		return fail_with(in, cb_wrap(&in->env, r, "exit by reboot, %s", in->hand_why),
				 REPORT_NO_CACHE);
	return sink_reboot(in, cache);
}

int stage_sink(struct cb_init *in)
{
	bool refused = false;
	int r;

	if (in->hand == CB_HAND_EFI)
		return by_reboot(in);
	say(in, "exit", "kexec, %s", in->hand_why);
	r = sink_kexec(in, is_auto(in) ? &refused : NULL);
	if (!refused)
		return r;
	warn(in, "kexec: %s", in->diag.text);
	cb_clear(&in->env);
	in->hand = CB_HAND_EFI;
	in->hand_why = "because kexec was refused";
	r = plan_again(in);
	return r == 0 ? by_reboot(in) : r;
}
