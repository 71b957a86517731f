/* boot/explain.h - the plan in words: the same lines in init, the loader and `cloud-boot explain`.
 *
 * Lines end in \n; bytes of foreign names are escaped, so a terminal can't be driven by them. */
#ifndef CB_BOOT_EXPLAIN_H
#define CB_BOOT_EXPLAIN_H

#include "boot/boot.h"

/* Disks with their tables, volumes with type, size, file system, names, and what is wrong. */
void cb_explain_volumes(const struct cb_volumes *vs, struct cb_buf *ret);
/* The ranked list with rule, reason, files and command line, then the notes. */
void cb_explain_plan(const struct cb_boot_plan *p, struct cb_buf *ret);
/* What a boot log needs of one candidate: two to five lines. */
void cb_explain_candidate(const struct cb_candidate *c, struct cb_buf *ret);
/* "vmlinuz-6.12.0 on vda1 (ext4, LABEL=root)": one line without \n. */
void cb_explain_short(const struct cb_candidate *c, struct cb_buf *ret);

#endif
