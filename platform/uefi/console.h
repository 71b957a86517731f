/* uefi/console.h - ConIn and ConOut as a terminal for menus. The firmware merges its screens, keyboards and
 * serial lines into these two by itself. */
#ifndef CB_UEFI_CONSOLE_H
#define CB_UEFI_CONSOLE_H

#include "ui/term.h"
#include "uefi/env.h"

struct cb_uefi_console {
	struct cb_term term;         /* first */
	struct cb_uefi *u;
};
void cb_uefi_console_init(struct cb_uefi_console *c, struct cb_uefi *u, struct cb_env *env);

#endif
