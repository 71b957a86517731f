/* image/efivars.c - the vendors whose variables we handle. */
#include "image/efivars.h"

const struct cb_uuid cb_efi_global = { { 0x8b, 0xe4, 0xdf, 0x61, 0x93, 0xca, 0x11, 0xd2,
					 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c } };
const struct cb_uuid cb_efi_ours = { { 0xc1, 0x0d, 0xdb, 0x07, 0x83, 0xc5, 0x4d, 0x3e,
				       0x9b, 0x76, 0x1f, 0x4c, 0x0e, 0x7a, 0x3b, 0x8e } };

int cb_efivars_find(struct cb_efivars *v, struct cb_str name, struct cb_uuid vendor,
		    uint32_t *ret_attributes, struct cb_buf *ret)
{
	int r = v->ops->get(v, name, vendor, ret_attributes, ret);

	if (r == CB_ENOENT) {
		cb_clear(v->env);
		return 0;
	}
	return r < 0 ? r : 1;
}
