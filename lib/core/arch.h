/* core/arch.h - the machines we boot, under all the names they go by (SPEC section 9). */
#ifndef CB_CORE_ARCH_H
#define CB_CORE_ARCH_H

#include "core/str.h"

enum cb_arch {
	CB_ARCH_NONE,
	CB_ARCH_X86_64,
	CB_ARCH_AARCH64,
	CB_ARCH_RISCV64,
	CB_ARCH_LOONGARCH64,
};
#define CB_ARCH_N 5

/* Both spellings, lower case: x86_64 amd64, aarch64 arm64, riscv64, loongarch64 loong64. */
bool cb_arch_parse(struct cb_str s, enum cb_arch *ret);
/* "x86_64", "aarch64", "riscv64", "loongarch64"; "unknown" for CB_ARCH_NONE. */
const char *cb_arch_name(enum cb_arch a);
/* Debian's and OCI's: "amd64", "arm64", "riscv64", "loong64". */
const char *cb_arch_debian(enum cb_arch a);
/* As in \EFI\BOOT\BOOTX64.EFI: "X64", "AA64", "RISCV64", "LOONGARCH64". */
const char *cb_arch_efi(enum cb_arch a);
/* PE Machine; 0 for CB_ARCH_NONE. */
uint16_t cb_arch_pe(enum cb_arch a);
enum cb_arch cb_arch_from_pe(uint16_t machine);
/* From ELF's e_machine. */
enum cb_arch cb_arch_from_elf(uint16_t machine);

#endif
