/* loader/onfail.c - what comes when nothing was started (cloudboot.onfail): back to the firmware, if nothing
 * else is asked for. The loader never tries the same again: the firmware has more to offer. */
#include "core/str.h"
#include "loader/loader.h"
#include "uefi/console.h"

#define READ_US 10000000u            /* for a person to see the report before the screen goes */

static void reset(struct cb_loader *l, uint32_t how, bool failed)
{
	say(l, "end", "%s%s", how == EFI_RESET_SHUTDOWN ? "power off" : "reboot",
	    failed ? " in 10 s" : "");
	if (failed)
		(void)l->u.st->bs->stall(READ_US); /* always succeeds */
	l->u.st->rt->reset_system(how, EFI_SUCCESS, 0, NULL);
}

static void wait_for_key(struct cb_loader *l)
{
	struct cb_uefi_console console;
	struct cb_press key;

	cb_uefi_console_init(&console, &l->u, &l->env);
	say(l, "end", "a key goes back to the firmware (cloudboot.onfail=hang)");
	while (!console.term.ops->read(&console.term, UINT64_MAX, &key))
		;
}

void end(struct cb_loader *l, bool failed)
{
	struct cb_str mode = cb_settings_get(&l->settings, CB_KEY_ONFAIL);

	if (cb_str_eq(mode, CB_STR("poweroff")))
		reset(l, EFI_RESET_SHUTDOWN, failed);
	else if (cb_str_eq(mode, CB_STR("reboot")))
		reset(l, EFI_RESET_COLD, failed);
	else if (failed && cb_str_eq(mode, CB_STR("menu")) && l->plan != NULL)
		(void)ask(l); /* its own report was shown in it */
	else if (failed && cb_str_eq(mode, CB_STR("hang")))
		wait_for_key(l);
}
