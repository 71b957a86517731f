/* uki/opts.h - one table a command: its options, operands and words of help.
 *
 * The parser, --help, the completions and the man pages all read this table. */
#ifndef CB_UKI_OPTS_H
#define CB_UKI_OPTS_H

#include "core/mem.h"

struct cb_host;

enum cb_opt_kind {
	CB_OPT_FLAG,          /* bool */
	CB_OPT_TEXT,          /* const char *; given twice, the last one holds */
	CB_OPT_LIST,          /* struct cb_list: may be given again */
	CB_OPT_NUMBER,        /* uint64_t, decimal */
};

/* Borrowed words of the command line. */
struct cb_list {
	const char **v;
	size_t n;
};

struct cb_opt {
	const char *name;     /* without its dashes */
	char letter;          /* the short form, or 0 */
	enum cb_opt_kind kind;
	const char *value;    /* "FILE", "TEXT|@FILE"; in lower case just these: "efi|iso"; NULL: a flag */
	size_t at;            /* where its value goes, in the command's struct */
	const char *help;
};

struct cb_cmd {
	const char *name;     /* one word, or "fs ls" */
	const char *operands; /* "IMAGE... PATH"; NULL: none */
	const char *summary;
	const char *about;    /* paragraphs, parted by an empty line; NULL: none */
	const char *examples; /* lines */
	const struct cb_opt *opts;
	size_t opts_n;
	size_t min_operands, max_operands;
	size_t args_size;     /* of the struct that opts point into; starts zeroed */
	/* A CB_E* code with a report, or the exit status. */
	int (*run)(struct cb_host *h, const void *args, const struct cb_list *operands);
};

#define CB_OPTS(table) .opts = (table), .opts_n = sizeof(table) / sizeof((table)[0])

/* Parse argv (without the command's words) into args. CB_EINVAL with a report says what is wrong;
 * *ret_help is set when --help was among them, and then nothing else is complained about. */
CB_MUST int cb_opts_parse(struct cb_host *h, const struct cb_cmd *cmd, char *const *argv, void *args,
			  struct cb_list *ret_operands, bool *ret_help);

/* The words of --help. */
void cb_opts_help(struct cb_buf *b, const struct cb_cmd *cmd);
/* Text filled to 80 columns: `indent` blanks before each line, the first of which is begun at
 * column `at`; an empty line parts paragraphs, lines that start with a blank stay as they are. */
void cb_opts_fill(struct cb_buf *b, const char *text, size_t at, size_t indent);

/* The nearest of the n names for a mistyped one, or NULL when none is near. */
const char *cb_opts_nearest(const char *typed, const char *const *names, size_t n);

#endif
