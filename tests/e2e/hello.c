/* tests/e2e/hello.c - hello.efi: says that the firmware started it, then powers off. */
#include "uefi/env.h"

efi_status EFIAPI efi_entry(efi_handle image, struct efi_system_table *st)
{
	static const char line[] = "hello: started by the firmware\n";
	static struct cb_uefi world;

	cb_uefi_init(&world, image, st);
	cb_uefi_print(&world, line, sizeof(line) - 1);
	st->rt->reset_system(EFI_RESET_SHUTDOWN, EFI_SUCCESS, 0, NULL);
	return EFI_SUCCESS;
}
