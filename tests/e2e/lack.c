/* tests/e2e/lack.c - lack.efi: a firmware that takes no LoadFile2 from applications, for \EFI\BOOT\LOADER.EFI
 * beside it, which it then starts. */
#include "core/mem.h"
#include "e2e/next.h"
#include "uefi/proto/load_file2.h"

static struct cb_uefi world;
static efi_status (EFIAPI *install)(efi_handle *h, const struct efi_guid *g, uint32_t type, void *p);

static efi_status EFIAPI efi_install(efi_handle *h, const struct efi_guid *g, uint32_t type, void *p)
{
	static const struct efi_guid load_file2 = EFI_LOAD_FILE2_GUID;

	return memcmp(g, &load_file2, sizeof(*g)) == 0 ? EFI_UNSUPPORTED : install(h, g, type, p);
}

efi_status EFIAPI efi_entry(efi_handle image, struct efi_system_table *st)
{
	efi_handle next = NULL;
	efi_status s;

	cb_uefi_init(&world, image, st);
	s = load_next(&world, "lack", &next);
	if (EFI_IS_ERROR(s))
		return s;
	install = st->bs->install_protocol;
	st->bs->install_protocol = efi_install;
	return st->bs->start_image(next, NULL, NULL);
}
