/* uefi/env.h - platform services in firmware: pool memory, ConOut, the CPU's counter, EFI_RNG. */
#ifndef CB_UEFI_ENV_H
#define CB_UEFI_ENV_H

#include "core/arch.h"
#include "core/mem.h"
#include "uefi/uefi.h"

/* Owned by the caller; handed to every platform call as ctx. */
struct cb_uefi {
	efi_handle image;
	struct efi_system_table *st;
	uint64_t ticks_per_second;
};

extern const struct cb_platform cb_uefi_platform;

/* Call once, first. Stops the firmware's five-minute watchdog. */
void cb_uefi_init(struct cb_uefi *u, efi_handle image, struct efi_system_table *st);
/* UTF-8 to ConOut, "\n" as CR LF. */
void cb_uefi_print(struct cb_uefi *u, const char *p, size_t n);
/* The nearest CB_E* code; CB_OK for success and warnings. */
int cb_uefi_error(efi_status s);

/* Of the architecture: a counter that never goes back, and its rate (0: measure it). */
uint64_t cb_uefi_ticks(void);
uint64_t cb_uefi_tick_rate(void);
extern const enum cb_arch cb_uefi_arch;

#endif
