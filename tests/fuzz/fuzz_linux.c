/* tests/fuzz/fuzz_linux.c - any bytes as a kernel file: identified, unwrapped, searched for its version. */
#include "core/limits.h"
#include "image/linux.h"
#include "posix/posix.h"
#include "sim/sim.h"

#define MAX_KERNEL ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const struct cb_codec *const cb_codecs[] = {
	&cb_codec_gzip, &cb_codec_zstd, &cb_codec_xz, &cb_codec_lzma, &cb_codec_lz4, NULL
};

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_bytes file = { data, size }, head = { data, cb_min(size, CB_LINUX_HEAD) };
	struct cb_input in = cb_input_mem(file);
	struct cb_linux_info info = { 0 };
	struct cb_linux_kernel k;
	char text[CB_LINUX_VERSION];
	struct cb_sim sim;
	bool known;

	cb_sim_init(&sim, &cb_posix_platform, NULL);
	known = cb_linux_identify(&sim.env, head, size, &info) == 0;
	if (known) {
		cb_linux_name(&info, text, sizeof(text));
		check(text[0] != 0 && cb_str_c(info.version).n < CB_LINUX_VERSION);
		check(cb_in_range(info.payload_off, info.payload_size, size));
		check(cb_linux_version(&sim.env, &in, text) == 0);
	}
	for (unsigned i = 0; i < 2; i++) {
		unsigned a = i == 0 || size == 0 ? CB_ARCH_NONE : data[size - 1] % CB_ARCH_N;

		if (cb_linux_unwrap(&sim.env, file, (enum cb_arch)a, MAX_KERNEL, &k) < 0)
			continue;
		check(known && k.image.n > 0 && k.name[0] != 0);
		check(a == CB_ARCH_NONE || k.info.arch == (enum cb_arch)a);
		check(k.info.format != CB_LINUX_UKI && k.info.format != CB_LINUX_ZBOOT &&
		      k.info.format != CB_LINUX_COMPRESSED);
		cb_linux_kernel_fini(&k);
	}
	check(sim.live_n == 0);
	return 0;
}
