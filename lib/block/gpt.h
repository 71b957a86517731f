/* block/gpt.h - GUID Partition Tables (UEFI 2.10, 5.3). Callers use block/part.h. */
#ifndef CB_BLOCK_GPT_H
#define CB_BLOCK_GPT_H

#include "block/part.h"

/* Tables written for sectors of another size than the disk's are found too. The backup is used
 * when the primary is damaged, and with backup_alone when there is no primary at all.
 * CB_ENOTMINE when there is neither. */
CB_MUST int cb_gpt_read(struct cb_blk *disk, bool backup_alone, struct cb_arena *a,
			struct cb_part_table *ret);

#endif
