/* fs/fat/fat_priv.h - what the files of the FAT driver share.
 *
 * Format: Microsoft, "FAT: General Overview of On-Disk Format" 1.03 (fatgen103) and its long name
 * chapter. 12, 16 and 32 bits, read-only. */
#ifndef CB_FS_FAT_FAT_PRIV_H
#define CB_FS_FAT_FAT_PRIV_H

#include "fs/fs.h"

#define FAT_ROOT        1u              /* id of the root: no directory entry lies that low */
#define FAT_CHUNK       (16u << 10)     /* bytes of the table read at once */
#define FAT_CHUNKS      16u
#define FAT_WALKS       4u              /* files whose chains we know our way in */
#define FAT_WAYS        128u            /* an even number */
#define FAT_DIR_PIECE   (32u << 10)     /* bytes of a directory read at once */
#define FAT_DIR_MAX     (2u << 20)      /* bytes: fatgen103, 65536 entries */
#define FAT_NAME_MAX    1024u           /* bytes of UTF-8 that 255 units may take, and more */

enum { FAT_ATTR_LABEL = 0x08, FAT_ATTR_DIR = 0x10, FAT_ATTR_LONG = 0x0f, FAT_ATTR_MASK = 0x3f };

/* A part of the table in memory. */
struct fat_chunk {
	uint8_t *data;          /* FAT_CHUNK bytes, NULL before its first use */
	uint64_t no;            /* of the part, UINT64_MAX: empty */
};

/* A place in a cluster chain, and every stride-th cluster before it. */
struct fat_walk {
	uint32_t first;         /* cluster that the chain starts with; 0: unused */
	uint32_t at, cluster;   /* where we are: index, cluster */
	uint32_t stride, ways_n;
	uint32_t ways[FAT_WAYS];
};

struct fat {
	struct cb_fs fs;
	struct cb_blk *b;
	unsigned bits;          /* 12, 16, 32 */
	uint32_t volume_id;     /* 0: none */
	uint32_t cluster_size;  /* bytes, a power of two */
	uint32_t clusters;      /* numbered from 2 */
	uint64_t data_off;      /* byte of cluster 2 */
	uint64_t root_off;      /* 12 and 16 bits: the root directory's own place */
	uint32_t root_size;     /* bytes of it */
	uint32_t root_cluster;  /* 32 bits */
	uint64_t table_off, table_size; /* bytes, of the first copy; of each */
	uint32_t tables;        /* copies */
	uint32_t active;        /* the copy that counts */
	bool mirrored;          /* the others are the same */
	struct fat_chunk chunks[FAT_CHUNKS];
	struct fat_walk walks[FAT_WALKS];
	uint32_t oldest_walk;
	uint8_t *piece;         /* FAT_DIR_PIECE bytes of some directory */
	uint64_t piece_off;     /* where they are from */
	size_t piece_n;         /* 0: empty */
	struct cb_buf name;     /* UTF-8, of the entry being looked at; FAT_NAME_MAX reserved */
	struct cb_buf alias;
	char boot_label[12];    /* of the boot sector; "" without one */
};

/* A directory entry as cb_fat_scan() hands it out; names are borrowed for the call. */
struct fat_entry {
	struct cb_str name;     /* the long name, else the short one */
	struct cb_str alias;    /* the short name, without its case flags */
	const uint8_t *raw;     /* the 11 bytes that the short name, or the label, is made of */
	uint8_t attr;
	struct cb_node node;
};

typedef int fat_entry_fn(void *arg, const struct fat_entry *e);

/* chain.c. A run: clusters that lie side by side, from the one with this index of the chain that
 * starts at first, at most `want` >= 1. Returns 1 when the chain has no such index. */
CB_MUST int cb_fat_run(struct fat *f, uint32_t first, uint32_t index, uint32_t want,
		       uint32_t *ret_cluster, uint32_t *ret_n);
static inline uint64_t cb_fat_offset(const struct fat *f, uint32_t cluster)
{
	return f->data_off + (uint64_t)(cluster - 2) * f->cluster_size;
}

/* dir.c. Each entry but "." and "..", labels included. Nonzero from fn ends it and is returned. */
CB_MUST int cb_fat_scan(struct fat *f, const struct cb_node *dir, fat_entry_fn *fn, void *arg);
CB_MUST int cb_fat_get(struct cb_fs *fs, uint64_t id, uint64_t aux, struct cb_node *ret);
CB_MUST int cb_fat_lookup(struct cb_fs *fs, const struct cb_node *dir, struct cb_str name,
			  struct cb_node *ret);
CB_MUST int cb_fat_readdir(struct cb_fs *fs, const struct cb_node *dir, cb_dirent_fn *fn, void *arg);
struct cb_node cb_fat_root(const struct fat *f);

/* name.c. Append n bytes of code page 437, blanks at the end dropped, with ASCII in lower case. */
void cb_fat_oem(struct cb_buf *out, const uint8_t *p, size_t n, bool lower);
/* UTF-8 names that differ in case only: ASCII, Latin, Greek, Cyrillic letters fold one to one. */
bool cb_fat_same_name(struct cb_str a, struct cb_str b);

#endif
