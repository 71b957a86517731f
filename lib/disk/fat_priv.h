/* disk/fat_priv.h - what the layout of a FAT volume and its directories share. */
#ifndef CB_DISK_FAT_PRIV_H
#define CB_DISK_FAT_PRIV_H

#include "disk/fat.h"

#define FAT_ENTRY 32u                    /* bytes of a directory entry */
#define FAT_ROOT16 512u                  /* entries of FAT16's root, which can't grow */
#define FAT_ATTR_LABEL 0x08u
#define FAT_ATTR_DIR 0x10u
#define FAT_ATTR_FILE 0x20u
#define FAT_ATTR_LONG 0x0fu

/* A file or directory of the volume to be. */
struct fat_node {
	struct cb_str name;
	struct fat_node *parent, *child, *last_child, *sibling;
	struct fat_node *next;           /* in order of clusters: directories before files */
	bool is_dir;
	bool is_long;                    /* needs entries for its name beside the short one */
	uint8_t short_name[11];
	uint32_t units;                  /* UTF-16, of name */
	struct cb_input data;            /* a directory's too */
	uint32_t first, count;           /* clusters; 0, 0 when empty */
};

struct fat_run { uint32_t first, count; };

struct fat_geometry {
	unsigned bits;
	uint32_t sector, per_cluster;    /* bytes, sectors */
	uint32_t reserved, fat_sectors, root_sectors, clusters, total;   /* sectors, but for clusters */
};

struct cb_fat {
	struct cb_env *env;
	struct cb_arena arena;
	struct fat_geometry g;
	struct fat_node *root, *first;   /* first: the list in order of clusters */
	struct fat_node **file;          /* of each file of the plan */
	struct fat_run *run;             /* ascending, without gaps, from cluster 2 */
	size_t nruns, nfiles;
	uint32_t used;                   /* clusters */
	uint8_t label[11];               /* blanks: none */
	uint16_t date, time;
	uint32_t hidden, id;
};

/* Add the nodes of path below root. CB_EINVAL when it is there already or can't be. */
CB_MUST int fat_add_path(struct cb_fat *f, const struct cb_fat_file *file, struct fat_node **ret);
/* Short names for everything in dir. */
CB_MUST int fat_name_children(struct cb_fat *f, struct fat_node *dir);
/* Bytes that dir's entries take. */
uint64_t fat_dir_size(const struct cb_fat *f, const struct fat_node *dir);
/* Write them to p, fat_dir_size() bytes, zero before; clusters have been given out. */
CB_MUST int fat_dir_fill(struct cb_fat *f, const struct fat_node *dir, uint8_t *p);

#endif
