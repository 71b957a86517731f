/* core/pieces.h - a file to be written, described: an ordered list of inputs, small owned bytes and runs
 * of zeros. Nothing big is copied until it is on its way to the sink.
 *
 * Appending never fails in place: the list turns bad, and cb_pieces_status() tells. */
#ifndef CB_CORE_PIECES_H
#define CB_CORE_PIECES_H

#include "core/input.h"
#include "core/mem.h"

struct cb_piece {
	struct cb_input in;    /* .mem and .read both NULL: zeros */
	uint64_t off;          /* in the output */
};

struct cb_pieces {
	struct cb_env *env;
	struct cb_piece *v;
	size_t n, room;
	uint64_t size;         /* bytes of output */
	struct cb_arena own;   /* copies made by cb_pieces_copy() */
	int status;
};

/* Where output goes, in order, from byte 0. */
struct cb_sink {
	int (*write)(void *ctx, const void *p, size_t n);
	/* Write n zero bytes; a file would seek. NULL: they go through write. */
	int (*zeros)(void *ctx, uint64_t n);
	void *ctx;
};

void cb_pieces_init(struct cb_pieces *l, struct cb_env *env);
void cb_pieces_fini(struct cb_pieces *l);
/* What in reads from is borrowed until the list is gone. */
void cb_pieces_add(struct cb_pieces *l, const struct cb_input *in);
/* Copied into the list: headers. NULL when bad, else n bytes to be filled in, zero at first. */
uint8_t *cb_pieces_room(struct cb_pieces *l, size_t n);
void cb_pieces_copy(struct cb_pieces *l, const void *p, size_t n);
/* A copy that lives as long as the list, to be added somewhere, perhaps as part of another input. */
CB_MUST int cb_pieces_keep(struct cb_pieces *l, struct cb_bytes s, struct cb_input *ret);
void cb_pieces_zeros(struct cb_pieces *l, uint64_t n);
/* Zeros up to byte `to` of the output, which must not lie behind. */
void cb_pieces_pad_to(struct cb_pieces *l, uint64_t to);
CB_MUST int cb_pieces_status(const struct cb_pieces *l);
CB_MUST int cb_pieces_write(const struct cb_pieces *l, const struct cb_sink *to);
/* The list as an input; it borrows l, which must not grow any more. Added to another list, its
 * pieces become that list's: nesting costs nothing. */
struct cb_input cb_pieces_input(struct cb_pieces *l);

#endif
