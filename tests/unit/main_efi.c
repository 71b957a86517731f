/* tests/unit/main_efi.c - selftest.efi: the unit tests of lib/ inside the firmware, then power off. */
#include "core/fmt.h"
#include "uefi/env.h"
#include "unit/check.h"

/* cb_check_say() has no argument to carry it; a program may have what lib/ may not. */
static struct cb_uefi world;

void cb_check_say(const char *line, size_t n)
{
	cb_uefi_print(&world, line, n);
	cb_uefi_print(&world, "\n", 1);
}

efi_status EFIAPI efi_entry(efi_handle image, struct efi_system_table *st)
{
	char line[80];
	unsigned run;

	cb_uefi_init(&world, image, st);
	unsigned failed = cb_check_run(&cb_uefi_platform, &world, NULL, &run);
	size_t n = cb_fmt(line, sizeof(line), "selftest: %u passed, %u failed", run - failed, failed);

	cb_check_say(line, n);
	st->rt->reset_system(EFI_RESET_SHUTDOWN, EFI_SUCCESS, 0, NULL);
	return EFI_SUCCESS;
}
