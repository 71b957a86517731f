/* init/kexec_arm64.c - kexec_load(2) on arm64: the caller finds the memory, writes the device tree,
 * brings the first instructions. Debian's arm64 kernels have only this call. */
#include <sys/random.h>

#include "core/limits.h"
#include "core/log.h"
#include "image/arm64_place.h"
#include "image/fdt.h"
#include "init/init.h"
#include "linux/kexec_load.h"
#include "linux/os.h"

#define IOMEM_MAX     (1u << 20)
#define KASLR_SIZE    8u          /* chosen/kaslr-seed is a 64-bit cell pair */
#define RNG_SEED_SIZE 64u

struct seeds { uint8_t kaslr[KASLR_SIZE], rng[RNG_SEED_SIZE]; };

/* Fresh ones, when the running kernel has randomness to give: waiting for it could take for ever. */
static bool make_seeds(struct seeds *s)
{
	return getrandom(s, sizeof(*s), GRND_NONBLOCK) == (ssize_t)sizeof(*s);
}

static int make_fdt(struct cb_init *in, const struct cb_boot_image *img, struct cb_memrange initrd,
		    struct cb_buf *ret)
{
	struct cb_env *env = &in->env;
	struct cb_fdt_boot boot = { .bootargs = img->cmdline, .initrd_start = initrd.start };
	struct seeds seeds;
	struct cb_fdt tree;
	struct cb_buf raw;
	int r;

	boot.initrd_end = initrd.start + img->initrd.n;
	if (make_seeds(&seeds)) {
		boot.kaslr_seed = (struct cb_bytes){ seeds.kaslr, sizeof(seeds.kaslr) };
		boot.rng_seed = (struct cb_bytes){ seeds.rng, sizeof(seeds.rng) };
	}
	cb_buf_init(&raw, env, CB_MAX_FDT);
	r = cb_os_read(env, "/sys/firmware/fdt", CB_MAX_FDT, &raw);
	if (r == 0)
		r = cb_fdt_open(env, cb_buf_bytes(&raw), &tree);
	if (r == 0)
		r = cb_fdt_with_boot(env, &tree, &boot, ret);
	cb_wipe(&seeds, sizeof(seeds));
	cb_buf_fini(&raw);
	return r;
}

static int place(struct cb_init *in, const struct cb_boot_image *img, struct cb_arm64_place *ret)
{
	struct cb_memmap map;
	struct cb_arena a;
	struct cb_buf text;
	int r;

	cb_arena_init(&a, &in->env, 4u << 20);
	cb_buf_init(&text, &in->env, IOMEM_MAX);
	r = cb_os_read(&in->env, "/proc/iomem", IOMEM_MAX, &text);
	if (r == 0)
		r = cb_memmap_parse(&a, (struct cb_str){ (const char *)text.p, text.n }, &map);
	if (r == 0)
		r = cb_arm64_place(&map, cb_buf_bytes(&img->kernel), img->initrd.n, CB_MAX_FDT, ret);
	cb_buf_fini(&text);
	cb_arena_fini(&a);
	return r;
}

int kexec_arm64(struct cb_init *in, const struct cb_boot_image *img)
{
	struct cb_kexec_segment seg[4];
	struct cb_arm64_place p;
	struct cb_buf fdt;
	size_t n = 0;
	int r = place(in, img, &p);

	if (r < 0)
		return r;
	cb_log(&in->env, CB_LOG_DEBUG, "kernel at 0x%llx, initrd at 0x%llx, device tree at 0x%llx",
	       (unsigned long long)p.kernel.start, (unsigned long long)p.initrd.start,
	       (unsigned long long)p.fdt.start);
	cb_buf_init(&fdt, &in->env, CB_MAX_FDT);
	r = make_fdt(in, img, p.initrd, &fdt);
	if (r == 0) {
		seg[n++] = (struct cb_kexec_segment){ cb_buf_bytes(&img->kernel), p.kernel.start,
						      p.kernel.end - p.kernel.start };
		seg[n++] = (struct cb_kexec_segment){ cb_buf_bytes(&fdt), p.fdt.start,
						      p.fdt.end - p.fdt.start };
		seg[n++] = (struct cb_kexec_segment){ { p.code, sizeof(p.code) }, p.start.start,
						      p.start.end - p.start.start };
		seg[n++] = (struct cb_kexec_segment){ cb_buf_bytes(&img->initrd), p.initrd.start,
						      p.initrd.end - p.initrd.start };
		r = cb_kexec_load(&in->env, seg, n, p.start.start);
	}
	cb_buf_fini(&fdt);
	return r;
}
