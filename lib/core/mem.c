/* core/mem.c - arenas and growable buffers over the platform's allocator. */
#include "core/mem.h"

#include "core/fmt.h"
#include "core/limits.h"

#define ALIGN_ANY  16u
#define ALIGN_BIG  4096u          /* where reads land: 4 times as fast from the page cache */
#define BIG        (64u << 10)
#define CHUNK_MIN  4096u
#define CHUNK_STEP (64u << 10)

struct cb_arena_chunk {
	struct cb_arena_chunk *prev;
	size_t size;                  /* of this chunk, header included */
	size_t fill;                  /* bytes used, header included */
};

void *cb_alloc_aligned(struct cb_env *env, size_t n, size_t align)
{
	void *p = env->plat->alloc(env->ctx, n, align);

	if (p == NULL)
		(void)cb_fail(env, CB_ENOMEM, "out of memory: %zu bytes", n); /* NULL says it */
	return p;
}

void *cb_alloc(struct cb_env *env, size_t n)
{
	void *p = cb_alloc_aligned(env, n, ALIGN_ANY);

	if (p != NULL)
		memset(p, 0, n);
	return p;
}

void cb_free(struct cb_env *env, void *p, size_t n)
{
	if (p != NULL)
		env->plat->free(env->ctx, p, n);
}

void cb_wipe(void *p, size_t n)
{
	memset(p, 0, n);
	__asm__ volatile("" : : "r"(p) : "memory");
}

void cb_arena_init(struct cb_arena *a, struct cb_env *env, size_t cap)
{
	*a = (struct cb_arena){ .env = env, .cap = cap };
}

void cb_arena_fini(struct cb_arena *a)
{
	cb_arena_rewind(a, (struct cb_mark){ 0 });
}

/* A chunk grows with the arena, so a big arena has few. */
static struct cb_arena_chunk *add_chunk(struct cb_arena *a, size_t need)
{
	size_t want = a->used < CHUNK_STEP ? CHUNK_MIN : CHUNK_STEP;

	if (want < need)
		want = need;
	if (want > a->cap - a->used)
		want = need;
	if (need > a->cap - a->used) {
		(void)cb_fail(a->env, CB_ELIMIT, "over the memory limit of %zu bytes", a->cap);
		return NULL;
	}

	struct cb_arena_chunk *c = cb_alloc_aligned(a->env, want, ALIGN_ANY);

	if (c == NULL)
		return NULL;
	*c = (struct cb_arena_chunk){ a->head, want, sizeof(*c) };
	a->head = c;
	a->used += want;
	return c;
}

void *cb_arena_alloc(struct cb_arena *a, size_t count, size_t size, size_t align)
{
	struct cb_arena_chunk *c = a->head;
	size_t n, need, at;

	if (__builtin_mul_overflow(count, size, &n) ||
	    __builtin_add_overflow(n, sizeof(*c) + align, &need)) {
		(void)cb_fail(a->env, CB_ELIMIT, "%zu items of %zu bytes", count, size);
		return NULL;
	}
	if (c == NULL || ((at = (c->fill + align - 1) & ~(align - 1)), !cb_in_range(at, n, c->size))) {
		c = add_chunk(a, need);
		if (c == NULL)
			return NULL;
		at = (c->fill + align - 1) & ~(align - 1);
	}
	c->fill = at + n;

	void *p = (uint8_t *)c + at;

	memset(p, 0, n);
	return p;
}

struct cb_mark cb_arena_mark(const struct cb_arena *a)
{
	return (struct cb_mark){ a->head, a->head != NULL ? a->head->fill : 0 };
}

void cb_arena_rewind(struct cb_arena *a, struct cb_mark m)
{
	while (a->head != m.head) {
		struct cb_arena_chunk *c = a->head;

		a->head = c->prev;
		a->used -= c->size;
		cb_free(a->env, c, c->size);
	}
	if (a->head != NULL)
		a->head->fill = m.used;
}

struct cb_str cb_arena_str(struct cb_arena *a, struct cb_str s)
{
	char *p = cb_arena_alloc(a, s.n + 1, 1, 1);

	if (p == NULL)
		return (struct cb_str){ NULL, 0 };
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return (struct cb_str){ p, s.n };
}

struct cb_str cb_arena_fmt(struct cb_arena *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	size_t n = cb_vfmt(NULL, 0, fmt, ap);
	va_end(ap);
	if (n > 2 * CB_MAX_CMDLINE)
		n = 2 * CB_MAX_CMDLINE;

	char *p = cb_arena_alloc(a, n + 1, 1, 1);

	if (p == NULL)
		return (struct cb_str){ NULL, 0 };
	va_start(ap, fmt);
	(void)cb_vfmt(p, n + 1, fmt, ap); /* measured above */
	va_end(ap);
	return (struct cb_str){ p, n };
}

void cb_buf_init(struct cb_buf *b, struct cb_env *env, size_t max)
{
	*b = (struct cb_buf){ .env = env, .max = max };
}

void cb_buf_fini(struct cb_buf *b)
{
	if (b->p != NULL)
		cb_free(b->env, b->p, b->room);
	*b = (struct cb_buf){ .env = b->env, .max = b->max };
}

static bool grow(struct cb_buf *b, size_t n)
{
	if (b->status < 0)
		return false;
	if (n <= b->room - b->n)
		return true;
	if (n > b->max - b->n) {
		b->status = cb_fail(b->env, CB_ELIMIT, "over the limit of %zu bytes", b->max);
		return false;
	}

	size_t want = b->n + n;
	size_t room = b->room < 256 ? 256 : b->room;

	while (room < want)
		room = room > SIZE_MAX / 2 ? want : room * 2;
	if (room > b->max)
		room = b->max;

	uint8_t *p = cb_alloc_aligned(b->env, room, room < BIG ? ALIGN_ANY : ALIGN_BIG);

	if (p == NULL) {
		b->status = CB_ENOMEM;
		return false;
	}
	if (b->n > 0)
		memcpy(p, b->p, b->n);
	cb_free(b->env, b->p, b->room);
	b->p = p;
	b->room = room;
	return true;
}

void *cb_buf_reserve(struct cb_buf *b, size_t n)
{
	return grow(b, n > 0 ? n : 1) ? b->p + b->n : NULL;
}

void cb_buf_commit(struct cb_buf *b, size_t n)
{
	if (b->status == 0 && n <= b->room - b->n)
		b->n += n;
}

void cb_buf_add(struct cb_buf *b, const void *p, size_t n)
{
	if (n == 0 || !grow(b, n))
		return;
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void cb_buf_str(struct cb_buf *b, struct cb_str s)
{
	cb_buf_add(b, s.p, s.n);
}

static void put_buf(void *arg, const char *p, size_t n)
{
	cb_buf_add(arg, p, n);
}

void cb_buf_fmt(struct cb_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cb_vfmt_to(put_buf, b, fmt, ap);
	va_end(ap);
}

int cb_buf_status(const struct cb_buf *b)
{
	return b->status;
}

int cb_buf_take(struct cb_buf *b, uint8_t **ret_p, size_t *ret_n, size_t *ret_room)
{
	if (b->status < 0)
		return b->status;
	*ret_p = b->p;
	*ret_n = b->n;
	*ret_room = b->room;
	b->p = NULL;
	cb_buf_fini(b);
	return 0;
}
