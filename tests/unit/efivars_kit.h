/* tests/unit/efivars_kit.h - EFI variables in memory: counted, and failing on demand. */
#ifndef CB_UNIT_EFIVARS_KIT_H
#define CB_UNIT_EFIVARS_KIT_H

#include "image/efivars.h"
#include "unit/check.h"

#define MEMVARS_N     24u
#define MEMVARS_VALUE 400u

struct memvar {
	struct cb_str name;           /* n 0: free; points into room */
	struct cb_uuid vendor;
	uint32_t attributes;
	size_t n;
	char room[24];
	uint8_t value[MEMVARS_VALUE];
};

struct memvars {
	struct cb_efivars v;
	struct memvar at[MEMVARS_N];
	unsigned gets, sets;          /* sets: those that changed something */
	unsigned fail_set;            /* the Nth set fails; 0: none */
	unsigned fail_get;
	const char *unreadable;       /* this one can't be read: CB_EIO */
};

static struct memvar *memvar_find(struct memvars *m, struct cb_str name, struct cb_uuid vendor)
{
	for (size_t i = 0; i < MEMVARS_N; i++)
		if (m->at[i].name.n > 0 && cb_str_eq(m->at[i].name, name) &&
		    cb_uuid_eq(m->at[i].vendor, vendor))
			return &m->at[i];
	return NULL;
}

static int memvars_get(struct cb_efivars *v, struct cb_str name, struct cb_uuid vendor,
		       uint32_t *ret_attributes, struct cb_buf *ret)
{
	struct memvars *m = (struct memvars *)v;
	struct memvar *var = memvar_find(m, name, vendor);

	m->gets++;
	if (m->fail_get > 0 && --m->fail_get == 0)
		return cb_fail(v->env, CB_ENOMEM, "demanded");
	if (var == NULL)
		return cb_fail(v->env, CB_ENOENT, "no %.*s", CB_STR_ARG(name));
	if (m->unreadable != NULL && cb_str_eq(name, cb_str_c(m->unreadable)))
		return cb_fail(v->env, CB_EIO, "unreadable");
	*ret_attributes = var->attributes;
	cb_buf_add(ret, var->value, var->n);
	return cb_buf_status(ret);
}

static int memvars_set(struct cb_efivars *v, struct cb_str name, struct cb_uuid vendor, uint32_t attributes,
		       struct cb_bytes data)
{
	struct memvars *m = (struct memvars *)v;
	struct memvar *var = memvar_find(m, name, vendor);

	if (m->fail_set > 0 && --m->fail_set == 0)
		return cb_fail(v->env, CB_ELIMIT, "demanded");
	if (data.n == 0) {
		m->sets += var != NULL;
		if (var != NULL)
			var->name.n = 0;
		return 0;
	}
	for (size_t i = 0; var == NULL && i < MEMVARS_N; i++)
		if (m->at[i].name.n == 0)
			var = &m->at[i];
	if (var == NULL || data.n > MEMVARS_VALUE || name.n > sizeof(var->room))
		return cb_fail(v->env, CB_ELIMIT, "full");
	memcpy(var->room, name.p, name.n);
	var->name = (struct cb_str){ var->room, name.n };
	var->vendor = vendor;
	var->attributes = attributes;
	var->n = data.n;
	memcpy(var->value, data.p, data.n);
	m->sets++;
	return 0;
}

static int memvars_each(struct cb_efivars *v, int (*fn)(void *ctx, struct cb_str name, struct cb_uuid vendor),
			void *ctx)
{
	struct memvars *m = (struct memvars *)v;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < MEMVARS_N; i++)
		if (m->at[i].name.n > 0)
			r = fn(ctx, m->at[i].name, m->at[i].vendor);
	return r < 0 ? r : 0;
}

static const struct cb_efivars_ops memvars_ops = { memvars_get, memvars_set, memvars_each };

static void memvars_init(struct memvars *m, struct cb_env *env)
{
	memset(m, 0, sizeof(*m));
	m->v = (struct cb_efivars){ &memvars_ops, env };
}

#endif
