/* boot/rule_uki.c - unified kernel images (UAPI.5) as boot entries of type #2 (UAPI.1). */
#include "boot/chooser_priv.h"
#include "boot/cmdline.h"
#include "boot/vercmp.h"
#include "core/str.h"
#include "image/uki.h"

#define OSREL_MAX (64u << 10)

static bool is_efi(struct cb_str name, enum cb_ftype type)
{
	return type != CB_FT_DIR && type != CB_FT_OTHER && name.n > 4 && name.p[0] != '.' &&
	       cb_str_ieq(cb_str_sub(name, name.n - 4, 4), CB_STR(".efi"));
}

static int newer(struct cb_str a, struct cb_str b)
{
	int r = cb_vercmp(b, a);

	return r != 0 ? r : cb_str_cmp(a, b);
}

/* The first of the keys that has a value, kept in the arena. */
static struct cb_str first_of(struct cb_arena *a, struct cb_str osrel, const char *const *keys)
{
	struct cb_str value = { "", 0 };

	for (size_t i = 0; keys[i] != NULL && value.n == 0; i++)
		value = cb_osrel_get(osrel, cb_str_c(keys[i]));
	return cb_arena_str(a, cb_str_trim(value));
}

/* The keys that systemd-boot takes, in its order. */
static int describe(struct cb_chooser *ch, struct cb_found *f, struct cb_str osrel)
{
	static const char *const titles[] = { "PRETTY_NAME", "IMAGE_ID", "NAME", "ID", NULL };
	static const char *const versions[] = {
		"IMAGE_VERSION", "VERSION", "VERSION_ID", "BUILD_ID", NULL
	};
	static const char *const sort_keys[] = { "IMAGE_ID", "ID", NULL };
	struct cb_str title = first_of(ch->a, osrel, titles);
	struct cb_str version = first_of(ch->a, osrel, versions);
	struct cb_str sort_key = first_of(ch->a, osrel, sort_keys);

	if (title.p == NULL || version.p == NULL || sort_key.p == NULL)
		return ch->vs->env->diag->code;
	if (cb_str_eq(cb_osrel_get(osrel, CB_STR("ID")), CB_STR("cloud-boot")))
		return cb_fail(ch->vs->env, CB_EINVAL, "it is cloud-boot itself");
	if (f->c.title.n == 0)
		f->c.title = title;
	if (f->entry.sort_key.n == 0)
		f->entry.sort_key = sort_key;
	if (f->entry.version.n == 0)
		f->entry.version = version;
	return 0;
}

static int read_parts(struct cb_chooser *ch, struct cb_found *f, const struct cb_uki *u)
{
	struct cb_buf text;
	struct cb_str line, uname;
	int r;

	cb_buf_init(&text, ch->vs->env, OSREL_MAX);
	r = cb_uki_text(u, CB_UKI_OSREL, OSREL_MAX, &text);
	if (r == 0)
		r = describe(ch, f, (struct cb_str){ (const char *)text.p, text.n });
	text.n = 0;
	if (r == 0)
		r = cb_uki_text(u, CB_UKI_UNAME, CB_MAX_NAME, &text);
	uname = cb_str_trim((struct cb_str){ (const char *)text.p, text.n });
	if (r == 0) {
		f->c.version = cb_arena_str(ch->a, uname.n > 0 ? uname : f->entry.version);
		r = f->c.version.p != NULL ? 0 : ch->vs->env->diag->code;
	}
	text.n = 0;
	if (r == 0)
		r = cb_uki_text(u, CB_UKI_CMDLINE, CB_MAX_CMDLINE, &text);
	if (r == 0)
		r = cb_cmdline_from_file(ch->a, (struct cb_str){ (const char *)text.p, text.n },
					 &line);
	if (r == 0 && f->options.n == 0)
		f->options = line;
	cb_buf_fini(&text);
	return r;
}

int cb_uki_describe(struct cb_chooser *ch, struct cb_found *f)
{
	struct cb_look_input file = { f->c.kernel.volume->fs, f->node };
	struct cb_input in = cb_look_as_input(&file);
	struct cb_uki u;
	int r = cb_uki_open(ch->vs->env, &in, &u);

	if (r < 0)
		return cb_wrap(ch->vs->env, r, "%.*s", CB_STR_ARG(f->c.kernel.path));
	f->c.kind = CB_BOOT_UKI;
	f->c.arch = u.pe->arch;
	r = read_parts(ch, f, &u);
	cb_uki_close(&u);
	return r < 0 ? cb_wrap(ch->vs->env, r, "%.*s", CB_STR_ARG(f->c.kernel.path)) : 0;
}

static int add(struct cb_chooser *ch, struct cb_volume *v, struct cb_str dir, struct cb_str name)
{
	struct cb_str path = cb_arena_fmt(ch->a, "%.*s/%.*s", CB_STR_ARG(dir), CB_STR_ARG(name));
	struct cb_found *f;
	int r;

	if (path.p == NULL)
		return ch->vs->env->diag->code;
	r = cb_found_kernel(ch, "uki", v, path, &f);
	if (r < 0 || f == NULL)
		return r;
	f->c.kind = CB_BOOT_UKI;
	r = cb_entry_name(ch->a, name, CB_STR(".efi"), &f->c.id, &f->entry.tries);
	f->entry.id = f->c.id;
	if (r == 0)
		r = cb_check_kernel(ch, f);
	return r == 0 ? cb_entry_complete(ch, f) : r;
}

int cb_rule_ukis(struct cb_chooser *ch, struct cb_volume *v, struct cb_str dir)
{
	struct cb_look_names *names = cb_new(ch->a, struct cb_look_names, 1);
	int r;

	if (names == NULL)
		return ch->vs->env->diag->code;
	r = cb_look_dir(ch->a, v, dir, is_efi, newer, names);
	if (r < 0)
		return cb_note_unless_absent(ch, v, r);
	if (names->dropped > 0)
		r = cb_note(ch, v, "%.*s has more files than are looked at: %u UKIs were kept",
			    CB_STR_ARG(dir), names->n);
	for (unsigned i = 0; i < names->n && r == 0; i++)
		r = add(ch, v, dir, names->v[i]);
	return r;
}
