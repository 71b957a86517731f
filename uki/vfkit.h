/* uki/vfkit.h - the vfkit command line of the hypervisor page: Apple's Virtualization.framework, path C. */
#ifndef CB_UKI_VFKIT_H
#define CB_UKI_VFKIT_H

#include "uki/host.h"

struct cb_vfkit_plan {
	const char *boot;             /* boot.iso */
	bool boot_writable;
	const char *cache;            /* the cache disk; NULL: none */
	const char *vars;             /* the variable store */
	bool create_vars;             /* vfkit shall make it */
	const char *mac;              /* of the network card; NULL: vfkit chooses */
	struct cb_list disks;
	const char *mem, *smp;        /* as QEMU takes them; NULL: vfkit's default */
	bool gui, serial;             /* a window; the guest's console on this terminal */
	struct cb_list extra;         /* vfkit's own words */
};

/* CB_EINVAL for names that vfkit can't be given, and images that it can't read. */
CB_MUST int cb_vfkit_words(struct cb_host *h, const struct cb_vfkit_plan *plan, const char *const **ret);

#endif
