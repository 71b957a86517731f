/* fs/ext4/ext4_priv.h - what the files of the ext2/3/4 driver share.
 *
 * Format: kernel Documentation/filesystems/ext4 and .../journalling; all integers little-endian,
 * the journal's big-endian. Bytes from disk are checked where they are read (super.c, group.c,
 * inode.c, extent.c, dir.c, journal.c); the structs here hold checked values only. */
#ifndef CB_FS_EXT4_PRIV_H
#define CB_FS_EXT4_PRIV_H

#include "core/log.h"
#include "fs/fs.h"

#define U64(v) ((unsigned long long)(v))   /* for %llu */

enum {
	EXT4_COMPAT_HAS_JOURNAL = 0x4, EXT4_COMPAT_SPARSE_SUPER2 = 0x200,
	EXT4_COMPAT_FAST_COMMIT = 0x400,

	EXT4_INCOMPAT_FILETYPE = 0x2, EXT4_INCOMPAT_RECOVER = 0x4, EXT4_INCOMPAT_JOURNAL_DEV = 0x8,
	EXT4_INCOMPAT_META_BG = 0x10, EXT4_INCOMPAT_EXTENTS = 0x40, EXT4_INCOMPAT_64BIT = 0x80,
	EXT4_INCOMPAT_MMP = 0x100, EXT4_INCOMPAT_FLEX_BG = 0x200, EXT4_INCOMPAT_EA_INODE = 0x400,
	EXT4_INCOMPAT_CSUM_SEED = 0x2000, EXT4_INCOMPAT_LARGEDIR = 0x4000,
	EXT4_INCOMPAT_INLINE_DATA = 0x8000, EXT4_INCOMPAT_ENCRYPT = 0x10000,
	EXT4_INCOMPAT_CASEFOLD = 0x20000,

	EXT4_RO_SPARSE_SUPER = 0x1, EXT4_RO_HUGE_FILE = 0x8, EXT4_RO_GDT_CSUM = 0x10,
	EXT4_RO_BIGALLOC = 0x200, EXT4_RO_METADATA_CSUM = 0x400,
};

enum {                             /* inode flags */
	EXT4_FL_COMPRESSED = 0x4, EXT4_FL_ENCRYPTED = 0x800, EXT4_FL_INDEX = 0x1000,
	EXT4_FL_HUGE_FILE = 0x40000, EXT4_FL_EXTENTS = 0x80000, EXT4_FL_INLINE_DATA = 0x10000000,
	EXT4_FL_CASEFOLD = 0x40000000,
};

#define EXT4_ROOT_INO   2u
#define EXT4_I_BLOCK    60u        /* bytes of i_block */
#define EXT4_SUPER_SIZE 1024u

/* Of an accepted superblock. */
struct ext4_super {
	uint32_t compat, incompat, ro_compat;
	uint32_t block_size, inode_size, desc_size;
	uint32_t inodes, first_ino, inodes_per_group;
	uint32_t first_data_block, blocks_per_group, groups, desc_per_block, first_meta_bg;
	uint32_t backup_bgs[2], group; /* group: which copy this is */
	uint32_t journal_ino, hash_seed[4], csum_seed;
	uint64_t blocks;
	uint8_t uuid[16], journal_uuid[16], hash_version;
	bool hash_unsigned;
	char label[17];
};

/* Blocks of a file from an asked-for one on: at phys, or reading as zeros. */
struct ext4_run { uint64_t phys, n; bool mapped; };

struct ext4_fc_inode;              /* fastcommit.c */

struct ext4_inode {
	uint32_t ino, flags, uid, gid, links, generation;
	uint32_t seed;             /* of the checksums of its blocks */
	uint16_t mode;
	uint64_t size;
	int64_t mtime;
	bool fast_link;            /* i_block is a link's text */
	uint8_t block[EXT4_I_BLOCK];
	struct ext4_fc_inode *fc;  /* what fast commits say of it, or NULL */
};

/* A recently used inode, and where the last read of it was. */
struct ext4_memo {
	struct ext4_inode inode;   /* .ino 0: unused */
	uint64_t used;
	uint64_t run_at;           /* run is valid for block run_at on */
	struct ext4_run run;       /* n 0: none */
};
#define EXT4_MEMOS 8

/* The metadata cache reads lines of neighbouring blocks. */
#define EXT4_LINE       (8u << 10)
#define EXT4_LINES      128u
#define EXT4_LINE_BLOCKS 8u       /* of 1 KiB, the smallest */
struct ext4_line {
	uint64_t first;            /* block; EXT4_NO_BLOCK: unused */
	uint64_t used;
	uint32_t valid;            /* bit i: block first + i is here */
	uint32_t checked[EXT4_LINE_BLOCKS]; /* as what its sum and structure were accepted, or 0 */
	uint8_t *p;
};
#define EXT4_NO_BLOCK UINT64_MAX

/* A block whose newest content is in the journal. */
struct ext4_patch {
	uint64_t block;
	uint64_t log;              /* device block << 1 | escaped */
};

struct ext4 {
	struct cb_fs fs;
	struct cb_blk *blk;
	struct ext4_super s;
	bool csum;                 /* metadata_csum */
	uint64_t tick;
	uint32_t lines_n, line_blocks;
	struct ext4_line *last;
	struct ext4_line lines[EXT4_LINES];
	struct ext4_memo memos[EXT4_MEMOS];
	uint32_t group_no;         /* the last descriptor looked at; group_table 0: none */
	uint64_t group_table;
	struct ext4_patch *patches; /* sorted by block */
	uint32_t patches_n;
	struct ext4_fc_inode *fc;  /* sorted by inode number */
	uint32_t fc_n;
};

/* super.c: check a superblock's copy of 1024 bytes; at: its byte on the device. */
int cb_ext4_super_check(struct cb_blk *b, struct cb_bytes raw, uint64_t at, struct ext4_super *ret);
int cb_ext4_super_read(struct cb_blk *b, uint64_t at, struct ext4_super *ret);
/* The first good copy that is not the primary. CB_ENOTMINE when there is none. */
int cb_ext4_super_backup(struct cb_blk *b, struct ext4_super *ret, uint64_t *ret_at);
void cb_ext4_super_info(const struct ext4_super *s, struct cb_fs_info *ret);
/* features.c: CB_EUNSUP that names every incompatible feature which isn't supported. */
int cb_ext4_features_check(struct cb_env *env, uint32_t incompat);
const char *cb_ext4_type(const struct ext4_super *s); /* "ext2", "ext3", "ext4" */

/* group.c */
bool cb_ext4_has_super(const struct ext4_super *s, uint32_t group);
uint64_t cb_ext4_group_first(const struct ext4_super *s, uint32_t group);
/* First block of the group's inode table. */
int cb_ext4_inode_table(struct ext4 *m, uint32_t group, uint64_t *ret);

/* cache.c: *ret_p holds until the next call; *ret_checked, if asked for, may be set by the caller. */
int cb_ext4_block(struct ext4 *m, uint64_t block, const uint8_t **ret_p, uint32_t **ret_checked);
/* n bytes at byte skip of block on; may run over several blocks. */
int cb_ext4_bytes(struct ext4 *m, uint64_t block, uint64_t skip, void *buf, size_t n);
void cb_ext4_cache_drop(struct ext4 *m);
bool cb_ext4_block_ok(const struct ext4 *m, uint64_t first, uint64_t n);

/* inode.c: the inode's bytes, s.inode_size of them, borrowed as of cb_ext4_block(). fc: what
 * fast commits say of it, or NULL; *ret_disk: the bytes are the disk's. */
int cb_ext4_inode_raw(struct ext4 *m, uint32_t ino, const struct ext4_fc_inode *fc,
		      const uint8_t **ret, bool *ret_disk);
/* Through the memos: *ret holds until the next call. special: reserved inodes too. */
int cb_ext4_inode(struct ext4 *m, uint64_t ino, bool special, struct ext4_memo **ret);
/* An inode's bytes to native form; verify: its checksum too. */
int cb_ext4_inode_parse(struct ext4 *m, uint32_t ino, const uint8_t *raw, size_t n, bool verify,
			struct ext4_inode *ret);
void cb_ext4_node(const struct ext4_inode *in, struct cb_node *ret);

/* map.c, extent.c, indirect.c: the run that holds block lblk; at least one block. */
int cb_ext4_map(struct ext4 *m, struct ext4_memo *f, uint64_t lblk, struct ext4_run *ret);
int cb_ext4_map_disk(struct ext4 *m, const struct ext4_inode *in, uint64_t lblk,
		     struct ext4_run *ret);
int cb_ext4_extent_map(struct ext4 *m, const struct ext4_inode *in, uint32_t lblk,
		       struct ext4_run *ret);
int cb_ext4_indirect_map(struct ext4 *m, const struct ext4_inode *in, uint32_t lblk,
			 struct ext4_run *ret);
/* The root of an extent tree, in i_block. */
int cb_ext4_extent_root_check(struct ext4 *m, const struct ext4_inode *in);
/* Up to n bytes, as cb_fs_ops.read, of any kind of inode. */
int64_t cb_ext4_read(struct ext4 *m, struct ext4_memo *f, uint64_t off, void *buf, size_t n);

/* inline.c: what follows the 60 bytes of i_block; *ret borrowed as of cb_ext4_block(). */
int cb_ext4_inline_rest(struct ext4 *m, const struct ext4_inode *in, struct cb_bytes *ret);

/* dir.c, htree.c */
struct ext4_dirent { struct cb_str name; uint32_t ino; uint8_t type; };
/* The entry at p[*at]; *at moves past it. ino 0: an empty slot. */
int cb_ext4_dirent(struct ext4 *m, const struct ext4_inode *dir, struct cb_bytes block, size_t *at,
		   struct ext4_dirent *ret);
/* Block lblk of a directory, its checksum and the shape of a hash tree's block verified. */
int cb_ext4_dir_block(struct ext4 *m, struct ext4_memo *dir, uint32_t lblk, struct cb_bytes *ret);
int cb_ext4_find_in_block(struct ext4 *m, const struct ext4_inode *dir, struct cb_bytes block,
			  struct cb_str name, uint32_t *ret_ino);
int cb_ext4_readdir(struct ext4 *m, struct ext4_memo *dir, cb_dirent_fn *fn, void *arg);
int cb_ext4_lookup(struct ext4 *m, struct ext4_memo *dir, struct cb_str name, uint32_t *ret_ino);
/* CB_EUNSUP: no tree that can be used, look linearly. CB_ENOENT without a report. */
int cb_ext4_htree_find(struct ext4 *m, struct ext4_memo *dir, struct cb_str name, uint32_t *ret_ino);
/* Where count and limit of a hash tree's block are; 0 when it isn't one. */
size_t cb_ext4_dx_offset(const struct ext4 *m, struct cb_bytes block, uint32_t lblk);
/* hash.c: false when the version is unknown. */
bool cb_ext4_hash(unsigned version, const uint32_t seed[4], struct cb_str name, uint32_t *ret);

/* csum.c */
uint32_t cb_ext4_inode_seed(const struct ext4 *m, uint32_t ino, uint32_t generation);
bool cb_ext4_inode_csum_ok(const struct ext4 *m, uint32_t ino, const uint8_t *raw, size_t n);
bool cb_ext4_group_csum_ok(const struct ext4 *m, uint32_t group, const uint8_t *desc);
bool cb_ext4_extent_csum_ok(const struct ext4_inode *in, const uint8_t *block, size_t tail_at);
bool cb_ext4_leaf_csum_ok(const struct ext4_inode *dir, struct cb_bytes block);
bool cb_ext4_dx_csum_ok(const struct ext4_inode *dir, struct cb_bytes block, size_t count_at);

/* journal.c: replay in memory what the log holds; adds to fs.note. */
int cb_ext4_journal_load(struct ext4 *m);

/* fastcommit.c */
/* What is kept of an inode, NULL when fast commits don't speak of it. Each function below takes
 * NULL. */
struct ext4_fc_inode *cb_ext4_fc_find(const struct ext4 *m, uint32_t ino);
/* The inode's bytes as fast commits leave them; false when they are the disk's. */
bool cb_ext4_fc_raw(const struct ext4_fc_inode *fc, const uint8_t **ret);
bool cb_ext4_fc_is_new(const struct ext4_fc_inode *fc);
/* Names of a directory: whether fast commits say anything of one; where it leads, 0: removed; the
 * i-th of them. */
bool cb_ext4_fc_lookup(const struct ext4_fc_inode *fc, struct cb_str name, uint32_t *ret_ino);
bool cb_ext4_fc_name(const struct ext4_fc_inode *fc, uint32_t i, struct ext4_dirent *ret);
int cb_ext4_fc_map(struct ext4 *m, const struct ext4_inode *in, uint64_t lblk,
		   struct ext4_run *ret);

#endif
