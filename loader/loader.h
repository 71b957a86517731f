/* loader/loader.h - what the parts of the UEFI application share (SPEC 8).
 *
 * One attempt, in order: settings, disks, choice, hand-over. Each part that fails leaves a
 * sentence in the diagnostics; main prints one report and gives the machine back to the
 * firmware. */
#ifndef CB_LOADER_LOADER_H
#define CB_LOADER_LOADER_H

#include "boot/boot.h"
#include "core/limits.h"
#include "image/devpath.h"
#include "settings/settings.h"
#include "uefi/disk.h"
#include "uefi/initrd.h"
#include "uefi/vars.h"
#include "uefi/proto/loaded_image.h"

/* The numbers of docs/errors.md. */
enum report {
	REPORT_NONE = 0,
	REPORT_MEMORY = 3003,     /* memory, limits */
	REPORT_NO_DISKS = 3010,   /* the firmware shows no disk */
	REPORT_NO_DEVICE = 3011,  /* what cloudboot.disk names isn't there */
	REPORT_BAD_DEVICE = 3012, /* what the settings say can't be understood or served */
	REPORT_NOTHING = 3013,    /* nothing on the disks can boot */
	REPORT_ALL_BROKEN = 3014, /* something was there, and none of it could be started */
	REPORT_NO_TARGET = 3015,  /* the named target doesn't exist */
	REPORT_NO_NET = 3020,     /* no network: no NIC, no stack, no DHCP server */
	REPORT_NOT_FETCHED = 3021, /* a kernel or initrd could not be had */
	REPORT_NOT_TRUSTED = 3022, /* what came is another thing, or nobody vouches for it */
	/* The operating system to be chained to is not there, or came back. */
	REPORT_NO_CHAIN = 3016,
};

#define STAGES_MAX 16u

struct stage {
	const char *name;
	uint64_t at_ns;
};

struct cb_loader {
	struct cb_env env;
	struct cb_diag diag;
	struct cb_uefi u;
	struct cb_uefi_vars vars;
	struct efi_loaded_image *self;
	enum cb_arch arch;            /* that this program is for */
	bool secure;                  /* Secure Boot is on */
	bool chained;                 /* by another copy of this loader, which waits for us to come back */
	struct cb_str consoles;       /* for the next kernel: boot/boot.h */
	char own_partuuid[CB_UUID_TEXT]; /* where we were started from; "": no GPT partition */
	struct cb_arena arena;        /* lives as long as we do */
	struct cb_settings settings;
	struct cb_str settings_from;  /* a variable's name, "LoadOptions", a file; empty: none */
	struct cb_str target;         /* empty: none was named */
	struct cb_str kernel_cmdline; /* words of the settings that aren't ours; empty: none */
	struct cb_volumes volumes;
	struct cb_bytes disk_path[CB_MAX_DISKS]; /* device paths, by index of the disk */
	struct cb_boot_plan *plan;
	enum report report;
	struct stage stages[STAGES_MAX];
	unsigned stages_n;
};

/* A line for the operator: a short tag, then the text. Nothing with cloudboot.quiet. */
void say(struct cb_loader *l, const char *tag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void say_lines(struct cb_loader *l, struct cb_str text);
/* The number of the report; the first call counts. Returns r. */
int fail_with(struct cb_loader *l, int r, enum report report);
/* What the diagnostics say, what to do about it, and the number. */
void print_report(struct cb_loader *l);

/* report.c: where we are, for whoever looks after us: CloudBootMark, CloudBootReport, and the
 * variables of the Boot Loader Interface. What can't be written is nobody's failure. */
void mark(struct cb_loader *l, const char *stage);
void tell_start(struct cb_loader *l);
/* Another loader is next, and the interface has one: it may leave alone what it finds set. */
void untell(struct cb_loader *l);
void tell_handover(struct cb_loader *l, struct cb_str entry);
void tell_end(struct cb_loader *l, struct cb_str decision);

/* config.c: SPEC 8.1. The disks have been scanned: the file may be on any of them. */
CB_MUST int read_settings(struct cb_loader *l);
/* disks.c: everything with a medium, into l->volumes. */
CB_MUST int scan_disks(struct cb_loader *l);
/* main.c: what is going to be started; a candidate that can't be. */
void explain(struct cb_loader *l, const struct cb_candidate *chosen);
void skip(struct cb_loader *l, struct cb_candidate *c, int r);
/* The matrix of this firmware; back to it afterwards. */
CB_MUST int probe(struct cb_loader *l);
/* onfail.c: nothing was started, by a failure or because only the probe was asked for. May not come back. */
void end(struct cb_loader *l, bool failed);
/* menu.c: let a person choose. 0: back to the firmware; comes back with a report otherwise. */
CB_MUST int ask(struct cb_loader *l);
/* What is handed over: names for reports and variables. */
struct kernel {
	struct cb_str id, title;
	struct cb_str version;        /* empty: unknown */
	const struct cb_candidate *from; /* NULL: not from a disk */
};
/* linux.c: these come back with a report only. */
CB_MUST int start_candidate(struct cb_loader *l, struct cb_candidate *c);
/* img stays the caller's; its kernel is freed on the way. */
CB_MUST int hand_over(struct cb_loader *l, const struct kernel *k, struct cb_boot_image *img);
void say_loaded(struct cb_loader *l, const struct cb_boot_image *img, uint64_t began);
/* netkernel.c: what cloudboot.kernel and cloudboot.initrd name. Comes back with a report only. */
CB_MUST int start_from_net(struct cb_loader *l);
/* trust.c: certificates in DER, one behind the other; n 0: none. */
struct cb_bytes built_in_ca(struct cb_loader *l);
/* The later of the firmware's clock and the build: clocks without a battery are behind.
 * CB_UEFI_NO_TIME: neither is known. */
int64_t time_to_judge_by(struct cb_loader *l);
/* initrd.c: LoadFile2 where it works; else a file on a volume of ours, which the kernel's
 * options name. */
#define INITRD_FILE "\\EFI\\cloud-boot\\initrd"
struct initrd {
	bool offered;                 /* by LoadFile2 */
	struct cb_uefi_initrd file2;
	efi_handle volume;            /* that has INITRD_FILE; NULL: none */
};
/* data is borrowed until withdraw_initrd(). version: of the kernel, empty if unknown. */
CB_MUST int offer_initrd(struct cb_loader *l, struct cb_str version, struct cb_bytes data,
			 struct initrd *ret);
void withdraw_initrd(struct cb_loader *l, struct initrd *i);
/* devicetree.c: fdt may be empty. remove_devicetree() undoes it; a zeroed one is fine. */
struct devicetree {
	uint64_t at;
	size_t pages;                 /* 0: nothing was installed */
	void *before;                 /* the table that was there; NULL: none */
};
CB_MUST int install_devicetree(struct cb_loader *l, struct cb_bytes fdt, struct devicetree *ret);
void remove_devicetree(struct cb_loader *l, struct devicetree *d);
/* chain.c: SPEC 8.4, and the UKI beside us: 0 when there is none. Come back with a report only. */
bool is_chain_target(struct cb_str name);
/* The value of l->chained, before the first mark(). */
bool was_chained(struct cb_loader *l);
struct cb_str chain_target(size_t i); /* empty past the last one's name */
CB_MUST int chain_to(struct cb_loader *l, struct cb_str os);
CB_MUST int chain_menu(struct cb_loader *l);

#endif
