/* boot/kname.h - kernel files by their names: which are kernels, of what version, and what their initrds
 * are called in each distribution. */
#ifndef CB_BOOT_KNAME_H
#define CB_BOOT_KNAME_H

#include "core/mem.h"

/* How a name was spelled; lower is preferred among equal versions. */
enum cb_kname_stem { CB_KNAME_VMLINUZ, CB_KNAME_IMAGE, CB_KNAME_VMLINUX, CB_KNAME_KERNEL };

/* Views into the name. */
struct cb_kname {
	enum cb_kname_stem stem;
	struct cb_str version;    /* what follows the stem, without ".efi", ".gz", ".old"; may be empty */
	struct cb_str tail;       /* ".old", ".bak": what was cut off and belongs to initrds too */
	const char *last_resort;  /* "a rescue kernel", NULL for an ordinary one */
};

/* False: not the name of a kernel (an initrd, a map, a package manager's left-over, a hidden file). */
bool cb_kname_parse(struct cb_str name, struct cb_kname *ret);

/* Below 0 when a is to be tried before b: ordinary before last resort, newer before older, then by stem,
 * then by name. */
int cb_kname_cmp(const struct cb_kname *a, const struct cb_kname *b);

/* The i-th name, from 0, that an initrd of k may have, most likely first; empty after the last. In the
 * arena; .p NULL with status set when there is no memory. */
#define CB_KNAME_INITRDS 16u
CB_MUST int cb_kname_initrd(struct cb_arena *a, const struct cb_kname *k, unsigned i, struct cb_str *ret);

#endif
