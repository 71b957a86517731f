/* image/fdt.h - flattened device trees (Devicetree Specification 0.4, chapter 5): reading, and writing
 * one again with another /chosen.
 *
 * Everything is checked where it is read; a tree may come from anywhere. */
#ifndef CB_IMAGE_FDT_H
#define CB_IMAGE_FDT_H

#include "core/mem.h"

/* A tree whose blocks lie inside its bytes. Views are borrowed. */
struct cb_fdt {
	struct cb_bytes reserved;     /* memory reservation block, the zero entry included */
	struct cb_bytes nodes;        /* structure block */
	struct cb_bytes strings;
	uint32_t boot_cpu;
};

/* CB_ENOTMINE: no device tree. CB_EUNSUP: older than version 16. */
CB_MUST int cb_fdt_open(struct cb_env *env, struct cb_bytes file, struct cb_fdt *ret);

/* A property of the node at path ("/chosen", "/" for the root; unit addresses spelled out).
 * CB_ENOENT when there is none. */
CB_MUST int cb_fdt_get(struct cb_env *env, const struct cb_fdt *t, struct cb_str path,
		       struct cb_str name, struct cb_bytes *ret);

/* What the next kernel is told. */
struct cb_fdt_boot {
	struct cb_str bootargs;
	uint64_t initrd_start, initrd_end;  /* physical; both 0: none */
	struct cb_bytes kaslr_seed, rng_seed;  /* fresh ones; .n 0: none */
};

/* The tree with that in /chosen, appended to ret. Of the old /chosen goes what belonged to the running
 * kernel: its arguments, initrd, seeds and crash dump ranges; what the firmware says (linux,uefi-*,
 * stdout-path) stays. */
CB_MUST int cb_fdt_with_boot(struct cb_env *env, const struct cb_fdt *t, const struct cb_fdt_boot *boot,
			     struct cb_buf *ret);

#endif
