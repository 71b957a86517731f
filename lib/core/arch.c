/* core/arch.c - one table for all the names of a machine. */
#include "core/arch.h"

static const struct {
	const char *name, *debian, *efi;
	uint16_t pe, elf;
} archs[CB_ARCH_N] = {
	[CB_ARCH_NONE] = { "unknown", "unknown", "", 0, 0 },
	[CB_ARCH_X86_64] = { "x86_64", "amd64", "X64", 0x8664, 62 },
	[CB_ARCH_AARCH64] = { "aarch64", "arm64", "AA64", 0xaa64, 183 },
	[CB_ARCH_RISCV64] = { "riscv64", "riscv64", "RISCV64", 0x5064, 243 },
	[CB_ARCH_LOONGARCH64] = { "loongarch64", "loong64", "LOONGARCH64", 0x6264, 258 },
};

bool cb_arch_parse(struct cb_str s, enum cb_arch *ret)
{
	for (unsigned i = CB_ARCH_NONE + 1; i < CB_ARCH_N; i++)
		if (cb_str_eq(s, cb_str_c(archs[i].name)) || cb_str_eq(s, cb_str_c(archs[i].debian))) {
			*ret = (enum cb_arch)i;
			return true;
		}
	return false;
}

const char *cb_arch_name(enum cb_arch a) { return archs[a].name; }
const char *cb_arch_debian(enum cb_arch a) { return archs[a].debian; }
const char *cb_arch_efi(enum cb_arch a) { return archs[a].efi; }
uint16_t cb_arch_pe(enum cb_arch a) { return archs[a].pe; }

enum cb_arch cb_arch_from_pe(uint16_t machine)
{
	for (unsigned i = CB_ARCH_NONE + 1; i < CB_ARCH_N; i++)
		if (archs[i].pe == machine)
			return (enum cb_arch)i;
	return CB_ARCH_NONE;
}

enum cb_arch cb_arch_from_elf(uint16_t machine)
{
	for (unsigned i = CB_ARCH_NONE + 1; i < CB_ARCH_N; i++)
		if (archs[i].elf == machine)
			return (enum cb_arch)i;
	return CB_ARCH_NONE;
}
