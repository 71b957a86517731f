/* boot/rule_entries.c - boot loader entries in loader/entries and UKIs in EFI/Linux, in UAPI.1
 * order. */
#include "boot/chooser_priv.h"
#include "boot/vercmp.h"
#include "core/str.h"

/* $BOOT is a partition of its own, or a directory of the root file system. */
static const char *const prefixes[] = { "", "/boot" };

static bool is_conf(struct cb_str name, enum cb_ftype type)
{
	return type != CB_FT_DIR && type != CB_FT_OTHER && name.n > 5 && name.p[0] != '.' &&
	       cb_str_ieq(cb_str_sub(name, name.n - 5, 5), CB_STR(".conf"));
}

static int newer(struct cb_str a, struct cb_str b)
{
	int r = cb_vercmp(b, a);

	return r != 0 ? r : cb_str_cmp(a, b);
}

/* Entries name files from the root of their file system; those made for a /boot that was once a
 * partition of its own, or is not one any more, name them from there. */
static int find(struct cb_chooser *ch, struct cb_found *f, struct cb_str path,
		struct cb_boot_file *ret, struct cb_node *ret_node)
{
	struct cb_volume *v = f->c.kernel.volume;
	struct cb_str boot = CB_STR("/boot"), other;
	int r = cb_look_boot_file(v, path, ret, ret_node);

	if (!cb_look_absent(r))
		return r;
	if (cb_str_starts(path, CB_STR("/boot/")))
		other = cb_str_sub(path, boot.n, SIZE_MAX);
	else
		other = cb_arena_fmt(ch->a, "/boot%.*s", CB_STR_ARG(path));
	if (other.p == NULL)
		return ch->vs->env->diag->code;
	r = cb_look_boot_file(v, other, ret, ret_node);
	/* The report is about the path as the entry has it. */
	return cb_look_absent(r) ? cb_look_boot_file(v, path, ret, ret_node) : r;
}

static int find_files(struct cb_chooser *ch, struct cb_found *f)
{
	const struct cb_entry *e = &f->entry;
	struct cb_str kernel = e->linux.n > 0 ? e->linux : e->uki.n > 0 ? e->uki : e->efi;
	struct cb_node node;
	int r;

	f->c.kind = e->linux.n > 0 ? CB_BOOT_LINUX : e->uki.n > 0 ? CB_BOOT_UKI : CB_BOOT_EFI;
	f->c.kernel.path = kernel;
	r = find(ch, f, kernel, &f->c.kernel, &f->node);
	if (r == 0 && e->devicetree.n > 0)
		r = find(ch, f, e->devicetree, &f->c.devicetree, &node);
	f->c.dtb_unused = ch->req->hand == CB_HAND_KEXEC;
	if (r < 0 || e->initrd_n == 0)
		return r;
	f->c.initrds = cb_new(ch->a, struct cb_boot_file, e->initrd_n);
	if (f->c.initrds == NULL)
		return ch->vs->env->diag->code;
	for (size_t i = 0; i < e->initrd_n; i++) {
		r = find(ch, f, e->initrd[i], &f->c.initrds[i], &node);
		if (r < 0)
			return cb_wrap(ch->vs->env, r, "initrd");
		f->c.initrds_n++;
	}
	return 0;
}

int cb_entry_complete(struct cb_chooser *ch, struct cb_found *f)
{
	const struct cb_entry *e = &f->entry;
	const char *kind = cb_str_eq(cb_str_c(f->c.rule), CB_STR("uki")) ? "a UKI" : "an entry";

	f->c.tries_left = e->tries.left;
	f->c.tries_done = e->tries.done;
	f->c.reason = cb_arena_fmt(ch->a, "%s%s%.*s%s%.*s", kind,
				   e->sort_key.n > 0 ? ", sort-key " : "", CB_STR_ARG(e->sort_key),
				   f->c.version.n > 0 ? ", version " : "",
				   CB_STR_ARG(f->c.version));
	if (e->tries.left == 0)
		f->c.reason = CB_STR("its boot counter is used up");
	f->c.last_resort = e->tries.left == 0;
	return f->c.reason.p != NULL ? 0 : ch->vs->env->diag->code;
}

/* True when the entry is for another kind of machine. */
static bool hidden(const struct cb_chooser *ch, const struct cb_entry *e, const char **ret_why)
{
	struct cb_str arch = cb_str_c(cb_arch_efi(ch->req->arch));

	*ret_why = NULL;
	if (e->architecture.n > 0 && ch->req->arch != CB_ARCH_NONE &&
	    !cb_str_ieq(e->architecture, arch))
		*ret_why = "it is for another architecture";
	else if (e->linux.n == 0 && e->uki.n == 0 && ch->req->hand == CB_HAND_KEXEC)
		*ret_why = "an EFI program, which only firmware can start";
	return *ret_why != NULL;
}

static int add(struct cb_chooser *ch, struct cb_volume *v, const struct cb_entry *e,
	       struct cb_str path)
{
	struct cb_found *f;
	const char *why;
	int r;

	if (hidden(ch, e, &why))
		return cb_note(ch, v, "%.*s: %s", CB_STR_ARG(path), why);
	r = cb_found_add(ch, "entry", v, &f);
	if (r < 0 || f == NULL)
		return r;
	f->entry = *e;
	f->options = e->options;
	f->c.id = e->id;
	f->c.title = e->title;
	f->c.version = e->version;
	f->c.entry = (struct cb_boot_file){ .volume = v, .path = path };
	r = find_files(ch, f);
	if (r < 0)
		r = cb_found_bad(ch, f, r);
	else if (f->c.kind != CB_BOOT_EFI)
		r = cb_check_kernel(ch, f);
	return r == 0 ? cb_entry_complete(ch, f) : r;
}

static int read_entry(struct cb_chooser *ch, struct cb_volume *v, struct cb_str dir,
		      struct cb_str name)
{
	struct cb_str path = cb_arena_fmt(ch->a, "%.*s/%.*s", CB_STR_ARG(dir), CB_STR_ARG(name));
	struct cb_entry *e = cb_new(ch->a, struct cb_entry, 1);
	struct cb_buf text;
	int r;

	if (path.p == NULL || e == NULL)
		return ch->vs->env->diag->code;
	cb_buf_init(&text, ch->vs->env, CB_MAX_BLS_FILE);
	r = cb_look_text(v, path, CB_MAX_BLS_FILE, &text);
	if (r == 0) {
		r = cb_entry_parse(ch->a, name, (struct cb_str){ (const char *)text.p, text.n }, e);
		if (r < 0)
			r = cb_wrap(ch->vs->env, r, "%.*s", CB_STR_ARG(path));
	}
	cb_buf_fini(&text);
	return r < 0 ? cb_note_failure(ch, v, r) : add(ch, v, e, path);
}

static int search(struct cb_chooser *ch, struct cb_volume *v, struct cb_str dir,
		  struct cb_look_names *names)
{
	int r = cb_look_dir(ch->a, v, dir, is_conf, newer, names);

	if (r < 0)
		return cb_note_unless_absent(ch, v, r);
	if (names->dropped > 0)
		r = cb_note(ch, v, "%.*s has more files than are looked at: %u entries were kept",
			    CB_STR_ARG(dir), names->n);
	for (unsigned i = 0; i < names->n && r == 0; i++) {
		if (cb_found_full(ch, v))
			return cb_note_full(ch, v);
		r = read_entry(ch, v, dir, names->v[i]);
	}
	return r;
}

/* The find that pattern names among those on disk, the first in UAPI.1 order. */
static struct cb_found *matching(struct cb_chooser *ch, const struct cb_disk *disk,
				 struct cb_str pattern, bool good_only)
{
	struct cb_found *best = NULL;

	for (unsigned i = 0; i < ch->found_n; i++) {
		struct cb_found *f = ch->found[i];
		struct cb_str stem = cb_str_sub(f->c.id, 0, cb_str_rchr(f->c.id, '.'));

		if (f->rule != ch->rule || f->c.kernel.volume->disk != disk ||
		    (good_only && f->entry.tries.left == 0) ||
		    (!cb_glob(pattern, f->c.id) && !cb_glob(pattern, stem)))
			continue;
		if (best == NULL || cb_entry_cmp(&f->entry, &best->entry) < 0)
			best = f;
	}
	return best;
}

/* loader.conf: `preferred`, unless its counter is used up, then `default`. */
static int apply_conf(struct cb_chooser *ch, struct cb_volume *v, const char *prefix)
{
	struct cb_str path = cb_arena_fmt(ch->a, "%s/loader/loader.conf", prefix);
	struct cb_found *f = NULL;
	struct cb_loader_conf conf;
	struct cb_buf text;
	int r;

	if (path.p == NULL)
		return ch->vs->env->diag->code;
	cb_buf_init(&text, ch->vs->env, CB_MAX_BLS_FILE);
	r = cb_look_text(v, path, CB_MAX_BLS_FILE, &text);
	if (r == 0) {
		cb_loader_conf_parse((struct cb_str){ (const char *)text.p, text.n }, &conf);
		if (conf.preferred.n > 0)
			f = matching(ch, v->disk, conf.preferred, true);
		if (f == NULL && conf.fallback.n > 0)
			f = matching(ch, v->disk, conf.fallback, false);
	}
	cb_buf_fini(&text);
	if (r < 0)
		return cb_note_unless_absent(ch, v, r);
	if (f != NULL && !f->chosen) {
		f->chosen = true;
		f->c.last_resort = false;
		f->c.reason = cb_arena_fmt(ch->a, "the default of loader.conf on %.*s",
					   CB_STR_ARG(v->name));
		r = f->c.reason.p != NULL ? 0 : ch->vs->env->diag->code;
	}
	return r;
}

int cb_rule_entries(struct cb_chooser *ch, struct cb_volume *v)
{
	struct cb_look_names *names = cb_new(ch->a, struct cb_look_names, 1);
	int r = names != NULL ? 0 : ch->vs->env->diag->code;

	for (unsigned i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]) && r == 0; i++) {
		struct cb_str entries = cb_arena_fmt(ch->a, "%s/loader/entries", prefixes[i]);
		struct cb_str ukis = cb_arena_fmt(ch->a, "%s/EFI/Linux", prefixes[i]);

		if (entries.p == NULL || ukis.p == NULL)
			return ch->vs->env->diag->code;
		r = search(ch, v, entries, names);
		if (r == 0)
			r = cb_rule_ukis(ch, v, ukis);
	}
	return r;
}

/* After all volumes were searched: what their loader.conf prefer. */
int cb_rule_entries_defaults(struct cb_chooser *ch, struct cb_volume *v)
{
	int r = 0;

	for (unsigned i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]) && r == 0; i++)
		r = apply_conf(ch, v, prefixes[i]);
	return r;
}

int cb_rule_entries_cmp(const struct cb_found *a, const struct cb_found *b)
{
	if (a->chosen != b->chosen)
		return a->chosen ? -1 : 1;
	return cb_entry_cmp(&a->entry, &b->entry);
}
