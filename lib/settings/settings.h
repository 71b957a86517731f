/* settings/settings.h - the settings of one boot: read from several sources, each value remembered
 * with where it came from.
 *
 * A bad or unknown setting never stops anything: it becomes a note, and the others stand. */
#ifndef CB_SETTINGS_SETTINGS_H
#define CB_SETTINGS_SETTINGS_H

#include "settings/keys.h"

/* Later beats earlier. */
enum cb_source {
	CB_SOURCE_PRESET,
	CB_SOURCE_CMDLINE,
	CB_SOURCE_PLAN,
	CB_SOURCE_METADATA,
	CB_SOURCE_PERSON,     /* at the console */
	CB_SOURCE_N
};

/* One value of one key; the list runs from the source that counts to those that it beat. */
struct cb_given {
	struct cb_given *next;
	struct cb_str value;
	enum cb_source source;
};

/* Something the user should read: one sentence. Escape it before printing. */
struct cb_note {
	struct cb_note *next;
	struct cb_str text;
};

struct cb_settings {
	struct cb_env *env;
	struct cb_arena arena;
	struct cb_note *notes, **last_note;
	unsigned nnotes;
	struct cb_given *given[CB_KEY_N];
};

void cb_settings_init(struct cb_settings *s, struct cb_env *env);
/* Wipes the secrets. */
void cb_settings_fini(struct cb_settings *s);

/* Every setting of a command line or of a file of them (see cb_settings_normalise()); words that
 * aren't ours are skipped. Fails only for want of memory; what is wrong becomes notes. */
CB_MUST int cb_settings_read(struct cb_settings *s, struct cb_str text, enum cb_source source);
/* One setting; the value is copied. CB_EINVAL: not what the key takes, nothing is changed. */
CB_MUST int cb_settings_set(struct cb_settings *s, enum cb_key key, struct cb_str value,
			    enum cb_source source);

/* CB_SOURCE_PRESET also when there is no default. */
enum cb_source cb_settings_source(const struct cb_settings *s, enum cb_key key);
/* The value that counts, else the default, else empty. */
struct cb_str cb_settings_get(const struct cb_settings *s, enum cb_key key);
/* Of a FLAG, DURATION or COUNT; without value and default false or 0. */
bool cb_settings_flag(const struct cb_settings *s, enum cb_key key);
uint64_t cb_settings_ns(const struct cb_settings *s, enum cb_key key);
uint64_t cb_settings_count(const struct cb_settings *s, enum cb_key key);

/* cloudboot.insecure: "1", or a list of hosts that has this one. */
bool cb_settings_insecure(const struct cb_settings *s, struct cb_str host);

/* A line for each setting that was given: value, source, and what it beat. Secrets are "(secret)". */
void cb_settings_print(const struct cb_settings *s, struct cb_buf *ret);

/* settings/grammar.c: blanks separate words; double quotes group and are removed. */

/* Cut the next word off *s, quotes still in it. False when only blanks are left. */
bool cb_settings_word(struct cb_str *s, struct cb_str *ret);
/* Without its quotes, in the arena; .p NULL for want of memory. */
struct cb_str cb_settings_unquote(struct cb_arena *a, struct cb_str word);
/* One command line from a file of lines: `key = value` may have blanks round the `=` and in the
 * value, `#` starts a comment line, any other line is words as they stand. */
void cb_settings_normalise(struct cb_str file, struct cb_buf *ret);
/* text with every secret's value replaced by "(secret)". */
void cb_settings_redact(struct cb_str text, struct cb_buf *ret);

#endif
