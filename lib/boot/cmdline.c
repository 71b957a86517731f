/* boot/cmdline.c - splitting, reading and completing kernel command lines. */
#include "boot/cmdline.h"

#include "core/limits.h"
#include "core/str.h"

bool cb_cmdline_word(struct cb_str *s, struct cb_str *ret)
{
	bool quoted = false;
	size_t i = 0, from;

	while (i < s->n && cb_is_blank(s->p[i]))
		i++;
	for (from = i; i < s->n && (quoted || !cb_is_blank(s->p[i])); i++)
		quoted ^= s->p[i] == '"';
	*ret = cb_str_sub(*s, from, i - from);
	*s = cb_str_sub(*s, i, SIZE_MAX);
	return ret->n > 0;
}

/* Quotes round the whole text. */
static struct cb_str unquote(struct cb_str s)
{
	if (s.n > 0 && s.p[0] == '"') {
		s = cb_str_sub(s, 1, SIZE_MAX);
		if (s.n > 0 && s.p[s.n - 1] == '"')
			s.n--;
	}
	return s;
}

bool cb_cmdline_get(struct cb_str line, struct cb_str key, struct cb_str *ret)
{
	struct cb_str word;
	bool found = false;

	while (cb_cmdline_word(&line, &word)) {
		struct cb_str s = unquote(word);

		if (!cb_str_starts(s, key) || (s.n > key.n && s.p[key.n] != '='))
			continue;
		*ret = unquote(cb_str_sub(s, key.n + 1, SIZE_MAX));
		found = true;
	}
	return found;
}

/* Text that a kernel can take: no NUL that ends it early, no control bytes. */
static int check(struct cb_env *env, struct cb_str line)
{
	for (size_t i = 0; i < line.n; i++)
		if (((uint8_t)line.p[i] < 0x20 && !cb_is_blank(line.p[i])) || line.p[i] == 0x7f)
			return cb_fail(env, CB_EINVAL,
				       "control byte 0x%02x in the command line, at %zu",
				       (uint8_t)line.p[i], i);
	if (line.n > CB_MAX_CMDLINE - 1)
		return cb_fail(env, CB_ELIMIT, "a command line of %zu bytes, over %u", line.n,
			       CB_MAX_CMDLINE - 1);
	return 0;
}

/* One blank before the word, line ends in quotes made blanks, an open quote closed: whatever is
 * added after it must stay a word of its own. */
static void add_word(struct cb_buf *b, struct cb_str prefix, struct cb_str word)
{
	bool quoted = false;

	if (b->n > 0)
		cb_buf_add(b, " ", 1);
	cb_buf_str(b, prefix);
	for (size_t i = 0; i < word.n; i++) {
		quoted ^= word.p[i] == '"';
		cb_buf_add(b, cb_is_blank(word.p[i]) ? " " : word.p + i, 1);
	}
	if (quoted)
		cb_buf_add(b, "\"", 1);
}

/* The buffer's bytes, in the arena; the buffer is gone. */
static int finish(struct cb_arena *a, struct cb_buf *b, struct cb_str *ret)
{
	struct cb_str line = { NULL, 0 };
	int r = cb_buf_status(b);

	if (r == 0)
		r = check(a->env, (struct cb_str){ (const char *)b->p, b->n });
	if (r == 0) {
		line = cb_arena_str(a, (struct cb_str){ (const char *)b->p, b->n });
		if (line.p == NULL)
			r = a->env->diag->code;
	}
	cb_buf_fini(b);
	if (r == 0)
		*ret = line;
	return r;
}

/* All lines but comments; the line ends stay. */
static void drop_comments(struct cb_str text, struct cb_buf *b)
{
	struct cb_str line;

	while (cb_str_line(&text, &line)) {
		line = cb_str_trim(line);
		if (line.n > 0 && line.p[0] == '#')
			continue;
		cb_buf_str(b, line);
		cb_buf_add(b, "\n", 1);
	}
}

int cb_cmdline_from_file(struct cb_arena *a, struct cb_str text, struct cb_str *ret)
{
	struct cb_buf lines, b;
	struct cb_str left, word;
	int r;

	cb_buf_init(&lines, a->env, text.n + 1);
	cb_buf_init(&b, a->env, 2 * CB_MAX_CMDLINE);
	drop_comments(text, &lines);
	left = cb_str_trim((struct cb_str){ (const char *)lines.p, lines.n });
	while (cb_cmdline_word(&left, &word))
		add_word(&b, CB_STR(""), word);
	r = cb_buf_status(&lines);
	cb_buf_fini(&lines);
	if (r == 0)
		return finish(a, &b, ret);
	cb_buf_fini(&b);
	return r;
}

int cb_cmdline_finish(struct cb_arena *a, struct cb_str line, struct cb_str consoles,
		      struct cb_str *ret)
{
	struct cb_str word, value;
	struct cb_buf b;
	int r = check(a->env, line);

	if (r < 0)
		return r;

	bool has_console = cb_cmdline_get(line, CB_STR("console"), &value);

	cb_buf_init(&b, a->env, 2 * CB_MAX_CMDLINE);
	while (cb_cmdline_word(&line, &word))
		add_word(&b, CB_STR(""), word);
	while (!has_console && cb_str_word(&consoles, &word))
		add_word(&b, CB_STR("console="), word);
	return finish(a, &b, ret);
}
