/* uefi/initrd.h - the initrd where Linux's EFI stub asks for it first: EFI_LOAD_FILE2 on the path that has
 * LINUX_EFI_INITRD_MEDIA_GUID (Documentation/admin-guide/efi-stub.rst). */
#ifndef CB_UEFI_INITRD_H
#define CB_UEFI_INITRD_H

#include "uefi/env.h"
#include "uefi/proto/load_file2.h"

struct cb_uefi_initrd {
	struct efi_load_file2 load_file2;   /* first: the firmware hands us this */
	struct cb_bytes data;
	efi_handle handle;
	uint64_t asked;                     /* times that the data was copied out */
};

/* Offer data, which is borrowed until withdraw(). CB_EUNSUP: this firmware doesn't take the protocol.
 * CB_ECORRUPT: somebody else offers an initrd already, and a kernel would get that one whatever else it is
 * told. */
CB_MUST int cb_uefi_initrd_offer(struct cb_uefi *u, struct cb_env *env, struct cb_bytes data,
				 struct cb_uefi_initrd *ret);
/* After a start that came back. */
void cb_uefi_initrd_withdraw(struct cb_uefi *u, struct cb_uefi_initrd *i);

#endif
