/* block/image.h - disk images as users have them. */
#ifndef CB_BLOCK_IMAGE_H
#define CB_BLOCK_IMAGE_H

#include "block/qcow2.h"

/* The disk in a file: of a qcow2 image what cb_qcow2_open() gives, else the file. CB_EUNSUP for what begins
 * as a disk never does: other image formats, compressed files, archives. */
CB_MUST int cb_image_open(struct cb_blk *file, const char *path, cb_qcow2_open_fn *open, void *arg,
			  struct cb_blk **ret);

#endif
