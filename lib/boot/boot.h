/* boot/boot.h - the one chooser: what a set of volumes can boot, in which order, and why (SPEC 6.4).
 *
 * init and the loader boot what it puts first; `cloud-boot explain` prints the same list, because it
 * is the same code. The rules as a user reads them: docs/choice.md. */
#ifndef CB_BOOT_BOOT_H
#define CB_BOOT_BOOT_H

#include "boot/devspec.h"

/* Who starts the kernel. */
enum cb_hand {
	CB_HAND_KEXEC,          /* kexec: UKIs are taken apart, wrapped kernels unwrapped */
	CB_HAND_EFI,            /* LoadImage: UKIs and EFI programs are started whole */
};

/* What to look for. All text is borrowed until cb_boot_plan_make() returns. */
struct cb_boot_request {
	struct cb_str device;           /* SPEC 6.1; empty: every disk */
	struct cb_str fs;               /* only file systems of this type; empty: any */
	struct cb_str kernel;           /* a path that was asked for; empty: choose */
	const struct cb_str *initrds;   /* asked for instead of its own; commas may separate paths */
	size_t initrds_n;
	struct cb_str cmdline;          /* the key's or the target's; .p NULL: none was given */
	const char *cmdline_from;       /* "cloudboot.cmdline": what gave it, a literal */
	struct cb_str console;          /* "ttyS0,115200", several with blanks; empty: add none */
	enum cb_arch arch;              /* of the machine that is to run it; CB_ARCH_NONE: any */
	enum cb_hand hand;
	bool skip_esp;                  /* `*-direct` targets: don't search EFI system partitions */
};

enum cb_boot_kind {
	CB_BOOT_LINUX,          /* a kernel file and its initrds */
	CB_BOOT_UKI,            /* a unified kernel image */
	CB_BOOT_EFI,            /* another EFI program; only with CB_HAND_EFI */
};

struct cb_boot_file {
	struct cb_volume *volume;
	struct cb_str path;             /* absolute, '/' between names */
	uint64_t size;                  /* bytes */
};

/* One thing that could boot. */
struct cb_candidate {
	struct cb_candidate *next;      /* less preferred */
	const char *rule;               /* "path", "entry", "uki", "files" */
	struct cb_str id;               /* file name of entry or kernel, without counters */
	struct cb_str title;            /* for a menu: never empty */
	struct cb_str version;          /* empty: unknown */
	struct cb_str reason;           /* why it stands where it stands, a clause */
	enum cb_boot_kind kind;
	enum cb_arch arch;              /* as its header says; CB_ARCH_NONE: can't be told */
	struct cb_boot_file entry;      /* the entry file, with rule "entry"; .volume NULL otherwise */
	struct cb_boot_file kernel;
	struct cb_boot_file *initrds;
	size_t initrds_n;
	struct cb_boot_file devicetree; /* .volume NULL: none */
	bool dtb_unused;                /* kexec keeps the device tree that the machine runs with */
	struct cb_volume *root;         /* where its root file system seems to be; NULL: not found */
	struct cb_str cmdline;          /* as the kernel will get it */
	struct cb_str cmdline_from;     /* "entry", "/etc/kernel/cmdline of vda1", "derived: ..." */
	bool last_resort;               /* rescue, .old, kdump, or its boot counter is used up */
	int tries_left, tries_done;     /* boot counting; tries_left -1: not counted */
	int status;                     /* negative: can't boot, and why */
	struct cb_str why;
};

/* Something that was passed over: a file that is no entry, a volume that could not be read. */
struct cb_boot_note {
	struct cb_boot_note *next;
	const struct cb_volume *volume; /* NULL: the whole search */
	struct cb_str text;             /* one sentence; bytes of file names are in it as they are */
};

struct cb_boot_plan {
	struct cb_volumes *vs;          /* borrowed; it must outlive the plan */
	struct cb_arena arena;
	struct cb_boot_request request; /* a copy, text included */
	struct cb_selection where;
	struct cb_candidate *first;     /* the most preferred, broken ones included */
	unsigned candidates_n;
	struct cb_boot_note *notes;
};

/* Search and rank. Succeeds with whatever was found, maybe nothing; fails when the request itself
 * can't be met: a device that isn't there (CB_ENOENT: wait and try again), a bad specification. */
CB_MUST int cb_boot_plan_make(struct cb_volumes *vs, const struct cb_boot_request *req,
			      struct cb_boot_plan **ret);
void cb_boot_plan_free(struct cb_boot_plan *p); /* NULL is fine */

/* The next candidate that is not known to be broken: the best one after NULL. CB_ENOENT when there is
 * none; the report then says what was searched and what was wrong with each. */
CB_MUST int cb_boot_next(struct cb_boot_plan *p, const struct cb_candidate *after,
			 struct cb_candidate **ret);
/* Record why c can't boot, from the present report, which is cleared; cb_boot_next() skips it then.
 * cb_boot_load() does this itself. */
void cb_boot_reject(struct cb_boot_plan *p, struct cb_candidate *c, int status);

/* What a kernel needs, in memory. */
struct cb_boot_image {
	enum cb_boot_kind kind;         /* LINUX after a UKI was taken apart */
	enum cb_arch arch;
	struct cb_buf kernel;           /* KEXEC: bzImage or Image. EFI: a PE image */
	struct cb_buf initrd;           /* all of them, each padded to 4 bytes; n 0: none */
	struct cb_buf devicetree;       /* n 0: none */
	struct cb_str cmdline;          /* empty for a UKI that is started whole with its own */
	char format[96];                /* "bzImage", "arm64 Image in gzip": for a log line */
};

/* Read, unwrap and check c. A failure names file and volume, marks c as broken and leaves ret alone:
 * ask cb_boot_next() for another one. CB_ENOMEM and CB_ECANCELED mark nothing. */
CB_MUST int cb_boot_load(struct cb_boot_plan *p, struct cb_candidate *c, struct cb_boot_image *ret);
void cb_boot_image_fini(struct cb_boot_image *img);
/* A kernel file's bytes, which are in img->kernel, made into what the hand takes; sets arch and format, and
 * checks the length of img->cmdline. For kernels that come from elsewhere than a candidate. */
CB_MUST int cb_boot_image_prepare(struct cb_env *env, struct cb_boot_image *img, enum cb_arch arch,
				  enum cb_hand hand);

/* A name for c that stays the same over reboots and kernel updates: "debian-13" from its os-release, else
 * c->id. Never empty. */
CB_MUST int cb_boot_target_name(struct cb_volumes *vs, const struct cb_candidate *c, struct cb_arena *a,
				struct cb_str *ret);

#endif
