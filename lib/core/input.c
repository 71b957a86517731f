/* core/input.c - bounds, once, over whatever is read. */
#include "core/input.h"

#include "core/mem.h"

int cb_input_read(struct cb_env *env, const struct cb_input *in, uint64_t off, void *buf, size_t n)
{
	if (!cb_in_range(off, n, in->size))
		return cb_fail(env, CB_EINVAL, "bytes %llu+%zu of an input of %llu", (unsigned long long)off,
			       n, (unsigned long long)in->size);
	if (n == 0)
		return 0;
	if (in->mem == NULL)
		return in->read(in->ctx, in->base + off, buf, n);
	memcpy(buf, in->mem + (size_t)off, n); /* size counts bytes in memory, so off fits */
	return 0;
}

struct cb_input cb_input_sub(const struct cb_input *in, uint64_t off, uint64_t n)
{
	struct cb_input r = *in;

	off = cb_min(off, in->size);
	r.size = cb_min(n, in->size - off);
	if (in->mem != NULL)
		r.mem = in->mem + (size_t)off;
	else
		r.base = in->base + off;
	return r;
}
