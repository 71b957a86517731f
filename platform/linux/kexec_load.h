/* linux/kexec_load.h - handing a kernel to the running one: kexec_file_load(2) and kexec_load(2). */
#ifndef CB_LINUX_KEXEC_LOAD_H
#define CB_LINUX_KEXEC_LOAD_H

#include "core/mem.h"

/* Bytes in a file that exists only in memory; what kexec_file_load() reads. */
CB_MUST int cb_kexec_file(struct cb_env *env, const char *name, struct cb_bytes data, int *ret_fd);

/* initrd -1: none. CB_EUNSUP: this kernel has no such call. CB_EAUTH: it may not (lockdown, a
 * signature, kexec_load_disabled). CB_ECORRUPT and others: it doesn't take this very kernel. */
CB_MUST int cb_kexec_file_load(struct cb_env *env, int kernel, int initrd, struct cb_str cmdline);

/* Goes to physical address `to`; size, a multiple of the page size, is zero after data. */
struct cb_kexec_segment {
	struct cb_bytes data;
	uint64_t to, size;
};
#define CB_KEXEC_SEGMENTS 16u
/* Starts at entry. The same codes as above. */
CB_MUST int cb_kexec_load(struct cb_env *env, const struct cb_kexec_segment *seg, size_t n,
			  uint64_t entry);

/* Why no kernel can be handed over here, a clause; NULL when nothing speaks against it. */
const char *cb_kexec_impossible(void);
/* The same, or why it must be one that this machine trusts. */
const char *cb_kexec_forbidden(void);

#endif
