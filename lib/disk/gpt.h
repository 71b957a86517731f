/* disk/gpt.h - writing GUID partition tables (UEFI 2.10, chapter 5). The same plan gives the same bytes. */
#ifndef CB_DISK_GPT_H
#define CB_DISK_GPT_H

#include "core/mem.h"
#include "core/uuid.h"

#define CB_GPT_ENTRIES 128u              /* always written: 16 KiB, what every reader expects */

struct cb_gpt_part {
	struct cb_uuid type, id;
	uint64_t first, last;            /* sectors, both included */
	uint64_t flags;
	struct cb_str name;              /* UTF-8, at most 36 UTF-16 units */
};

struct cb_gpt_plan {
	uint32_t sector;                 /* bytes: 512 or 4096 */
	uint64_t nsectors;               /* of the whole disk */
	uint64_t entries_lba;            /* of the first table: 2, or further on */
	struct cb_uuid disk_id;
	const struct cb_gpt_part *parts;
	size_t nparts;
};

extern const struct cb_uuid cb_gpt_type_esp;

/* A UUID (version 8) from 16 bytes of somebody's hash, another one for each n. */
struct cb_uuid cb_gpt_uuid(struct cb_uuid seed, uint8_t n);
/* The first sector that partitions may use, and how many sectors lie behind the last of them. */
uint64_t cb_gpt_first_usable(uint32_t sector, uint64_t entries_lba);
uint64_t cb_gpt_tail_sectors(uint32_t sector);

/* Append the disk's first sectors: protective MBR, header, zeros up to entries_lba, entries. */
CB_MUST int cb_gpt_head(struct cb_env *env, const struct cb_gpt_plan *plan, struct cb_buf *ret);
/* Append its last sectors: entries and header once more. */
CB_MUST int cb_gpt_tail(struct cb_env *env, const struct cb_gpt_plan *plan, struct cb_buf *ret);

#endif
