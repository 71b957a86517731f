/* block/part.h - the partitions of a disk, whichever table lists them.
 *
 * Numbers, PARTUUIDs and names are those that Linux gives, so that a boot entry written for Linux
 * finds the same partition here. Damage that leaves something usable is noted, not fatal. */
#ifndef CB_BLOCK_PART_H
#define CB_BLOCK_PART_H

#include "block/blk.h"
#include "core/uuid.h"

#define CB_PART_NOTES 16u

/* GPT: "legacy BIOS bootable"; also set for an active MBR partition. */
#define CB_PART_ATTR_BOOTABLE (UINT64_C(1) << 2)

enum cb_part_kind { CB_PART_NONE, CB_PART_MBR, CB_PART_GPT };

struct cb_part {
	uint64_t off, size;            /* bytes on the disk */
	uint64_t attrs;                /* as in GPT */
	uint32_t number;               /* 1-based: the 2 of vda2 */
	uint8_t mbr_type;              /* 0 in a GPT */
	struct cb_uuid type;           /* nil in an MBR */
	struct cb_str label;           /* PARTLABEL, UTF-8; empty in an MBR */
	char uuid[CB_UUID_TEXT];       /* PARTUUID, lower case */
};

struct cb_part_table {
	enum cb_part_kind kind;
	uint32_t sector;               /* bytes: the unit that the table was written in */
	char uuid[CB_UUID_TEXT];       /* of the disk; "" without a table */
	struct cb_part *parts;         /* in the order of the table */
	size_t n;
	struct cb_str notes[CB_PART_NOTES]; /* what was skipped or repaired, a sentence each */
	size_t notes_n, notes_more;    /* kept; only counted */
};

/* Read the table of a whole disk: a GPT where the MBR is protective or empty, else the MBR.
 * A disk without a table is no error: kind NONE and no partitions. All memory is the arena's. */
CB_MUST int cb_part_scan(struct cb_blk *disk, struct cb_arena *a, struct cb_part_table *ret);

/* The partition as a device of its own, named by cb_part_name(). */
CB_MUST int cb_part_open(struct cb_blk *disk, const struct cb_part *p, struct cb_blk **ret);

/* "vda1", and "nvme0n1p1" after a digit. Cut to room, NUL-terminated. */
void cb_part_name(const char *disk, uint32_t number, char *ret, size_t room);

/* For the readers of tables: add a note. Fails only without memory. */
CB_MUST int cb_part_note(struct cb_part_table *t, struct cb_arena *a, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* True when a reader may go on without what failed: not when memory ran out or the user stopped. */
bool cb_part_may_skip(int r);

#endif
