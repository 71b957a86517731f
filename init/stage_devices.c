/* init/stage_devices.c - drivers, and what becomes visible with them. */
#include "init/init.h"
#include "linux/mounts.h"

int stage_devices(struct cb_init *in)
{
	if (!in->modules_loaded) {
		load_modules(in);
		in->modules_loaded = true;
		cb_mounts_late();
		cb_console_open(&in->console); /* a console's driver may have been a module */
	}
	return 0;
}
