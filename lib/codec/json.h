/* codec/json.h - JSON in (RFC 8259, strict): parse a document, then look around in it.
 *
 * Everything below a document is borrowed from it. NULL is a value too: every getter takes it and
 * says "absent", so that a chain of lookups needs one check at its end. */
#ifndef CB_CODEC_JSON_H
#define CB_CODEC_JSON_H

#include "core/mem.h"

struct cb_jdoc;
struct cb_jval;

enum cb_jtype { CB_J_ABSENT, CB_J_NULL, CB_J_BOOL, CB_J_NUMBER, CB_J_STRING, CB_J_ARRAY, CB_J_OBJECT };

/* One document and nothing after it. CB_ECORRUPT names line and column, CB_ELIMIT more than
 * CB_MAX_JSON_DEPTH levels. text may go away afterwards. */
CB_MUST int cb_jdoc_parse(struct cb_env *env, struct cb_bytes text, struct cb_jdoc **ret);
void cb_jdoc_free(struct cb_jdoc *d);                          /* NULL is fine */
const struct cb_jval *cb_jdoc_root(const struct cb_jdoc *d);

enum cb_jtype cb_jval_type(const struct cb_jval *v);
/* Members or elements; 0 for anything else. */
size_t cb_jval_size(const struct cb_jval *v);
/* The member of that name, the first of several. NULL when there is none or v is no object. */
const struct cb_jval *cb_jval_get(const struct cb_jval *v, struct cb_str name);
/* Element i; NULL past the end or when v is no array. Walks: iterate for many. */
const struct cb_jval *cb_jval_at(const struct cb_jval *v, size_t i);

/* False, and *ret untouched, when v is of another type. Strings are UTF-8 and may hold NUL. */
bool cb_jval_str(const struct cb_jval *v, struct cb_str *ret);
bool cb_jval_bool(const struct cb_jval *v, bool *ret);
/* As it was written: no rounding. */
bool cb_jval_number(const struct cb_jval *v, struct cb_str *ret);
/* Also false when it is negative, has a fraction or an exponent, or doesn't fit. */
bool cb_jval_u64(const struct cb_jval *v, uint64_t *ret);

/* Over the members or elements of v, in the order of the text; over nothing for other values. */
struct cb_jiter { const struct cb_jval *next; size_t left; bool object; };
struct cb_jiter cb_jval_iter(const struct cb_jval *v);
/* ret_name is empty in arrays; NULL when not wanted. */
bool cb_jiter_next(struct cb_jiter *it, struct cb_str *ret_name, const struct cb_jval **ret);

#endif
