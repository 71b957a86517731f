/* disk/fat.h - writing FAT16 and FAT32 volumes (Microsoft's "FAT32 File System Specification").
 *
 * A volume is laid out once and then written from start to end. Each file lies in one run; the same
 * plan gives the same bytes. Nothing of the files is read before they are written. */
#ifndef CB_DISK_FAT_H
#define CB_DISK_FAT_H

#include "core/pieces.h"

struct cb_fat_file {
	struct cb_str path;              /* "EFI/BOOT/BOOTX64.EFI", UTF-8; directories come by themselves */
	struct cb_input data;            /* under 4 GiB */
	bool is_dir;                     /* a directory, perhaps an empty one; data is not looked at */
};

struct cb_fat_plan {
	uint32_t sector;                 /* bytes: 512 or 4096 */
	unsigned bits;                   /* 16, 32, or 0: 32 when the size allows */
	uint64_t size;                   /* bytes; 0: as small as the files and the type allow */
	uint32_t round;                  /* with size 0: up to a multiple of this many sectors; 0: of 1 */
	uint32_t hidden;                 /* sectors before the volume on its disk */
	uint32_t id;                     /* volume serial number */
	struct cb_str label;             /* at most 11 of A-Z 0-9 blank _ -; empty: none */
	int64_t time;                    /* of every entry, seconds since 1970 UTC; kept in 1980 to 2107 */
	const struct cb_fat_file *files;
	size_t nfiles;
};

struct cb_fat;

/* CB_EINVAL for names that FAT can't have, names used twice, and a size that is too small. ret borrows
 * what the files' inputs read from. */
CB_MUST int cb_fat_open(struct cb_env *env, const struct cb_fat_plan *plan, struct cb_fat **ret);
void cb_fat_close(struct cb_fat *f);     /* NULL is fine */
/* Of the whole volume, bytes. */
uint64_t cb_fat_size(const struct cb_fat *f);
/* 16 or 32. */
unsigned cb_fat_bits(const struct cb_fat *f);
/* Where in the volume file i of the plan begins, bytes; 0 for an empty one. */
uint64_t cb_fat_file_off(const struct cb_fat *f, size_t i);
/* Append the volume to `to`, which borrows f. */
void cb_fat_write(struct cb_fat *f, struct cb_pieces *to);

#endif
