/* boot/folder.h - a folder on a file system that somebody else writes: the kernel's mount, the firmware's
 * SimpleFileSystem, a model in tests.
 *
 * What staging needs and no more. Paths are relative, '/' between names, 7-bit and without links; names
 * fold case as on FAT. Nothing promises an order of what reaches the medium but sync(). */
#ifndef CB_BOOT_FOLDER_H
#define CB_BOOT_FOLDER_H

#include "core/input.h"
#include "core/mem.h"

struct cb_folder {
	const struct cb_folder_ops *ops;
	struct cb_env *env;
};

/* Borrowed for the call. */
struct cb_folder_entry {
	struct cb_str name;
	uint64_t size;                    /* bytes, of a file */
	bool is_dir;
};

struct cb_folder_space {
	uint64_t free, total;             /* bytes */
	uint32_t cluster;                 /* files take multiples of it, bytes */
};

struct cb_folder_ops {
	/* Called once before the first change. */
	int (*unlock)(struct cb_folder *f);
	/* Call fn for each entry of a directory, never "." or "..", until it fails. CB_ENOENT: no such
	 * directory. */
	int (*list)(struct cb_folder *f, struct cb_str dir,
		    int (*fn)(void *arg, const struct cb_folder_entry *e), void *arg);
	/* Hand the file to put(), from front to back, as the medium has it: not from memory. */
	int (*read)(struct cb_folder *f, struct cb_str path, int (*put)(void *arg, const void *p, size_t n),
		    void *arg);
	/* Make a new file. CB_ELIMIT: the medium is full; a part may be left. */
	int (*write)(struct cb_folder *f, struct cb_str path, const struct cb_input *data);
	/* Succeeds when it is there already. */
	int (*make_dir)(struct cb_folder *f, struct cb_str path);
	/* `to` doesn't exist. */
	int (*rename)(struct cb_folder *f, struct cb_str from, struct cb_str to);
	/* A file that is there. */
	int (*remove)(struct cb_folder *f, struct cb_str path);
	/* Everything so far is on the medium when this returns. */
	int (*sync)(struct cb_folder *f);
	int (*space)(struct cb_folder *f, struct cb_folder_space *ret);
};

#endif
