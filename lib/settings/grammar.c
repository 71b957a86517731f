/* settings/grammar.c - words, quotes and lines of command lines (SPEC 2.1). */
#include "core/str.h"
#include "settings/settings.h"

#define SECRET "(secret)"
#define NAME_MAX_BYTES 64u       /* more than any key has */

bool cb_settings_word(struct cb_str *s, struct cb_str *ret)
{
	bool quoted = false;
	size_t i = 0;

	while (i < s->n && cb_is_blank(s->p[i]))
		i++;
	*s = cb_str_sub(*s, i, SIZE_MAX);
	for (i = 0; i < s->n && (quoted || !cb_is_blank(s->p[i])); i++)
		if (s->p[i] == '"')
			quoted = !quoted;
	*ret = cb_str_sub(*s, 0, i);
	*s = cb_str_sub(*s, i, SIZE_MAX);
	return i > 0;
}

struct cb_str cb_settings_unquote(struct cb_arena *a, struct cb_str word)
{
	char *p = cb_arena_alloc(a, word.n + 1, 1, 1);
	size_t n = 0;

	if (p == NULL)
		return (struct cb_str){ NULL, 0 };
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] != '"')
			p[n++] = word.p[i];
	return (struct cb_str){ p, n };
}

/* A line that sets one thing: a name, blanks, `=`. The blank may also stand only behind the `=`,
 * but then the name must be one of ours: `foo= bar` are two words to everybody else. */
static bool split_line(struct cb_str line, struct cb_str *ret_key, struct cb_str *ret_value)
{
	size_t n = 0;

	while (n < line.n && !cb_is_blank(line.p[n]) && line.p[n] != '=' && line.p[n] != '"')
		n++;

	struct cb_str key = cb_str_sub(line, 0, n);
	struct cb_str rest = cb_str_sub(line, n, SIZE_MAX);
	bool apart = rest.n > 0 && cb_is_blank(rest.p[0]);

	rest = cb_str_trim(rest);
	if (n == 0 || rest.n == 0 || rest.p[0] != '=')
		return false;
	rest = cb_str_sub(rest, 1, SIZE_MAX);
	if (!apart && !(cb_key_is_ours(key) && rest.n > 0 && cb_is_blank(rest.p[0])))
		return false;
	*ret_key = key;
	*ret_value = cb_str_trim(rest);
	return true;
}

static bool has_open_blank(struct cb_str s)
{
	struct cb_str word;

	return cb_settings_word(&s, &word) && cb_str_trim(s).n > 0;
}

/* A value with blanks outside its quotes is quoted as a whole: inner quotes must go. */
static void put_value(struct cb_buf *b, struct cb_str value)
{
	if (!has_open_blank(value)) {
		cb_buf_str(b, value);
		return;
	}
	cb_buf_str(b, CB_STR("\""));
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] != '"')
			cb_buf_add(b, &value.p[i], 1);
	cb_buf_str(b, CB_STR("\""));
}

void cb_settings_normalise(struct cb_str file, struct cb_buf *ret)
{
	struct cb_str line, key, value;

	while (cb_str_line(&file, &line)) {
		line = cb_str_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (ret->n > 0)
			cb_buf_str(ret, CB_STR(" "));
		if (split_line(line, &key, &value)) {
			cb_buf_fmt(ret, "%.*s=", CB_STR_ARG(key));
			put_value(ret, value);
		} else {
			cb_buf_str(ret, line);
		}
	}
}

/* The key that a word names, wherever its quotes are. *ret_value is empty when it has no `=`. */
static enum cb_key word_key(struct cb_str word, struct cb_str *ret_value)
{
	char name[NAME_MAX_BYTES];
	size_t n = 0, i = 0;

	for (; i < word.n && word.p[i] != '=' && n < sizeof(name); i++)
		if (word.p[i] != '"')
			name[n++] = word.p[i];
	*ret_value = cb_str_sub(word, i + 1, SIZE_MAX);
	return cb_key_find((struct cb_str){ name, n }, CB_STR(""));
}

void cb_settings_redact(struct cb_str text, struct cb_buf *ret)
{
	struct cb_str word, value;
	bool first = true, pending = false;

	while (cb_settings_word(&text, &word)) {
		enum cb_key key = word_key(word, &value);
		bool secret = key < CB_KEY_N && cb_key_info(key)->secret;
		bool equals = cb_str_eq(word, CB_STR("="));

		if (!first)
			cb_buf_str(ret, CB_STR(" "));
		first = false;
		if (secret && value.n > 0)
			cb_buf_fmt(ret, "%s=" SECRET, cb_key_info(key)->name);
		else if (pending && !equals)
			cb_buf_str(ret, CB_STR(SECRET));
		else
			cb_buf_str(ret, word);
		/* `name = value`: neither the name's own word nor a lone `=` had the value. */
		pending = (secret && value.n == 0) || (pending && equals);
	}
}
