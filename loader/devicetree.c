/* loader/devicetree.c - the device tree that a boot entry names, where kernels look for it: a configuration
 * table of the firmware (UEFI 2.10, 4.6.1). */
#include "core/log.h"
#include "core/str.h"
#include "loader/loader.h"
#include "uefi/proto/dt_fixup.h"

#define PAGE       4096u
#define FIXUP_ROOM (64u << 10)   /* what firmware may add, before it says how much it needs */

static const struct efi_guid table_guid = EFI_DTB_TABLE_GUID;

static void *present_table(const struct cb_loader *l)
{
	const struct efi_configuration_table *t = l->u.st->tables;

	for (size_t i = 0; i < l->u.st->tables_n; i++)
		if (memcmp(&t[i].guid, &table_guid, sizeof(table_guid)) == 0)
			return t[i].table;
	return NULL;
}

/* Pages that the next kernel keeps for us: it reads the tree after it has taken the machine. */
static int copy(struct cb_loader *l, struct cb_bytes fdt, size_t room, struct devicetree *ret)
{
	efi_status s;

	ret->pages = (room + PAGE - 1) / PAGE;
	s = l->u.st->bs->allocate_pages(EFI_ALLOCATE_ANY_PAGES, EFI_ACPI_RECLAIM_MEMORY, ret->pages,
					&ret->at);
	if (EFI_IS_ERROR(s))
		return cb_fail(&l->env, CB_ENOMEM, "device tree: no memory for %zu bytes", room);
	memset((void *)(uintptr_t)ret->at, 0, ret->pages * PAGE);
	memcpy((void *)(uintptr_t)ret->at, fdt.p, fdt.n);
	return 0;
}

static void give_back(struct cb_loader *l, struct devicetree *d)
{
	if (d->pages > 0)
		(void)l->u.st->bs->free_pages(d->at, d->pages); /* they were ours */
	d->pages = 0;
}

/* Firmware that knows better fills in what only it can know: memory, console, MAC addresses. */
static int fix(struct cb_loader *l, struct cb_bytes fdt, struct devicetree *d)
{
	static const struct efi_guid guid = EFI_DT_FIXUP_GUID;
	size_t room = fdt.n + FIXUP_ROOM;
	struct efi_dt_fixup *f;
	void *protocol;
	efi_status s = EFI_SUCCESS;

	if (EFI_IS_ERROR(l->u.st->bs->locate_protocol(&guid, NULL, &protocol)))
		return copy(l, fdt, fdt.n, d);
	f = protocol;
	for (int tries = 0; tries < 2; tries++) {
		int r = copy(l, fdt, room, d);

		if (r < 0)
			return r;
		room = d->pages * PAGE;
		s = f->fixup(f, (void *)(uintptr_t)d->at, &room, EFI_DT_APPLY_FIXUPS | EFI_DT_RESERVE_MEMORY);
		if (s != EFI_BUFFER_TOO_SMALL || room > CB_MAX_FDT)
			break;
		give_back(l, d);
	}
	if (!EFI_IS_ERROR(s))
		return 0;
	return cb_fail(&l->env, CB_EUNSUP, "device tree: the firmware can't fit it to this machine");
}

int install_devicetree(struct cb_loader *l, struct cb_bytes fdt, struct devicetree *ret)
{
	efi_status s = EFI_SUCCESS;
	int r;

	*ret = (struct devicetree){ .pages = 0 };
	if (fdt.n == 0)
		return 0;
	if (l->secure) {
		cb_log(&l->env, CB_LOG_WARN,
		       "the entry's device tree is not used: nobody signed it, and Secure Boot is on");
		return 0;
	}
	ret->before = present_table(l);
	r = fix(l, fdt, ret);
	if (r == 0)
		s = l->u.st->bs->install_configuration_table(&table_guid, (void *)(uintptr_t)ret->at);
	if (EFI_IS_ERROR(s))
		r = cb_fail(&l->env, CB_EUNSUP, "device tree: the firmware doesn't take it");
	if (r < 0)
		give_back(l, ret);
	return r;
}

void remove_devicetree(struct cb_loader *l, struct devicetree *d)
{
	if (d->pages > 0)
		(void)l->u.st->bs->install_configuration_table(&table_guid, d->before); /* as it was */
	give_back(l, d);
}
