/* loader/chain.c - other loaders, started as the firmware would: by device path, so that they
 * find their own files beside them (SPEC 8.4). */
#include "core/log.h"
#include "core/str.h"
#include "core/utf.h"
#include "loader/loader.h"
#include "uefi/proto/device_path.h"
#include "uefi/proto/simple_fs.h"

#define PATH_ROOM 4096u

static const struct { const char *name; const char *path; } systems[] = {
	{ "freebsd", "\\EFI\\freebsd\\loader.efi" },
	{ "openbsd", NULL },
	{ "netbsd", NULL },
	{ "windows", "\\EFI\\Microsoft\\Boot\\bootmgfw.efi" },
};

/* 1: it was loaded. 0: there is no such file on that volume. */
static int load_from(struct cb_loader *l, efi_handle device, struct cb_str file, efi_handle *ret)
{
	struct cb_bytes base = cb_uefi_path(&l->u, device);
	struct cb_buf path;
	efi_status s;
	int r;

	if (base.n < sizeof(struct efi_device_path))
		return 0;
	cb_buf_init(&path, &l->env, PATH_ROOM);
	cb_buf_add(&path, base.p, base.n - sizeof(struct efi_device_path)); /* without its END */
	cb_devpath_add_file(&path, file);
	cb_devpath_add_end(&path);
	r = cb_buf_status(&path);
	if (r == 0) {
		s = l->u.st->bs->load_image(false, l->u.image,
					    (struct efi_device_path *)(void *)path.p, NULL, 0, ret);
		if (!EFI_IS_ERROR(s)) {
			r = 1;
		} else if (s != EFI_NOT_FOUND) {
			if (s == EFI_SECURITY_VIOLATION)
				(void)l->u.st->bs->unload_image(
					*ret); /* loaded all the same: 7.4.1 */
			r = cb_fail(&l->env, CB_EUNSUP,
				    "%.*s: the firmware doesn't load it (EFI status %llu)",
				    CB_STR_ARG(file), (unsigned long long)(s & ~EFI_ERROR_BIT));
		}
	}
	cb_buf_fini(&path);
	return r;
}

/* Comes back when the image does. */
static int start(struct cb_loader *l, efi_handle image, struct cb_str file)
{
	efi_status s;

	tell_handover(l, file);
	mark(l, "chain");
	tell_end(l, file);
	s = l->u.st->bs->start_image(image, NULL, NULL);
	mark(l, "returned");
	return cb_fail(&l->env, CB_EUNSUP, "%.*s was started and came back (EFI status %llu)",
		       CB_STR_ARG(file), (unsigned long long)(s & ~EFI_ERROR_BIT));
}

/* The first volume that has the file; our own only when others_only is false. 0: none has. */
static int start_first(struct cb_loader *l, struct cb_str file, bool others_only)
{
	static const struct efi_guid guid = EFI_SIMPLE_FILE_SYSTEM_GUID;
	efi_handle *volumes, image = NULL;
	size_t n = cb_uefi_handles(&l->u, &guid, &volumes);
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		if (others_only && volumes[i] == l->self->device)
			continue;
		r = load_from(l, volumes[i], file, &image);
		if (r > 0)
			r = start(l, image, file);
	}
	cb_uefi_free_pool(&l->u, volumes);
	return r;
}

static int chain(struct cb_loader *l, const char *path, struct cb_str os)
{
	struct cb_str fallback = cb_arena_fmt(&l->arena, "\\EFI\\BOOT\\BOOT%s.EFI",
					      cb_arch_efi(l->arch));
	int r = path != NULL ? start_first(l, cb_str_c(path), false) : 0;

	if (fallback.p == NULL)
		return CB_ENOMEM;
	if (r == 0)
		r = start_first(l, fallback, true);
	if (r < 0)
		return r;
	return cb_fail(&l->env, CB_ENOENT, "no volume has %s%s%.*s for %.*s",
		       path != NULL ? path : "", path != NULL ? " or " : "", CB_STR_ARG(fallback),
		       CB_STR_ARG(os));
}

bool is_chain_target(struct cb_str name)
{
	for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++)
		if (cb_str_eq(name, cb_str_c(systems[i].name)))
			return true;
	return name.n > 0 && (name.p[0] == '\\' || name.p[0] == '/') && name.n > 4 &&
	       cb_str_ieq(cb_str_sub(name, name.n - 4, 4), CB_STR(".efi"));
}

int chain_to(struct cb_loader *l, struct cb_str os)
{
	int r = CB_ENOENT;

	say(l, "chain", "to %.*s", CB_STR_ARG(os));
	cb_uefi_connect_all(&l->u); /* its disk may not have been needed until now */
	for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++)
		if (cb_str_eq(os, cb_str_c(systems[i].name)))
			r = chain(l, systems[i].path, os);
	if (r == CB_ENOENT && (os.p[0] == '\\' || os.p[0] == '/')) {
		r = start_first(l, os, false);
		if (r == 0)
			r = cb_fail(&l->env, CB_ENOENT, "no volume has %.*s", CB_STR_ARG(os));
	}
	return fail_with(l, cb_wrap(&l->env, r, "chain-loading"), REPORT_NO_CHAIN);
}

int chain_menu(struct cb_loader *l)
{
	static const char menu[] = "\\EFI\\cloud-boot\\menu.efi";
	efi_handle image = NULL;
	int r = load_from(l, l->self->device, cb_str_c(menu), &image);

	if (r <= 0)
		return r;
	say(l, "chain", "to %s, beside this loader", menu);
	return start(l, image, cb_str_c(menu));
}
