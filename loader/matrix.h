/* loader/matrix.h - which protocols this firmware has: the page's matrix, for the machine at hand. */
#ifndef CB_LOADER_MATRIX_H
#define CB_LOADER_MATRIX_H

#include "uefi/disk.h"
#include "uefi/vars.h"

/* Look, connect every controller, look again, use what leaves no trace; print the table and the JSON, and put
 * the JSON into the variable CloudBootProbe and into \cloud-boot\probe.json on `volume`, where those can be
 * written. Fails only for want of memory. */
CB_MUST int probe_matrix(struct cb_uefi *u, struct cb_env *env, struct cb_uefi_vars *vars, efi_handle volume);

#endif
