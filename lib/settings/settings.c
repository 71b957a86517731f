/* settings/settings.c - which value counts, where it came from, and what was wrong with the rest. */
#include "settings/settings.h"

#include "core/limits.h"
#include "core/str.h"

#define ARENA_MAX (4u << 20)

void cb_settings_init(struct cb_settings *s, struct cb_env *env)
{
	*s = (struct cb_settings){ .env = env };
	s->last_note = &s->notes;
	cb_arena_init(&s->arena, env, ARENA_MAX);
}

/* Values live in our own arena: their bytes are ours to overwrite. */
static void wipe(enum cb_key key, struct cb_str value)
{
	if (value.p != NULL && cb_key_info(key)->secret)
		cb_wipe((void *)(uintptr_t)value.p, value.n);
}

void cb_settings_fini(struct cb_settings *s)
{
	for (unsigned k = 0; k < CB_KEY_N; k++)
		for (const struct cb_given *g = s->given[k]; g != NULL; g = g->next)
			wipe((enum cb_key)k, g->value);
	cb_arena_fini(&s->arena);
}

static int note(struct cb_settings *s, struct cb_str text)
{
	struct cb_note *n;

	if (text.p == NULL)
		return CB_ENOMEM;
	if (s->nnotes == CB_MAX_SETTINGS)
		return 0;             /* whoever writes more mistakes has enough to read */
	n = cb_new(&s->arena, struct cb_note, 1);
	if (n == NULL)
		return CB_ENOMEM;
	n->text = text;
	*s->last_note = n;
	s->last_note = &n->next;
	s->nnotes++;
	return 0;
}

static int store(struct cb_settings *s, enum cb_key key, struct cb_str value, enum cb_source source)
{
	struct cb_given **at = &s->given[key], *g;
	int r = cb_key_check(s->env, key, value);

	if (r < 0)
		return r;
	while (*at != NULL && (*at)->source > source)
		at = &(*at)->next;
	if (*at != NULL && (*at)->source == source) {
		wipe(key, (*at)->value);
		(*at)->value = value;
		return 0;
	}
	g = cb_new(&s->arena, struct cb_given, 1);
	if (g == NULL)
		return CB_ENOMEM;
	*g = (struct cb_given){ *at, value, source };
	*at = g;
	return 0;
}

int cb_settings_set(struct cb_settings *s, enum cb_key key, struct cb_str value,
		    enum cb_source source)
{
	struct cb_str copy = cb_arena_str(&s->arena, value);
	int r;

	if (copy.p == NULL)
		return CB_ENOMEM;
	r = store(s, key, copy, source);
	if (r < 0)
		wipe(key, copy);
	return r;
}

static int unknown(struct cb_settings *s, struct cb_str name)
{
	const char *hint = cb_key_hint(name);

	if (hint != NULL)
		return note(s, cb_arena_fmt(&s->arena, "unknown setting %.*s: did you mean %s?",
					    CB_STR_ARG(name), hint));
	return note(s, cb_arena_fmt(&s->arena, "unknown setting %.*s is ignored", CB_STR_ARG(name)));
}

/* name and value are in the arena. */
static int read_one(struct cb_settings *s, struct cb_str name, struct cb_str value,
		    enum cb_source source)
{
	enum cb_key key = cb_key_find(name, value);
	int r;

	if (key == CB_KEY_N)
		return cb_key_is_ours(name) ? unknown(s, name) : 0;
	r = store(s, key, value, source);
	if (r == 0)
		return 0;
	wipe(key, value);
	if (r == CB_ENOMEM)
		return r;
	r = note(s, cb_arena_fmt(&s->arena, "%.*s; the setting is ignored", s->env->diag->len,
				 s->env->diag->text));
	cb_clear(s->env);
	return r;
}

/* A name without `=` may be the start of `name = value`, as a file of settings has it when its
 * lines were joined by somebody else. `= value`, `=value`: the value; *text is moved past it. */
static bool value_apart(struct cb_str *text, struct cb_str *ret)
{
	struct cb_str ahead = *text, word;

	if (!cb_settings_word(&ahead, &word) || word.p[0] != '=')
		return false;
	word = cb_str_sub(word, 1, SIZE_MAX);
	if (word.n == 0)
		(void)cb_settings_word(&ahead, &word); /* none: the value is empty */
	*ret = word;
	*text = ahead;
	return true;
}

int cb_settings_read(struct cb_settings *s, struct cb_str text, enum cb_source source)
{
	struct cb_str raw, word, name, value;
	unsigned quotes = 0;

	for (size_t i = 0; i < text.n; i++)
		quotes += text.p[i] == '"';
	while (cb_settings_word(&text, &raw)) {
		word = cb_settings_unquote(&s->arena, raw);
		if (word.p == NULL)
			return CB_ENOMEM;

		size_t eq = cb_str_chr(word, '=');

		name = cb_str_sub(word, 0, eq);
		value = eq != SIZE_MAX ? cb_str_sub(word, eq + 1, SIZE_MAX) : CB_STR("1");
		if (eq == SIZE_MAX && (cb_key_is_ours(name) || cb_key_find(name, name) != CB_KEY_N) &&
		    value_apart(&text, &raw)) {
			value = cb_settings_unquote(&s->arena, raw);
			if (value.p == NULL)
				return CB_ENOMEM;
		} else if (eq == SIZE_MAX) {
			value = cb_arena_str(&s->arena, value);
			if (value.p == NULL)
				return CB_ENOMEM;
		}

		int r = read_one(s, name, value, source);

		if (r < 0)
			return r;
	}
	if (quotes % 2 != 0)
		return note(s, CB_STR("a double quote is not closed: everything after it is one word"));
	return 0;
}

enum cb_source cb_settings_source(const struct cb_settings *s, enum cb_key key)
{
	return s->given[key] != NULL ? s->given[key]->source : CB_SOURCE_PRESET;
}

struct cb_str cb_settings_get(const struct cb_settings *s, enum cb_key key)
{
	return s->given[key] != NULL ? s->given[key]->value : cb_str_c(cb_key_info(key)->preset);
}

bool cb_settings_flag(const struct cb_settings *s, enum cb_key key)
{
	bool v = false;

	return cb_key_flag(cb_settings_get(s, key), &v) && v;
}

uint64_t cb_settings_ns(const struct cb_settings *s, enum cb_key key)
{
	uint64_t v = 0;

	return cb_key_duration(cb_settings_get(s, key), &v) ? v : 0;
}

uint64_t cb_settings_count(const struct cb_settings *s, enum cb_key key)
{
	uint64_t v = 0;

	return cb_str_u64(cb_settings_get(s, key), 10, &v) ? v : 0;
}

bool cb_settings_insecure(const struct cb_settings *s, struct cb_str host)
{
	struct cb_str list = cb_settings_get(s, CB_KEY_INSECURE), one;

	if (cb_str_eq(list, CB_STR("1")))
		return true;
	while (cb_str_next(&list, ',', &one))
		if (one.n > 0 && cb_str_ieq(cb_str_trim(one), host))
			return true;
	return false;
}

static void put_value(struct cb_buf *b, enum cb_key key, struct cb_str value)
{
	if (cb_key_info(key)->secret)
		cb_buf_str(b, CB_STR("(secret)"));
	else
		cb_str_escape(b, value);
}

void cb_settings_print(const struct cb_settings *s, struct cb_buf *ret)
{
	static const char *const names[CB_SOURCE_N] = {
		"default", "command line", "plan", "metadata", "console",
	};

	for (unsigned k = 0; k < CB_KEY_N; k++) {
		enum cb_key key = (enum cb_key)k;
		const char *preset = cb_key_info(key)->preset;
		const struct cb_given *g = s->given[k];

		if (g == NULL)
			continue;
		cb_buf_fmt(ret, "%s=", cb_key_info(key)->name);
		put_value(ret, key, g->value);
		cb_buf_fmt(ret, " (%s", names[g->source]);
		while ((g = g->next) != NULL) {
			cb_buf_fmt(ret, ", not %s ", names[g->source]);
			put_value(ret, key, g->value);
		}
		if (preset != NULL)
			cb_buf_fmt(ret, ", not default %s", preset);
		cb_buf_str(ret, CB_STR(")\n"));
	}
}
