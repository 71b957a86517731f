/* init/init.h - what the stages of PID 1 share.
 *
 * A boot attempt runs the stages in order (main.c). A stage that fails leaves a sentence in the
 * diagnostics and a number (fail_with); main prints one report and does what
 * cloudboot.onfail says, which may be another attempt. */
#ifndef CB_INIT_INIT_H
#define CB_INIT_INIT_H

#include "boot/boot.h"
#include "core/pieces.h"
#include "linux/console.h"
#include "linux/pid1.h"
#include "settings/settings.h"

/* The numbers of docs/errors.md. */
enum report {
	REPORT_NONE = 0,
	REPORT_KERNEL_FS = 1001,      /* /proc, /sys or /dev can't be mounted */
	REPORT_SIGNALS = 1002,        /* signals can't be read */
	REPORT_MEMORY = 1003,         /* memory, limits */
	REPORT_NO_DISKS = 1010,       /* no disk at all */
	REPORT_NO_DEVICE = 1011,      /* what cloudboot.disk names isn't there */
	REPORT_BAD_DEVICE = 1012,     /* what cloudboot.disk says can't be understood or served */
	REPORT_NOTHING = 1013,        /* nothing on the disks can boot */
	REPORT_ALL_BROKEN = 1014,     /* something was there, and none of it could be started */
	REPORT_FORBIDDEN = 1020,      /* this machine doesn't allow kexec */
	REPORT_NO_KEXEC = 1021,       /* the running kernel has no kexec */
	REPORT_NOT_STARTED = 1022,    /* the kernel was loaded, and reboot(2) came back */
	REPORT_NO_CACHE = 1024,       /* no partition to stage on */
	REPORT_NOT_STAGED = 1025,     /* staging failed */
	REPORT_NO_ROOM = 1026,        /* the cache partition is too small */
	REPORT_NO_VARS = 1027,        /* the firmware's variables can't be written */
	REPORT_LOOP = 1028,           /* the firmware doesn't start what was staged */
	REPORT_FAULT = 1090,          /* a signal that only a bug raises */
};

/* Where the time of a long operation goes, for the console. */
struct meter {
	const char *what;             /* NULL: nothing is under way */
	uint64_t start_ns, shown_ns, polled_ns;
	uint64_t bytes;               /* read from disks since start_ns */
};

struct cb_init {
	struct cb_env env;
	struct cb_diag diag;
	struct cb_platform plat;
	struct cb_console console;
	struct cb_pid1 pid1;
	enum cb_arch arch;
	struct meter meter;
	bool modules_loaded;
	uint64_t device_ns;           /* when the kernel last announced a block device */
	/* Of one attempt: */
	struct cb_settings settings;
	struct cb_volumes volumes;
	struct cb_boot_plan *plan;
	enum cb_hand hand;            /* who is to start the kernel, and why: a clause */
	const char *hand_why;
	enum report report;
};

/* A line for the operator: a short tag (NULL: none), then the text. Nothing with cloudboot.quiet. */
void say(struct cb_init *in, const char *tag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Make in->env write to the consoles. */
void log_to_console(struct cb_init *in);
/* Every line of text, which may be long; escaped already. The tag stands before the first one. */
void say_lines(struct cb_init *in, const char *tag, struct cb_str text);
void warn(struct cb_init *in, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Also with cloudboot.quiet. */
void announce(struct cb_init *in, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "12.3 MiB", "7.0 KiB"; ret is returned. */
#define SIZE_TEXT 32
const char *size_text(uint64_t bytes, char ret[SIZE_TEXT]);
/* As it is, to every console. */
void put_text(struct cb_init *in, const char *p, size_t n);
/* head, then the words of s, broken at blanks; lines after the first are indented. A word longer than a
 * line keeps its length: it may be something to be copied. */
void put_wrapped(struct cb_init *in, const char *head, struct cb_str s, unsigned indent);

/* The number of the report; the first call of an attempt counts. Returns r. */
int fail_with(struct cb_init *in, int r, enum report report);
/* What the diagnostics say, what to do about it, and the number. */
void print_report(struct cb_init *in);

/* "Still reading" for what takes more than a second. Ends by itself at the next meter_start(). */
void meter_start(struct cb_init *in, const char *what);
void meter_stop(struct cb_init *in);
/* Called from reads and computations: shows progress, answers signals. */
bool meter_tick(void *ctx);
/* A device that counts for the meter. Takes over the caller's reference on under. */
CB_MUST int meter_blk(struct cb_init *in, struct cb_blk *under, struct cb_blk **ret);

/* Wait for a device or until the time is over; Ctrl-Alt-Del and its kin end the machine here.
 * True when a device came or went. */
bool wait_for_devices(struct cb_init *in, uint64_t timeout_ns);
/* Reboot or power off; doesn't return. */
void end_machine(struct cb_init *in, enum cb_end how) __attribute__((noreturn));

/* What cloudboot.onfail asks for. Returns when another attempt is due. */
void after_failure(struct cb_init *in, unsigned attempt);

int stage_settings(struct cb_init *in);
int stage_devices(struct cb_init *in);
int stage_exit(struct cb_init *in);
int stage_disk(struct cb_init *in);
int stage_sink(struct cb_init *in);

/* stage_disk.c: search once more, for in->hand. */
CB_MUST int plan_again(struct cb_init *in);
/* stage_kexec.c: whether the running kernel has a call for it at all. */
bool kexec_is_there(struct cb_init *in);
/* Comes back only after a failure. *ret_refused, false before: the machine said no to a kernel that was
 * read well, and the report's number is not chosen yet. NULL: kexec is the only way. */
CB_MUST int sink_kexec(struct cb_init *in, bool *ret_refused);
/* stage_reboot.c: comes back only after a failure. */
CB_MUST int sink_reboot(struct cb_init *in, struct cb_volume *cache);
/* boot_file.c: what firmware can start by itself: stub, kernel, initrd and command line in one. */
CB_MUST int make_boot_file(struct cb_init *in, const struct cb_boot_image *img, struct cb_str cmdline,
			   struct cb_pieces *ret);
/* Everything of an attempt goes, the secrets first; the disks are closed. */
void close_all(struct cb_init *in);
/* A line about a candidate that is passed over, then the next one's turn. */
void skip_candidate(struct cb_init *in, struct cb_candidate *c, int r);

/* modules.c: everything in /lib/modules/RELEASE; what fails is a warning. */
void load_modules(struct cb_init *in);
/* disks.c: add the disks that are new to in->volumes; counts them. */
CB_MUST int scan_disks(struct cb_init *in, unsigned *ret_new);
/* kexec_arm64.c: kexec_load(2) for kernels without kexec_file_load(2). */
CB_MUST int kexec_arm64(struct cb_init *in, const struct cb_boot_image *img);

#endif
