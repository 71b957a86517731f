/* boot/kname.h - kernel files by their names: which are kernels, of what version, and what their
 * initrds are called in each distribution. */
#ifndef CB_BOOT_KNAME_H
#define CB_BOOT_KNAME_H

#include "core/mem.h"

/* How a name begins; the lower one is preferred among equal versions. */
enum cb_kname_stem { CB_KNAME_VMLINUZ, CB_KNAME_IMAGE, CB_KNAME_VMLINUX, CB_KNAME_KERNEL };

/* What is tried after every ordinary kernel, in this order. */
enum cb_kname_class { CB_KNAME_ORDINARY, CB_KNAME_OLD, CB_KNAME_RESCUE, CB_KNAME_KDUMP };

/* Views into the name. */
struct cb_kname {
	enum cb_kname_stem stem;
	enum cb_kname_class class;
	struct cb_str version;    /* after the stem, without ".efi", ".gz", ".old"; may be empty */
	struct cb_str tail;       /* ".old", ".bak": the initrd's name may end so too */
};

/* False: not the name of a kernel (an initrd, a map, a package manager's left-over, a hidden
 * file). */
bool cb_kname_parse(struct cb_str name, struct cb_kname *ret);

/* Below 0 when a is to be tried before b: by class, newer before older, by stem; else 0. */
int cb_kname_cmp(const struct cb_kname *a, const struct cb_kname *b);

/* "rescue kernel"; "" for an ordinary one. */
const char *cb_kname_class_text(enum cb_kname_class c);

/* The i-th name, from 0, that an initrd of k may have, the likeliest first. True and .p NULL for
 * want of memory; false after the last. */
bool cb_kname_initrd(struct cb_arena *a, const struct cb_kname *k, unsigned i, struct cb_str *ret);

#endif
