/* core/str.h - text as (pointer, length): compare, cut, split, numbers. Bytes, not characters. */
#ifndef CB_CORE_STR_H
#define CB_CORE_STR_H

#include "core/mem.h"

struct cb_str cb_str_c(const char *s);              /* NULL gives an empty one */
bool cb_str_eq(struct cb_str a, struct cb_str b);
bool cb_str_ieq(struct cb_str a, struct cb_str b);  /* ASCII letters fold */
/* memcmp order, a prefix first. */
int cb_str_cmp(struct cb_str a, struct cb_str b);
bool cb_str_starts(struct cb_str s, struct cb_str prefix);
bool cb_str_ends(struct cb_str s, struct cb_str suffix);
/* Index of the first c or of sub, SIZE_MAX when absent. */
size_t cb_str_chr(struct cb_str s, char c);
size_t cb_str_rchr(struct cb_str s, char c);
size_t cb_str_find(struct cb_str s, struct cb_str sub);
/* From byte `from`, at most n bytes; both are clamped. */
struct cb_str cb_str_sub(struct cb_str s, size_t from, size_t n);
struct cb_str cb_str_trim(struct cb_str s);         /* blanks, tabs, CR, LF off both ends */
/* Cut the next piece off *s at sep (consumed). False when *s is used up. */
bool cb_str_next(struct cb_str *s, char sep, struct cb_str *ret);
/* The next line without its CR and LF. */
bool cb_str_line(struct cb_str *s, struct cb_str *ret);
/* The next run of non-blanks. */
bool cb_str_word(struct cb_str *s, struct cb_str *ret);

static inline bool cb_is_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool cb_is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static inline bool cb_is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
static inline char cb_to_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }

/* Whole s as a number in base 10 or 16 (no prefix, no sign); false when it isn't or overflows. */
bool cb_str_u64(struct cb_str s, unsigned base, uint64_t *ret);
/* Levenshtein distance, or max + 1 when it is larger; names up to 64 bytes. */
unsigned cb_str_distance(struct cb_str a, struct cb_str b, unsigned max);

/* Append s with control bytes and invalid UTF-8 as \xNN, so that a terminal can't be driven by it. */
void cb_str_escape(struct cb_buf *b, struct cb_str s);

#endif
