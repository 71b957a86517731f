/* boot/target.c - what a candidate is called where it is staged: by its system, not by its kernel. */
#include "boot/chooser_priv.h"

#include "core/str.h"

#define OSREL_MAX (64u << 10)

static int read_osrel(struct cb_volumes *vs, struct cb_volume *v, struct cb_buf *ret)
{
	static const char *const paths[] = { "/etc/os-release", "/usr/lib/os-release" };
	int r = cb_volume_mount(vs, v);

	for (size_t i = 0; r == 0 && i < sizeof(paths) / sizeof(paths[0]); i++) {
		r = cb_look_text(v, cb_str_c(paths[i]), OSREL_MAX, ret);
		if (r == 0 || r == CB_ENOMEM)
			return r;
		cb_clear(vs->env);
		ret->n = 0;
		r = 0;
	}
	if (r < 0 && r != CB_ENOMEM) {
		cb_clear(vs->env);
		r = 0;
	}
	return r;
}

int cb_boot_target_name(struct cb_volumes *vs, const struct cb_candidate *c, struct cb_arena *a,
			struct cb_str *ret)
{
	struct cb_str text, id = { "", 0 }, version = id, name;
	struct cb_buf b;
	int r = 0;

	cb_buf_init(&b, vs->env, OSREL_MAX);
	if (c->root != NULL)
		r = read_osrel(vs, c->root, &b);
	text = (struct cb_str){ (const char *)b.p, b.n };
	if (r == 0 && b.n > 0) {
		id = cb_osrel_get(text, CB_STR("ID"));
		version = cb_osrel_get(text, CB_STR("VERSION_ID"));
	}
	if (id.n == 0)
		name = cb_arena_str(a, c->id.n > 0 ? c->id : CB_STR("target"));
	else
		name = cb_arena_fmt(a, "%.*s%s%.*s", CB_STR_ARG(id), version.n > 0 ? "-" : "",
				    CB_STR_ARG(version));
	cb_buf_fini(&b);
	if (r == 0 && name.p == NULL)
		r = vs->env->diag->code;
	if (r == 0)
		*ret = name;
	return r;
}
