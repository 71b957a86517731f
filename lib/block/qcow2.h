/* block/qcow2.h - QEMU's copy-on-write image files (docs/interop/qcow2.txt), versions 2 and 3, read-only.
 *
 * Backing files, compressed clusters (deflate, zstd), external data files and extended L2 entries.
 * Encrypted images and unknown incompatible features are refused by name; dirty or corrupt marks
 * concern writers. Snapshots inside the image are not looked at. */
#ifndef CB_BLOCK_QCOW2_H
#define CB_BLOCK_QCOW2_H

#include "block/blk.h"

/* Open the file at path (NUL-terminated, absolute or relative to where the program is), as raw bytes.
 * The image names it, so the program decides what may be opened. */
typedef int cb_qcow2_open_fn(void *arg, const char *path, struct cb_blk **ret);

/* True when the file starts as a qcow2 image does. Negative: it can't be read. */
CB_MUST int cb_qcow2_is(struct cb_blk *file);

/* The disk in an image, with its chain of at most CB_MAX_QCOW2_CHAIN backing files. path is the
 * image's own: backing files are named relative to its folder. open may be NULL: images that need
 * another file are CB_EUNSUP. Takes its own references; the disk has file's name. */
CB_MUST int cb_qcow2_open(struct cb_blk *file, const char *path, cb_qcow2_open_fn *open, void *arg,
			  struct cb_blk **ret);

#endif
