/* loader/initrd.c - how the kernel gets its initrd (SPEC 8.3). */
#include "boot/vercmp.h"
#include "core/log.h"
#include "core/str.h"
#include "loader/loader.h"
#include "uefi/files.h"
#include "uefi/proto/simple_fs.h"

/* The first kernel whose stub asks LoadFile2 (Documentation/admin-guide/efi-stub.rst). */
#define SINCE CB_STR("5.8")

/* The handle of the partition whose GUID this is. */
static efi_handle volume_of(struct cb_loader *l, struct cb_str partuuid)
{
	static const struct efi_guid guid = EFI_SIMPLE_FILE_SYSTEM_GUID;
	efi_handle *handles, found = NULL;
	size_t n = cb_uefi_handles(&l->u, &guid, &handles);

	for (size_t i = 0; i < n && found == NULL; i++) {
		char uuid[CB_UUID_TEXT];

		if (cb_devpath_partuuid(&l->env, cb_uefi_path(&l->u, handles[i]), uuid) &&
		    cb_str_eq(cb_str_c(uuid), partuuid))
			found = handles[i];
	}
	cb_uefi_free_pool(&l->u, handles);
	return found;
}

/* Nothing is written to a disk that is only searched: the volume that we came from, or the cache. */
static int write_file(struct cb_loader *l, struct cb_bytes data, efi_handle *ret)
{
	efi_handle volume = l->self->device;
	int r = cb_uefi_write_file(&l->u, &l->env, volume, CB_STR(INITRD_FILE), data);

	for (struct cb_volume *v = l->volumes.volumes; r < 0 && r != CB_ENOMEM && v != NULL; v = v->next) {
		if (v->role != CB_ROLE_CACHE)
			continue;
		volume = volume_of(l, v->partuuid);
		if (volume == NULL)
			continue;
		cb_clear(&l->env);
		r = cb_uefi_write_file(&l->u, &l->env, volume, CB_STR(INITRD_FILE), data);
	}
	if (r == 0)
		*ret = volume;
	return r;
}

int offer_initrd(struct cb_loader *l, struct cb_str version, struct cb_bytes data, struct initrd *ret)
{
	bool old = version.n > 0 && cb_vercmp(version, SINCE) < 0;
	int r;

	*ret = (struct initrd){ .offered = false };
	if (!old) {
		r = cb_uefi_initrd_offer(&l->u, &l->env, data, &ret->file2);
		ret->offered = r == 0;
		if (r != CB_EUNSUP)
			return r;
		cb_log(&l->env, CB_LOG_WARN, "%.*s", (int)l->diag.len, l->diag.text);
		cb_clear(&l->env);
	}
	r = write_file(l, data, &ret->volume);
	if (r < 0)
		return cb_wrap(&l->env, r, "%s, and the initrd can't be put into a file", old ?
			       "the kernel is too old for LoadFile2" : "LoadFile2 isn't possible here");
	say(l, "initrd", "%s, because %s", INITRD_FILE, old ? "the kernel is older than LoadFile2" :
	    "LoadFile2 isn't possible here");
	return 0;
}

void withdraw_initrd(struct cb_loader *l, struct initrd *i)
{
	if (i->offered)
		cb_uefi_initrd_withdraw(&l->u, &i->file2);
	i->offered = false;
}
