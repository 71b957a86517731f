/* image/fwmatrix.h - what a firmware has: the rows of a protocol matrix, for people and for programs. */
#ifndef CB_IMAGE_FWMATRIX_H
#define CB_IMAGE_FWMATRIX_H

#include "core/mem.h"

enum cb_works { CB_WORKS_UNTRIED, CB_WORKS_NO, CB_WORKS_YES };

struct cb_fwmatrix_row {
	const char *name;
	size_t at_start, connected;  /* handles that have it: on entry, when every driver had its chance */
	enum cb_works works;         /* when it was used */
	char note[64];               /* what came of that; "": nothing to say */
};

struct cb_fwmatrix {
	struct cb_str vendor;
	uint32_t revision, uefi;     /* of the firmware and of its specification; major << 16 | minor */
	uint64_t connect_ms;
	const struct cb_fwmatrix_row *rows;
	size_t n;
};

/* A heading and a line a row, each with its "\n"; "yes", and how many where that is more than one. */
void cb_fwmatrix_table(const struct cb_fwmatrix *m, struct cb_buf *ret);
/* One object, in one line: vendor, revision, uefi, connect_ms, and protocols with name, at_start, connected
 * and, where it was tried, works and note. */
void cb_fwmatrix_json(const struct cb_fwmatrix *m, struct cb_buf *ret);

#endif
