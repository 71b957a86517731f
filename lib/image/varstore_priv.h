/* image/varstore_priv.h - between the files of the variable store. */
#ifndef CB_IMAGE_VARSTORE_PRIV_H
#define CB_IMAGE_VARSTORE_PRIV_H

#include "image/varstore.h"

/* The firmware was stopped with a new image in the spare blocks, which it will copy over this one. all:
 * the file; end: of the store in it. */
bool cb_varstore_is_interrupted(struct cb_bytes all, size_t end);

#endif
