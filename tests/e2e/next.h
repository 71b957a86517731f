/* tests/e2e/next.h - for programs that play a part of the firmware's, and let another one run under it. */
#ifndef CB_E2E_NEXT_H
#define CB_E2E_NEXT_H

#include "uefi/env.h"

/* Load \EFI\BOOT\LOADER.EFI from the volume that this program came from, and say how it went. */
efi_status load_next(struct cb_uefi *u, const char *who, efi_handle *ret);

#endif
