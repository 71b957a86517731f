/* image/varstore.h - EDK2's variable store in a flash image (OVMF_VARS.fd, AAVMF_VARS.fd, vfkit's
 * nvram.fd): list, set and delete variables while no firmware runs.
 *
 * A firmware volume whose body is a variable store: headers with or without authentication fields,
 * one after another, each followed by name and data (EDK2, MdeModulePkg/VariableFormat.h). */
#ifndef CB_IMAGE_VARSTORE_H
#define CB_IMAGE_VARSTORE_H

#include "image/efivars.h"

struct cb_varstore {
	struct cb_env *env;
	uint8_t *p;               /* the whole file, borrowed, edited in place */
	size_t first, end;        /* of the variables, bytes in p */
	size_t used;              /* where the next one goes */
	bool authenticated;       /* 60-byte headers */
	bool interrupted;         /* the firmware will first finish a rewrite of its own: set() refuses */
};

/* Views into the store, until the next set(). */
struct cb_variable {
	struct cb_bytes name;     /* UTF-16LE without terminator */
	struct cb_uuid vendor;
	uint32_t attributes;
	struct cb_bytes data;
	size_t at;                /* of its header */
};

/* Find and check the store in the n bytes at p. CB_ENOTMINE: no variable store here.
 * CB_ENOENT: the firmware would make one here when it starts. */
CB_MUST int cb_varstore_open(struct cb_env *env, uint8_t *p, size_t n, struct cb_varstore *ret);
/* The next live variable at or after *cursor (0 to begin); false after the last. */
bool cb_varstore_next(const struct cb_varstore *s, size_t *cursor, struct cb_variable *ret);
/* CB_ENOENT when there is no such variable. */
CB_MUST int cb_varstore_get(const struct cb_varstore *s, struct cb_str name, struct cb_uuid vendor,
			    struct cb_variable *ret);
/* Create or replace; no data deletes (deleting what isn't there succeeds). The old value stays whole
 * until the new one is. Dead variables are cleared out when there is no room. CB_ELIMIT: full all the
 * same, nothing changed. CB_EAUTH: signed by its owner. CB_EUNSUP: interrupted. data may not lie
 * within the store. */
CB_MUST int cb_varstore_set(struct cb_varstore *s, struct cb_str name, struct cb_uuid vendor,
			    uint32_t attributes, struct cb_bytes data);
/* Bytes that live variables take, and that there are. */
void cb_varstore_usage(const struct cb_varstore *s, size_t *ret_used, size_t *ret_size);

/* The store as struct cb_efivars: what is set is in the bytes at once. The store stays the caller's. */
struct cb_storevars {
	struct cb_efivars vars;
	struct cb_varstore *store;
	const struct cb_variable *here; /* where each() is, and what it calls it; NULL: nowhere */
	struct cb_str here_name;
};
void cb_storevars_init(struct cb_storevars *v, struct cb_varstore *store);

#endif
