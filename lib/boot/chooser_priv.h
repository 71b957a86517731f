/* boot/chooser_priv.h - what the rules share: the list of finds, looking into volumes, notes. */
#ifndef CB_BOOT_CHOOSER_PRIV_H
#define CB_BOOT_CHOOSER_PRIV_H

#include "boot/boot.h"
#include "boot/entry.h"
#include "boot/kname.h"
#include "core/input.h"
#include "core/limits.h"

/* A candidate with what ranks it; the candidate is all that callers of boot.h see. */
struct cb_found {
	struct cb_candidate c;
	unsigned rule;              /* index in the table of rules */
	unsigned place;             /* of the directory within its volume: lower is preferred */
	unsigned order;             /* of finding */
	bool chosen;                /* loader.conf names it */
	struct cb_node node;        /* of the kernel: the same file twice is one candidate */
	struct cb_kname name;       /* of a kernel file */
	struct cb_entry entry;      /* of an entry or a UKI */
	struct cb_str options;      /* the entry's own command line */
};

/* What a volume has of an operating system. */
struct cb_os {
	struct cb_os *next;
	struct cb_volume *volume;
	bool is_root;               /* an init or an os-release is there */
	struct cb_str pretty;       /* PRETTY_NAME, empty when unknown */
	struct cb_str cmdline;      /* /etc/kernel/cmdline, empty when there is none */
};

struct cb_chooser {
	struct cb_boot_plan *plan;
	struct cb_volumes *vs;
	struct cb_arena *a;         /* the plan's */
	const struct cb_boot_request *req;
	struct cb_found *found[CB_MAX_BOOT_ENTRIES];
	unsigned found_n;
	unsigned rule;              /* the one at work */
	unsigned notes_n;
	struct cb_boot_note **last_note;
	struct cb_os *os;           /* looked at so far */
};

/* chooser.c */

/* Add a note. Fails only for want of memory. */
CB_MUST int cb_note(struct cb_chooser *ch, const struct cb_volume *v, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Turn the present report of failure r into a note and go on (0); r when it is the machine's. */
CB_MUST int cb_note_failure(struct cb_chooser *ch, const struct cb_volume *v, int r);
/* The same, but what isn't there is not worth a note. */
CB_MUST int cb_note_unless_absent(struct cb_chooser *ch, const struct cb_volume *v, int r);
/* No more candidates are taken from v. To be asked before text is read that takes memory. */
bool cb_found_full(const struct cb_chooser *ch, const struct cb_volume *v);
CB_MUST int cb_note_full(struct cb_chooser *ch, const struct cb_volume *v);
/* Room for one more candidate of rule `name` on v; NULL in *ret when there are too many. */
CB_MUST int cb_found_add(struct cb_chooser *ch, const char *rule, struct cb_volume *v,
			 struct cb_found **ret);
/* The same for a kernel file or UKI at path: looked at first, its node and file kept. One that can't be
 * looked at becomes a note, and *ret NULL. */
CB_MUST int cb_found_kernel(struct cb_chooser *ch, const char *rule, struct cb_volume *v,
			    struct cb_str path, struct cb_found **ret);
/* Why f can't boot, from the present report, which is cleared; r when it is the machine's. */
CB_MUST int cb_found_bad(struct cb_chooser *ch, struct cb_found *f, int r);

/* look.c: files of mounted volumes */

/* The regular file at path, links followed. */
CB_MUST int cb_look_file(struct cb_volume *v, struct cb_str path, struct cb_node *ret);
/* True when the failure only says that there is no such file. */
bool cb_look_absent(int r);
/* Fill f from path; CB_ENOENT and so on when it is no file. */
CB_MUST int cb_look_boot_file(struct cb_volume *v, struct cb_str path, struct cb_boot_file *ret,
			      struct cb_node *ret_node);
/* The text of a small file, appended to ret. */
CB_MUST int cb_look_text(struct cb_volume *v, struct cb_str path, uint64_t max, struct cb_buf *ret);
/* The file's bytes as an input; node must stay where it is. */
struct cb_look_input { struct cb_fs *fs; struct cb_node node; };
struct cb_input cb_look_as_input(struct cb_look_input *f);

/* The best names of one directory, in order; a name is in the arena. */
typedef bool cb_look_want(struct cb_str name, enum cb_ftype type);
typedef int cb_look_cmp(struct cb_str a, struct cb_str b);
#define CB_LOOK_NAMES 128u
struct cb_look_names { struct cb_str v[CB_LOOK_NAMES]; unsigned n; uint64_t dropped; };
CB_MUST int cb_look_dir(struct cb_arena *a, struct cb_volume *v, struct cb_str dir,
			cb_look_want *want, cb_look_cmp *cmp, struct cb_look_names *ret);

/* The rules: each adds what it finds on one mounted volume. */
CB_MUST int cb_rule_path(struct cb_chooser *ch, struct cb_volume *v);
CB_MUST int cb_rule_entries(struct cb_chooser *ch, struct cb_volume *v);
CB_MUST int cb_rule_files(struct cb_chooser *ch, struct cb_volume *v);
/* After all volumes were searched: the defaults of loader.conf on v. */
CB_MUST int cb_rule_entries_defaults(struct cb_chooser *ch, struct cb_volume *v);
/* Their order among finds of one disk; below 0: a first. */
int cb_rule_entries_cmp(const struct cb_found *a, const struct cb_found *b);
int cb_rule_files_cmp(const struct cb_found *a, const struct cb_found *b);

/* rule_path.c: the request's initrds instead of f's own. */
CB_MUST int cb_initrds_asked(struct cb_chooser *ch, struct cb_found *f);

/* rule_entries.c: reason and counters, from f->entry. */
CB_MUST int cb_entry_complete(struct cb_chooser *ch, struct cb_found *f);

/* rule_uki.c: *.efi in a directory that is meant for UKIs, with rule "entry". */
CB_MUST int cb_rule_ukis(struct cb_chooser *ch, struct cb_volume *v, struct cb_str dir);
/* What a UKI says about itself, into f: title, version, sort key, options. */
CB_MUST int cb_uki_describe(struct cb_chooser *ch, struct cb_found *f);

/* rule_files.c: initrds that belong to the kernel by their names, in dir. */
CB_MUST int cb_pair_initrds(struct cb_chooser *ch, struct cb_found *f, struct cb_str dir);

/* check.c: is the kernel's header that of something which this machine can boot? Sets kind,
 * arch, and a version that was unknown; a bad one is recorded in f. */
CB_MUST int cb_check_kernel(struct cb_chooser *ch, struct cb_found *f);

/* root.c */

/* What is on v; looked at once. NULL when v can't be mounted. */
CB_MUST int cb_os_look(struct cb_chooser *ch, struct cb_volume *v, struct cb_os **ret);
/* The root file system that belongs to a kernel on v, NULL when none is found. */
CB_MUST int cb_root_find(struct cb_chooser *ch, struct cb_volume *v, struct cb_os **ret);
/* Root, title and command line of a find. */
CB_MUST int cb_root_complete(struct cb_chooser *ch, struct cb_found *f);

/* osrel.c: the value of KEY=value in os-release, unquoted; empty when absent. A view into text. */
struct cb_str cb_osrel_get(struct cb_str text, struct cb_str key);

#endif
