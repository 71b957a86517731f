/* uki/modules.h - which modules of a kernel the initramfs needs. */
#ifndef CB_UKI_MODULES_H
#define CB_UKI_MODULES_H

#include "image/kmod.h"
#include "uki/host.h"

struct cb_module {
	const char *name;         /* of its file, without ".ko" and what follows */
	const char *path;
	bool picked;
};

struct cb_modules {
	struct cb_module *v;      /* sorted by name */
	size_t n, picked;
	const char *release; /* of the kernel that the first one was built for; NULL: none picked */
};

/* Look through dir (/lib/modules/RELEASE, or any folder above modules) and pick what drives a disk, a
 * console, the network and the EFI variables, with everything that those depend on. */
CB_MUST int cb_modules_pick(struct cb_host *h, const char *dir, struct cb_modules *ret);

/* The module's bytes, decompressed, appended to ret. */
CB_MUST int cb_modules_read(struct cb_host *h, const struct cb_module *m, struct cb_buf *ret);

#endif
