/* tests/fuzz/fuzz_pem.c - files of certificates, any bytes: what comes out is DER, piece by piece. */
#include "codec/pem.h"

#include "posix/posix.h"
#include "sim/sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

/* As many sequences as were told, and nothing behind them. */
static void check_der(struct cb_bytes der, size_t n)
{
	for (; n > 0; n--) {
		size_t one = cb_der_sequence(der);

		check(one > 0 && one <= der.n);
		der.p += one;
		der.n -= one;
	}
	check(der.n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_sim sim;
	struct cb_buf der;
	size_t n = 0;

	cb_sim_init(&sim, &cb_posix_platform, NULL);
	cb_buf_init(&der, &sim.env, size);
	if (cb_pem_certificates(&sim.env, (struct cb_bytes){ data, size }, &der, &n) == 0) {
		check(n > 0 && der.n <= size);
		check_der(cb_buf_bytes(&der), n);
	}
	cb_buf_fini(&der);
	check(sim.live_n == 0);
	return 0;
}
