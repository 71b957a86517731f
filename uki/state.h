/* uki/state.h - what a virtual machine keeps from one run to the next: UEFI variables, its cache disk.
 *
 * The files are in the cache, under a key made of the machine's disks: the same disks, the same machine. */
#ifndef CB_UKI_STATE_H
#define CB_UKI_STATE_H

#include "uki/host.h"

/* The file "KIND-KEY.EXT"; it may not be there. Disks are meant wherever their names lead to. */
CB_MUST int cb_state_path(struct cb_host *h, const struct cb_list *disks, const char *kind,
			  const char *ext, const char **ret);
/* A variable store at path: what is there stays, else a copy of template, holes for its zeros. */
CB_MUST int cb_state_vars(struct cb_host *h, const char *path, const char *template);

#endif
