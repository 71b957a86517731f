/* image/bootvars.h - our entry among the firmware's boot options (SPEC 7.2; UEFI 2.10, 3.1): found, placed,
 * taken away. Foreign entries keep every byte and their order.
 *
 * An entry is ours when its description begins with "cloud-boot " and its path is one HD() of a GPT
 * partition and one file below \EFI\Linux. */
#ifndef CB_IMAGE_BOOTVARS_H
#define CB_IMAGE_BOOTVARS_H

#include "image/efivars.h"
#include "image/loadopt.h"

struct cb_boot_entry {
	struct cb_str name;               /* of the target: the description is "cloud-boot NAME" */
	uint32_t part;                    /* GPT partition that has the file */
	uint64_t first, nblocks;          /* its place, in blocks of its disk */
	struct cb_uuid partuuid;
	struct cb_str file;               /* "\EFI\Linux\debian-vmlinuz.efi"; '/' is taken too */
	struct cb_str options;            /* UTF-8, written as UCS-2 with its end; empty: none */
};

enum cb_boot_when {
	CB_BOOT_ALWAYS,                   /* first in BootOrder */
	CB_BOOT_ONCE,                     /* BootNext only; taken out of BootOrder if it is there */
};

/* Write the entry's value, as place() does: an EFI_LOAD_OPTION. CB_EINVAL: it would not be ours. */
CB_MUST int cb_boot_entry_write(struct cb_env *env, const struct cb_boot_entry *e, struct cb_buf *ret);
bool cb_boot_entry_is_ours(struct cb_env *env, const struct cb_load_option *o);
/* The 1 of "Boot0001"; false for every other name. */
bool cb_boot_number(struct cb_str name, uint16_t *ret);

/* Write the entry under its number (ours; else 0001 when that is free, else the first free one), then
 * BootOrder or BootNext. What is there already is not written again: *ret_written counts variables.
 * Wherever it stops, the firmware starts what it did before, or the new entry whole. */
CB_MUST int cb_bootvars_place(struct cb_efivars *v, const struct cb_boot_entry *e, enum cb_boot_when when,
			      uint16_t *ret_number, unsigned *ret_written);
/* Take the number out of BootOrder, and BootNext away if it names it; the entry stays. From then on the
 * firmware doesn't start the files that it names. */
CB_MUST int cb_bootvars_disarm(struct cb_efivars *v, uint16_t number);
/* Make number the choice of the next boot only. */
CB_MUST int cb_bootvars_next(struct cb_efivars *v, uint16_t number);
/* The first active entry behind the running one in BootOrder. CB_ENOENT: there is none. CB_EUNSUP:
 * the firmware doesn't say which one runs. */
CB_MUST int cb_bootvars_behind(struct cb_efivars *v, uint16_t *ret_number);
/* Remove exactly our entries, their places in BootOrder and BootNext, and the variables of
 * cb_efi_ours. *ret_removed counts variables that were deleted. */
CB_MUST int cb_bootvars_reset(struct cb_efivars *v, unsigned *ret_removed);

/* What the firmware has of ours, for the loop guard. */
struct cb_bootvars_state {
	bool have;                        /* an entry of ours */
	uint16_t number;
	bool first;                       /* it is first in BootOrder */
	bool next;                        /* BootNext names it */
	bool has_current;                 /* BootCurrent is there */
	uint16_t current;
};
/* ret_value: the entry's bytes, appended; untouched when there is none. */
CB_MUST int cb_bootvars_state(struct cb_efivars *v, struct cb_bootvars_state *ret, struct cb_buf *ret_value);

#endif
