/* uki/kvm.h - can KVM run a guest here? */
#ifndef CB_UKI_KVM_H
#define CB_UKI_KVM_H

#include "core/arch.h"

/* NULL when a guest of that architecture runs under KVM; else why not, a clause. It is tried, not
 * guessed: a nested or restricted /dev/kvm may open and then fail at the first instructions. */
const char *cb_kvm_problem(enum cb_arch arch);

/* The machine that this program was built for. */
enum cb_arch cb_kvm_host_arch(void);

#endif
