/* tests/e2e/next.c - LOADER.EFI, by its device path. */
#include "e2e/next.h"

#include "core/log.h"
#include "core/mem.h"
#include "image/devpath.h"
#include "uefi/disk.h"
#include "uefi/proto/device_path.h"
#include "uefi/proto/loaded_image.h"

efi_status load_next(struct cb_uefi *u, const char *who, efi_handle *ret)
{
	static const struct efi_guid guid = EFI_LOADED_IMAGE_GUID;
	struct cb_diag diag = { 0 };
	struct cb_env env = { &cb_uefi_platform, u, CB_LOG_INFO, &diag };
	const struct efi_loaded_image *self = cb_uefi_protocol(u, u->image, &guid);
	struct cb_bytes base = cb_uefi_path(u, self->device);
	struct cb_buf path;
	efi_status s;

	cb_buf_init(&path, &env, 4096);
	cb_buf_add(&path, base.p, base.n - sizeof(struct efi_device_path)); /* without its end */
	cb_devpath_add_file(&path, CB_STR("\\EFI\\BOOT\\LOADER.EFI"));
	cb_devpath_add_end(&path);
	s = u->st->bs->load_image(false, u->image, (struct efi_device_path *)(void *)path.p, NULL, 0, ret);
	cb_buf_fini(&path);
	cb_log(&env, CB_LOG_INFO, "%s: LOADER.EFI is loaded, status %llu", who, (unsigned long long)s);
	return s;
}
