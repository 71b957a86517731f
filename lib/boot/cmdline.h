/* boot/cmdline.h - kernel command lines: words, quotes, files that hold one.
 *
 * The kernel's own grammar (lib/cmdline.c there): blanks separate, a double quote protects
 * blanks, and stays a part of the word. */
#ifndef CB_BOOT_CMDLINE_H
#define CB_BOOT_CMDLINE_H

#include "core/mem.h"

/* Cut the next word off *s, quotes still in it; false when only blanks are left. A quote that is
 * never closed reaches to the end. */
bool cb_cmdline_word(struct cb_str *s, struct cb_str *ret);

/* The value of the last `key=value` or `key`, without the quotes round it. False: not there. */
bool cb_cmdline_get(struct cb_str line, struct cb_str key, struct cb_str *ret);

/* A file such as /etc/kernel/cmdline as one line: lines starting with '#' go, line ends become
 * blanks. A quote that is never closed is closed. CB_EINVAL for NUL and other control bytes,
 * CB_ELIMIT over CB_MAX_CMDLINE - 1. */
CB_MUST int cb_cmdline_from_file(struct cb_arena *a, struct cb_str text, struct cb_str *ret);

/* line plus `console=X` for each word X of consoles, unless line has a console= already.
 * The same errors as above. */
CB_MUST int cb_cmdline_finish(struct cb_arena *a, struct cb_str line, struct cb_str consoles,
			      struct cb_str *ret);

#endif
