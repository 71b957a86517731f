/* uki/host.h - what every command of the host program shares: its world, its report, its output. */
#ifndef CB_UKI_HOST_H
#define CB_UKI_HOST_H

#include <stdio.h>

#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"
#include "uki/opts.h"

/* The numbers of docs/errors.md. */
enum cb_report {
	CB_REPORT_NONE = 0,
	CB_REPORT_USAGE = 2001,       /* the command line of the command itself */
	CB_REPORT_INPUT = 2002,       /* an input file can't be read or isn't what it should be */
	CB_REPORT_OUTPUT = 2003,      /* an output can't be written */
	CB_REPORT_FETCH = 2004,       /* a package can't be had */
	CB_REPORT_TOOL = 2005,        /* another program is missing or failed */
	CB_REPORT_PARTS = 2006,       /* a part of cloud-boot itself is not where it should be */
	CB_REPORT_NO_VOLUME = 2007,   /* which file system is meant? */
	CB_REPORT_NO_BOOT = 2008,     /* nothing on the disks could boot */
	CB_REPORT_INTERNAL = 2009,    /* memory, limits */
	CB_REPORT_NVRAM = 2010,       /* EFI variables can't be had: no such store, none here */
	CB_REPORT_IN_USE = 2011,      /* a running machine has the store */
	CB_REPORT_VARIABLE = 2012,    /* one variable: missing, refused, no room */
};

struct cb_host {
	struct cb_env env;
	struct cb_diag diag;
	struct cb_arena arena;        /* lives as long as the command */
	const struct cb_cmd *cmd;     /* NULL until it is known */
	enum cb_report report;
	char advice[320];
	bool usage;                   /* the report is about the command line: exit 2 */
	bool terminal;                /* stderr is one: progress lines may rewrite themselves */
};

/* The report's number and what to do about it, said where a failure is understood; the first word
 * stays. Returns r; nothing is done unless it is negative. */
int cb_host_advise(struct cb_host *h, int r, enum cb_report report, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* A mistake on the command line: CB_EINVAL, exit 2. */
int cb_host_usage(struct cb_host *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A failed system call, from errno: "what: No such file or directory". */
int cb_host_errno(struct cb_host *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Drop a report that was expected. */
void cb_host_forget(struct cb_host *h);
/* Progress, on stderr. */
void cb_host_say(struct cb_host *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A copy that lives as long as the command; NULL with a report when out of memory. */
const char *cb_host_text(struct cb_host *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* path.XXXXXX, for mkstemp and mkdtemp to change. */
char *cb_host_template(struct cb_host *h, const char *path);
/* SOURCE_DATE_EPOCH, seconds since 1970; `otherwise` where it isn't set. */
CB_MUST int cb_host_epoch(struct cb_host *h, int64_t otherwise, int64_t *ret);
/* Bytes to standard output; a failure is found at the end, by main. */
void cb_host_print(const struct cb_buf *b);

extern const char cb_version[];

/* The commands. */
extern const struct cb_cmd cb_cmd_build, cb_cmd_cache_disk, cb_cmd_compare, cb_cmd_doctor, cb_cmd_explain,
	cb_cmd_fs_cat, cb_cmd_fs_ls, cb_cmd_fs_stat, cb_cmd_fs_sum, cb_cmd_nvram_reset, cb_cmd_nvram_set,
	cb_cmd_nvram_show, cb_cmd_nvram_stage, cb_cmd_nvram_unset, cb_cmd_run, cb_cmd_version;
/* NULL-terminated. */
extern const struct cb_cmd *const cb_cmds[];

#endif
