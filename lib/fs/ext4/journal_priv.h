/* fs/ext4/journal_priv.h - the log of a journal (jbd2), shared by journal.c, replay.c, fastcommit.c.
 *
 * Format: Documentation/filesystems/ext4/journal.rst; big-endian. */
#ifndef CB_FS_EXT4_JOURNAL_PRIV_H
#define CB_FS_EXT4_JOURNAL_PRIV_H

#include "fs/ext4/ext4_priv.h"

#define JBD2_MAGIC 0xc03b3998u

enum { JBD2_DESCRIPTOR = 1, JBD2_COMMIT, JBD2_SUPER_V1, JBD2_SUPER_V2, JBD2_REVOKE };

enum {
	JBD2_COMPAT_CHECKSUM = 0x1,

	JBD2_INCOMPAT_REVOKE = 0x1, JBD2_INCOMPAT_64BIT = 0x2, JBD2_INCOMPAT_ASYNC_COMMIT = 0x4,
	JBD2_INCOMPAT_CSUM_V2 = 0x8, JBD2_INCOMPAT_CSUM_V3 = 0x10, JBD2_INCOMPAT_FAST_COMMIT = 0x20,
};

struct disk_header_be { cb_be32 magic, type, sequence; };
_Static_assert(sizeof(struct disk_header_be) == 12, "journal block header");

/* Sorted by key, then value. */
struct ext4_pair { uint64_t key, value; };

struct ext4_log {
	struct ext4 *m;
	struct ext4_memo file;     /* the journal's inode, a copy */
	uint32_t first, last;      /* the ring: log blocks first .. last - 1 */
	uint32_t fc_first, fc_last; /* fast commits, the same way; equal: none */
	uint32_t start, sequence;  /* where the log begins, and with which transaction */
	uint32_t end;              /* the first transaction that was not completed */
	uint32_t compat, incompat, seed;
	bool sums;                 /* checksums v2 or v3 in descriptors, revokes and commits */
	uint8_t *block;            /* a copy of the descriptor being looked at */
	struct cb_buf revokes;     /* pairs: block, transaction - sequence */
	struct cb_buf found;       /* pairs: block, order << 33 | log block << 1 | escaped */
};

/* A block of the log, borrowed until the next read of anything. */
int cb_ext4_log_read(struct ext4_log *l, uint32_t at, const uint8_t **ret);
int cb_ext4_log_phys(struct ext4_log *l, uint32_t at, uint64_t *ret);
/* replay.c: fills l->found with the newest content of each block and sets l->end. */
int cb_ext4_log_replay(struct ext4_log *l);
void cb_ext4_sort(struct ext4_pair *p, size_t n);
/* fastcommit.c: what was committed after l->end began. */
int cb_ext4_fc_replay(struct ext4_log *l, uint32_t *ret_tags);

#endif
