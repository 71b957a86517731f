/* boot/stage_note.h - the note on the cache partition: what cloud-boot staged there, and when the firmware
 * was last told to start it. docs/staging.md describes the text.
 *
 * A note is trusted for names of our own files only, never for their content: that is hashed. */
#ifndef CB_BOOT_STAGE_NOTE_H
#define CB_BOOT_STAGE_NOTE_H

#include "core/mem.h"

#define CB_STAGE_TARGETS  32u
#define CB_STAGE_NOTE_MAX (32u << 10)      /* bytes of text */
#define CB_STAGE_NAME_MAX 255u             /* bytes of a target's name */
#define CB_STAGE_SAFE_MAX 48u              /* bytes of its form in file names */

struct cb_stage_file {
	uint64_t size;                    /* bytes; 0: there is none */
	uint8_t sha256[32];
};

struct cb_stage_target {
	struct cb_str name, safe;
	struct cb_stage_file kernel, initrd;
	uint64_t when;                    /* staged, seconds since 1970; 0: no clock */
};

enum cb_stage_how {
	CB_STAGE_BY_ORDER,                /* first in BootOrder */
	CB_STAGE_BY_NEXT,                 /* and BootNext */
	CB_STAGE_BY_ONCE,                 /* BootNext only */
	CB_STAGE_BY_FILE,                 /* the firmware can't be told: the removable-media path */
};

/* The last time that the firmware was told to start a target. */
struct cb_stage_guard {
	struct cb_str target;
	enum cb_stage_how how;
	uint64_t when;                    /* seconds since 1970; 0: no clock */
	unsigned times;                   /* in a row, without much time between; 0: never told */
};

struct cb_stage_note {
	struct cb_stage_target *v;        /* room for CB_STAGE_TARGETS, the oldest first */
	unsigned n;
	struct cb_stage_guard guard;
	struct cb_stage_file boot_file;   /* \EFI\BOOT\BOOT<ARCH>.EFI of ours */
};

/* An empty one. */
CB_MUST int cb_stage_note_init(struct cb_arena *a, struct cb_stage_note *ret);
/* CB_ECORRUPT, naming the line: none of it is to be trusted. Text of ret is the arena's. */
CB_MUST int cb_stage_note_parse(struct cb_arena *a, struct cb_str text, struct cb_stage_note *ret);
/* Append the text. */
void cb_stage_note_write(const struct cb_stage_note *n, struct cb_buf *ret);

/* NULL when there is none; names fold case, as the files do. */
struct cb_stage_target *cb_stage_note_find(const struct cb_stage_note *n, struct cb_str name);
void cb_stage_note_remove(struct cb_stage_note *n, struct cb_stage_target *t);
static inline bool cb_stage_file_eq(const struct cb_stage_file *a, const struct cb_stage_file *b)
{
	return a->size == b->size && (a->size == 0 || memcmp(a->sha256, b->sha256, sizeof(a->sha256)) == 0);
}

#endif
