/* uefi/env.h - platform services in firmware: pool memory, ConOut, the CPU's counter, EFI_RNG or the CPU's own
 * generator, the clock. */
#ifndef CB_UEFI_ENV_H
#define CB_UEFI_ENV_H

#include "core/arch.h"
#include "core/mem.h"
#include "uefi/uefi.h"

#define CB_UEFI_LOG 6144u            /* fits a variable of every firmware that we know: 8 KiB on AAVMF */

/* Owned by the caller; handed to every platform call as ctx. */
struct cb_uefi {
	efi_handle image;
	struct efi_system_table *st;
	uint64_t ticks_per_second;
	uint64_t memory;             /* bytes that are allocated now */
	uint64_t log_n;              /* bytes of all lines so far; the last CB_UEFI_LOG of them are kept */
	char log[CB_UEFI_LOG];
};

extern const struct cb_platform cb_uefi_platform;

/* Call once, first. Stops the firmware's five-minute watchdog. */
void cb_uefi_init(struct cb_uefi *u, efi_handle image, struct efi_system_table *st);
/* UTF-8 to ConOut, "\n" as CR LF. */
void cb_uefi_print(struct cb_uefi *u, const char *p, size_t n);
/* The last whole lines that were logged, whoever read the screen or not. */
void cb_uefi_log_lines(const struct cb_uefi *u, struct cb_buf *ret);
/* What the machine's clock says, in seconds since 1970; CB_UEFI_NO_TIME: it has none, or one that makes no sense. */
#define CB_UEFI_NO_TIME INT64_MIN
int64_t cb_uefi_time(struct cb_uefi *u);
/* The nearest CB_E* code; CB_OK for success and warnings. */
int cb_uefi_error(efi_status s);

/* Of the architecture: 8 bytes from the processor's generator; false: it has none, or it gives none. */
bool cb_uefi_cpu_random(uint64_t *ret);
/* Of the architecture: a counter that never goes back, and its rate (0: measure it). */
uint64_t cb_uefi_ticks(void);
uint64_t cb_uefi_tick_rate(void);
extern const enum cb_arch cb_uefi_arch;

#endif
