/* tests/fuzz/fuzz_bls.c - boot loader entries, loader.conf, kernel names, versions: any bytes.
 *
 * The input is cut at 0xff into two files; each is "name\ntext". What is parsed must also compare:
 * both orders are antisymmetric, or sorting would depend on luck. */
#include "boot/entry.h"
#include "boot/kname.h"
#include "boot/vercmp.h"
#include "core/str.h"
#include "posix/posix.h"
#include "sim/sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static bool parse(struct cb_arena *a, struct cb_str file, struct cb_entry *ret)
{
	size_t end = cb_str_chr(file, '\n');
	struct cb_str name = cb_str_sub(file, 0, end),
		      text = cb_str_sub(file, name.n + 1, SIZE_MAX);
	int r = cb_entry_parse(a, name, text, ret);

	check(r == 0 || r == CB_EINVAL || r == CB_ELIMIT);
	if (r < 0) {
		check(a->env->diag->len > 0);
		return false;
	}
	check(ret->linux.n + ret->efi.n + ret->uki.n > 0 && ret->initrd_n <= CB_MAX_INITRDS);
	check(ret->linux.n == 0 || ret->linux.p[0] == '/');
	check(ret->options.n < CB_MAX_CMDLINE && ret->tries.left >= -1 && ret->tries.done >= 0);
	for (size_t i = 0; i < ret->initrd_n; i++)
		check(ret->initrd[i].n > 0 && ret->initrd[i].p[0] == '/');
	return true;
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void kernels(struct cb_arena *a, struct cb_str x, struct cb_str y)
{
	struct cb_kname k, l;
	struct cb_str name;

	if (!cb_kname_parse(x, &k))
		return;
	check(cb_kname_cmp(&k, &k) == 0);
	if (cb_kname_parse(y, &l))
		check(sign(cb_kname_cmp(&k, &l)) == -sign(cb_kname_cmp(&l, &k)));
	for (unsigned i = 0; cb_kname_initrd(a, &k, i, &name); i++)
		check(name.p != NULL && name.n > 0 && name.n <= 512);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_str all = { (const char *)data, size },
		      x = cb_str_sub(all, 0, cb_str_chr(all, (char)0xff));
	struct cb_str y = cb_str_sub(all, x.n + 1, SIZE_MAX);
	struct cb_entry e, f;
	struct cb_loader_conf conf;
	struct cb_arena a;
	struct cb_sim sim;

	cb_sim_init(&sim, &cb_posix_platform, NULL);
	cb_arena_init(&a, &sim.env, 16 * size + (1u << 20));

	bool both = parse(&a, x, &e);

	both = parse(&a, y, &f) && both;
	if (both) {
		check(cb_entry_cmp(&e, &e) == 0);
		check(sign(cb_entry_cmp(&e, &f)) == -sign(cb_entry_cmp(&f, &e)));
	}
	cb_loader_conf_parse(x, &conf);
	(void)cb_glob(conf.fallback, cb_str_sub(y, 0, 255)); /* only that it ends */
	check(cb_glob(CB_STR("*"), y));
	check(cb_vercmp(x, x) == 0 && cb_vercmp(x, y) == -cb_vercmp(y, x));
	kernels(&a, cb_str_sub(x, 0, 255), cb_str_sub(y, 0, 255));
	cb_arena_fini(&a);
	check(sim.live_n == 0);
	return 0;
}
