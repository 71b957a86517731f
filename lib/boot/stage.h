/* boot/stage.h - path C: a kernel and its initrd onto the cache partition, then into the firmware's boot
 * order (SPEC 7.2). docs/staging.md has the steps and what a power cut leaves after each.
 *
 * At every moment the firmware is told to start nothing of ours, or a whole pair of files, on the medium. */
#ifndef CB_BOOT_STAGE_H
#define CB_BOOT_STAGE_H

#include "boot/folder.h"
#include "boot/stage_note.h"
#include "image/bootvars.h"

/* What is to be started, wherever it came from. */
struct cb_stage_item {
	struct cb_str name;               /* of the target: not empty, at most CB_STAGE_NAME_MAX bytes */
	struct cb_input kernel;           /* a PE image */
	struct cb_input initrd;           /* size 0: none */
	struct cb_str cmdline;            /* without secrets */
};

/* Where a failure belongs. */
enum cb_stage_trouble {
	CB_STAGE_BROKEN,                  /* reading, writing, or what was asked for */
	CB_STAGE_NO_ROOM,
	CB_STAGE_NO_VARS,                 /* the firmware can't be told */
	CB_STAGE_LOOP,                    /* it was told, and doesn't listen */
};

struct cb_stage {
	/* The caller's: */
	struct cb_env *env;
	struct cb_folder *cache;
	struct cb_efivars *vars;          /* NULL: this machine has none */
	struct cb_boot_entry entry;       /* part, first, nblocks, partuuid; the rest is filled in */
	bool ours;                        /* the partition is cloud-boot's own, not somebody's ESP */
	bool once;                        /* cloudboot.trial */
	uint64_t now;                     /* seconds since 1970; 0: the clock was never set */
	/* For the caller to read: */
	enum cb_stage_trouble trouble;    /* after a failure */
	bool again;                       /* the firmware came back soon: it is told in two ways */
	bool kept;                        /* the very files were there */
	unsigned pruned;                  /* targets that had to go */
	/* Own: */
	struct cb_arena arena;
	struct cb_stage_note note;
	struct cb_stage_guard before;     /* what the note or the firmware's variable said */
	struct cb_str safe;
	bool begun;                       /* the cache may be written, and is clean */
	bool note_good;                   /* its file was whole, and the only one */
};

/* Nothing is touched yet. Fill in the caller's part after it. */
CB_MUST int cb_stage_init(struct cb_stage *s, struct cb_env *env);
void cb_stage_fini(struct cb_stage *s);

/* Make the cache hold the item, then the note; all of it is on the medium afterwards. What is there
 * already is not written again. s->trouble says which kind a failure is. */
CB_MUST int cb_stage_write(struct cb_stage *s, const struct cb_stage_item *item);
/* Tell the firmware. To be called when the cache is unmounted. */
CB_MUST int cb_stage_arm(struct cb_stage *s, uint16_t *ret_number, unsigned *ret_written);
/* For a firmware that can't be told: program becomes \EFI\BOOT\<name>, what firmware starts from a disk
 * that it tries. CB_EINVAL: such a file is there, and it isn't ours. */
CB_MUST int cb_stage_boot_file(struct cb_stage *s, struct cb_str name, const struct cb_input *program);

/* boot/stage_guard.c: the loop guard, by itself. */
#define CB_STAGE_WINDOW 900u               /* seconds in which coming back is suspicious */
enum cb_stage_verdict {
	CB_STAGE_FRESH,                   /* go on */
	CB_STAGE_AGAIN,                   /* it came back once: tell it in two ways */
	CB_STAGE_STOP,                    /* it came back twice */
};
/* before: the last time it was told; an unset or backward clock counts as no time at all. */
enum cb_stage_verdict cb_stage_judge(const struct cb_stage_guard *before, struct cb_str target, uint64_t now);

#endif
