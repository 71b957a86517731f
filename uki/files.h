/* uki/files.h - the host's files: read where they lie, written whole or not at all. */
#ifndef CB_UKI_FILES_H
#define CB_UKI_FILES_H

#include "core/input.h"
#include "core/pieces.h"
#include "uki/host.h"

#define CB_HOSTFILE_MAX (64u << 20)

/* A file that stays open until the command ends. */
struct cb_hostfile {
	struct cb_host *h;
	const char *path;
	int fd;
	bool open;
	int64_t mtime;           /* seconds since 1970 */
	struct cb_input in;      /* ctx is this */
};

/* Open for reading: a regular file. ret must stay where it is. */
CB_MUST int cb_hostfile_open(struct cb_host *h, const char *path, struct cb_hostfile *ret);
void cb_hostfile_close(struct cb_hostfile *f);        /* a zeroed one is fine */

/* Append the whole file to ret. */
CB_MUST int cb_hostfile_slurp(struct cb_host *h, const char *path, struct cb_buf *ret);
/* The file holds just these bytes: replaced in one step, mode and owner kept. path NULL: out of memory. */
CB_MUST int cb_hostfile_put(struct cb_host *h, const char *path, struct cb_bytes data);
/* path is a file that may be replaced, or nothing yet; "-" is fine, too. Devices are not: a file would
 * take the place of their node. */
CB_MUST int cb_hostfile_replaceable(struct cb_host *h, const char *path);
/* Write the pieces to path in one step; "-" is standard output. ret_sha256, 65 bytes, is the
 * sum of what was written; NULL: not wanted. */
CB_MUST int cb_hostfile_write(struct cb_host *h, const char *path, const struct cb_pieces *l,
			      char *ret_sha256);
/* Write the pieces onto a block device that nobody else uses, zeros too, and wait until they are there. */
CB_MUST int cb_hostfile_write_device(struct cb_host *h, const char *path, const struct cb_pieces *l);
/* rm -rf, of our own temporary folders. */
void cb_hostfile_remove_tree(const char *path);

#endif
