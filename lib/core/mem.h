/* core/mem.h - memory: arenas for what lives together, buffers that grow to a cap,
 * and the four functions that compilers call by themselves. */
#ifndef CB_CORE_MEM_H
#define CB_CORE_MEM_H

#include "core/bytes.h"
#include "core/err.h"

/* As in C11 7.24; libc's where there is one, platform/uefi/libc.c in firmware. */
void *memcpy(void *restrict d, const void *restrict s, size_t n);
void *memmove(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* n > 0 zeroed bytes aligned for any type; NULL with a CB_ENOMEM report. */
void *cb_alloc(struct cb_env *env, size_t n);
/* Aligned, not zeroed: n > 0, align a power of two <= 4096. */
void *cb_alloc_aligned(struct cb_env *env, size_t n, size_t align);
/* n as given to cb_alloc(); p may be NULL. */
void cb_free(struct cb_env *env, void *p, size_t n);
/* Overwrite a secret; never optimised away. */
void cb_wipe(void *p, size_t n);

/* Bump allocator with a hard cap. Owner: whoever called init; fini frees all. */
struct cb_arena {
	struct cb_env *env;
	struct cb_arena_chunk *head;
	size_t used, cap;          /* bytes, headers included */
};
void cb_arena_init(struct cb_arena *a, struct cb_env *env, size_t cap);
void cb_arena_fini(struct cb_arena *a);
/* Zeroed. NULL (and a CB_ENOMEM or CB_ELIMIT report) when it can't. */
void *cb_arena_alloc(struct cb_arena *a, size_t count, size_t size, size_t align);
#define cb_new(a, T, count) ((T *)cb_arena_alloc((a), (count), sizeof(T), _Alignof(T)))

/* Scratch: everything allocated after mark() goes at rewind(). */
struct cb_mark { struct cb_arena_chunk *head; size_t used; };
struct cb_mark cb_arena_mark(const struct cb_arena *a);
void cb_arena_rewind(struct cb_arena *a, struct cb_mark m);

/* Text as (pointer, length); no NUL promised. */
struct cb_str { const char *p; size_t n; };
#define CB_STR_ARG(s) (int)(s).n, (s).p    /* for "%.*s" */
#define CB_STR(lit) ((struct cb_str){ "" lit, sizeof(lit) - 1 })

/* A copy of s in the arena, NUL after it; .p NULL when it can't. */
struct cb_str cb_arena_str(struct cb_arena *a, struct cb_str s);
/* Formatted into the arena, at most CB_MAX_CMDLINE * 2 bytes. */
struct cb_str cb_arena_fmt(struct cb_arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Growable bytes, owned. max is fixed at init: over it, or out of memory, the
 * buffer turns bad, keeps what it had, and ignores further appends. */
struct cb_buf { struct cb_env *env; uint8_t *p; size_t n, room, max; int status; };
void cb_buf_init(struct cb_buf *b, struct cb_env *env, size_t max);
void cb_buf_fini(struct cb_buf *b);
void cb_buf_add(struct cb_buf *b, const void *p, size_t n);
void cb_buf_str(struct cb_buf *b, struct cb_str s);
/* Room for n more bytes at the end, not counted before cb_buf_commit(). NULL when bad. */
void *cb_buf_reserve(struct cb_buf *b, size_t n);
void cb_buf_commit(struct cb_buf *b, size_t n);
static inline struct cb_bytes cb_buf_bytes(const struct cb_buf *b)
{
	return (struct cb_bytes){ b->p, b->n };
}
void cb_buf_fmt(struct cb_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
CB_MUST int cb_buf_status(const struct cb_buf *b);
/* Hand the bytes over; free with the same env, room bytes. b is empty after. */
CB_MUST int cb_buf_take(struct cb_buf *b, uint8_t **ret_p, size_t *ret_n, size_t *ret_room);

#endif
