/* core/pieces.c - the list, and the two ways to read it: in order, and at random. */
#include "core/pieces.h"

#define CHUNK ((size_t)256 << 10)      /* what is in memory of an input that isn't */
#define MAX_PIECES 65536u
#define MAX_OWN ((size_t)64 << 20)

static bool is_zeros(const struct cb_piece *p)
{
	return p->in.mem == NULL && p->in.read == NULL;
}

void cb_pieces_init(struct cb_pieces *l, struct cb_env *env)
{
	*l = (struct cb_pieces){ .env = env };
	cb_arena_init(&l->own, env, MAX_OWN);
}

void cb_pieces_fini(struct cb_pieces *l)
{
	if (l->env == NULL)
		return;
	cb_free(l->env, l->v, l->room * sizeof(*l->v));
	cb_arena_fini(&l->own);
	*l = (struct cb_pieces){ 0 };
}

static bool grow(struct cb_pieces *l)
{
	size_t room = l->room > 0 ? 2 * l->room : 32;

	if (room > MAX_PIECES) {
		l->status = cb_fail(l->env, CB_ELIMIT, "output of more than %u pieces", MAX_PIECES);
		return false;
	}

	struct cb_piece *v = cb_alloc(l->env, room * sizeof(*v));

	if (v == NULL) {
		l->status = CB_ENOMEM;
		return false;
	}
	if (l->n > 0)
		memcpy(v, l->v, l->n * sizeof(*v));
	cb_free(l->env, l->v, l->room * sizeof(*v));
	l->v = v;
	l->room = room;
	return true;
}

static void add_one(struct cb_pieces *l, const struct cb_input *in)
{
	uint64_t size;

	if (l->status < 0 || in->size == 0)
		return;
	if (!cb_add(l->size, in->size, &size) || size > INT64_MAX) {
		l->status = cb_fail(l->env, CB_ELIMIT, "output of more than 2^63 bytes");
		return;
	}
	if (l->n == l->room && !grow(l))
		return;
	l->v[l->n++] = (struct cb_piece){ *in, l->size };
	l->size = size;
}

/* Index of the piece that holds byte off, which the list has. */
static size_t find(const struct cb_pieces *l, uint64_t off)
{
	size_t lo = 0, hi = l->n;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->v[mid].off <= off)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

static int pieces_read(void *ctx, uint64_t off, void *buf, size_t n)
{
	const struct cb_pieces *l = ctx;
	uint8_t *to = buf;

	if (!cb_in_range(off, n, l->size))
		return cb_fail(l->env, CB_EINVAL, "bytes %llu+%zu of an output of %llu",
			       (unsigned long long)off, n, (unsigned long long)l->size);
	for (size_t i = find(l, off); n > 0; i++) {
		const struct cb_piece *p = &l->v[i];
		uint64_t at = off - p->off;
		size_t now = (size_t)cb_min(n, p->in.size - at);

		if (is_zeros(p)) {
			memset(to, 0, now);
		} else {
			int r = cb_input_read(l->env, &p->in, at, to, now);

			if (r < 0)
				return r;
		}
		to += now;
		off += now;
		n -= now;
	}
	return 0;
}

void cb_pieces_add(struct cb_pieces *l, const struct cb_input *in)
{
	if (in->read != pieces_read || in->mem != NULL || in->size == 0) {
		add_one(l, in);
		return;
	}

	const struct cb_pieces *from = in->ctx;
	uint64_t off = in->base, left = in->size;

	for (size_t i = find(from, off); left > 0; i++) {
		struct cb_input part = cb_input_sub(&from->v[i].in, off - from->v[i].off, left);

		add_one(l, &part);
		off += part.size;
		left -= part.size;
	}
}

uint8_t *cb_pieces_room(struct cb_pieces *l, size_t n)
{
	if (l->status < 0)
		return NULL;

	uint8_t *p = cb_arena_alloc(&l->own, n, 1, 1);

	if (p == NULL) {
		l->status = l->env->diag->code;
		return NULL;
	}

	struct cb_input in = cb_input_mem((struct cb_bytes){ p, n });

	cb_pieces_add(l, &in);
	return l->status < 0 ? NULL : p;
}

void cb_pieces_copy(struct cb_pieces *l, const void *p, size_t n)
{
	uint8_t *to = n > 0 ? cb_pieces_room(l, n) : NULL;

	if (to != NULL)
		memcpy(to, p, n);
}

int cb_pieces_keep(struct cb_pieces *l, struct cb_bytes s, struct cb_input *ret)
{
	uint8_t *p = cb_arena_alloc(&l->own, s.n > 0 ? s.n : 1, 1, 1);

	if (p == NULL)
		return l->env->diag->code;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	*ret = cb_input_mem((struct cb_bytes){ p, s.n });
	return 0;
}

void cb_pieces_zeros(struct cb_pieces *l, uint64_t n)
{
	struct cb_input in = { .size = n };

	cb_pieces_add(l, &in);
}

void cb_pieces_pad_to(struct cb_pieces *l, uint64_t to)
{
	if (l->status < 0)
		return;
	if (to < l->size)
		l->status = cb_fail(l->env, CB_EINVAL, "output byte %llu is already at %llu",
				    (unsigned long long)to, (unsigned long long)l->size);
	else
		cb_pieces_zeros(l, to - l->size);
}

int cb_pieces_status(const struct cb_pieces *l)
{
	return l->status;
}

static int put_zeros(const struct cb_sink *to, uint64_t n)
{
	static const uint8_t zeros[4096];

	if (to->zeros != NULL)
		return to->zeros(to->ctx, n);
	while (n > 0) {
		size_t now = (size_t)cb_min(n, sizeof(zeros));
		int r = to->write(to->ctx, zeros, now);

		if (r < 0)
			return r;
		n -= now;
	}
	return 0;
}

static int put_read(struct cb_env *env, const struct cb_input *in, uint8_t *buf, const struct cb_sink *to)
{
	for (uint64_t off = 0; off < in->size;) {
		size_t now = (size_t)cb_min(in->size - off, CHUNK);
		int r = cb_input_read(env, in, off, buf, now);

		if (r == 0)
			r = to->write(to->ctx, buf, now);
		if (r < 0)
			return r;
		off += now;
	}
	return 0;
}

int cb_pieces_write(const struct cb_pieces *l, const struct cb_sink *to)
{
	int r = l->status;

	if (r < 0)
		return r;

	uint8_t *buf = cb_alloc_aligned(l->env, CHUNK, 4096);

	if (buf == NULL)
		return CB_ENOMEM;
	for (size_t i = 0; i < l->n && r == 0; i++) {
		const struct cb_piece *p = &l->v[i];

		if (is_zeros(p))
			r = put_zeros(to, p->in.size);
		else if (p->in.mem != NULL)
			r = to->write(to->ctx, p->in.mem, (size_t)p->in.size);
		else
			r = put_read(l->env, &p->in, buf, to);
	}
	cb_free(l->env, buf, CHUNK);
	return r;
}

struct cb_input cb_pieces_input(struct cb_pieces *l)
{
	return (struct cb_input){ .read = pieces_read, .ctx = l, .size = l->size };
}
