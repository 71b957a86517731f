/* codec/cpio.h - initramfs archives (cpio "newc"): a writer, and a reader of one entry at a time.
 *
 * The bytes depend on the calls alone: owner 0, time 0, inode numbers count up from 1. Names are
 * relative ("etc/passwd"), the directories above a name come first, and nothing is sorted here. */
#ifndef CB_CODEC_CPIO_H
#define CB_CODEC_CPIO_H

#include "core/mem.h"

/* Where the bytes go. Nonzero stops the writer, which returns it. */
typedef int cb_sink_fn(void *arg, const void *p, size_t n);
/* A sink that appends to the cb_buf arg. */
int cb_sink_buf(void *arg, const void *p, size_t n);

struct cb_cpio {
	struct cb_env *env;
	cb_sink_fn *put;
	void *arg;
	uint64_t size;             /* bytes written so far */
	uint64_t left;             /* of the file that is open */
	uint32_t ino;
};

/* Permission bits of mode only (0755); the type comes from the function. */
void cb_cpio_init(struct cb_cpio *c, struct cb_env *env, cb_sink_fn *put, void *arg);
CB_MUST int cb_cpio_dir(struct cb_cpio *c, struct cb_str name, unsigned mode);
CB_MUST int cb_cpio_file(struct cb_cpio *c, struct cb_str name, unsigned mode, struct cb_bytes data);
CB_MUST int cb_cpio_link(struct cb_cpio *c, struct cb_str name, struct cb_str target);
/* type is 'c' or 'b'. */
CB_MUST int cb_cpio_node(struct cb_cpio *c, struct cb_str name, unsigned mode, char type,
			 uint32_t major, uint32_t minor);
/* A file in pieces: begin, then data until size bytes are there. CB_ELIMIT over 4 GiB - 1. */
CB_MUST int cb_cpio_begin(struct cb_cpio *c, struct cb_str name, unsigned mode, uint64_t size);
CB_MUST int cb_cpio_data(struct cb_cpio *c, const void *p, size_t n);
/* The trailer, and zeros to a whole 512 bytes. Another archive may follow. */
CB_MUST int cb_cpio_end(struct cb_cpio *c);

struct cb_cpio_entry {
	struct cb_str name;        /* borrowed from the archive */
	struct cb_bytes data;      /* of a link, its target */
	uint32_t mode;             /* type and permissions as in struct stat */
	uint32_t uid, gid, nlink, mtime, ino;
	uint32_t rmajor, rminor;
};

/* The entry at *off, which moves to the next. 1: an entry; 0: the trailer was read, or nothing is
 * left. CB_ENOTMINE when no newc header starts at *off. */
CB_MUST int cb_cpio_read(struct cb_env *env, struct cb_bytes archive, size_t *off,
			 struct cb_cpio_entry *ret);

#endif
