/* uki/main.c - the host command `cloud-boot`: picks the command, prints its report, sets the exit
 * status. 0: done, 1: failed, 2: wrong usage; compare-versions has statuses of its own. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/fmt.h"
#include "posix/posix.h"
#include "uki/host.h"

#define ARENA_MAX (256u << 20)
#define HELP_MAX  (64u << 10)

const struct cb_cmd *const cb_cmds[] = {
	&cb_cmd_build, &cb_cmd_cache_disk, &cb_cmd_run, &cb_cmd_explain, &cb_cmd_fs_ls, &cb_cmd_fs_cat,
	&cb_cmd_fs_stat, &cb_cmd_fs_sum, &cb_cmd_nvram_show, &cb_cmd_nvram_set, &cb_cmd_nvram_unset,
	&cb_cmd_nvram_stage, &cb_cmd_nvram_reset, &cb_cmd_doctor, &cb_cmd_compare, &cb_cmd_version, NULL
};

int cb_host_advise(struct cb_host *h, int r, enum cb_report report, const char *fmt, ...)
{
	va_list ap;

	if (r >= 0 || h->report != CB_REPORT_NONE)
		return r;
	h->report = report;
	va_start(ap, fmt);
	(void)cb_vfmt(h->advice, sizeof(h->advice), fmt, ap); /* advice may be cut */
	va_end(ap);
	return r;
}

int cb_host_usage(struct cb_host *h, const char *fmt, ...)
{
	char text[CB_DIAG_TEXT];
	va_list ap;

	va_start(ap, fmt);
	(void)cb_vfmt(text, sizeof(text), fmt, ap); /* a long report is cut */
	va_end(ap);
	h->usage = true;
	(void)cb_fail(&h->env, CB_EINVAL, "%s", text); /* returned below */
	return h->cmd != NULL ? cb_wrap(&h->env, CB_EINVAL, "%s", h->cmd->name) : CB_EINVAL;
}

int cb_host_errno(struct cb_host *h, const char *fmt, ...)
{
	char text[CB_DIAG_TEXT];
	int e = errno;
	va_list ap;

	va_start(ap, fmt);
	(void)cb_vfmt(text, sizeof(text), fmt, ap); /* a long report is cut */
	va_end(ap);

	int r = e == ENOENT ? CB_ENOENT : e == ENOMEM ? CB_ENOMEM : CB_EIO;

	return cb_fail(&h->env, r, "%s: %s", text, strerror(e));
}

void cb_host_forget(struct cb_host *h)
{
	cb_clear(&h->env);
	h->report = CB_REPORT_NONE;
	h->advice[0] = '\0';
	h->usage = false;
}

void cb_host_say(struct cb_host *h, const char *fmt, ...)
{
	char text[CB_DIAG_TEXT];
	va_list ap;

	(void)h;
	va_start(ap, fmt);
	(void)cb_vfmt(text, sizeof(text), fmt, ap); /* progress may be cut */
	va_end(ap);
	fprintf(stderr, "%s\n", text);
}

/* Formatted into the arena. */
static char *text(struct cb_host *h, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	size_t n = cb_vfmt(NULL, 0, fmt, again);
	va_end(again);

	char *p = cb_arena_alloc(&h->arena, n + 1, 1, 1);

	if (p != NULL)
		(void)cb_vfmt(p, n + 1, fmt, ap); /* measured above */
	return p;
}

const char *cb_host_text(struct cb_host *h, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	const char *p = text(h, fmt, ap);
	va_end(ap);
	return p;
}

char *cb_host_template(struct cb_host *h, const char *path)
{
	return path != NULL ? (char *)cb_host_text(h, "%s.XXXXXX", path) : NULL;
}

int cb_host_epoch(struct cb_host *h, int64_t otherwise, int64_t *ret)
{
	const char *given = getenv("SOURCE_DATE_EPOCH");
	uint64_t v = 0;

	if (given != NULL && (!cb_str_u64(cb_str_c(given), 10, &v) || v > INT64_MAX))
		return cb_host_usage(h, "SOURCE_DATE_EPOCH=%s: not a number of seconds", given);
	*ret = given != NULL ? (int64_t)v : otherwise;
	return 0;
}

void cb_host_print(const struct cb_buf *b)
{
	fwrite(b->p, 1, b->n, stdout);
}

static void help(struct cb_buf *b)
{
	cb_buf_fmt(b, "cloud-boot - boot unmodified cloud images anywhere\n\n"
		   "usage: cloud-boot COMMAND [OPTIONS] ...\n\ncommands:\n");
	for (size_t i = 0; cb_cmds[i] != NULL; i++) {
		size_t from = b->n;

		cb_buf_fmt(b, "  %-20s  ", cb_cmds[i]->name);
		cb_opts_fill(b, cb_cmds[i]->summary, b->n - from, 24);
	}
	cb_buf_fmt(b, "\nexamples:\n"
		   "  cloud-boot build --arch x86_64 --out boot.efi\n"
		   "  cloud-boot run debian.qcow2\n"
		   "  cloud-boot build --help\n");
}

static int print_help(struct cb_host *h, const struct cb_cmd *cmd)
{
	struct cb_buf b;

	cb_buf_init(&b, &h->env, HELP_MAX);
	if (cmd != NULL)
		cb_opts_help(&b, cmd);
	else
		help(&b);

	int r = cb_buf_status(&b);

	cb_host_print(&b);
	cb_buf_fini(&b);
	return r;
}

/* Words of name that argv starts with; all of them when *ret_whole. */
static size_t match(const char *name, char *const *argv, bool *ret_whole)
{
	struct cb_str rest = cb_str_c(name), word;
	size_t n = 0;

	*ret_whole = false;
	while (cb_str_word(&rest, &word)) {
		if (argv[n] == NULL || !cb_str_eq(word, cb_str_c(argv[n])))
			return n;
		n++;
	}
	*ret_whole = true;
	return n;
}

static int unknown(struct cb_host *h, const char *typed)
{
	const char *names[32];
	size_t n = 0;

	for (; cb_cmds[n] != NULL && n < 32; n++)
		names[n] = cb_cmds[n]->name;

	const char *near = cb_opts_nearest(typed, names, n);

	if (near != NULL)
		return cb_host_usage(h, "unknown command '%s': did you mean '%s'?", typed, near);
	return cb_host_usage(h, "unknown command '%s'", typed);
}

/* The commands that start with argv's first word: "fs" is several. */
static int list_group(struct cb_host *h, char *const *argv, bool wants_help)
{
	struct cb_buf b;
	bool whole;

	cb_buf_init(&b, &h->env, HELP_MAX);
	for (size_t i = 0; cb_cmds[i] != NULL; i++)
		if (match(cb_cmds[i]->name, argv, &whole) > 0)
			cb_buf_fmt(&b, wants_help ? "  %-20s  %s\n" : "%s%.0s, ", cb_cmds[i]->name,
				   cb_cmds[i]->summary);

	int r = cb_buf_status(&b);

	if (r == 0 && wants_help)
		cb_host_print(&b);
	else if (r == 0)
		r = cb_host_usage(h, "'%s%s%s' is no command; there are: %.*s", argv[0],
				  argv[1] != NULL ? " " : "", argv[1] != NULL ? argv[1] : "",
				  b.n > 2 ? (int)b.n - 2 : 0, (const char *)b.p);
	cb_buf_fini(&b);
	return r;
}

/* CB_ENOENT with a usage report when there is none. */
static int find(struct cb_host *h, char *const *argv, const struct cb_cmd **ret, size_t *ret_words)
{
	bool whole, group = false;

	for (size_t i = 0; cb_cmds[i] != NULL; i++) {
		*ret_words = match(cb_cmds[i]->name, argv, &whole);
		if (whole) {
			*ret = cb_cmds[i];
			return 0;
		}
		group = group || *ret_words > 0;
	}
	*ret = NULL;
	if (!group)
		return unknown(h, argv[0]);
	return list_group(h, argv, argv[1] != NULL && (strcmp(argv[1], "--help") == 0 ||
						       strcmp(argv[1], "-h") == 0));
}

static int run(struct cb_host *h, char *const *argv)
{
	static char version_word[] = "version";
	char *const version[] = { version_word, NULL };
	const struct cb_cmd *cmd = NULL;
	struct cb_list operands;
	bool wants = false;
	size_t words;
	int r;

	if (argv[0] == NULL)
		return cb_host_usage(h, "no command given");
	if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)
		return print_help(h, NULL);
	if (strcmp(argv[0], "help") == 0) {
		if (argv[1] == NULL)
			return print_help(h, NULL);
		r = find(h, argv + 1, &cmd, &words);
		return cmd != NULL ? print_help(h, cmd) : r;
	}
	if (strcmp(argv[0], "--version") == 0)
		argv = version;
	r = find(h, argv, &cmd, &words);
	if (cmd == NULL)
		return r;
	h->cmd = cmd;

	void *args = cb_arena_alloc(&h->arena, 1, cmd->args_size, _Alignof(max_align_t));

	if (args == NULL)
		return CB_ENOMEM;
	r = cb_opts_parse(h, cmd, argv + words, args, &operands, &wants);
	if (r < 0)
		return r;
	return wants ? print_help(h, cmd) : cmd->run(h, args, &operands);
}

static void report(struct cb_host *h)
{
	struct cb_buf b;

	if (h->usage)
		/* Advice and number; nobody waits for the status. */
		(void)cb_host_advise(h, CB_EINVAL, CB_REPORT_USAGE, "see 'cloud-boot %s%s--help'",
				     h->cmd != NULL ? h->cmd->name : "", h->cmd != NULL ? " " : "");
	cb_buf_init(&b, &h->env, 4 * CB_DIAG_TEXT);
	cb_str_escape(&b, (struct cb_str){ h->diag.text, h->diag.len });
	fprintf(stderr, "cloud-boot: %.*s\n", (int)b.n, (const char *)b.p);
	cb_buf_fini(&b);
	if (h->report == CB_REPORT_NONE)
		h->report = CB_REPORT_INTERNAL;
	if (h->advice[0] != '\0')
		fprintf(stderr, "  what to do: %s\n", h->advice);
	fprintf(stderr, "  CB-%u\n", h->report);
}

int main(int argc, char **argv)
{
	struct cb_host h = { .env = { .plat = &cb_posix_platform, .max_level = CB_LOG_WARN } };

	h.env.diag = &h.diag;
	h.terminal = isatty(STDERR_FILENO) == 1;
	cb_arena_init(&h.arena, &h.env, ARENA_MAX);

	int r = run(&h, argv + (argc > 0));

	if (r >= 0 && (fflush(stdout) != 0 || ferror(stdout)))
		r = cb_host_advise(&h, cb_host_errno(&h, "writing standard output"), CB_REPORT_OUTPUT,
				  "make room on the disk, or keep the reader of the pipe open");
	if (r < 0)
		report(&h);
	cb_arena_fini(&h.arena);
	return r >= 0 ? r : h.usage ? 2 : 1;
}
