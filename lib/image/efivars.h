/* image/efivars.h - EFI variables wherever they are kept: efivarfs, a folder that looks like it, an
 * EDK2 store in a file, the firmware itself (UEFI 2.10, 8.2). */
#ifndef CB_IMAGE_EFIVARS_H
#define CB_IMAGE_EFIVARS_H

#include "core/mem.h"
#include "core/uuid.h"

#define CB_VAR_NON_VOLATILE 1u
#define CB_VAR_BOOT_SERVICE 2u
#define CB_VAR_RUNTIME      4u
/* What Boot####, BootOrder and our own variables have. */
#define CB_VAR_USUAL        7u
/* Signed by its owner: not ours to edit. */
#define CB_VAR_AUTH         0x30u

struct cb_efivars {
	const struct cb_efivars_ops *ops;
	struct cb_env *env;
};

/* Names are UTF-8. */
struct cb_efivars_ops {
	/* Append the value to ret. CB_ENOENT: there is no such variable. */
	int (*get)(struct cb_efivars *v, struct cb_str name, struct cb_uuid vendor,
		   uint32_t *ret_attributes, struct cb_buf *ret);
	/* Create or replace in one step, and read back; no data deletes, and deleting what isn't there
	 * succeeds. The old value stays whole until the new one is. CB_ELIMIT: full. CB_EAUTH: locked,
	 * read-only, or signed by its owner. */
	int (*set)(struct cb_efivars *v, struct cb_str name, struct cb_uuid vendor, uint32_t attributes,
		   struct cb_bytes data);
	/* Call fn for each variable, in any order, until it fails; fn must not change variables. */
	int (*each)(struct cb_efivars *v,
		    int (*fn)(void *ctx, struct cb_str name, struct cb_uuid vendor), void *ctx);
};

/* As get(); 1, or 0 when there is no such variable. */
CB_MUST int cb_efivars_find(struct cb_efivars *v, struct cb_str name, struct cb_uuid vendor,
			    uint32_t *ret_attributes, struct cb_buf *ret);

extern const struct cb_uuid cb_efi_global;   /* 8be4df61-93ca-11d2-aa0d-00e098032b8c */
extern const struct cb_uuid cb_efi_ours;     /* c10ddb07-83c5-4d3e-9b76-1f4c0e7a3b8e, SPEC 8.1 */

#endif
