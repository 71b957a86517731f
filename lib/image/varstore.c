/* image/varstore.c - EDK2's variable store. */
#include "image/varstore.h"

#include "core/limits.h"
#include "core/str.h"
#include "core/utf.h"
#include "image/varstore_priv.h"

struct volume {
	uint8_t zero[16], type[16];
	cb_le64 size;
	uint8_t magic[4];             /* "_FVH" */
	cb_le32 attributes;
	cb_le16 header_size, checksum, ext_header;
	uint8_t reserved, revision;
};
_Static_assert(sizeof(struct volume) == 56, "EFI_FIRMWARE_VOLUME_HEADER before its block map");

struct store {
	uint8_t type[16];
	cb_le32 size;                 /* from this header's first byte */
	uint8_t format, state, reserved[6];
};
_Static_assert(sizeof(struct store) == 28, "VARIABLE_STORE_HEADER");

struct plain {
	cb_le16 start;
	uint8_t state, reserved;
	cb_le32 attributes, name_size, data_size;
	uint8_t vendor[16];
};
_Static_assert(sizeof(struct plain) == 32, "VARIABLE_HEADER");

struct authenticated {
	cb_le16 start;
	uint8_t state, reserved;
	cb_le32 attributes;
	cb_le64 count;
	uint8_t time[16];
	cb_le32 key, name_size, data_size;
	uint8_t vendor[16];
};
_Static_assert(sizeof(struct authenticated) == 60, "AUTHENTICATED_VARIABLE_HEADER");

/* fff12b8d-7696-4c8b-a985-2747075b4f50, ddcf3616-3275-4164-98b6-fe85707ffe7d,
 * aaf32c78-947b-439a-a180-2e144ec37792 */
static const uint8_t volume_type[16] = { 0x8d, 0x2b, 0xf1, 0xff, 0x96, 0x76, 0x8b, 0x4c,
					 0xa9, 0x85, 0x27, 0x47, 0x07, 0x5b, 0x4f, 0x50 };
static const uint8_t plain_type[16] = { 0x16, 0x36, 0xcf, 0xdd, 0x75, 0x32, 0x64, 0x41,
					0x98, 0xb6, 0xfe, 0x85, 0x70, 0x7f, 0xfe, 0x7d };
static const uint8_t auth_type[16] = { 0x78, 0x2c, 0xf3, 0xaa, 0x7b, 0x94, 0x9a, 0x43,
				       0xa1, 0x80, 0x2e, 0x14, 0x4e, 0xc3, 0x77, 0x92 };

/* Flash is erased to ones; a state is written by clearing bits, and so survives a power cut. */
enum {
	START = 0x55aa, FORMATTED = 0x5a, HEALTHY = 0xfe, ERASED = 0xff,
	STATE_ADDED = 0x3f, STATE_LEAVING = 0x3e, CLEAR_DELETED = 0xfd,
};
#define ALIGN 4u

struct shape {
	uint8_t state;
	uint32_t attributes, name_size, data_size;
	const uint8_t *vendor;
};

static size_t header_size(const struct cb_varstore *s)
{
	return s->authenticated ? sizeof(struct authenticated) : sizeof(struct plain);
}

/* False at the end of what was ever written. */
static bool look(const struct cb_varstore *s, size_t at, struct shape *ret)
{
	struct cb_bytes all = { s->p, s->end };
	const struct authenticated *a = cb_view(struct authenticated, all, at);
	const struct plain *p = cb_view(struct plain, all, at);

	if (p == NULL || cb_get_le16(p->start) != START)
		return false;
	if (!s->authenticated) {
		*ret = (struct shape){ p->state, cb_get_le32(p->attributes), cb_get_le32(p->name_size),
				       cb_get_le32(p->data_size), p->vendor };
		return true;
	}
	if (a == NULL)
		return false;
	*ret = (struct shape){ a->state, cb_get_le32(a->attributes), cb_get_le32(a->name_size),
			       cb_get_le32(a->data_size), a->vendor };
	return true;
}

/* Bytes of the whole variable, padding included; 0 when they don't fit. A header whose sizes were
 * never written (all ones) takes only itself. */
static size_t extent(const struct cb_varstore *s, size_t at, const struct shape *v)
{
	uint64_t n = header_size(s);

	if (v->name_size != UINT32_MAX && v->data_size != UINT32_MAX)
		n += (uint64_t)v->name_size + v->data_size;
	n = (n + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
	return cb_in_range(at, n, s->end) ? (size_t)n : 0;
}

/* A variable that is leaving is compared with all others: their number is what bounds our time. */
static int check_variables(struct cb_varstore *s)
{
	struct shape v;
	unsigned leaving = 0;

	s->used = s->first;
	while (look(s, s->used, &v)) {
		size_t n = extent(s, s->used, &v);

		leaving += v.state == STATE_LEAVING;
		if (leaving > CB_MAX_VARSTORE_LEAVING)
			return cb_fail(s->env, CB_ECORRUPT,
				       "variable store: more than %u variables are half replaced",
				       CB_MAX_VARSTORE_LEAVING);

		if (n == 0)
			return cb_fail(s->env, CB_ECORRUPT,
				       "variable store: name of %u, data of %u bytes at %zu, the end is %zu",
				       v.name_size, v.data_size, s->used, s->end);
		s->used += n;
	}
	return 0;
}

/* AAVMF_VARS.fd is delivered as zeros, flash as ones. */
static bool is_blank(struct cb_bytes all)
{
	size_t n = all.n < sizeof(struct volume) ? all.n : sizeof(struct volume);
	size_t i = 1;

	while (i < n && all.p[i] == all.p[0])
		i++;
	return n > 0 && i == n && (all.p[0] == 0 || all.p[0] == ERASED);
}

int cb_varstore_open(struct cb_env *env, uint8_t *p, size_t n, struct cb_varstore *ret)
{
	struct cb_varstore s = { .env = env, .p = p };
	struct cb_bytes all = { p, n };
	const struct volume *fv = cb_view(struct volume, all, 0);

	if (is_blank(all))
		return cb_fail(env, CB_ENOENT,
			       "a blank variable store: the firmware has not formatted it yet");
	if (fv == NULL || memcmp(fv->magic, "_FVH", 4) != 0 || memcmp(fv->type, volume_type, 16) != 0)
		return cb_fail(env, CB_ENOTMINE, "not a UEFI variable store");

	size_t at = cb_get_le16(fv->header_size);
	const struct store *st = cb_view(struct store, all, at);

	if (st == NULL)
		return cb_fail(env, CB_ECORRUPT, "variable store: header at %zu, the file has %zu bytes", at,
			       n);
	s.authenticated = memcmp(st->type, auth_type, 16) == 0;
	if (!s.authenticated && memcmp(st->type, plain_type, 16) != 0)
		return cb_fail(env, CB_EUNSUP, "variable store: neither plain nor authenticated format");
	if (st->format != FORMATTED || st->state != HEALTHY)
		return cb_fail(env, CB_ECORRUPT,
			       "variable store: format 0x%02x state 0x%02x, not 0x5a and 0xfe", st->format,
			       st->state);

	size_t size = cb_get_le32(st->size);

	if (size > CB_MAX_VARSTORE)
		return cb_fail(env, CB_ELIMIT, "variable store: %zu bytes, %u are the most", size,
			       CB_MAX_VARSTORE);
	if (size < sizeof(*st) || !cb_in_range(at, size, n))
		return cb_fail(env, CB_ECORRUPT, "variable store: %zu bytes at %zu, the file has %zu", size,
			       at, n);
	s.end = at + size;
	s.interrupted = cb_varstore_is_interrupted(all, s.end);
	s.first = (at + sizeof(*st) + ALIGN - 1) & ~(size_t)(ALIGN - 1);

	int r = check_variables(&s);

	if (r < 0)
		return r;
	*ret = s;
	return 0;
}

/* The name without its terminator, or all of it when there is none. */
static struct cb_bytes name_at(const struct cb_varstore *s, size_t at, const struct shape *v)
{
	struct cb_bytes name = { s->p + at + header_size(s), v->name_size };

	if (name.n >= 2 && name.p[name.n - 1] == 0 && name.p[name.n - 2] == 0)
		name.n -= 2;
	return name;
}

static bool live(const struct shape *v)
{
	return (v->state == STATE_ADDED || v->state == STATE_LEAVING) && v->name_size != UINT32_MAX &&
	       v->data_size != UINT32_MAX;
}

static struct cb_variable view(const struct cb_varstore *s, size_t at, const struct shape *v)
{
	return (struct cb_variable){
		.name = name_at(s, at, v), .vendor = cb_uuid_from_guid(v->vendor),
		.attributes = v->attributes, .at = at,
		.data = { s->p + at + header_size(s) + v->name_size, v->data_size },
	};
}

static bool same(const struct cb_variable *a, const struct cb_variable *b)
{
	return a->name.n == b->name.n && cb_uuid_eq(a->vendor, b->vendor) &&
	       (a->name.n == 0 || memcmp(a->name.p, b->name.p, a->name.n) == 0);
}

/* A variable on its way out counts only when its replacement was not finished; of several, the first. */
static bool replaced(const struct cb_varstore *s, const struct cb_variable *leaving)
{
	struct shape v;

	for (size_t at = s->first; look(s, at, &v); at += extent(s, at, &v)) {
		struct cb_variable other;

		if (!live(&v) || (v.state == STATE_LEAVING && at >= leaving->at))
			continue;
		other = view(s, at, &v);
		if (same(&other, leaving))
			return true;
	}
	return false;
}

bool cb_varstore_next(const struct cb_varstore *s, size_t *cursor, struct cb_variable *ret)
{
	size_t at = *cursor < s->first ? s->first : *cursor;
	struct shape v;

	for (; look(s, at, &v); at += extent(s, at, &v)) {
		if (!live(&v))
			continue;

		struct cb_variable var = view(s, at, &v);

		if (v.state == STATE_LEAVING && replaced(s, &var))
			continue;
		*ret = var;
		*cursor = at + extent(s, at, &v);
		return true;
	}
	*cursor = at;
	return false;
}

static bool find(const struct cb_varstore *s, struct cb_bytes name, struct cb_uuid vendor,
		 struct cb_variable *ret)
{
	struct cb_variable want = { .name = name, .vendor = vendor };

	for (size_t cursor = 0; cb_varstore_next(s, &cursor, ret);)
		if (same(ret, &want))
			return true;
	return false;
}

int cb_varstore_get(const struct cb_varstore *s, struct cb_str name, struct cb_uuid vendor,
		    struct cb_variable *ret)
{
	struct cb_buf wide;
	struct cb_variable v;

	cb_buf_init(&wide, s->env, 4096);
	cb_utf8_to_utf16(&wide, name);

	int r = cb_buf_status(&wide);

	if (r == 0 && !find(s, cb_buf_bytes(&wide), vendor, &v))
		r = cb_fail(s->env, CB_ENOENT, "no variable %.*s", CB_STR_ARG(name));
	cb_buf_fini(&wide);
	if (r == 0)
		*ret = v;
	return r;
}

static void kill(struct cb_varstore *s, size_t at)
{
	s->p[at + offsetof(struct plain, state)] &= CLEAR_DELETED;
}

void cb_varstore_usage(const struct cb_varstore *s, size_t *ret_used, size_t *ret_size)
{
	struct cb_variable v;
	struct shape shape;

	*ret_used = 0;
	*ret_size = s->end - s->first;
	for (size_t cursor = 0; cb_varstore_next(s, &cursor, &v);)
		if (look(s, v.at, &shape))
			*ret_used += extent(s, v.at, &shape);
}

/* Decide every variable that was on its way out: gone, or the one that counts. */
static void settle(struct cb_varstore *s)
{
	struct shape v;

	for (size_t at = s->first; look(s, at, &v); at += extent(s, at, &v)) {
		if (v.state != STATE_LEAVING || !live(&v))
			continue;

		struct cb_variable var = view(s, at, &v);

		if (replaced(s, &var))
			kill(s, at);
		else
			s->p[at + offsetof(struct plain, state)] = STATE_ADDED;
	}
}

/* Move live variables down over the dead ones; the rest becomes erased flash. */
static void reclaim(struct cb_varstore *s)
{
	struct cb_variable v;
	struct shape shape;
	size_t to = s->first;

	settle(s);
	for (size_t cursor = 0; cb_varstore_next(s, &cursor, &v);) {
		size_t n = look(s, v.at, &shape) ? extent(s, v.at, &shape) : 0;

		memmove(s->p + to, s->p + v.at, n);
		to += n;
	}
	memset(s->p + to, ERASED, s->end - to);
	s->used = to;
}

/* The size a new variable takes. */
static size_t need(const struct cb_varstore *s, size_t name_size, size_t data_size)
{
	return (header_size(s) + name_size + data_size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

/* name has its terminator. There is room. */
static void append(struct cb_varstore *s, struct cb_bytes name, struct cb_uuid vendor,
		   uint32_t attributes, struct cb_bytes data)
{
	struct authenticated a = { .start = cb_put_le16(START), .state = STATE_ADDED,
				   .attributes = cb_put_le32(attributes),
				   .name_size = cb_put_le32((uint32_t)name.n),
				   .data_size = cb_put_le32((uint32_t)data.n) };
	struct plain p = { .start = a.start, .state = a.state, .attributes = a.attributes,
			   .name_size = a.name_size, .data_size = a.data_size };
	uint8_t *to = s->p + s->used;
	size_t n = need(s, name.n, data.n);

	cb_uuid_to_guid(vendor, a.vendor);
	cb_uuid_to_guid(vendor, p.vendor);
	/* What was behind the last variable must not follow this one. */
	memset(to, ERASED, s->end - s->used);
	memcpy(to, s->authenticated ? (const void *)&a : (const void *)&p, header_size(s));
	memcpy(to + header_size(s), name.p, name.n);
	memcpy(to + header_size(s) + name.n, data.p, data.n);
	s->used += n;
}

/* What counts as this variable, and what would count if that went: all but the one at `except`. */
static void kill_same(struct cb_varstore *s, const struct cb_variable *want, size_t except)
{
	struct shape v;

	for (size_t at = s->first; look(s, at, &v); at += extent(s, at, &v)) {
		struct cb_variable var;

		if (at == except || !live(&v))
			continue;
		var = view(s, at, &v);
		if (same(&var, want))
			kill(s, at);
	}
}

/* Bytes of the live variables but this one. */
static size_t used_by_others(const struct cb_varstore *s, const struct cb_variable *want)
{
	struct cb_variable var;
	struct shape v;
	size_t n = 0;

	for (size_t cursor = 0; cb_varstore_next(s, &cursor, &var);)
		if (!same(&var, want) && look(s, var.at, &v))
			n += extent(s, var.at, &v);
	return n;
}

/* name has its terminator. */
static int replace(struct cb_varstore *s, struct cb_bytes name, struct cb_uuid vendor,
		   uint32_t attributes, struct cb_bytes data)
{
	const struct cb_variable want = { .name = { name.p, name.n - 2 }, .vendor = vendor };
	size_t n = need(s, name.n, data.n), free = s->end - s->first - used_by_others(s, &want);
	struct cb_variable old;

	if (find(s, want.name, vendor, &old) && (old.attributes & CB_VAR_AUTH) != 0)
		return cb_fail(s->env, CB_EAUTH, "the variable is signed by its owner (attributes 0x%x)",
			       old.attributes);
	if (data.n == 0) {
		kill_same(s, &want, SIZE_MAX);
		return 0;
	}
	if (n > free)
		return cb_fail(s->env, CB_ELIMIT, "variable store full: %zu bytes wanted, %zu of %zu free", n,
			       free, s->end - s->first);
	if (n > s->end - s->used) {
		/* Offline there is no power cut to survive: the old value may go first. */
		kill_same(s, &want, SIZE_MAX);
		reclaim(s);
	}

	size_t at = s->used;

	append(s, name, vendor, attributes, data);
	kill_same(s, &want, at);
	return 0;
}

int cb_varstore_set(struct cb_varstore *s, struct cb_str name, struct cb_uuid vendor,
		    uint32_t attributes, struct cb_bytes data)
{
	static const uint8_t nul[2];
	struct cb_buf wide;

	if (name.n == 0 || data.n > UINT32_MAX / 2)
		return cb_fail(s->env, CB_EINVAL, "variable name of %zu bytes, data of %zu", name.n,
			       data.n);
	if (s->interrupted)
		return cb_fail(s->env, CB_EUNSUP,
			       "setting %.*s: the firmware was stopped while it rewrote this store, and will "
			       "do that first; start its machine once", CB_STR_ARG(name));
	cb_buf_init(&wide, s->env, 4096);
	cb_utf8_to_utf16(&wide, name);
	cb_buf_add(&wide, nul, sizeof(nul));

	int r = cb_buf_status(&wide);

	if (r == 0)
		r = replace(s, cb_buf_bytes(&wide), vendor, attributes, data);
	cb_buf_fini(&wide);
	return r < 0 ? cb_wrap(s->env, r, "setting %.*s", CB_STR_ARG(name)) : 0;
}
