/* image/storevars.c - a variable store as EFI variables like any other. */
#include "image/varstore.h"

#include "core/limits.h"
#include "core/str.h"
#include "core/utf.h"

/* Asked by each()'s function with the very name that it was given, there is nothing to search: listing
 * a store with all values takes time in proportion. */
static int find(struct cb_storevars *v, struct cb_str name, struct cb_uuid vendor, struct cb_variable *ret)
{
	if (v->here == NULL || name.p != v->here_name.p || name.n != v->here_name.n ||
	    !cb_uuid_eq(vendor, v->here->vendor))
		return cb_varstore_get(v->store, name, vendor, ret);
	*ret = *v->here;
	return 0;
}

static int get(struct cb_efivars *v, struct cb_str name, struct cb_uuid vendor, uint32_t *ret_attributes,
	       struct cb_buf *ret)
{
	struct cb_variable var;
	int r = find((struct cb_storevars *)v, name, vendor, &var);

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
	return cb_varstore_set(((struct cb_storevars *)v)->store, name, vendor, attributes, data);
}

static int each(struct cb_efivars *v, int (*fn)(void *ctx, struct cb_str name, struct cb_uuid vendor),
		void *ctx)
{
	struct cb_storevars *sv = (struct cb_storevars *)v;
	struct cb_variable var;
	struct cb_buf name;
	int r = 0;

	cb_buf_init(&name, v->env, CB_MAX_EFIVAR);
	for (size_t cursor = 0; r >= 0 && cb_varstore_next(sv->store, &cursor, &var);) {
		name.n = 0;
		cb_utf16_to_utf8(&name, var.name);
		r = cb_buf_status(&name);
		sv->here = &var;
		sv->here_name = (struct cb_str){ (const char *)name.p, name.n };
		if (r == 0)
			r = fn(ctx, sv->here_name, var.vendor);
	}
	sv->here = NULL;
	cb_buf_fini(&name);
	return r < 0 ? r : 0;
}

static const struct cb_efivars_ops ops = { get, set, each };

void cb_storevars_init(struct cb_storevars *v, struct cb_varstore *store)
{
	*v = (struct cb_storevars){ .vars = { &ops, store->env }, .store = store };
}
