/* boot/rule_path.c - the first rule: the kernel, and maybe initrds, that were asked for by path. */
#include "boot/chooser_priv.h"
#include "core/str.h"

/* path on v, or without "/boot" where v is what is mounted there. */
static int find(struct cb_chooser *ch, struct cb_volume *v, struct cb_str path,
		struct cb_boot_file *ret, struct cb_node *ret_node)
{
	struct cb_str boot = CB_STR("/boot/");
	int r;

	if (path.n > 0 && path.p[0] != '/')
		path = cb_arena_fmt(ch->a, "/%.*s", CB_STR_ARG(path));
	if (path.p == NULL)
		return ch->vs->env->diag->code;
	r = cb_look_boot_file(v, path, ret, ret_node);
	if (!cb_look_absent(r) || !cb_str_starts(path, boot))
		return r;
	return cb_look_boot_file(v, cb_str_sub(path, boot.n - 1, SIZE_MAX), ret, ret_node);
}

int cb_initrds_asked(struct cb_chooser *ch, struct cb_found *f)
{
	const struct cb_boot_request *req = ch->req;
	struct cb_node node;

	f->c.initrds_n = 0;
	f->c.initrds = cb_new(ch->a, struct cb_boot_file, req->initrds_n);
	if (f->c.initrds == NULL)
		return ch->vs->env->diag->code;
	for (size_t i = 0; i < req->initrds_n; i++) {
		int r = find(ch, f->c.kernel.volume, req->initrds[i], &f->c.initrds[i], &node);

		if (r < 0) {
			r = cb_wrap(ch->vs->env, r, "the initrd that was asked for");
			return cb_found_bad(ch, f, r);
		}
		f->c.initrds_n++;
	}
	return 0;
}

int cb_rule_path(struct cb_chooser *ch, struct cb_volume *v)
{
	struct cb_boot_file file;
	struct cb_found *f;
	struct cb_node node;
	struct cb_str dir;
	int r;

	if (ch->req->kernel.n == 0)
		return 0;
	r = find(ch, v, ch->req->kernel, &file, &node);
	if (r < 0)
		return cb_note_unless_absent(ch, v, r);
	r = cb_found_add(ch, "path", v, &f);
	if (r < 0 || f == NULL)
		return r;
	f->node = node;
	f->c.kernel = file;
	dir = cb_str_sub(file.path, 0, cb_str_rchr(file.path, '/'));
	f->c.id = cb_str_sub(file.path, dir.n + 1, SIZE_MAX);
	f->c.reason = CB_STR("asked for by path");
	if (cb_kname_parse(f->c.id, &f->name))
		f->c.version = f->name.version;
	if (ch->req->initrds_n == 0 && f->name.tail.p != NULL)
		r = cb_pair_initrds(ch, f, dir);
	return r == 0 ? cb_check_kernel(ch, f) : r;
}
