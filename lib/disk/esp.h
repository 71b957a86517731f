/* disk/esp.h - a whole disk: GPT with one EFI system partition. And boot.efi, which is such a disk and at
 * once a PE image: the file's first bytes are both a protective MBR and a DOS header.
 *
 * docs/media.md draws the layouts. */
#ifndef CB_DISK_ESP_H
#define CB_DISK_ESP_H

#include "disk/fat.h"
#include "disk/gpt.h"

struct cb_esp_plan {
	struct cb_fat_plan fat;          /* size and hidden are filled in */
	uint64_t size;                   /* of the disk, bytes; 0: as small as possible */
	uint64_t first_lba;              /* of the partition; 0: at 1 MiB */
	struct cb_uuid seed;             /* of the GUIDs: from a hash of what goes in, or random */
	struct cb_str name;              /* of the partition */
};

struct cb_esp;                           /* what the pieces borrow */

/* Append the disk to `to`. Keep *ret until it is written. */
CB_MUST int cb_esp_write(struct cb_env *env, const struct cb_esp_plan *plan, struct cb_pieces *to,
			 struct cb_esp **ret);
void cb_esp_close(struct cb_esp *e);     /* NULL is fine */

struct cb_boot_efi_plan {
	struct cb_input efi;             /* the UKI */
	struct cb_str boot_name;         /* "BOOTX64.EFI" */
	unsigned bits;                   /* FAT; 0: 32, as UEFI asks for on what isn't removable */
	int64_t time;                    /* SOURCE_DATE_EPOCH */
	struct cb_uuid seed;
	const struct cb_fat_file *extra; /* other files for the partition */
	size_t nextra;
	uint32_t sign_room;              /* bytes, whole sectors: for a signature of the disk; 0: none */
};

/* Append boot.efi to `to`: a disk with efi as \EFI\BOOT\<boot_name>, and a PE whose sections are the same
 * bytes. As small as the file system allows. The UKI must be unsigned, or signed for the inner use only:
 * the outer image is unsigned until somebody signs it. Keep *ret until it is written.
 *
 * To be signed: the GPT says where the disk will end, the bytes stop behind the partition. There the signer
 * puts a certificate table of sign_room bytes and the backup GPT together, the latter in its last bytes. */
CB_MUST int cb_boot_efi_write(struct cb_env *env, const struct cb_boot_efi_plan *plan,
			      struct cb_pieces *to, struct cb_esp **ret);
/* Append the backup GPT to ret. */
CB_MUST int cb_boot_efi_tail(const struct cb_esp *e, struct cb_buf *ret);

#endif
