/* uki/proc.h - other programs: run one, and know the Debian package that has it. */
#ifndef CB_UKI_PROC_H
#define CB_UKI_PROC_H

#include "uki/host.h"

/* Run argv[0], found in PATH, with nothing on its standard input, and wait. Its output is appended to
 * ret_out, or dropped when that is NULL; what it says on stderr goes into the report when it fails. */
CB_MUST int cb_proc_run(struct cb_host *h, const char *const *argv, struct cb_buf *ret_out);

/* Where a program is: a path with '/' itself, else the first in PATH; NULL when it is nowhere. */
const char *cb_proc_find(struct cb_host *h, const char *program);
/* The Debian package that has a program; NULL when we don't know it. */
const char *cb_proc_package(const char *program);

/* The words as one line for a shell. */
void cb_proc_quote(struct cb_buf *b, const char *const *argv);

#endif
