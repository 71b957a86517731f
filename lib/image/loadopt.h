/* image/loadopt.h - EFI_LOAD_OPTION, the value of Boot#### (UEFI 2.10, 3.1.3), and BootOrder. */
#ifndef CB_IMAGE_LOADOPT_H
#define CB_IMAGE_LOADOPT_H

#include "image/devpath.h"

#define CB_LOAD_OPTION_ACTIVE 1u

struct cb_load_option {
	uint32_t attributes;
	struct cb_bytes description;      /* UTF-16LE without its terminator */
	struct cb_bytes path;             /* FilePathList, several device paths may follow one another */
	struct cb_bytes data;             /* optional data */
};

/* Views into value. CB_ECORRUPT names the field; a path whose nodes don't add up is corrupt too. */
CB_MUST int cb_load_option_parse(struct cb_env *env, struct cb_bytes value, struct cb_load_option *ret);
/* Appends the very bytes that parse() took apart. CB_ELIMIT: the path is over 65535 bytes. */
CB_MUST int cb_load_option_write(struct cb_env *env, const struct cb_load_option *o, struct cb_buf *ret);

/* BootOrder without `number`, then with it in front when front is set; the others keep their order.
 * order is the variable's value (an odd last byte is dropped), empty when there is none. */
void cb_boot_order_edit(struct cb_bytes order, uint16_t number, bool front, struct cb_buf *ret);

#endif
