/* loader/probe.c - probe.efi: prints the protocol matrix of the firmware that it runs on, and returns. */
#include "core/log.h"
#include "loader/matrix.h"
#include "uefi/proto/loaded_image.h"

static struct cb_uefi world;
static struct cb_diag diag;

efi_status EFIAPI efi_entry(efi_handle image, struct efi_system_table *st)
{
	static const struct efi_guid guid = EFI_LOADED_IMAGE_GUID;
	struct cb_env env = { &cb_uefi_platform, &world, CB_LOG_INFO, &diag };
	const struct efi_loaded_image *self;
	struct cb_uefi_vars vars;

	cb_uefi_init(&world, image, st);
	cb_uefi_vars_init(&vars, &world, &env);
	self = cb_uefi_protocol(&world, image, &guid);
	cb_log(&env, CB_LOG_INFO, "cloud-boot " CB_VERSION " probe");
	if (probe_matrix(&world, &env, &vars, self != NULL ? self->device : NULL) < 0) {
		cb_log(&env, CB_LOG_ERR, "%s", diag.text);
		return EFI_OUT_OF_RESOURCES;
	}
	cb_log(&env, CB_LOG_INFO, "probe: done");
	return EFI_SUCCESS;
}
