/* boot/stage_note.c - "key=value" lines with a CRC-32 of all before it on the last one. */
#include "boot/stage_note.h"

#include "codec/crc.h"
#include "codec/hex.h"
#include "core/csum.h"
#include "core/str.h"

#define HEAD "cloud-boot=1\n"
#define SUM  "crc32="
#define SUM_LINE (sizeof(SUM) - 1 + 8 + 1) /* with its end */

static const char *const hows[] = {
	[CB_STAGE_BY_ORDER] = "order", [CB_STAGE_BY_NEXT] = "next", [CB_STAGE_BY_ONCE] = "once",
	[CB_STAGE_BY_FILE] = "file",
};
#define HOWS (sizeof(hows) / sizeof(hows[0]))

int cb_stage_note_init(struct cb_arena *a, struct cb_stage_note *ret)
{
	struct cb_stage_target *v = cb_new(a, struct cb_stage_target, CB_STAGE_TARGETS);

	if (v == NULL)
		return a->env->diag->code;
	*ret = (struct cb_stage_note){ .v = v };
	return 0;
}

struct cb_stage_target *cb_stage_note_find(const struct cb_stage_note *n, struct cb_str name)
{
	for (unsigned i = 0; i < n->n; i++)
		if (cb_str_ieq(n->v[i].name, name))
			return &n->v[i];
	return NULL;
}

void cb_stage_note_remove(struct cb_stage_note *n, struct cb_stage_target *t)
{
	n->n--;
	for (struct cb_stage_target *end = n->v + n->n; t < end; t++)
		t[0] = t[1];
}

/* A name may hold anything; its line may not hold control bytes. */
static bool is_plain(char c)
{
	return (uint8_t)c >= 0x20 && c != 0x7f && c != '%';
}

static void put_name(struct cb_buf *b, const char *key, struct cb_str name)
{
	cb_buf_fmt(b, "%s=", key);
	for (size_t i = 0; i < name.n; i++)
		if (is_plain(name.p[i]))
			cb_buf_add(b, &name.p[i], 1);
		else
			cb_buf_fmt(b, "%%%02x", (uint8_t)name.p[i]);
	cb_buf_fmt(b, "\n");
}

static void put_number(struct cb_buf *b, const char *key, uint64_t v)
{
	cb_buf_fmt(b, "%s=%llu\n", key, (unsigned long long)v);
}

static void put_file(struct cb_buf *b, const char *key, const struct cb_stage_file *f)
{
	if (f->size == 0)
		return;
	cb_buf_fmt(b, "%s=", key);
	cb_hex_add(b, (struct cb_bytes){ f->sha256, sizeof(f->sha256) });
	cb_buf_fmt(b, " %llu\n", (unsigned long long)f->size);
}

void cb_stage_note_write(const struct cb_stage_note *n, struct cb_buf *ret)
{
	size_t from = ret->n;

	cb_buf_str(ret, CB_STR(HEAD));
	for (unsigned i = 0; i < n->n; i++) {
		const struct cb_stage_target *t = &n->v[i];

		put_name(ret, "target", t->name);
		put_name(ret, "safe", t->safe);
		put_file(ret, "kernel", &t->kernel);
		put_file(ret, "initrd", &t->initrd);
		put_number(ret, "when", t->when);
	}
	put_file(ret, "boot", &n->boot_file);
	if (n->guard.times > 0) {
		put_name(ret, "armed", n->guard.target);
		cb_buf_fmt(ret, "armed.how=%s\n", hows[n->guard.how]);
		put_number(ret, "armed.when", n->guard.when);
		put_number(ret, "armed.times", n->guard.times);
	}
	if (cb_buf_status(ret) == 0)
		cb_buf_fmt(ret, SUM "%08x\n", ~cb_crc32(~0u, ret->p + from, ret->n - from));
}

static bool get_name(struct cb_arena *a, struct cb_str v, struct cb_str *ret)
{
	char name[CB_STAGE_NAME_MAX];
	size_t n = 0;

	while (v.n > 0) {
		size_t took = v.p[0] == '%' ? 3 : 1;

		if (n == sizeof(name) || (took == 1 && !is_plain(v.p[0])))
			return false;
		if (took == 1)
			name[n++] = v.p[0];
		else if (!cb_hex_parse(cb_str_sub(v, 1, 2), (uint8_t *)&name[n++], 1))
			return false;
		v = cb_str_sub(v, took, SIZE_MAX);
	}
	*ret = cb_arena_str(a, (struct cb_str){ name, n });
	return n > 0 && ret->p != NULL;
}

static bool get_file(struct cb_str v, struct cb_stage_file *ret)
{
	size_t blank = cb_str_chr(v, ' ');

	return blank != SIZE_MAX && cb_hex_parse(cb_str_sub(v, 0, blank), ret->sha256, sizeof(ret->sha256)) &&
	       cb_str_u64(cb_str_sub(v, blank + 1, SIZE_MAX), 10, &ret->size) && ret->size > 0;
}

/* It becomes part of file names. */
static bool get_safe(struct cb_arena *a, struct cb_str v, struct cb_str *ret)
{
	for (size_t i = 0; i < v.n; i++)
		if (!cb_is_alpha(v.p[i]) && !cb_is_digit(v.p[i]) &&
		    cb_str_chr(CB_STR("._-"), v.p[i]) == SIZE_MAX)
			return false;
	return v.n <= CB_STAGE_SAFE_MAX && get_name(a, v, ret);
}

static bool get_how(struct cb_str v, enum cb_stage_how *ret)
{
	for (unsigned i = 0; i < HOWS; i++)
		if (cb_str_eq(v, cb_str_c(hows[i]))) {
			*ret = (enum cb_stage_how)i;
			return true;
		}
	return false;
}

static bool get_times(struct cb_str v, unsigned *ret)
{
	uint64_t n;

	if (!cb_str_u64(v, 10, &n) || n == 0 || n > 1000)
		return false;
	*ret = (unsigned)n;
	return true;
}

/* A key that is not known is a later version's. */
static bool take_line(struct cb_arena *a, struct cb_str key, struct cb_str v, struct cb_stage_note *n)
{
	struct cb_stage_target *t = n->n > 0 ? &n->v[n->n - 1] : NULL;

	if (cb_str_eq(key, CB_STR("target")))
		return n->n < CB_STAGE_TARGETS && get_name(a, v, &n->v[n->n++].name);
	if (cb_str_eq(key, CB_STR("safe")))
		return t != NULL && get_safe(a, v, &t->safe);
	if (cb_str_eq(key, CB_STR("kernel")))
		return t != NULL && get_file(v, &t->kernel);
	if (cb_str_eq(key, CB_STR("initrd")))
		return t != NULL && get_file(v, &t->initrd);
	if (cb_str_eq(key, CB_STR("when")))
		return t != NULL && cb_str_u64(v, 10, &t->when);
	if (cb_str_eq(key, CB_STR("boot")))
		return get_file(v, &n->boot_file);
	if (cb_str_eq(key, CB_STR("armed")))
		return get_name(a, v, &n->guard.target);
	if (cb_str_eq(key, CB_STR("armed.how")))
		return get_how(v, &n->guard.how);
	if (cb_str_eq(key, CB_STR("armed.when")))
		return cb_str_u64(v, 10, &n->guard.when);
	if (cb_str_eq(key, CB_STR("armed.times")))
		return get_times(v, &n->guard.times);
	return true;
}

/* What the lines must have said once all are read. */
static bool is_whole(const struct cb_stage_note *n)
{
	for (unsigned i = 0; i < n->n; i++)
		if (n->v[i].safe.n == 0 || n->v[i].kernel.size == 0)
			return false;
	return n->guard.times == 0 || n->guard.target.n > 0;
}

static bool sum_is_right(struct cb_str *text)
{
	struct cb_str line = cb_str_sub(*text, text->n - cb_min(text->n, SUM_LINE), SUM_LINE);
	uint64_t stored;

	if (line.n < SUM_LINE || !cb_str_starts(line, CB_STR(SUM)) || line.p[SUM_LINE - 1] != '\n' ||
	    !cb_str_u64(cb_str_sub(line, sizeof(SUM) - 1, 8), 16, &stored))
		return false;
	text->n -= SUM_LINE;
	return cb_csum_ok(~cb_crc32(~0u, text->p, text->n), stored);
}

int cb_stage_note_parse(struct cb_arena *a, struct cb_str text, struct cb_stage_note *ret)
{
	struct cb_env *env = a->env;
	struct cb_stage_note n;
	struct cb_str line;
	unsigned at = 1;
	int r = cb_stage_note_init(a, &n);

	if (r < 0)
		return r;
	if (text.n > CB_STAGE_NOTE_MAX)
		return cb_fail(env, CB_ELIMIT, "a note of %zu bytes, %u is the most", text.n,
			       CB_STAGE_NOTE_MAX);
	if (!cb_str_starts(text, CB_STR(HEAD)) || !sum_is_right(&text))
		return cb_fail(env, CB_ECORRUPT, "the note is cut, or its checksum is wrong");
	for (; cb_str_line(&text, &line); at++) {
		size_t eq = cb_str_chr(line, '=');

		if (eq == SIZE_MAX || !take_line(a, cb_str_sub(line, 0, eq),
						 cb_str_sub(line, eq + 1, SIZE_MAX), &n))
			return env->diag->code == CB_ENOMEM ? CB_ENOMEM :
				cb_fail(env, CB_ECORRUPT, "line %u of the note", at);
	}
	if (!is_whole(&n))
		return cb_fail(env, CB_ECORRUPT, "the note lacks lines");
	*ret = n;
	return 0;
}
