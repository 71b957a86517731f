/* loader/chain.c - other loaders, started as the firmware would: by device path, so that they
 * find their own files beside them (SPEC 8.4). */
#include "core/log.h"
#include "core/str.h"
#include "core/utf.h"
#include "loader/loader.h"
#include "uefi/proto/device_path.h"
#include "uefi/proto/simple_fs.h"

#define PATH_ROOM 4096u
#define MARK      "chain"       /* in CloudBootMark, while another loader runs */

/* NULL: the fallback name, which all have as their second. */
static const struct { const char *name; const char *path; } systems[] = {
	{ "freebsd", "\\EFI\\freebsd\\loader.efi" },
	{ "openbsd", NULL },
	{ "netbsd", NULL },
	{ "windows", "\\EFI\\Microsoft\\Boot\\bootmgfw.efi" },
};
#define SYSTEMS (sizeof(systems) / sizeof(systems[0]))

/* A volume that the firmware reads. */
struct place {
	efi_handle volume;
	size_t disk;         /* its number; disks_n: it is on none that we know */
	size_t rank;         /* in the order of trying */
};

static bool is_path(struct cb_str name)
{
	return name.n > 4 && (name.p[0] == '\\' || name.p[0] == '/') &&
	       cb_str_ieq(cb_str_sub(name, name.n - 4, 4), CB_STR(".efi"));
}

/* The file that we are: FAT folds letters. */
static bool is_self(struct cb_loader *l, efi_handle volume, struct cb_str file)
{
	struct cb_buf own;
	bool same;

	if (volume != l->self->device)
		return false;
	cb_buf_init(&own, &l->env, PATH_ROOM);
	same = cb_devpath_file(&l->env, cb_uefi_path_bytes(l->self->path), &own) &&
	       cb_str_ieq((struct cb_str){ (const char *)own.p, own.n }, file);
	cb_buf_fini(&own);
	return same;
}

static int refused(struct cb_loader *l, struct cb_str file, efi_status s)
{
	if (s == EFI_SECURITY_VIOLATION || s == EFI_ACCESS_DENIED)
		return cb_fail(&l->env, CB_EAUTH,
			       "%.*s: Secure Boot: this firmware doesn't trust who signed it",
			       CB_STR_ARG(file));
	return cb_fail(&l->env, CB_EUNSUP, "%.*s: the firmware doesn't load it (EFI status %llu)",
		       CB_STR_ARG(file), (unsigned long long)(s & ~EFI_ERROR_BIT));
}

/* 1: it was loaded. 0: there is no such file on that volume. */
static int load_from(struct cb_loader *l, efi_handle volume, struct cb_str file, efi_handle *ret)
{
	struct cb_bytes base = cb_uefi_path(&l->u, volume);
	efi_handle image = NULL;
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
					    (struct efi_device_path *)(void *)path.p, NULL, 0, &image);
		if (s == EFI_SECURITY_VIOLATION && image != NULL)
			(void)l->u.st->bs->unload_image(image); /* loaded all the same: 7.4.1 */
		r = !EFI_IS_ERROR(s) ? 1 : s == EFI_NOT_FOUND ? 0 : refused(l, file, s);
	}
	cb_buf_fini(&path);
	if (r > 0)
		*ret = image;
	return r;
}

/* Comes back when the image does. */
static int start(struct cb_loader *l, efi_handle image, struct cb_str file)
{
	efi_status s;

	mark(l, MARK);
	tell_end(l, file);
	untell(l);
	s = l->u.st->bs->start_image(image, NULL, NULL);
	tell_start(l);
	mark(l, "returned");
	return cb_fail(&l->env, CB_EUNSUP, "%.*s was started and came back (EFI status %llu)",
		       CB_STR_ARG(file), (unsigned long long)(s & ~EFI_ERROR_BIT));
}

static size_t disk_of(struct cb_loader *l, efi_handle volume)
{
	struct cb_bytes path = cb_uefi_path(&l->u, volume);
	size_t i = 0;

	while (i < l->volumes.disks_n && !cb_devpath_starts(path, l->disk_path[i]))
		i++;
	return i;
}

/* Other disks in their order, what is on none, our own at last; volumes of one disk in the firmware's
 * order. In the arena. */
static int list_places(struct cb_loader *l, struct place **ret, size_t *ret_n)
{
	static const struct efi_guid guid = EFI_SIMPLE_FILE_SYSTEM_GUID;
	size_t disks = l->volumes.disks_n, own = disk_of(l, l->self->device);
	efi_handle *volumes;
	size_t n = cb_uefi_handles(&l->u, &guid, &volumes);
	struct place *list = cb_new(&l->arena, struct place, n);

	for (size_t i = 0; list != NULL && i < n; i++) {
		struct place p = { .volume = volumes[i], .disk = disk_of(l, volumes[i]) };
		bool ours = volumes[i] == l->self->device || (p.disk == own && own < disks);
		size_t at = i;

		p.rank = ours ? disks + 1 : p.disk;
		for (; at > 0 && list[at - 1].rank > p.rank; at--)
			list[at] = list[at - 1];
		list[at] = p;
	}
	cb_uefi_free_pool(&l->u, volumes);
	if (list == NULL && n > 0)
		return CB_ENOMEM;
	*ret = list;
	*ret_n = n;
	return 0;
}

static struct cb_str disk_name(const struct cb_loader *l, size_t i)
{
	const struct cb_disk *d = l->volumes.disks;

	while (d != NULL && i-- > 0)
		d = d->next;
	return d != NULL ? d->name : CB_STR("a disk without a name");
}

/* The first volume that has the file, which is not ourselves. 0: none has one that can be loaded; what can't
 * is told. */
static int start_first(struct cb_loader *l, struct cb_str file)
{
	struct place *places = NULL;
	efi_handle image = NULL;
	size_t n = 0;
	int r = list_places(l, &places, &n);

	for (size_t i = 0; i < n && r == 0; i++) {
		if (is_self(l, places[i].volume, file))
			continue;
		r = load_from(l, places[i].volume, file, &image);
		if (r > 0) {
			struct cb_str disk = disk_name(l, places[i].disk);

			say(l, "chain", "%.*s on %.*s", CB_STR_ARG(file), CB_STR_ARG(disk));
			r = start(l, image, file);
		} else if (r == CB_EUNSUP || r == CB_EAUTH) {
			cb_log(&l->env, CB_LOG_WARN, "%.*s", (int)l->diag.len, l->diag.text);
			cb_clear(&l->env);
			r = 0;
		}
	}
	return r;
}

static int chain(struct cb_loader *l, struct cb_str os, const char *path)
{
	struct cb_str fallback = cb_arena_fmt(&l->arena, "\\EFI\\BOOT\\BOOT%s.EFI",
					      cb_arch_efi(l->arch));
	int r = fallback.p != NULL ? 0 : CB_ENOMEM;

	if (r == 0 && path != NULL)
		r = start_first(l, cb_str_c(path));
	if (r == 0)
		r = start_first(l, fallback);
	if (r < 0)
		return r;
	return cb_fail(&l->env, CB_ENOENT, "%.*s: no volume has %s%s%.*s that can be loaded",
		       CB_STR_ARG(os), path != NULL ? path : "", path != NULL ? " or " : "",
		       CB_STR_ARG(fallback));
}

static int chain_file(struct cb_loader *l, struct cb_str path)
{
	int r = start_first(l, path);

	return r != 0 ? r : cb_fail(&l->env, CB_ENOENT, "no volume has %.*s that can be loaded",
					CB_STR_ARG(path));
}

/* "\EFI\x.efi" also where somebody wrote slashes. */
static struct cb_str with_backslashes(struct cb_loader *l, struct cb_str path)
{
	char *p = cb_arena_alloc(&l->arena, path.n, 1, 1);

	for (size_t i = 0; p != NULL && i < path.n; i++)
		p[i] = path.p[i] == '/' ? '\\' : path.p[i];
	return (struct cb_str){ p, p != NULL ? path.n : 0 };
}

bool is_chain_target(struct cb_str name)
{
	for (size_t i = 0; i < SYSTEMS; i++)
		if (cb_str_eq(name, cb_str_c(systems[i].name)))
			return true;
	return is_path(name);
}

struct cb_str chain_target(size_t i)
{
	return cb_str_c(i < SYSTEMS ? systems[i].name : NULL);
}

bool was_chained(struct cb_loader *l)
{
	uint32_t attributes;
	struct cb_buf b;
	bool yes;

	cb_buf_init(&b, &l->env, CB_MAX_EFIVAR);
	yes = cb_efivars_find(&l->vars.vars, CB_STR("CloudBootMark"), cb_efi_ours, &attributes, &b) > 0 &&
	      cb_str_eq((struct cb_str){ (const char *)b.p, b.n }, CB_STR(MARK));
	cb_clear(&l->env); /* what can't be read is nobody's mark */
	cb_buf_fini(&b);
	return yes;
}

int chain_to(struct cb_loader *l, struct cb_str os)
{
	int r;

	if (l->chained) /* two copies would start each other for ever */
		return fail_with(l, cb_fail(&l->env, CB_EUNSUP, "another copy of this loader has started "
					    "this one, looking for %.*s", CB_STR_ARG(os)),
				 REPORT_NO_CHAIN);
	say(l, "chain", "to %.*s", CB_STR_ARG(os));
	cb_uefi_connect_all(&l->u); /* its disk may not have been needed until now */
	r = scan_disks(l);
	if (r == 0 && is_path(os)) {
		struct cb_str path = with_backslashes(l, os);

		r = path.p != NULL ? chain_file(l, path) : CB_ENOMEM;
	}
	for (size_t i = 0; i < SYSTEMS && r == 0; i++)
		if (cb_str_eq(os, cb_str_c(systems[i].name)))
			r = chain(l, os, systems[i].path);
	return fail_with(l, cb_wrap(&l->env, r, "chain-loading"),
			 r == CB_ENOMEM ? REPORT_MEMORY : REPORT_NO_CHAIN);
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
