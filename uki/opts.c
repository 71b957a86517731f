/* uki/opts.c - the option parser, and the help it can write from the same table. */
#include "uki/opts.h"

#include <string.h>

#include "uki/host.h"

#define WIDTH 80u

const char *cb_opts_nearest(const char *typed, const char *const *names, size_t n)
{
	struct cb_str t = cb_str_c(typed);
	unsigned best = t.n < 4 ? 1 : t.n < 8 ? 2 : 3;
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		unsigned d = cb_str_distance(t, cb_str_c(names[i]), best);

		if (d <= best && (found == NULL || d < best)) {
			best = d;
			found = names[i];
		}
	}
	return found;
}

static int unknown(struct cb_host *h, const struct cb_cmd *cmd, const char *typed, size_t n)
{
	const char *names[64], *near;
	char bare[64];
	size_t count = 0;

	for (; count < cmd->opts_n && count < 63; count++)
		names[count] = cmd->opts[count].name;
	names[count++] = "help";
	if (n >= sizeof(bare))
		n = sizeof(bare) - 1;
	memcpy(bare, typed, n);
	bare[n] = '\0';
	near = cb_opts_nearest(bare, names, count);
	if (near != NULL)
		return cb_host_usage(h, "unknown option '--%s': did you mean '--%s'?", bare, near);
	return cb_host_usage(h, "unknown option '--%s'", bare);
}

/* For a value like "efi|iso|cdrom", in lower case: one of these. */
static int check_choice(struct cb_host *h, const struct cb_opt *o, const char *given)
{
	struct cb_str choices = cb_str_c(o->value), one;

	if (cb_str_chr(choices, '|') == SIZE_MAX || cb_to_lower(choices.p[0]) != choices.p[0])
		return 0;
	while (cb_str_next(&choices, '|', &one))
		if (cb_str_eq(one, cb_str_c(given)))
			return 0;
	return cb_host_usage(h, "--%s %s: it is one of %s", o->name, given, o->value);
}

static int set(struct cb_host *h, const struct cb_opt *o, const char *given, void *args)
{
	void *to = (char *)args + o->at;
	int r = o->value != NULL ? check_choice(h, o, given) : 0;

	if (r < 0)
		return r;
	switch (o->kind) {
	case CB_OPT_FLAG:
		*(bool *)to = true;
		return 0;
	case CB_OPT_TEXT:
		*(const char **)to = given;
		return 0;
	case CB_OPT_NUMBER:
		if (!cb_str_u64(cb_str_c(given), 10, to))
			return cb_host_usage(h, "--%s %s: not a number", o->name, given);
		return 0;
	case CB_OPT_LIST:
		break;
	}

	struct cb_list *l = to;
	const char **v = cb_new(&h->arena, const char *, l->n + 1);

	if (v == NULL)
		return CB_ENOMEM;
	for (size_t i = 0; i < l->n; i++)
		v[i] = l->v[i];
	v[l->n] = given;
	*l = (struct cb_list){ v, l->n + 1 };
	return 0;
}

static const struct cb_opt *find_letter(const struct cb_cmd *cmd, char c)
{
	for (size_t i = 0; i < cmd->opts_n; i++)
		if (cmd->opts[i].letter == c)
			return &cmd->opts[i];
	return NULL;
}

static const struct cb_opt *find_name(const struct cb_cmd *cmd, const char *name, size_t n)
{
	for (size_t i = 0; i < cmd->opts_n; i++)
		if (strlen(cmd->opts[i].name) == n && memcmp(cmd->opts[i].name, name, n) == 0)
			return &cmd->opts[i];
	return NULL;
}

/* "--name", "--name=value", "--name value". *at is moved past what was used. */
static int parse_long(struct cb_host *h, const struct cb_cmd *cmd, char *const *argv, size_t *at,
		      void *args)
{
	const char *name = argv[*at] + 2, *eq = strchr(name, '=');
	size_t n = eq != NULL ? (size_t)(eq - name) : strlen(name);
	const struct cb_opt *o = find_name(cmd, name, n);
	const char *given = eq != NULL ? eq + 1 : NULL;

	if (o == NULL)
		return unknown(h, cmd, name, n);
	if (o->value == NULL && given != NULL)
		return cb_host_usage(h, "--%s takes no value", o->name);
	++*at;
	if (o->value != NULL && given == NULL) {
		given = argv[*at];
		if (given == NULL)
			return cb_host_usage(h, "--%s needs a value: --%s %s", o->name, o->name,
					    o->value);
		++*at;
	}
	return set(h, o, given, args);
}

/* "-lR", "-o FILE", "-oFILE". */
static int parse_short(struct cb_host *h, const struct cb_cmd *cmd, char *const *argv, size_t *at,
		       void *args)
{
	const char *word = argv[(*at)++] + 1;

	for (; *word != '\0'; word++) {
		const struct cb_opt *o = find_letter(cmd, *word);

		if (o == NULL)
			return cb_host_usage(h, "unknown option '-%c'", *word);
		if (o->value != NULL) {
			const char *given = word[1] != '\0' ? word + 1 : argv[*at];

			if (given == NULL)
				return cb_host_usage(h, "-%c needs a value: -%c %s", *word, *word,
						     o->value);
			if (word[1] == '\0')
				++*at;
			return set(h, o, given, args);
		}

		int r = set(h, o, NULL, args);

		if (r < 0)
			return r;
	}
	return 0;
}

static bool wants_help(char *const *argv)
{
	for (; *argv != NULL && strcmp(*argv, "--") != 0; argv++)
		if (strcmp(*argv, "--help") == 0 || strcmp(*argv, "-h") == 0)
			return true;
	return false;
}

int cb_opts_parse(struct cb_host *h, const struct cb_cmd *cmd, char *const *argv, void *args,
		  struct cb_list *ret_operands, bool *ret_help)
{
	size_t at = 0, n = 0, count = 0;
	bool only_operands = false;

	*ret_help = wants_help(argv);
	if (*ret_help)
		return 0;
	while (argv[count] != NULL)
		count++;

	const char **v = cb_new(&h->arena, const char *, count + 1);

	if (v == NULL)
		return CB_ENOMEM;
	while (argv[at] != NULL) {
		const char *word = argv[at];
		int r = 0;

		if (only_operands || word[0] != '-' || word[1] == '\0') {
			v[n++] = word;
			at++;
		} else if (strcmp(word, "--") == 0) {
			only_operands = true;
			at++;
		} else {
			r = word[1] == '-' ? parse_long(h, cmd, argv, &at, args) :
				parse_short(h, cmd, argv, &at, args);
		}
		if (r < 0)
			return r;
	}
	if (n < cmd->min_operands)
		return cb_host_usage(h, "%s missing: cloud-boot %s %s",
				    n == 0 ? "operands" : "an operand is", cmd->name, cmd->operands);
	if (n > cmd->max_operands)
		return cb_host_usage(h, "one operand too many: '%s'", v[cmd->max_operands]);
	*ret_operands = (struct cb_list){ v, n };
	return 0;
}

static void blanks(struct cb_buf *b, size_t n)
{
	while (n-- > 0)
		cb_buf_str(b, CB_STR(" "));
}

/* One paragraph or kept line; *at is the column, moved on. */
static void fill_line(struct cb_buf *b, struct cb_str line, size_t *at, size_t indent)
{
	struct cb_str word;

	while (cb_str_word(&line, &word)) {
		if (*at > indent && *at + 1 + word.n > WIDTH) {
			cb_buf_str(b, CB_STR("\n"));
			*at = 0;
		}
		if (*at > indent) {
			cb_buf_str(b, CB_STR(" "));
			++*at;
		} else if (*at < indent) {
			blanks(b, indent - *at);
			*at = indent;
		}
		cb_buf_str(b, word);
		*at += word.n;
	}
}

void cb_opts_fill(struct cb_buf *b, const char *text, size_t at, size_t indent)
{
	struct cb_str rest = cb_str_c(text), line;

	while (cb_str_line(&rest, &line)) {
		if (line.n > 0 && line.p[0] != ' ') {
			fill_line(b, line, &at, indent);
			continue;
		}
		if (at > 0)
			cb_buf_str(b, CB_STR("\n"));
		at = 0;
		if (line.n > 0) {
			blanks(b, indent);
			cb_buf_str(b, line);
		}
		cb_buf_str(b, CB_STR("\n"));
	}
	if (at > 0)
		cb_buf_str(b, CB_STR("\n"));
}

#define HELP_COLUMN 24u

static void help_option(struct cb_buf *b, char letter, const char *name, const char *value,
			const char *help)
{
	size_t from = b->n;

	cb_buf_fmt(b, "  ");
	if (letter != '\0')
		cb_buf_fmt(b, "-%c, ", letter);
	cb_buf_fmt(b, "--%s%s%s", name, value != NULL ? " " : "", value != NULL ? value : "");

	size_t at = b->n - from;

	if (at + 2 > HELP_COLUMN) {
		cb_buf_fmt(b, "\n");
		at = 0;
	}
	cb_opts_fill(b, help, at, HELP_COLUMN);
}

void cb_opts_help(struct cb_buf *b, const struct cb_cmd *cmd)
{
	struct cb_str examples = cb_str_c(cmd->examples), line;

	cb_buf_fmt(b, "cloud-boot %s - %s\n\nusage: cloud-boot %s%s%s%s\n\n", cmd->name, cmd->summary,
		   cmd->name, cmd->opts_n > 0 ? " [OPTIONS]" : "", cmd->operands != NULL ? " " : "",
		   cmd->operands != NULL ? cmd->operands : "");
	if (cmd->about != NULL) {
		cb_opts_fill(b, cmd->about, 0, 0);
		cb_buf_fmt(b, "\n");
	}
	cb_buf_fmt(b, "options:\n");
	for (size_t i = 0; i < cmd->opts_n; i++) {
		const struct cb_opt *o = &cmd->opts[i];

		help_option(b, o->letter, o->name, o->value, o->help);
	}
	help_option(b, 'h', "help", NULL, "print this");
	cb_buf_fmt(b, "\nexamples:\n");
	while (cb_str_line(&examples, &line))
		cb_buf_fmt(b, "  %.*s\n", CB_STR_ARG(line));
}
