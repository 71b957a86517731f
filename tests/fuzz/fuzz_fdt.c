/* tests/fuzz/fuzz_fdt.c - any bytes as a device tree: what is written from it can be read again. */
#include "image/fdt.h"

#include "core/limits.h"
#include "core/str.h"
#include "posix/posix.h"
#include "sim/sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cb_fdt_boot boot = {
		.bootargs = CB_STR("root=/dev/vda1"), .initrd_start = 1, .initrd_end = 2,
		.kaslr_seed = { (const uint8_t *)"seed", 4 },
	};
	struct cb_bytes file = { data, size }, got;
	struct cb_fdt t, u;
	struct cb_sim sim;
	struct cb_buf out;

	cb_sim_init(&sim, &cb_posix_platform, NULL);
	cb_buf_init(&out, &sim.env, 2 * CB_MAX_FDT);
	if (cb_fdt_open(&sim.env, file, &t) == 0 && cb_fdt_with_boot(&sim.env, &t, &boot, &out) == 0 &&
	    out.n <= CB_MAX_FDT) {
		check(cb_fdt_open(&sim.env, cb_buf_bytes(&out), &u) == 0);
		check(u.reserved.n == t.reserved.n);
		check(cb_fdt_get(&sim.env, &u, CB_STR("/chosen"), CB_STR("bootargs"), &got) == 0);
		check(got.n == boot.bootargs.n + 1 && memcmp(got.p, boot.bootargs.p, got.n) == 0);
	}
	cb_buf_fini(&out);
	check(sim.live_n == 0);
	return 0;
}
