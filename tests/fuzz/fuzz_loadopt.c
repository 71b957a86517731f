/* tests/fuzz/fuzz_loadopt.c - load options and device paths. A value that parses is written back byte for
 * byte, and its path is the same after a detour through text. First byte odd: the rest is such a text. */
#include "core/limits.h"
#include "core/str.h"
#include "image/bootvars.h"
#include "posix/posix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(struct cb_bytes a, struct cb_bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* path is well-formed, and its end is a plain one. */
static void check_path(struct cb_env *env, struct cb_bytes path)
{
	struct cb_buf text, back;

	cb_buf_init(&text, env, 64 * CB_MAX_EFIVAR);
	cb_buf_init(&back, env, CB_MAX_EFIVAR);
	cb_devpath_print(env, path, &text);
	if (cb_buf_status(&text) < 0 ||
	    cb_devpath_parse(env, (struct cb_str){ (const char *)text.p, text.n }, &back) < 0 ||
	    !same(cb_buf_bytes(&back), path))
		__builtin_trap();
	cb_buf_fini(&text);
	cb_buf_fini(&back);
}

static bool plain_end(struct cb_bytes path)
{
	static const uint8_t end[] = { 0x7f, 0xff, 4, 0 };

	return path.n >= 4 && memcmp(path.p + path.n - 4, end, 4) == 0;
}

static void check_option(struct cb_env *env, struct cb_bytes value)
{
	struct cb_load_option o;
	struct cb_buf again;

	if (cb_load_option_parse(env, value, &o) < 0) {
		if (env->diag->len == 0)
			__builtin_trap();
		return;
	}
	cb_buf_init(&again, env, CB_MAX_EFIVAR);
	if (cb_load_option_write(env, &o, &again) < 0 || !same(cb_buf_bytes(&again), value))
		__builtin_trap();
	cb_buf_fini(&again);
	if (cb_devpath_check(env, o.path) == 0 && plain_end(o.path))
		check_path(env, o.path);
	if (cb_boot_entry_is_ours(env, &o) && o.path.n < 42 + 4 + 4)
		__builtin_trap();
}

static void check_text(struct cb_env *env, struct cb_str text)
{
	struct cb_buf path;

	cb_buf_init(&path, env, CB_MAX_EFIVAR);
	if (cb_devpath_parse(env, text, &path) == 0)
		check_path(env, cb_buf_bytes(&path));
	else if (env->diag->len == 0)
		__builtin_trap();
	cb_buf_fini(&path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_diag diag = { 0 };
	struct cb_env env = { &cb_posix_platform, NULL, CB_LOG_ERR, &diag };

	if (size == 0 || size > 65536)
		return 0;
	if (data[0] % 2 == 1)
		check_text(&env, (struct cb_str){ (const char *)data + 1, size - 1 });
	else
		check_option(&env, (struct cb_bytes){ data + 1, size - 1 });
	return 0;
}
