/* image/storevars.c - a variable store as EFI variables like any other. */
#include "image/varstore.h"

#include "core/limits.h"
#include "core/str.h"
#include "core/utf.h"

static struct cb_varstore *store_of(struct cb_efivars *v)
{
	return ((struct cb_storevars *)v)->store;
}

static int get(struct cb_efivars *v, struct cb_str name, struct cb_uuid vendor, uint32_t *ret_attributes,
	       struct cb_buf *ret)
{
	struct cb_variable var;
	int r = cb_varstore_get(store_of(v), name, vendor, &var);

	if (r < 0)
		return r;
	cb_buf_add(ret, var.data.p, var.data.n);
	r = cb_buf_status(ret);
	if (r == 0)
		*ret_attributes = var.attributes;
	return r;
}

static int set(struct cb_efivars *v, struct cb_str name, struct cb_uuid vendor, uint32_t attributes,
	       struct cb_bytes data)
{
	return cb_varstore_set(store_of(v), name, vendor, attributes, data);
}

static int each(struct cb_efivars *v, int (*fn)(void *ctx, struct cb_str name, struct cb_uuid vendor),
		void *ctx)
{
	struct cb_variable var;
	struct cb_buf name;
	int r = 0;

	cb_buf_init(&name, v->env, CB_MAX_EFIVAR);
	for (size_t cursor = 0; r >= 0 && cb_varstore_next(store_of(v), &cursor, &var);) {
		name.n = 0;
		cb_utf16_to_utf8(&name, var.name);
		r = cb_buf_status(&name);
		if (r == 0)
			r = fn(ctx, (struct cb_str){ (const char *)name.p, name.n }, var.vendor);
	}
	cb_buf_fini(&name);
	return r < 0 ? r : 0;
}

static const struct cb_efivars_ops ops = { get, set, each };

void cb_storevars_init(struct cb_storevars *v, struct cb_varstore *store)
{
	*v = (struct cb_storevars){ { &ops, store->env }, store };
}
