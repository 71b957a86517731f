/* boot/entry.c - boot loader entries (UAPI.1, type #1): file names with counters, keys, their
 * order. */
#include "boot/entry.h"

#include "boot/cmdline.h"
#include "boot/vercmp.h"
#include "core/str.h"

#define MAX_TRIES 1000000u

static int want(struct cb_arena *a, struct cb_str s)
{
	return s.p != NULL ? 0 : a->env->diag->code;
}

/* "+LEFT" or "+LEFT-DONE" at the end of stem; false when there is no such thing. */
static bool cut_counters(struct cb_str *stem, struct cb_tries *ret)
{
	size_t plus = cb_str_rchr(*stem, '+');
	struct cb_str left = cb_str_sub(*stem, plus == SIZE_MAX ? stem->n : plus + 1, SIZE_MAX);
	struct cb_str done;
	uint64_t left_n, done_n = 0;
	size_t dash = cb_str_chr(left, '-');

	if (dash != SIZE_MAX) {
		done = cb_str_sub(left, dash + 1, SIZE_MAX);
		left = cb_str_sub(left, 0, dash);
		if (!cb_str_u64(done, 10, &done_n) || done_n > MAX_TRIES)
			return false;
	}
	if (plus == SIZE_MAX || plus == 0 || !cb_str_u64(left, 10, &left_n) || left_n > MAX_TRIES)
		return false;
	*stem = cb_str_sub(*stem, 0, plus);
	*ret = (struct cb_tries){ (int)left_n, (int)done_n };
	return true;
}

int cb_entry_name(struct cb_arena *a, struct cb_str name, struct cb_str suffix,
		  struct cb_str *ret_id, struct cb_tries *ret_tries)
{
	size_t n = name.n >= suffix.n ? name.n - suffix.n : 0;
	struct cb_str stem = cb_str_sub(name, 0, n), end = cb_str_sub(name, n, SIZE_MAX), id;
	struct cb_tries tries = { -1, 0 };

	if (!cut_counters(&stem, &tries))
		tries = (struct cb_tries){ -1, 0 };
	id = cb_arena_fmt(a, "%.*s%.*s", CB_STR_ARG(stem), CB_STR_ARG(end));
	if (id.p == NULL)
		return want(a, id);
	*ret_id = id;
	*ret_tries = tries;
	return 0;
}

/* Absolute, with '/' between names: entries written for EFI have '\'. */
static int set_path(struct cb_arena *a, struct cb_str value, struct cb_str *ret)
{
	if (value.n == 0 || value.n >= CB_MAX_PATH)
		return cb_fail(a->env, CB_EINVAL, "a path of %zu bytes", value.n);

	bool rooted = value.p[0] == '/' || value.p[0] == '\\';
	char *p = cb_arena_alloc(a, value.n + 2, 1, 1);

	if (p == NULL)
		return a->env->diag->code;
	p[0] = '/';
	for (size_t i = 0; i < value.n; i++)
		p[i + !rooted] = value.p[i] == '\\' ? '/' : value.p[i];
	*ret = (struct cb_str){ p, value.n + !rooted };
	return 0;
}

/* Fedora and its kin give several images on one line, and GRUB variables among them. */
static int add_initrds(struct cb_arena *a, struct cb_str value, struct cb_entry *e)
{
	struct cb_str word;

	while (cb_str_word(&value, &word)) {
		if (word.p[0] == '$')
			continue;
		if (e->initrd_n == CB_MAX_INITRDS)
			return cb_fail(a->env, CB_ELIMIT, "more than %u initrds", CB_MAX_INITRDS);

		int r = set_path(a, word, &e->initrd[e->initrd_n]);

		if (r < 0)
			return r;
		e->initrd_n++;
	}
	return 0;
}

static void add_options(struct cb_buf *options, struct cb_str value)
{
	struct cb_str word;

	while (cb_cmdline_word(&value, &word)) {
		if (word.p[0] == '$')
			continue;
		if (options->n > 0)
			cb_buf_add(options, " ", 1);
		cb_buf_str(options, word);
	}
}

struct key {
	const char *name;
	size_t at;                  /* of a struct cb_str in struct cb_entry */
	bool path;
};

#define TEXT(key, field) { key, offsetof(struct cb_entry, field), false }
#define PATH(key, field) { key, offsetof(struct cb_entry, field), true }
static const struct key keys[] = {
	TEXT("title", title), TEXT("version", version), TEXT("machine-id", machine_id),
	TEXT("sort-key", sort_key), TEXT("architecture", architecture),
	PATH("linux", linux), PATH("efi", efi), PATH("uki", uki), PATH("devicetree", devicetree),
};

static int set_key(struct cb_arena *a, struct cb_str key, struct cb_str value,
		   struct cb_buf *options, struct cb_entry *e)
{
	if (cb_str_eq(key, CB_STR("options"))) {
		add_options(options, value);
		return cb_buf_status(options);
	}
	if (cb_str_eq(key, CB_STR("initrd")))
		return add_initrds(a, value, e);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct cb_str *field = (struct cb_str *)(void *)((char *)e + keys[i].at);

		if (!cb_str_eq(key, cb_str_c(keys[i].name)))
			continue;
		if (keys[i].path)
			return set_path(a, value, field);
		*field = cb_arena_str(a, value);
		return want(a, *field);
	}
	return 0;                   /* keys that we don't know are for others */
}

static int parse_lines(struct cb_arena *a, struct cb_str text, struct cb_buf *options,
		       struct cb_entry *e)
{
	struct cb_str line;
	unsigned number = 0;

	while (cb_str_line(&text, &line)) {
		struct cb_str rest = cb_str_trim(line), key;

		number++;
		if (rest.n == 0 || rest.p[0] == '#')
			continue;
		if (cb_str_chr(rest, '\0') != SIZE_MAX)
			return cb_fail(a->env, CB_EINVAL, "line %u: a zero byte", number);
		(void)cb_str_word(&rest, &key); /* rest is not blank */

		int r = set_key(a, key, cb_str_trim(rest), options, e);

		if (r < 0)
			return cb_wrap(a->env, r, "line %u: %.*s", number, (int)cb_min(key.n, 64),
				       key.p);
	}
	return 0;
}

int cb_entry_parse(struct cb_arena *a, struct cb_str name, struct cb_str text, struct cb_entry *ret)
{
	struct cb_entry e = { .initrd_n = 0 };
	struct cb_buf options;
	int r = cb_entry_name(a, name, CB_STR(".conf"), &e.id, &e.tries);

	if (r < 0)
		return r;
	cb_buf_init(&options, a->env, CB_MAX_CMDLINE - 1);
	r = parse_lines(a, text, &options, &e);
	if (r == 0) {
		e.options = cb_arena_str(a, (struct cb_str){ (const char *)options.p, options.n });
		r = want(a, e.options);
	}
	cb_buf_fini(&options);
	if (r == 0 && e.linux.n == 0 && e.efi.n == 0 && e.uki.n == 0)
		r = cb_fail(a->env, CB_EINVAL, "it has no linux, uki or efi key");
	if (r == 0)
		*ret = e;
	return r;
}

/* UAPI.1 "Alphanumerical Order". */
static int by_text(struct cb_str a, struct cb_str b)
{
	int r = cb_str_cmp(a, b);

	return (r > 0) - (r < 0);
}

static struct cb_str without_suffix(struct cb_str id)
{
	return cb_str_sub(id, 0, cb_str_rchr(id, '.'));
}

int cb_entry_cmp(const struct cb_entry *a, const struct cb_entry *b)
{
	int r = (a->tries.left == 0) - (b->tries.left == 0);

	if (r == 0)
		r = (a->sort_key.n == 0) - (b->sort_key.n == 0);
	if (r == 0 && a->sort_key.n > 0) {
		r = by_text(a->sort_key, b->sort_key);
		if (r == 0)
			r = by_text(a->machine_id, b->machine_id);
		if (r == 0)
			r = cb_vercmp(b->version, a->version);
	}
	if (r == 0)
		r = cb_vercmp(without_suffix(b->id), without_suffix(a->id));
	if (r == 0)
		r = (b->tries.left > a->tries.left) - (b->tries.left < a->tries.left);
	if (r == 0)
		r = (a->tries.done > b->tries.done) - (a->tries.done < b->tries.done);
	return r;
}

void cb_loader_conf_parse(struct cb_str text, struct cb_loader_conf *ret)
{
	struct cb_str line, key;

	*ret = (struct cb_loader_conf){ .preferred = { NULL, 0 } };
	while (cb_str_line(&text, &line)) {
		struct cb_str rest = cb_str_trim(line);

		if (rest.n == 0 || rest.p[0] == '#' || !cb_str_word(&rest, &key))
			continue;
		rest = cb_str_trim(rest);
		if (cb_str_eq(key, CB_STR("default")))
			ret->fallback = rest;
		else if (cb_str_eq(key, CB_STR("preferred")))
			ret->preferred = rest;
	}
}

/* One character c against the bracket expression at p, which starts after '['. Returns the bytes
 * up to and with ']', 0 when it is never closed: then '[' is an ordinary character. */
static size_t bracket(struct cb_str p, char c, bool *ret_match)
{
	bool negate = p.n > 0 && (p.p[0] == '!' || p.p[0] == '^'), match = false;
	size_t i = negate, first = i;

	for (; i < p.n && (p.p[i] != ']' || i == first); i++) {
		char low = cb_to_lower(p.p[i]), high = low;

		if (i + 2 < p.n && p.p[i + 1] == '-' && p.p[i + 2] != ']') {
			high = cb_to_lower(p.p[i + 2]);
			i += 2;
		}
		match = match || (low <= c && c <= high);
	}
	*ret_match = match != negate;
	return i < p.n ? i + 1 : 0;
}

/* The pattern's first element, not a '*', against c; returns its bytes. */
static size_t element(struct cb_str p, char c, bool *ret_match)
{
	size_t n = 0;

	c = cb_to_lower(c);
	if (p.p[0] == '?') {
		*ret_match = true;
		return 1;
	}
	if (p.p[0] == '[')
		n = bracket(cb_str_sub(p, 1, SIZE_MAX), c, ret_match);
	if (n > 0)
		return n + 1;
	n = p.p[0] == '\\' && p.n > 1;
	*ret_match = cb_to_lower(p.p[n]) == c;
	return n + 1;
}

bool cb_glob(struct cb_str pattern, struct cb_str text)
{
	struct cb_str star = { NULL, 0 }, resume = { NULL, 0 };

	/* Each step back moves `resume` one byte on: at most |pattern| * |text| steps. */
	for (;;) {
		bool match = false;
		size_t n;

		if (pattern.n > 0 && pattern.p[0] == '*') {
			star = pattern = cb_str_sub(pattern, 1, SIZE_MAX);
			resume = text;
			continue;
		}
		if (pattern.n == 0 && text.n == 0)
			return true;
		if (pattern.n > 0 && text.n > 0) {
			n = element(pattern, text.p[0], &match);
			pattern = cb_str_sub(pattern, n, SIZE_MAX);
			text = cb_str_sub(text, 1, SIZE_MAX);
		}
		if (match)
			continue;
		if (star.p == NULL || resume.n == 0)
			return false;
		resume = cb_str_sub(resume, 1, SIZE_MAX);
		pattern = star;
		text = resume;
	}
}
