/* posix/file_blk.h - image files and the kernel's block devices as cb_blk. */
#ifndef CB_POSIX_FILE_BLK_H
#define CB_POSIX_FILE_BLK_H

#include <stdbool.h>

#include "block/blk.h"

/* Open a regular file or a block device; its name is the last component of path.
 *
 * A file has blocks of 512 bytes, the last one padded with zeros when the size is no multiple of
 * that. A device has its own logical block size. Writable: such a ragged file is refused. */
CB_MUST int cb_posix_blk(struct cb_env *env, const char *path, bool writable, struct cb_blk **ret);

#endif
