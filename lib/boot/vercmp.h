/* boot/vercmp.h - the order of versions (UAPI.10 Version Format Specification). */
#ifndef CB_BOOT_VERCMP_H
#define CB_BOOT_VERCMP_H

#include "core/mem.h"

/* -1, 0 or 1: a is older than, as new as, newer than b. Any bytes; NUL ends nothing. */
int cb_vercmp(struct cb_str a, struct cb_str b);

#endif
