/* image/eficonsole.h - which consoles Linux should use, from where the firmware shows its own. */
#ifndef CB_IMAGE_EFICONSOLE_H
#define CB_IMAGE_EFICONSOLE_H

#include "core/arch.h"
#include "image/devpath.h"

/* The values of console= for the device paths in ConOut (UEFI 2.10, 3.3), parted by blanks: a screen first,
 * the serial lines behind it, so that the last serial line is /dev/console. Nothing where Linux finds its
 * console by itself (SPCR on arm64), or when ConOut has nothing that it would know. */
void cb_efi_consoles(struct cb_env *env, struct cb_bytes con_out, enum cb_arch arch, struct cb_buf *ret);

#endif
