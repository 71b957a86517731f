/* loader/trust.c - what `build --ca` put into this program, the certificates and the time of the build:
 * sections of its own image, so that the image's signature covers them. */
#include "core/str.h"
#include "image/pe.h"
#include "loader/loader.h"

/* The headers, which is all that is read of it. The offsets in them are those of a file that may be
 * larger. */
static int read_image(void *ctx, uint64_t off, void *buf, size_t n)
{
	const struct efi_loaded_image *self = ctx;

	if (!cb_in_range(off, n, self->size))
		return CB_EIO;
	memcpy(buf, (const uint8_t *)self->base + off, n);
	return 0;
}

/* A section of this program as it lies in memory; n 0: there is none. */
static struct cb_bytes section(struct cb_loader *l, struct cb_str name)
{
	const struct cb_input in = { .read = read_image, .ctx = l->self, .size = UINT32_MAX };
	struct cb_bytes ret = { NULL, 0 };
	const struct cb_pe_section *s;
	struct cb_pe *pe;

	if (cb_pe_open(&l->env, &in, &pe) < 0) {
		cb_clear(&l->env); /* an image without headers has no such sections */
		return ret;
	}
	s = cb_pe_find(pe, name);
	if (s != NULL && cb_in_range(s->vaddr, s->vsize, l->self->size))
		ret = (struct cb_bytes){ (const uint8_t *)l->self->base + s->vaddr, s->vsize };
	cb_pe_close(pe);
	return ret;
}

struct cb_bytes built_in_ca(struct cb_loader *l)
{
	return section(l, CB_STR(".ca"));
}

int64_t time_to_judge_by(struct cb_loader *l)
{
	struct cb_bytes built = section(l, CB_STR(".built"));
	int64_t now = cb_uefi_time(&l->u);
	uint64_t v;
	cb_le64 at;

	if (built.n != sizeof(at))
		return now;
	memcpy(&at, built.p, sizeof(at));
	v = cb_get_le64(at);
	return v <= INT64_MAX && (int64_t)v > now ? (int64_t)v : now;
}
