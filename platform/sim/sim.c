/* sim/sim.c - the failing, counting world. */
#include "sim/sim.h"

#include "core/mem.h"

#define GUARD 16u             /* bytes before and after each allocation */
#define GUARD_BYTE 0xa5u

static bool due(struct cb_sim *s, uint64_t *countdown)
{
	if (*countdown == 0 || --*countdown > 0)
		return false;
	s->failed = true;
	return true;
}

static void *sim_alloc(void *ctx, size_t n, size_t align)
{
	struct cb_sim *s = ctx;
	size_t head = align > GUARD ? align : GUARD;

	s->allocs++;
	if (due(s, &s->fail_alloc) || n > SIZE_MAX - head - GUARD)
		return NULL;

	uint8_t *p = s->under->alloc(s->under_ctx, head + n + GUARD, align);

	if (p == NULL)
		return NULL;
	memset(p, GUARD_BYTE, head + n + GUARD);
	cb_le64 size = cb_put_le64(n);

	memcpy(p + head - GUARD, &size, sizeof(size));
	cb_le64 before = cb_put_le64(head);

	memcpy(p + head - 8, &before, sizeof(before));
	s->live += n;
	s->live_n++;
	if (s->live > s->peak)
		s->peak = s->live;
	return p + head;
}

static void sim_free(void *ctx, void *p, size_t n)
{
	struct cb_sim *s = ctx;
	uint8_t *user = p;
	cb_le64 size, head;

	if (p == NULL)
		return;
	memcpy(&size, user - GUARD, sizeof(size));
	memcpy(&head, user - 8, sizeof(head));
	if (cb_get_le64(size) != n)
		__builtin_trap();     /* freed with another size than allocated: a bug of ours */
	for (size_t i = 0; i < GUARD; i++)
		if (user[n + i] != GUARD_BYTE)
			__builtin_trap(); /* written past the end */
	s->live -= n;
	s->live_n--;
	s->under->free(s->under_ctx, user - cb_get_le64(head), cb_get_le64(head) + n + GUARD);
}

static void sim_log(void *ctx, enum cb_log_level level, const char *line, size_t n)
{
	struct cb_sim *s = ctx;

	s->under->log(s->under_ctx, level, line, n);
}

static uint64_t sim_now(void *ctx)
{
	struct cb_sim *s = ctx;

	return s->now_ns += 1000;
}

uint64_t cb_sim_random(struct cb_sim *s)
{
	uint64_t x = s->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return s->random = x;
}

static int sim_entropy(void *ctx, void *buf, size_t n)
{
	uint8_t *p = buf;

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)cb_sim_random(ctx);
	return 0;
}

static const struct cb_platform sim_platform = {
	.alloc = sim_alloc, .free = sim_free, .log = sim_log, .now_ns = sim_now,
	.entropy = sim_entropy,
};

void cb_sim_init(struct cb_sim *s, const struct cb_platform *under, void *under_ctx)
{
	*s = (struct cb_sim){ .under = under, .under_ctx = under_ctx, .random = 0x9e3779b97f4a7c15 };
	s->env = (struct cb_env){ &sim_platform, s, CB_LOG_WARN, &s->diag };
}

struct sim_blk {
	struct cb_blk blk;
	struct cb_sim *sim;
	const uint8_t *p;
};

static int sim_read(struct cb_blk *b, uint64_t lba, uint32_t count, void *buf)
{
	const struct sim_blk *d = (const struct sim_blk *)b;
	struct cb_sim *s = d->sim;

	if (count == 0 || count > b->max_count || !cb_in_range(lba, count, b->nblocks) ||
	    (uintptr_t)buf % b->buf_align != 0)
		__builtin_trap();     /* blk.c broke its promise to drivers */
	s->reads++;
	s->read_bytes += (uint64_t)count * b->block_size;
	if (due(s, &s->fail_read))
		return cb_fail(b->env, CB_EIO, "%s: simulated failure at block %llu", b->name,
			       (unsigned long long)lba);
	memcpy(buf, d->p + (size_t)lba * b->block_size, (size_t)count * b->block_size);
	return 0;
}

static void sim_destroy(struct cb_blk *b)
{
	cb_free(b->env, b, sizeof(struct sim_blk));
}

static const struct cb_blk_ops sim_blk_ops = {
	.kind = "sim", .read = sim_read, .destroy = sim_destroy
};

int cb_sim_blk(struct cb_sim *s, const void *p, size_t n, uint32_t block_size, uint32_t max_count,
	       uint32_t buf_align, struct cb_blk **ret)
{
	struct sim_blk *d = cb_alloc(&s->env, sizeof(*d));

	if (d == NULL)
		return CB_ENOMEM;
	d->sim = s;
	d->p = p;
	d->blk = (struct cb_blk){
		.ops = &sim_blk_ops, .env = &s->env, .nblocks = n / block_size,
		.block_size = block_size, .max_count = max_count, .buf_align = buf_align,
		.refs = 1, .name = "sim",
	};

	int r = cb_blk_check(&d->blk);

	if (r < 0) {
		cb_blk_unref(&d->blk);
		return r;
	}
	*ret = &d->blk;
	return 0;
}
