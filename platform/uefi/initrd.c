/* uefi/initrd.c - EFI_LOAD_FILE2 with one file in it. */
#include "uefi/initrd.h"

#include "uefi/proto/device_path.h"

#define NATIVE_INTERFACE 0u

static const struct efi_guid path_guid = EFI_DEVICE_PATH_GUID;
static const struct efi_guid file_guid = EFI_LOAD_FILE2_GUID;

/* VENDOR_DEVICE_PATH of type media, then the end (UEFI 2.10, 10.3.5.3). The firmware compares
 * bytes. */
static const struct {
	struct efi_device_path head;
	struct efi_guid guid;
	struct efi_device_path end;
} path = {
	{ 4, 3, { 20, 0 } },
	LINUX_EFI_INITRD_MEDIA_GUID,
	{ 0x7f, 0xff, { 4, 0 } },
};
_Static_assert(sizeof(path) == 24, "no padding between nodes");

static efi_status EFIAPI efi_load_file(struct efi_load_file2 *f, struct efi_device_path *file,
				       bool boot_policy, size_t *n, void *buf)
{
	struct cb_uefi_initrd *i = (struct cb_uefi_initrd *)f;

	if (f == NULL || n == NULL || file == NULL)
		return EFI_INVALID_PARAMETER;
	if (boot_policy)
		return EFI_UNSUPPORTED; /* 13.2.2: LoadFile2 is never used for booting */
	if (buf == NULL || *n < i->data.n) {
		*n = i->data.n;
		return EFI_BUFFER_TOO_SMALL;
	}
	memcpy(buf, i->data.p, i->data.n);
	*n = i->data.n;
	i->asked++;
	return EFI_SUCCESS;
}

/* As a kernel's stub looks for it. */
static bool is_offered(struct efi_boot_services *bs)
{
	struct efi_device_path *left = (struct efi_device_path *)(void *)(uintptr_t)&path;
	efi_handle h;

	return !EFI_IS_ERROR(bs->locate_device_path(&file_guid, &left, &h));
}

int cb_uefi_initrd_offer(struct cb_uefi *u, struct cb_env *env, struct cb_bytes data,
			 struct cb_uefi_initrd *ret)
{
	struct efi_boot_services *bs = u->st->bs;
	efi_status s;

	if (is_offered(bs))
		return cb_fail(env, CB_ECORRUPT,
			       "another program left its initrd in the firmware: reset the machine");
	*ret = (struct cb_uefi_initrd){ .load_file2 = { efi_load_file }, .data = data };
	s = bs->install_protocol(&ret->handle, &path_guid, NATIVE_INTERFACE,
				 (void *)(uintptr_t)&path);
	if (EFI_IS_ERROR(s))
		return cb_fail(env, CB_EUNSUP,
			       "the initrd's device path can't be installed (EFI status %llu)",
			       (unsigned long long)(s & ~EFI_ERROR_BIT));
	s = bs->install_protocol(&ret->handle, &file_guid, NATIVE_INTERFACE, &ret->load_file2);
	if (!EFI_IS_ERROR(s))
		return 0;
	(void)bs->uninstall_protocol(ret->handle, &path_guid,
				     (void *)(uintptr_t)&path); /* it was ours */
	ret->handle = NULL;
	return cb_fail(env, CB_EUNSUP, "LoadFile2 can't be installed (EFI status %llu)",
		       (unsigned long long)(s & ~EFI_ERROR_BIT));
}

void cb_uefi_initrd_withdraw(struct cb_uefi *u, struct cb_uefi_initrd *i)
{
	struct efi_boot_services *bs = u->st->bs;

	if (i->handle == NULL)
		return;
	(void)bs->uninstall_protocol(i->handle, &file_guid,
				     &i->load_file2); /* both are ours, nobody keeps them open */
	(void)bs->uninstall_protocol(i->handle, &path_guid,
				     (void *)(uintptr_t)&path); /* the same */
	i->handle = NULL;
}
