/* tests/e2e/lack.c - lack.efi: a firmware that takes no LoadFile2 from applications, for \EFI\BOOT\LOADER.EFI
 * beside it, which it then starts. */
#include "core/log.h"
#include "core/mem.h"
#include "image/devpath.h"
#include "uefi/disk.h"
#include "uefi/proto/load_file2.h"
#include "uefi/proto/device_path.h"
#include "uefi/proto/loaded_image.h"

static struct cb_uefi world;
static struct cb_diag diag;
static efi_status (EFIAPI *install)(efi_handle *h, const struct efi_guid *g, uint32_t type, void *p);

static efi_status EFIAPI efi_install(efi_handle *h, const struct efi_guid *g, uint32_t type, void *p)
{
	static const struct efi_guid load_file2 = EFI_LOAD_FILE2_GUID;

	return memcmp(g, &load_file2, sizeof(*g)) == 0 ? EFI_UNSUPPORTED : install(h, g, type, p);
}

efi_status EFIAPI efi_entry(efi_handle image, struct efi_system_table *st)
{
	static const struct efi_guid guid = EFI_LOADED_IMAGE_GUID;
	struct cb_env env = { &cb_uefi_platform, &world, CB_LOG_INFO, &diag };
	const struct efi_loaded_image *self;
	efi_handle next = NULL;
	struct cb_buf path;
	struct cb_bytes base;
	efi_status s;

	cb_uefi_init(&world, image, st);
	self = cb_uefi_protocol(&world, image, &guid);
	base = cb_uefi_path(&world, self->device);
	cb_buf_init(&path, &env, 4096);
	cb_buf_add(&path, base.p, base.n - sizeof(struct efi_device_path)); /* without its end */
	cb_devpath_add_file(&path, CB_STR("\\EFI\\BOOT\\LOADER.EFI"));
	cb_devpath_add_end(&path);
	s = st->bs->load_image(false, image, (struct efi_device_path *)(void *)path.p, NULL, 0, &next);
	cb_log(&env, CB_LOG_INFO, "lack: LOADER.EFI is loaded, status %llu", (unsigned long long)s);
	if (EFI_IS_ERROR(s))
		return s;
	install = st->bs->install_protocol;
	st->bs->install_protocol = efi_install;
	return st->bs->start_image(next, NULL, NULL);
}
