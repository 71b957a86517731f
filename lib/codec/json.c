/* JSON documents over yyjson, which is strict, does not recurse, and takes an allocator.
 *
 * Numbers stay text (NUMBER_AS_RAW): nothing is rounded, and no floating point runs in firmware. */
#include "codec/json.h"

#include <yyjson.h>

#include "codec/quota_priv.h"
#include "core/limits.h"
#include "core/str.h"

/* A value takes 16 bytes, at least two of text make one, and growing copies. */
#define MEMORY(text_n) ((size_t)(text_n) * 40 + (64u << 10))

struct cb_jdoc {
	struct cb_quota memory;
	yyjson_doc *doc;
};

static void *hook_malloc(void *ctx, size_t n)
{
	return cb_quota_alloc(ctx, n);
}

static void *hook_realloc(void *ctx, void *p, size_t had, size_t n)
{
	(void)had;
	return cb_quota_realloc(ctx, p, n);
}

static void hook_free(void *ctx, void *p)
{
	cb_quota_free(ctx, p);
}

static yyjson_val *raw(const struct cb_jval *v)
{
	return (yyjson_val *)(uintptr_t)v;
}

static const struct cb_jval *ours(const yyjson_val *v)
{
	return (const struct cb_jval *)(const void *)v;
}

static int fail_at(struct cb_env *env, int code, struct cb_bytes text, size_t at, const char *what)
{
	unsigned line = 1, column = 1;

	for (size_t i = 0; i < at && i < text.n; i++) {
		column = text.p[i] == '\n' ? 1 : column + 1;
		line += text.p[i] == '\n';
	}
	return cb_fail(env, code, "JSON, line %u, column %u: %s", line, column, what);
}

/* Walkers may then recurse as deep as the document. Brackets in strings don't count. */
static int check_depth(struct cb_env *env, struct cb_bytes text)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '"')
			quoted = !quoted;
		else if (quoted && c == '\\')
			i++;
		else if (!quoted && (c == '[' || c == '{') && ++depth > CB_MAX_JSON_DEPTH)
			return fail_at(env, CB_ELIMIT, text, i, "more than 100 levels of nesting");
		else if (!quoted && (c == ']' || c == '}') && depth > 0)
			depth--;
	}
	return 0;
}
_Static_assert(CB_MAX_JSON_DEPTH == 100, "the message above");

int cb_jdoc_parse(struct cb_env *env, struct cb_bytes text, struct cb_jdoc **ret)
{
	int r = check_depth(env, text);

	if (r < 0)
		return r;
	if (text.n > SIZE_MAX / 64)
		return cb_fail(env, CB_ELIMIT, "JSON: %zu bytes of text", text.n);

	struct cb_jdoc *d = cb_alloc(env, sizeof(*d));

	if (d == NULL)
		return CB_ENOMEM;
	d->memory = (struct cb_quota){ .env = env, .max = MEMORY(text.n) };

	yyjson_alc alc = { hook_malloc, hook_realloc, hook_free, &d->memory };
	yyjson_read_err err = { 0 };

	d->doc = yyjson_read_opts((char *)(uintptr_t)text.p, text.n, YYJSON_READ_NUMBER_AS_RAW, &alc, &err);
	if (d->doc != NULL) {
		*ret = d;
		return 0;
	}
	if (err.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
		r = cb_quota_fail(&d->memory, "JSON");
	else
		r = fail_at(env, CB_ECORRUPT, text, err.pos, text.n == 0 ? "no text" : err.msg);
	cb_jdoc_free(d);
	return r;
}

void cb_jdoc_free(struct cb_jdoc *d)
{
	if (d == NULL)
		return;
	yyjson_doc_free(d->doc);
	cb_free(d->memory.env, d, sizeof(*d));
}

const struct cb_jval *cb_jdoc_root(const struct cb_jdoc *d)
{
	return ours(yyjson_doc_get_root(d->doc));
}

enum cb_jtype cb_jval_type(const struct cb_jval *v)
{
	switch (yyjson_get_type(raw(v))) {
	case YYJSON_TYPE_NULL: return CB_J_NULL;
	case YYJSON_TYPE_BOOL: return CB_J_BOOL;
	case YYJSON_TYPE_RAW:  return CB_J_NUMBER;
	case YYJSON_TYPE_STR:  return CB_J_STRING;
	case YYJSON_TYPE_ARR:  return CB_J_ARRAY;
	case YYJSON_TYPE_OBJ:  return CB_J_OBJECT;
	default:               return CB_J_ABSENT;
	}
}

size_t cb_jval_size(const struct cb_jval *v)
{
	return yyjson_is_ctn(raw(v)) ? yyjson_get_len(raw(v)) : 0;
}

const struct cb_jval *cb_jval_get(const struct cb_jval *v, struct cb_str name)
{
	return ours(yyjson_obj_getn(raw(v), name.n > 0 ? name.p : "", name.n));
}

const struct cb_jval *cb_jval_at(const struct cb_jval *v, size_t i)
{
	return ours(yyjson_arr_get(raw(v), i));
}

bool cb_jval_str(const struct cb_jval *v, struct cb_str *ret)
{
	if (!yyjson_is_str(raw(v)))
		return false;
	*ret = (struct cb_str){ yyjson_get_str(raw(v)), yyjson_get_len(raw(v)) };
	return true;
}

bool cb_jval_bool(const struct cb_jval *v, bool *ret)
{
	if (!yyjson_is_bool(raw(v)))
		return false;
	*ret = yyjson_get_bool(raw(v));
	return true;
}

bool cb_jval_number(const struct cb_jval *v, struct cb_str *ret)
{
	if (!yyjson_is_raw(raw(v)))
		return false;
	*ret = (struct cb_str){ yyjson_get_raw(raw(v)), yyjson_get_len(raw(v)) };
	return true;
}

bool cb_jval_u64(const struct cb_jval *v, uint64_t *ret)
{
	struct cb_str s;

	return cb_jval_number(v, &s) && cb_str_u64(s, 10, ret);
}

struct cb_jiter cb_jval_iter(const struct cb_jval *v)
{
	size_t n = cb_jval_size(v);

	return (struct cb_jiter){
		n > 0 ? ours(unsafe_yyjson_get_first(raw(v))) : NULL, n, yyjson_is_obj(raw(v)),
	};
}

bool cb_jiter_next(struct cb_jiter *it, struct cb_str *ret_name, const struct cb_jval **ret)
{
	struct cb_str name = { "", 0 };
	yyjson_val *v = raw(it->next);

	if (it->left == 0)
		return false;
	it->left--;
	if (it->object) {
		name = (struct cb_str){ yyjson_get_str(v), yyjson_get_len(v) };
		v++;                          /* a key is followed by its value */
	}
	if (ret_name != NULL)
		*ret_name = name;
	*ret = ours(v);
	it->next = ours(unsafe_yyjson_get_next(v));
	return true;
}
