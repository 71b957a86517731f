/* uki/kernel.h - what a kernel file is: for which machine, which release. */
#ifndef CB_UKI_KERNEL_H
#define CB_UKI_KERNEL_H

#include "core/arch.h"
#include "core/input.h"
#include "uki/host.h"

/* CB_EINVAL when in is no kernel for that machine that a stub can start. *ret_release is its
 * `uname -r`, NULL when the file doesn't say. */
CB_MUST int cb_kernel_look(struct cb_host *h, const struct cb_input *in, enum cb_arch arch,
			   const char **ret_release);

#endif
