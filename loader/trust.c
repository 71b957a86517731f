/* loader/trust.c - the certificates that `build --ca` put into this program: a section of its own image, so that
 * the image's signature covers them. */
#include "core/str.h"
#include "image/pe.h"
#include "loader/loader.h"

/* The headers, which is all that is read of it. The offsets in them are those of a file that may be larger. */
static int read_image(void *ctx, uint64_t off, void *buf, size_t n)
{
	const struct efi_loaded_image *self = ctx;

	if (!cb_in_range(off, n, self->size))
		return CB_EIO;
	memcpy(buf, (const uint8_t *)self->base + off, n);
	return 0;
}

struct cb_bytes built_in_ca(struct cb_loader *l)
{
	const struct cb_input in = { .read = read_image, .ctx = l->self, .size = UINT32_MAX };
	struct cb_bytes ca = { NULL, 0 };
	const struct cb_pe_section *s;
	struct cb_pe *pe;

	if (cb_pe_open(&l->env, &in, &pe) < 0) {
		cb_clear(&l->env); /* an image without headers has no certificates */
		return ca;
	}
	s = cb_pe_find(pe, CB_STR(".ca"));
	if (s != NULL && cb_in_range(s->vaddr, s->vsize, l->self->size))
		ca = (struct cb_bytes){ (const uint8_t *)l->self->base + s->vaddr, s->vsize };
	cb_pe_close(pe);
	return ca;
}
