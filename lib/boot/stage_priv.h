/* boot/stage_priv.h - what the parts of staging share. */
#ifndef CB_BOOT_STAGE_PRIV_H
#define CB_BOOT_STAGE_PRIV_H

#include "boot/stage.h"

#define CB_STAGE_LINUX "EFI/Linux"
#define CB_STAGE_OWN   "EFI/cloud-boot"
#define CB_STAGE_BOOT  "EFI/BOOT"

/* The files of one target, by the safe form of its name; text of the arena. */
struct cb_stage_paths {
	struct cb_str kernel, initrd;
	struct cb_str kernel_new, initrd_new; /* being written */
};
CB_MUST int cb_stage_paths(struct cb_stage *s, struct cb_str safe, struct cb_stage_paths *ret);

/* stage_files.c */

/* CB_ENOENT when there is no such file. */
CB_MUST int cb_stage_look(struct cb_stage *s, struct cb_str path, uint64_t *ret_size);
CB_MUST int cb_stage_exists(struct cb_stage *s, struct cb_str path, bool *ret);
CB_MUST int cb_stage_digest(struct cb_stage *s, const struct cb_input *in, struct cb_stage_file *ret);
/* Whether the file is there with these bytes; want->size 0: whether it isn't there. One that can't be
 * read is another one. */
CB_MUST int cb_stage_is(struct cb_stage *s, struct cb_str path, const struct cb_stage_file *want, bool *ret);
/* The directory, on the medium before anything is put into it. */
CB_MUST int cb_stage_make_dir(struct cb_stage *s, struct cb_str path);
struct cb_stage_target *cb_stage_by_safe(const struct cb_stage *s, struct cb_str safe); /* NULL: none */
CB_MUST int cb_stage_sync(struct cb_stage *s);
/* Remove the file if it is there; *did becomes true. */
CB_MUST int cb_stage_remove(struct cb_stage *s, struct cb_str path, bool *did);
/* Write a new file and read it back. */
CB_MUST int cb_stage_put(struct cb_stage *s, struct cb_str path, const struct cb_input *in,
			 const struct cb_stage_file *want);

/* stage_sweep.c */

/* To be called before the first change: unlocks the folder, clears leftovers away. */
CB_MUST int cb_stage_begin(struct cb_stage *s);
/* Take a target's files away, so that no power cut leaves half of them to be started. Sync before anything
 * new is written. */
CB_MUST int cb_stage_remove_pair(struct cb_stage *s, const struct cb_stage_paths *p, bool *did);

/* stage_room.c */

/* Room for two files of these sizes; targets go for it, the oldest first. */
CB_MUST int cb_stage_room(struct cb_stage *s, uint64_t a, uint64_t b);

/* stage_note_file.c */

/* s->note from the medium; an empty one when there is none that can be trusted. */
CB_MUST int cb_stage_note_load(struct cb_stage *s);
CB_MUST int cb_stage_note_save(struct cb_stage *s);
/* Remove what is left of a note that was being written, or can't be read. */
CB_MUST int cb_stage_note_sweep(struct cb_stage *s, bool *did);

/* stage_guard.c */

/* s->before from s->note and the firmware's variable; whichever is later. */
CB_MUST int cb_stage_guard_load(struct cb_stage *s);
/* Refuse when the firmware has come back too often; changed: the files differ from those of last time. */
CB_MUST int cb_stage_guard_check(struct cb_stage *s, struct cb_str target, bool changed);
/* The firmware kept what it was told last time, this target's kernel, over a reset. */
CB_MUST int cb_stage_guard_trusts(struct cb_stage *s, struct cb_str kernel, bool *ret);
/* Put s->note.guard into a variable instead of the note. False: it doesn't take it. */
bool cb_stage_guard_to_variable(struct cb_stage *s);
/* If our entry names this file, take it out of the order. A firmware that refuses is no failure: what
 * comes is safe without, only not as neat. */
CB_MUST int cb_stage_disarm(struct cb_stage *s, struct cb_str kernel);

#endif
