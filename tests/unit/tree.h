/* tests/unit/tree.h - file systems made of tables, and disks that carry them, for tests of
 * lib/boot.
 *
 * A tree's device holds one sector: a mark and the tree's number. Every operation reads it, so
 * that a device that fails on demand fails them all. */
#ifndef CB_UNIT_TREE_H
#define CB_UNIT_TREE_H

#include "boot/volume.h"
#include "unit/check.h"

/* A file, or a link to `text`; directories are implied. p == NULL: text is the content. */
struct tree_file {
	const char *path;            /* "/boot/vmlinuz" */
	const char *text;
	bool link;
	const void *p;
	size_t n;
};

struct tree {
	const char *type, *label;    /* type NULL: no file system on it */
	uint8_t uuid;                /* every byte of the UUID */
	const struct tree_file *files;
	size_t files_n;
	bool claims_badly, mount_fails;
};

struct tree_part {
	const char *type;            /* GUID text */
	const char *label;           /* PARTLABEL */
	struct tree tree;
};

/* A GPT with parts_n partitions; none: the tree `whole` on the disk itself. */
struct tree_disk {
	const char *name, *serial;
	const struct tree_part *parts;
	size_t parts_n;
	struct tree whole;
	const struct cb_str *links;
	size_t links_n;
};

#define TREE_LINUX   "0fc63daf-8483-4772-8e79-3d69d8477de4"
#define TREE_ESP     "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
#define TREE_BOOT    "bc13c2ff-59e6-4262-a352-b275fd6f7172"
#define TREE_ROOT_X64 "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"

#define TREE_DISK_SIZE (64u << 10)
#define TREE_DISKS 4u

/* All disks of a test. What it takes from t->env is given back by tree_fini(). */
struct tree_world {
	struct cb_check *t;
	uint8_t *image[TREE_DISKS];
	struct cb_volumes vs;
};

extern const struct cb_fs_driver *const tree_drivers[];

/* PARTUUIDs are d1xxxxxx-..., the byte xx being the partition's number. */
CB_MUST int tree_init(struct tree_world *w, struct cb_check *t, const struct tree_disk *disks,
		      size_t n);
void tree_fini(struct tree_world *w);
/* The volume of that name; NULL is a failure of the test. */
struct cb_volume *tree_volume(struct tree_world *w, const char *name);

#endif
