/* tests/e2e/comeback.c - comeback.efi: an image that is started and comes back, finding nothing. */
#include "uefi/env.h"

efi_status EFIAPI efi_entry(efi_handle image, struct efi_system_table *st)
{
	static const char line[] = "comeback: started, and going back\n";
	static struct cb_uefi world;

	cb_uefi_init(&world, image, st);
	cb_uefi_print(&world, line, sizeof(line) - 1);
	return EFI_ABORTED;
}
