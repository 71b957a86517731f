/* uefi/handles.c - the handle database: who has which protocol. */
#include "uefi/disk.h"

#include "image/devpath.h"
#include "uefi/proto/device_path.h"

#define BY_PROTOCOL 2u
#define PATH_MAX    4096u   /* bytes; firmware's own paths have tens */

size_t cb_uefi_handles(struct cb_uefi *u, const struct efi_guid *g, efi_handle **ret)
{
	size_t n = 0;

	*ret = NULL;
	if (!EFI_IS_ERROR(u->st->bs->locate_handle_buffer(BY_PROTOCOL, g, NULL, &n, ret)))
		return n;
	*ret = NULL; /* whatever it was set to on the way is not ours to free */
	return 0;
}

void cb_uefi_free_pool(struct cb_uefi *u, void *p)
{
	if (p != NULL)
		(void)u->st->bs->free_pool(p); /* the firmware allocated it */
}

void *cb_uefi_protocol(struct cb_uefi *u, efi_handle h, const struct efi_guid *g)
{
	void *p;

	return EFI_IS_ERROR(u->st->bs->handle_protocol(h, g, &p)) ? NULL : p;
}

struct cb_bytes cb_uefi_path_bytes(const struct efi_device_path *path)
{
	const uint8_t *p = (const uint8_t *)path;
	size_t n = 0;

	while (p != NULL && n < PATH_MAX) {
		size_t size = (size_t)p[n + 2] | (size_t)p[n + 3] << 8;
		bool last = p[n] == CB_DEVPATH_END && p[n + 1] == 0xff;

		if (size < 4)
			break;
		n += size;
		if (last)
			return (struct cb_bytes){ p, n };
	}
	return (struct cb_bytes){ NULL, 0 };
}

struct cb_bytes cb_uefi_path(struct cb_uefi *u, efi_handle h)
{
	static const struct efi_guid guid = EFI_DEVICE_PATH_GUID;

	return cb_uefi_path_bytes(cb_uefi_protocol(u, h, &guid));
}

void cb_uefi_connect_all(struct cb_uefi *u)
{
	efi_handle *handles;
	size_t n = 0;

	if (EFI_IS_ERROR(u->st->bs->locate_handle_buffer(0, NULL, NULL, &n, &handles)))
		return;
	for (size_t i = 0; i < n; i++)
		(void)u->st->bs->connect_controller(handles[i], NULL, NULL,
						    true); /* most have nothing to bind */
	cb_uefi_free_pool(u, handles);
}
