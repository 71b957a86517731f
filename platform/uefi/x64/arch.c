/* uefi/x64/arch.c - which machine this is built for. */
#include "uefi/env.h"

const enum cb_arch cb_uefi_arch = CB_ARCH_X86_64;
