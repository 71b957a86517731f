/* boot/root.c - the root file system that belongs to a kernel, and the command line that says
 * so. */
#include "boot/chooser_priv.h"
#include "boot/cmdline.h"
#include "core/str.h"

#define TEXT_MAX (64u << 10)

/* Any of these makes a volume a root: an init (Alpine's is a link into busybox), or a system's
 * name. */
static const char *const root_marks[] = {
	"/sbin/init", "/usr/sbin/init", "/usr/lib/systemd/systemd", "/lib/systemd/systemd",
	"/etc/os-release", "/usr/lib/os-release",
};

static int mark_root(struct cb_chooser *ch, struct cb_os *os)
{
	struct cb_node node;

	for (size_t i = 0; i < sizeof(root_marks) / sizeof(root_marks[0]) && !os->is_root; i++) {
		int r = cb_fs_lopen(os->volume->fs, cb_str_c(root_marks[i]), &node);

		if (r == 0 && node.type != CB_FT_DIR)
			os->is_root = true;
		else if (r < 0 && !cb_look_absent(r))
			return cb_note_failure(ch, os->volume, r);
		cb_clear(ch->vs->env);
	}
	return 0;
}

static int read_pretty(struct cb_chooser *ch, struct cb_os *os, const char *path)
{
	struct cb_buf text;
	int r;

	cb_buf_init(&text, ch->vs->env, TEXT_MAX);
	r = cb_look_text(os->volume, cb_str_c(path), TEXT_MAX, &text);
	if (r == 0) {
		os->pretty = cb_arena_str(
			ch->a, cb_osrel_get((struct cb_str){ (const char *)text.p, text.n },
					    CB_STR("PRETTY_NAME")));
		r = os->pretty.p != NULL ? 0 : ch->vs->env->diag->code;
	}
	cb_buf_fini(&text);
	return r < 0 ? cb_note_unless_absent(ch, os->volume, r) : 0;
}

static int read_cmdline(struct cb_chooser *ch, struct cb_os *os)
{
	struct cb_str path = CB_STR("/etc/kernel/cmdline");
	struct cb_buf text;
	int r;

	cb_buf_init(&text, ch->vs->env, TEXT_MAX);
	r = cb_look_text(os->volume, path, TEXT_MAX, &text);
	if (r == 0) {
		r = cb_cmdline_from_file(ch->a, (struct cb_str){ (const char *)text.p, text.n },
					 &os->cmdline);
		if (r < 0)
			r = cb_wrap(ch->vs->env, r, "%.*s", CB_STR_ARG(path));
	}
	cb_buf_fini(&text);
	return r < 0 ? cb_note_unless_absent(ch, os->volume, r) : 0;
}

int cb_os_look(struct cb_chooser *ch, struct cb_volume *v, struct cb_os **ret)
{
	struct cb_os *os;
	int r;

	for (os = ch->os; os != NULL; os = os->next)
		if (os->volume == v) {
			*ret = os;
			return 0;
		}
	r = cb_volume_mount(ch->vs, v);
	if (r < 0) {
		if (!cb_part_may_skip(r))
			return r;
		cb_clear(ch->vs->env);  /* the volume keeps it; the search notes it */
		*ret = NULL;
		return 0;
	}
	os = cb_new(ch->a, struct cb_os, 1);
	if (os == NULL)
		return ch->vs->env->diag->code;
	os->volume = v;
	r = mark_root(ch, os);
	if (r == 0 && os->is_root)
		r = read_pretty(ch, os, "/etc/os-release");
	if (r == 0 && os->is_root && os->pretty.n == 0)
		r = read_pretty(ch, os, "/usr/lib/os-release");
	if (r == 0 && os->is_root)
		r = read_cmdline(ch, os);
	if (r < 0)
		return r;
	os->next = ch->os;
	ch->os = os;
	*ret = os;
	return 0;
}

/* True when spec, as fstab writes it, means v and nothing else. */
static bool means(struct cb_chooser *ch, struct cb_str text, const struct cb_volume *v, int *r)
{
	struct cb_selection where;
	struct cb_devspec spec;

	*r = cb_devspec_parse(ch->a, text, &spec);
	if (*r == 0)
		*r = cb_devspec_resolve(ch->vs, &spec, &where);
	if (*r < 0) {
		if (*r == CB_ENOMEM || *r == CB_ECANCELED)
			return false;
		cb_clear(ch->vs->env);  /* a line about something that isn't here */
		*r = 0;
		return false;
	}
	return where.n == 1 && where.v[0] == v;
}

static bool is_boot_mount(struct cb_str dir)
{
	return cb_str_eq(dir, CB_STR("/boot")) || cb_str_eq(dir, CB_STR("/efi")) ||
	       cb_str_eq(dir, CB_STR("/boot/efi"));
}

/* Does os's fstab mount v where kernels are? */
static int mounts_boot(struct cb_chooser *ch, const struct cb_os *os, const struct cb_volume *v,
		       bool *ret)
{
	struct cb_str left, line, spec, dir;
	struct cb_buf text;
	unsigned lines = 0;
	int r;

	*ret = false;
	cb_buf_init(&text, ch->vs->env, TEXT_MAX);
	r = cb_look_text(os->volume, CB_STR("/etc/fstab"), TEXT_MAX, &text);
	if (r < 0 && cb_part_may_skip(r)) {
		cb_clear(ch->vs->env);  /* without fstab the other signs decide */
		r = 0;
		text.n = 0;
	}
	left = (struct cb_str){ (const char *)text.p, text.n };
	while (r == 0 && !*ret && lines < 256 && cb_str_line(&left, &line)) {
		if (!cb_str_word(&line, &spec) || spec.p[0] == '#' || !cb_str_word(&line, &dir) ||
		    !is_boot_mount(dir))
			continue;
		lines++;
		*ret = means(ch, spec, v, &r);
	}
	cb_buf_fini(&text);
	return r;
}

/* How well os fits a kernel on v: 0 not at all. A system on another disk must say itself that v is its
 * /boot: that both are in one machine proves nothing. */
static int fit(struct cb_chooser *ch, const struct cb_os *os, const struct cb_volume *v,
	       unsigned *ret)
{
	bool mounts;
	int r;

	*ret = 0;
	if (os == NULL || !os->is_root)
		return 0;
	r = mounts_boot(ch, os, v, &mounts);
	if (r < 0)
		return r;
	if (os->volume->disk != v->disk)
		*ret = mounts;
	else
		*ret = 2u + 2u * mounts + (os->volume->role == CB_ROLE_ROOT &&
			(ch->req->arch == CB_ARCH_NONE || os->volume->arch == ch->req->arch));
	return 0;
}

int cb_root_find(struct cb_chooser *ch, struct cb_volume *v, struct cb_os **ret)
{
	struct cb_os *os, *best = NULL;
	unsigned points = 0, best_points = 0;
	int r = cb_os_look(ch, v, &os);

	if (r < 0)
		return r;
	if (os != NULL && os->is_root) {
		*ret = os;
		return 0;
	}
	for (struct cb_volume *i = ch->vs->volumes; i != NULL; i = i->next) {
		if (i->driver == NULL || i->role == CB_ROLE_ESP || i->role == CB_ROLE_CACHE)
			continue;
		r = cb_os_look(ch, i, &os);
		if (r == 0)
			r = fit(ch, os, v, &points);
		if (r < 0)
			return r;
		if (points > best_points) {
			best_points = points;
			best = os;
		}
	}
	*ret = best;
	return 0;
}

/* root= of a volume. Without an initrd the kernel itself looks for it, and knows no file system
 * UUIDs. */
static struct cb_str root_option(struct cb_arena *a, const struct cb_volume *v, bool initrd)
{
	if (v->uuid.n > 0 && initrd)
		return cb_arena_fmt(a, "root=UUID=%.*s ro", CB_STR_ARG(v->uuid));
	if (v->partuuid.n > 0)
		return cb_arena_fmt(a, "root=PARTUUID=%.*s ro", CB_STR_ARG(v->partuuid));
	if (v->uuid.n > 0)
		return cb_arena_fmt(a, "root=UUID=%.*s ro", CB_STR_ARG(v->uuid));
	return cb_arena_fmt(a, "root=/dev/%.*s ro", CB_STR_ARG(v->name));
}

static int set_cmdline(struct cb_chooser *ch, struct cb_found *f, const struct cb_os *os)
{
	const struct cb_boot_request *req = ch->req;
	struct cb_str line = { "", 0 };
	bool initrd = f->c.initrds_n > 0 || f->c.kind == CB_BOOT_UKI;

	if (req->cmdline.p != NULL) {
		line = req->cmdline;
		f->c.cmdline_from = cb_str_c(req->cmdline_from);
	} else if (f->options.n > 0 || f->c.kind == CB_BOOT_EFI) {
		line = f->options;
		f->c.cmdline_from = f->entry.options.n > 0 || f->c.kind == CB_BOOT_EFI ?
				    CB_STR("the entry") : CB_STR("the UKI");
	} else if (os != NULL && os->cmdline.n > 0) {
		line = os->cmdline;
		f->c.cmdline_from = cb_arena_fmt(ch->a, "/etc/kernel/cmdline of %.*s",
						 CB_STR_ARG(os->volume->name));
	} else if (os != NULL) {
		line = root_option(ch->a, os->volume, initrd);
		f->c.cmdline_from = cb_arena_fmt(ch->a, "derived: the root file system is on %.*s",
						 CB_STR_ARG(os->volume->name));
	} else {
		f->c.cmdline_from = CB_STR("nothing: no root file system was found");
	}
	if (f->c.cmdline_from.p == NULL || line.p == NULL)
		return ch->vs->env->diag->code;
	if (f->c.kind == CB_BOOT_EFI) {
		f->c.cmdline = line;
		return 0;
	}

	int r = cb_cmdline_finish(ch->a, line, req->console, &f->c.cmdline);

	return r < 0 ? cb_found_bad(ch, f, r) : 0;
}

static int set_title(struct cb_chooser *ch, struct cb_found *f, const struct cb_os *os)
{
	struct cb_str which = f->c.version.n > 0 ? f->c.version : f->c.id;

	if (f->c.title.n > 0)
		return 0;
	if (os == NULL || os->pretty.n == 0)
		f->c.title = f->c.id;
	else
		f->c.title = cb_arena_fmt(ch->a, "%.*s (%.*s)", CB_STR_ARG(os->pretty),
					  CB_STR_ARG(which));
	return f->c.title.p != NULL ? 0 : ch->vs->env->diag->code;
}

int cb_root_complete(struct cb_chooser *ch, struct cb_found *f)
{
	struct cb_os *os = NULL;
	int r = cb_root_find(ch, f->c.kernel.volume, &os);

	if (r < 0)
		return r;
	f->c.root = os != NULL ? os->volume : NULL;
	r = set_title(ch, f, os);
	return r == 0 ? set_cmdline(ch, f, os) : r;
}
