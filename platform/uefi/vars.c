/* uefi/vars.c - GetVariable, SetVariable, GetNextVariableName. */
#include "uefi/vars.h"

#include "core/str.h"
#include "core/utf.h"

#define NAME_UNITS 512u           /* the longest name that is taken, its end included */
#define VARS_MAX   4096u          /* a firmware that never says "not found" must not hold us */

/* UCS-2 with its end. */
static int name16(struct cb_env *env, struct cb_str name, efi_char16 ret[NAME_UNITS])
{
	struct cb_buf wide;
	int r;

	cb_buf_init(&wide, env, (NAME_UNITS - 1) * sizeof(*ret));
	cb_utf8_to_utf16(&wide, name);
	r = cb_buf_status(&wide);
	if (r == 0) {
		memset(ret, 0, NAME_UNITS * sizeof(*ret));
		memcpy(ret, wide.p, wide.n);
	}
	cb_buf_fini(&wide);
	return r;
}

static int failed(struct cb_env *env, struct cb_str name, const char *what, efi_status s)
{
	int r = s == EFI_NOT_FOUND                                        ? CB_ENOENT
		: s == EFI_OUT_OF_RESOURCES                               ? CB_ELIMIT
		: s == EFI_WRITE_PROTECTED || s == EFI_SECURITY_VIOLATION ? CB_EAUTH
									  : cb_uefi_error(s);

	return cb_fail(env, r, "%s %.*s: EFI status %llu", what, CB_STR_ARG(name),
		       (unsigned long long)(s & ~EFI_ERROR_BIT));
}

static struct efi_guid guid_of(struct cb_uuid u)
{
	uint8_t bytes[16];
	struct efi_guid g;

	_Static_assert(sizeof(g) == sizeof(bytes), "no padding");
	cb_uuid_to_guid(u, bytes);
	memcpy(&g, bytes, sizeof(g)); /* PE targets are little-endian */
	return g;
}

static int get(struct cb_efivars *v, struct cb_str name, struct cb_uuid vendor,
	       uint32_t *ret_attributes, struct cb_buf *ret)
{
	struct efi_runtime_services *rt = ((struct cb_uefi_vars *)v)->u->st->rt;
	struct efi_guid guid = guid_of(vendor);
	efi_char16 wide[NAME_UNITS];
	uint32_t attributes = 0;
	size_t n = 0;
	efi_status s;
	void *to;
	int r = name16(v->env, name, wide);

	if (r < 0)
		return r;
	s = rt->get_variable(wide, &guid, &attributes, &n, NULL);
	if (s != EFI_BUFFER_TOO_SMALL)
		return failed(v->env, name, "reading", s);
	to = cb_buf_reserve(ret, n);
	if (to == NULL)
		return cb_buf_status(ret);
	s = rt->get_variable(wide, &guid, &attributes, &n, to);
	if (EFI_IS_ERROR(s))
		return failed(v->env, name, "reading", s);
	cb_buf_commit(ret, n);
	*ret_attributes = attributes;
	return 0;
}

static int set(struct cb_efivars *v, struct cb_str name, struct cb_uuid vendor, uint32_t attributes,
	       struct cb_bytes data)
{
	struct efi_runtime_services *rt = ((struct cb_uefi_vars *)v)->u->st->rt;
	struct efi_guid guid = guid_of(vendor);
	efi_char16 wide[NAME_UNITS];
	efi_status s;
	int r = name16(v->env, name, wide);

	if (r < 0)
		return r;
	s = rt->set_variable(wide, &guid, data.n > 0 ? attributes : 0, data.n, data.p);
	if (EFI_IS_ERROR(s) && !(s == EFI_NOT_FOUND && data.n == 0))
		return failed(v->env, name, "writing", s);
	return 0;
}

static int each(struct cb_efivars *v,
		int (*fn)(void *ctx, struct cb_str name, struct cb_uuid vendor), void *ctx)
{
	struct efi_runtime_services *rt = ((struct cb_uefi_vars *)v)->u->st->rt;
	efi_char16 wide[NAME_UNITS] = { 0 };
	struct efi_guid guid = { 0 };
	uint8_t bytes[16];
	struct cb_buf name;
	int r = 0;

	cb_buf_init(&name, v->env, 4 * NAME_UNITS);
	for (unsigned i = 0; i < VARS_MAX && r == 0; i++) {
		size_t n = sizeof(wide);

		if (EFI_IS_ERROR(rt->get_next_variable_name(&n, wide, &guid)))
			break; /* EFI_NOT_FOUND ends the list; a longer name than we take does too */
		name.n = 0;
		cb_utf16_to_utf8(&name, (struct cb_bytes){ (const uint8_t *)wide, sizeof(wide) });
		r = cb_buf_status(&name);
		memcpy(bytes, &guid, sizeof(bytes));
		if (r == 0)
			r = fn(ctx, (struct cb_str){ (const char *)name.p, name.n },
			       cb_uuid_from_guid(bytes));
	}
	cb_buf_fini(&name);
	return r;
}

static const struct cb_efivars_ops ops = { .get = get, .set = set, .each = each };

void cb_uefi_vars_init(struct cb_uefi_vars *v, struct cb_uefi *u, struct cb_env *env)
{
	*v = (struct cb_uefi_vars){ { &ops, env }, u };
}
