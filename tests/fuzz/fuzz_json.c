/* fuzz_json - any bytes as a JSON document; everything in it is visited and written again, and what
 * was written parses to the same number of values. Also the text forms: hex, base64, cpio. */
#include "codec/base64.h"
#include "codec/cpio.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "codec/json_write.h"
#include "core/limits.h"
#include "posix/posix.h"
#include "sim/sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void scalar(const struct cb_jval *v, struct cb_json *w, const char *key)
{
	struct cb_str s = { NULL, 0 };
	uint64_t u = 0;
	bool b = false;

	if (cb_jval_u64(v, &u))
		cb_json_u64(w, key, u);
	else if (cb_jval_bool(v, &b))
		cb_json_bool(w, key, b);
	else if (cb_jval_str(v, &s) || cb_jval_number(v, &s))
		cb_json_str(w, key, s);
	else
		cb_json_str(w, key, (struct cb_str){ NULL, 0 });
}

/* Every value, by an explicit stack as deep as a document may be. */
static unsigned visit(const struct cb_jval *root, struct cb_buf *out)
{
	struct cb_jiter stack[CB_MAX_JSON_DEPTH + 1];
	struct cb_json w = { out, false };
	const struct cb_jval *v = root;
	struct cb_str name;
	unsigned depth = 0, count = 0;

	for (;;) {
		enum cb_jtype type = cb_jval_type(v);

		count++;
		if (type == CB_J_ARRAY || type == CB_J_OBJECT) {
			cb_json_open(&w, depth > 0 && stack[depth - 1].object ? "k" : NULL,
				     type == CB_J_ARRAY ? '[' : '{');
			stack[depth++] = cb_jval_iter(v);
		} else {
			scalar(v, &w, depth > 0 && stack[depth - 1].object ? "k" : NULL);
		}
		while (depth > 0 && !cb_jiter_next(&stack[depth - 1], &name, &v))
			cb_json_close(&w, stack[--depth].object ? '}' : ']');
		if (depth == 0)
			return count;
	}
}

static void json(struct cb_env *env, struct cb_bytes in)
{
	struct cb_jdoc *d;
	struct cb_buf out, again;

	if (cb_jdoc_parse(env, in, &d) < 0)
		return;
	cb_buf_init(&out, env, in.n * 8 + 64);
	cb_buf_init(&again, env, in.n * 8 + 64);

	unsigned n = visit(cb_jdoc_root(d), &out);

	cb_jdoc_free(d);
	if (cb_buf_status(&out) < 0 || cb_jdoc_parse(env, cb_buf_bytes(&out), &d) < 0)
		__builtin_trap();
	if (visit(cb_jdoc_root(d), &again) != n || again.n != out.n || memcmp(again.p, out.p, out.n) != 0)
		__builtin_trap();
	cb_jdoc_free(d);
	cb_buf_fini(&out);
	cb_buf_fini(&again);
}

static void texts(struct cb_env *env, struct cb_bytes in)
{
	struct cb_str s = { (const char *)in.p, in.n };
	struct cb_cpio_entry e;
	struct cb_buf raw, text;
	uint8_t digest[32];
	char hex[65];
	size_t off = 0, before = 0;

	cb_buf_init(&raw, env, in.n + 1);
	cb_buf_init(&text, env, in.n * 2 + 4);
	if (cb_base64_parse(env, CB_BASE64_STD, s, &raw) == 0) {
		size_t n = raw.n;

		cb_base64_add(&text, CB_BASE64_STD, cb_buf_bytes(&raw));
		raw.n = 0;
		s = (struct cb_str){ (const char *)text.p, text.n };
		if (cb_base64_parse(env, CB_BASE64_STD, s, &raw) < 0 || raw.n != n)
			__builtin_trap();
		s = (struct cb_str){ (const char *)in.p, in.n };
	}
	cb_buf_fini(&raw);
	cb_buf_fini(&text);
	if (cb_hex_parse(s, digest, sizeof(digest)))
		cb_hex(hex, digest, sizeof(digest));
	for (; cb_cpio_read(env, in, &off, &e) == 1; before = off)
		if (off <= before || e.name.n >= CB_MAX_PATH)
			__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct cb_bytes in = { p, n };
	struct cb_sim sim;

	cb_sim_init(&sim, &cb_posix_platform, NULL);
	json(&sim.env, in);
	texts(&sim.env, in);
	if (sim.live != 0)
		__builtin_trap();             /* leaked */
	return 0;
}
