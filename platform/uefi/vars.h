/* uefi/vars.h - the firmware's own variables (UEFI 2.10, 8.2) behind image/efivars.h. */
#ifndef CB_UEFI_VARS_H
#define CB_UEFI_VARS_H

#include "image/efivars.h"
#include "uefi/env.h"

struct cb_uefi_vars {
	struct cb_efivars vars;      /* first */
	struct cb_uefi *u;
};
void cb_uefi_vars_init(struct cb_uefi_vars *v, struct cb_uefi *u, struct cb_env *env);

#endif
