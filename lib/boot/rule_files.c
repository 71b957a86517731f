/* boot/rule_files.c - the last rule: kernel files by their names, in /boot, then in /. */
#include "boot/chooser_priv.h"
#include "core/str.h"

static const char *const dirs[] = { "/boot", "/" };

static bool is_kernel(struct cb_str name, enum cb_ftype type)
{
	struct cb_kname k;

	return type != CB_FT_DIR && type != CB_FT_OTHER && cb_kname_parse(name, &k);
}

static int better(struct cb_str a, struct cb_str b)
{
	struct cb_kname x, y;
	int r = cb_kname_parse(a, &x) && cb_kname_parse(b, &y) ? cb_kname_cmp(&x, &y) : 0;

	return r != 0 ? r : cb_str_cmp(a, b);
}

static struct cb_str join(struct cb_arena *a, struct cb_str dir, struct cb_str name)
{
	return cb_arena_fmt(a, "%.*s%s%.*s", CB_STR_ARG(dir),
			    cb_str_ends(dir, CB_STR("/")) ? "" : "/", CB_STR_ARG(name));
}

int cb_pair_initrds(struct cb_chooser *ch, struct cb_found *f, struct cb_str dir)
{
	struct cb_volume *v = f->c.kernel.volume;
	struct cb_boot_file file;
	struct cb_node node;
	struct cb_str name;

	for (unsigned i = 0; cb_kname_initrd(ch->a, &f->name, i, &name); i++) {
		struct cb_str path = name.p != NULL ? join(ch->a, dir, name) : name;

		if (path.p == NULL)
			return ch->vs->env->diag->code;

		int r = cb_look_boot_file(v, path, &file, &node);

		if (cb_look_absent(r)) {
			cb_clear(ch->vs->env);
			continue;
		}
		if (r < 0)
			return cb_found_bad(ch, f, r);
		f->c.initrds = cb_new(ch->a, struct cb_boot_file, 1);
		if (f->c.initrds == NULL)
			return ch->vs->env->diag->code;
		f->c.initrds[0] = file;
		f->c.initrds_n = 1;
		return 0;
	}
	return 0;
}

static int set_reason(struct cb_chooser *ch, struct cb_found *f, struct cb_str dir)
{
	const char *class = cb_kname_class_text(f->name.class);

	f->c.last_resort = f->name.class != CB_KNAME_ORDINARY;
	f->c.reason = cb_arena_fmt(ch->a, "%s%s%s%.*s in %.*s", class, *class != '\0' ? ", " : "",
				   f->c.version.n > 0 ? "version " : "no version in its name",
				   CB_STR_ARG(f->c.version), CB_STR_ARG(dir));
	return f->c.reason.p != NULL ? 0 : ch->vs->env->diag->code;
}

static int add(struct cb_chooser *ch, struct cb_volume *v, unsigned place, struct cb_str name)
{
	struct cb_str dir = cb_str_c(dirs[place]), path = join(ch->a, dir, name);
	struct cb_found *f;
	int r;

	if (path.p == NULL)
		return ch->vs->env->diag->code;
	r = cb_found_kernel(ch, "files", v, path, &f);
	if (r < 0 || f == NULL)
		return r;
	f->place = place;
	f->c.id = name;
	(void)cb_kname_parse(name, &f->name); /* is_kernel() has seen it succeed */
	f->c.version = f->name.version;
	r = cb_pair_initrds(ch, f, dir);
	if (r == 0)
		r = cb_check_kernel(ch, f);
	return r == 0 ? set_reason(ch, f, dir) : r;
}

static int search(struct cb_chooser *ch, struct cb_volume *v, unsigned place,
		  struct cb_look_names *names)
{
	int r = cb_look_dir(ch->a, v, cb_str_c(dirs[place]), is_kernel, better, names);

	if (r < 0)
		return cb_note_unless_absent(ch, v, r);
	if (names->dropped > 0)
		r = cb_note(ch, v, "%s has more files than are looked at: %u kernels were kept",
			    dirs[place], names->n);
	for (unsigned i = 0; i < names->n && r == 0; i++)
		r = add(ch, v, place, names->v[i]);
	return r;
}

int cb_rule_files(struct cb_chooser *ch, struct cb_volume *v)
{
	struct cb_look_names *names = cb_new(ch->a, struct cb_look_names, 1);
	int r = names != NULL ? 0 : ch->vs->env->diag->code;

	for (unsigned i = 0; i < sizeof(dirs) / sizeof(dirs[0]) && r == 0; i++)
		r = search(ch, v, i, names);
	return r;
}

/* A version from the kernel's header counts like one in its name. */
int cb_rule_files_cmp(const struct cb_found *a, const struct cb_found *b)
{
	struct cb_kname x = a->name, y = b->name;

	if (x.class != y.class)
		return x.class < y.class ? -1 : 1;
	if (a->place != b->place)
		return a->place < b->place ? -1 : 1;
	x.version = a->c.version;
	y.version = b->c.version;
	return cb_kname_cmp(&x, &y);
}
