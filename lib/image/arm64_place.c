/* image/arm64_place.c - the memory layout of Documentation/arch/arm64/booting.rst. */
#include "image/arm64_place.h"

#include "core/limits.h"

struct image_header {
	cb_le32 code[2];
	cb_le64 text_offset, image_size, flags, reserved[3];
	uint8_t magic[4];
	cb_le32 pe_offset;
};
_Static_assert(sizeof(struct image_header) == 64, "arm64 Image header");

#define MIB          (UINT64_C(1) << 20)
#define GIB          (UINT64_C(1) << 30)
#define KERNEL_ALIGN (2 * MIB)     /* text_offset counts from such an address */
#define INITRD_SPAN  (32 * GIB)    /* the initrd lies in the 1 GiB aligned window of 32 that has the kernel */
#define PAGE         UINT64_C(0x10000)

static int take(struct cb_memmap *m, uint64_t size, uint64_t align, uint64_t from, uint64_t to,
		const char *what, struct cb_memrange *ret)
{
	uint64_t at;
	int r;

	if (!cb_align_up(size, PAGE, &size))
		return cb_fail(m->env, CB_ELIMIT, "%s of %llu bytes", what, (unsigned long long)size);
	r = cb_memmap_take(m, size, align, from, to, &at);
	if (r < 0)
		return cb_wrap(m->env, r, "memory for the %s", what);
	*ret = (struct cb_memrange){ at, at + size };
	return 0;
}

/* ldr x0, fdt; x1 = x2 = x3 = 0; ldr x16, kernel; br x16. The two addresses are the literals behind. */
static void write_start(uint64_t fdt, uint64_t kernel, uint8_t code[CB_ARM64_START_SIZE])
{
	static const uint32_t insns[] = {
		0x580000c0, 0xaa1f03e1, 0xaa1f03e2, 0xaa1f03e3, 0x58000090, 0xd61f0200,
	};
	cb_le64 literals[] = { cb_put_le64(fdt), cb_put_le64(kernel) };

	memset(code, 0, CB_ARM64_START_SIZE);
	for (size_t i = 0; i < sizeof(insns) / sizeof(insns[0]); i++) {
		cb_le32 insn = cb_put_le32(insns[i]);

		memcpy(code + 4 * i, &insn, sizeof(insn));
	}
	memcpy(code + sizeof(insns), literals, sizeof(literals));
}

int cb_arm64_place(struct cb_memmap *m, struct cb_bytes image, uint64_t initrd_n, uint64_t fdt_n,
		   struct cb_arm64_place *ret)
{
	const struct image_header *h = cb_view(struct image_header, image, 0);
	struct cb_arm64_place p = { 0 };

	if (h == NULL || memcmp(h->magic, "ARM\x64", 4) != 0)
		return cb_fail(m->env, CB_ENOTMINE, "not an arm64 Image");

	uint64_t text = cb_get_le64(h->text_offset), size = cb_get_le64(h->image_size), room;

	/* image_size 0 is a kernel before 3.17: nobody knows what its BSS needs. */
	if (size < image.n || size > CB_MAX_KERNEL || text >= KERNEL_ALIGN || text % PAGE != 0)
		return cb_fail(m->env, CB_EUNSUP, "arm64 Image: size %llu, file %zu, text offset 0x%llx",
			       (unsigned long long)size, image.n, (unsigned long long)text);
	if (initrd_n > CB_MAX_INITRD || fdt_n > CB_MAX_FDT)
		return cb_fail(m->env, CB_ELIMIT, "initrd of %llu, device tree of %llu bytes",
			       (unsigned long long)initrd_n, (unsigned long long)fdt_n);
	room = text + size;            /* both are small */

	int r = take(m, room, KERNEL_ALIGN, 0, UINT64_MAX, "kernel", &p.kernel);

	if (r < 0)
		return r;

	uint64_t window = p.kernel.start / GIB * GIB;
	uint64_t window_end = window > UINT64_MAX - INITRD_SPAN ? UINT64_MAX : window + INITRD_SPAN;

	p.kernel.start += text;
	/* A device tree may not cross 2 MiB, so it starts at a multiple of that. */
	r = take(m, fdt_n, CB_MAX_FDT, window, window_end, "device tree", &p.fdt);
	if (r == 0)
		r = take(m, sizeof(p.code), PAGE, window, window_end, "start code", &p.start);
	if (r == 0 && initrd_n > 0)
		r = take(m, initrd_n, PAGE, window, window_end, "initrd", &p.initrd);
	if (r < 0)
		return r;
	write_start(p.fdt.start, p.kernel.start, p.code);
	*ret = p;
	return 0;
}
