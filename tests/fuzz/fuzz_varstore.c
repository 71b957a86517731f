/* tests/fuzz/fuzz_varstore.c - a store of hostile bytes is opened, listed, edited, opened again.
 *
 * Input: flags, the number of edits, three bytes an edit (name, size, fill), the store's file. Flag 1: the
 * file's headers are made right, so that what follows them is looked at; 2: authenticated ones. */
#include <stdlib.h>

#include "core/fmt.h"
#include "core/str.h"
#include "image/varstore.h"
#include "posix/posix.h"

#define HEADS 100u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mend_headers(uint8_t *p, size_t n, bool authenticated)
{
	static const uint8_t volume[] = { 0x8d, 0x2b, 0xf1, 0xff, 0x96, 0x76, 0x8b, 0x4c,
					  0xa9, 0x85, 0x27, 0x47, 0x07, 0x5b, 0x4f, 0x50 };
	static const uint8_t kinds[2][16] = { { 0x16, 0x36, 0xcf, 0xdd, 0x75, 0x32, 0x64, 0x41,
						0x98, 0xb6, 0xfe, 0x85, 0x70, 0x7f, 0xfe, 0x7d },
					      { 0x78, 0x2c, 0xf3, 0xaa, 0x7b, 0x94, 0x9a, 0x43,
						0xa1, 0x80, 0x2e, 0x14, 0x4e, 0xc3, 0x77, 0x92 } };
	cb_le32 size = cb_put_le32((uint32_t)(n - 72));

	memset(p, 0, HEADS);
	memcpy(p + 16, volume, 16);
	memcpy(p + 40, "_FVH", 4);
	p[48] = 72;
	memcpy(p + 72, kinds[authenticated], 16);
	memcpy(p + 88, &size, 4);
	p[92] = 0x5a;
	p[93] = 0xfe;
}

static uint64_t mix(uint64_t sum, const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		sum = (sum ^ b[i]) * 0x100000001b3;
	return sum;
}

static bool is(const struct cb_variable *v, const char *name)
{
	return v->name.n == 4 && v->name.p[0] == (uint8_t)name[0] && v->name.p[1] == 0 &&
	       v->name.p[2] == (uint8_t)name[1] && v->name.p[3] == 0 && cb_uuid_eq(v->vendor, cb_efi_ours);
}

/* Of all variables but this one, in any order. */
static uint64_t sum_others(const struct cb_varstore *s, const char *name)
{
	struct cb_variable v;
	uint64_t all = 0;

	for (size_t cursor = 0; cb_varstore_next(s, &cursor, &v);)
		if (name == NULL || !is(&v, name)) {
			uint64_t sum = mix(0xcbf29ce484222325, v.name.p, v.name.n);

			sum = mix(mix(sum, &v.vendor, 16), &v.attributes, 4);
			all += mix(sum, v.data.p, v.data.n);
		}
	return all;
}

static void edit(struct cb_varstore *s, const uint8_t *op, unsigned scale)
{
	static uint8_t value[256 * 64], before[65536];
	char name[3];
	struct cb_variable v;
	struct cb_bytes data = { value, (size_t)op[1] * scale };
	uint64_t others;

	(void)cb_fmt(name, sizeof(name), "V%c", 'a' + op[0] % 8); /* fits */
	others = sum_others(s, name);
	memset(value, op[2], data.n);
	memcpy(before, s->p, s->end);

	int r = cb_varstore_set(s, cb_str_c(name), cb_efi_ours, CB_VAR_USUAL, data);

	if (sum_others(s, name) != others)
		__builtin_trap();
	if (r < 0) {
		if ((r != CB_ELIMIT && r != CB_EAUTH && !s->interrupted) || memcmp(before, s->p, s->end) != 0)
			__builtin_trap();
		return;
	}
	r = cb_varstore_get(s, cb_str_c(name), cb_efi_ours, &v);
	if (data.n == 0 ? r != CB_ENOENT :
			  r < 0 || v.data.n != data.n || memcmp(v.data.p, value, data.n) != 0)
		__builtin_trap();
}

static void use(struct cb_env *env, uint8_t *p, size_t n, const uint8_t *ops, size_t ops_n, uint8_t flags)
{
	struct cb_varstore s, again;
	size_t used, size;

	if (cb_varstore_open(env, p, n, &s) < 0) {
		if (env->diag->len == 0)
			__builtin_trap();
		return;
	}
	for (size_t i = 0; i < ops_n; i++)
		edit(&s, ops + 3 * i, 1u + flags / 4);
	cb_varstore_usage(&s, &used, &size);
	if (used > size || cb_varstore_open(env, p, n, &again) < 0 || again.used != s.used ||
	    sum_others(&again, NULL) != sum_others(&s, NULL))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_diag diag = { 0 };
	struct cb_env env = { &cb_posix_platform, NULL, CB_LOG_ERR, &diag };
	size_t ops_n = size > 1 ? data[1] % 33 : 0, head = 2 + 3 * ops_n, n = size - head;
	uint8_t *p;

	if (size < head || n > 65536 || n == 0)
		return 0;
	p = malloc(n);
	if (p == NULL)
		return 0;
	memcpy(p, data + head, n);
	if ((data[0] & 1) != 0 && n >= HEADS)
		mend_headers(p, n, (data[0] & 2) != 0);
	use(&env, p, n, data + 2, ops_n, data[0]);
	free(p);
	return 0;
}
