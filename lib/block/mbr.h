/* block/mbr.h - MBR partition tables with logical partitions. Callers use block/part.h. */
#ifndef CB_BLOCK_MBR_H
#define CB_BLOCK_MBR_H

#include "block/part.h"

#define CB_MBR_SIZE 512u

enum cb_mbr_kind {
	CB_MBR_NONE,           /* not a partition table, or an empty one */
	CB_MBR_FAT,            /* the boot sector of a FAT file system on the whole disk */
	CB_MBR_PROTECTIVE,     /* says that there is a GPT */
	CB_MBR_TABLE,
};

/* What the first 512 bytes of a disk of `size` bytes are. */
enum cb_mbr_kind cb_mbr_classify(const uint8_t sector[CB_MBR_SIZE], uint64_t size);

/* The partitions of an MBR that cb_mbr_classify() called a table. */
CB_MUST int cb_mbr_read(struct cb_blk *disk, const uint8_t sector[CB_MBR_SIZE], struct cb_arena *a,
			struct cb_part_table *ret);

#endif
