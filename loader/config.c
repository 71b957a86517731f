/* loader/config.c - the settings of one boot (SPEC 8.1): a variable, else LoadOptions, else a
 * file. */
#include "core/limits.h"
#include "core/log.h"
#include "core/str.h"
#include "core/utf.h"
#include "fs/fs.h"
#include "loader/loader.h"

/* Text of an EFI variable or of LoadOptions: UTF-8, or UCS-2 with or without its end. */
static void decode(struct cb_bytes raw, struct cb_buf *ret)
{
	bool wide = raw.n >= 2 && raw.n % 2 == 0 && raw.p[1] == 0;

	if (wide)
		cb_utf16_to_utf8(ret, raw);
	else
		for (size_t i = 0; i < raw.n && raw.p[i] != 0; i++)
			cb_buf_add(ret, &raw.p[i], 1);
}

/* 1: it is there. */
static int from_variable(struct cb_loader *l, const char *name, struct cb_buf *ret)
{
	struct cb_buf raw;
	uint32_t attributes;

	cb_buf_init(&raw, &l->env, 4 * CB_MAX_CMDLINE);

	int r = cb_efivars_find(&l->vars.vars, cb_str_c(name), cb_efi_ours, &attributes, &raw);

	if (r > 0)
		decode(cb_buf_bytes(&raw), ret);
	cb_buf_fini(&raw);
	return r < 0 ? r : cb_buf_status(ret) < 0 ? cb_buf_status(ret) : r;
}

/* 1: there are some. Firmware that makes an entry by itself, and shells, put other things there:
 * what isn't words of printable text is nobody's settings, and a shell's first word is our own
 * name. */
static int from_options(struct cb_loader *l, struct cb_buf *ret)
{
	const struct efi_loaded_image *self = l->self;
	struct cb_bytes raw = { self->options, self->options != NULL ? self->options_size : 0 };
	struct cb_str text, left, word;

	if (raw.n < 2 || raw.n % 2 != 0 || raw.n > 4 * CB_MAX_CMDLINE || raw.p[1] != 0)
		return 0;
	cb_utf16_to_utf8(ret, raw);
	text = left = (struct cb_str){ (const char *)ret->p, ret->n };
	for (size_t i = 0; i < text.n; i++)
		if ((uint8_t)text.p[i] < 0x20 || (uint8_t)text.p[i] > 0x7e) {
			ret->n = 0;
			return 0;
		}
	if (cb_settings_word(&left, &word) && word.n > 4 &&
	    cb_str_ieq(cb_str_sub(word, word.n - 4, 4), CB_STR(".efi"))) {
		memmove(ret->p, left.p, left.n);
		ret->n = left.n;
	}

	int r = cb_buf_status(ret);

	return r < 0 ? r : ret->n > 0;
}

/* 1: the file is there. What is wrong with one volume is told and hides no other. */
static int from_volume(struct cb_loader *l, struct cb_volume *v, struct cb_str path,
		       struct cb_buf *ret)
{
	struct cb_node node;
	struct cb_buf raw;
	int r = cb_volume_mount(&l->volumes, v);

	cb_buf_init(&raw, &l->env, 4 * CB_MAX_CMDLINE);
	if (r == 0)
		r = cb_fs_open(v->fs, path, &node);
	if (r == 0)
		r = cb_fs_slurp(v->fs, &node, raw.max, &raw);
	if (r == 0) {
		cb_settings_normalise((struct cb_str){ (const char *)raw.p, raw.n }, ret);
		r = cb_buf_status(ret);
		r = r < 0 ? r : 1;
	} else if (r == CB_ENOENT || cb_part_may_skip(r)) {
		if (r != CB_ENOENT)
			cb_log(&l->env, CB_LOG_WARN, "%.*s: %.*s", CB_STR_ARG(path),
			       (int)l->diag.len, l->diag.text);
		cb_clear(&l->env);
		r = 0;
	}
	cb_buf_fini(&raw);
	return r;
}

/* The partition that we were started from; NULL when it is not among the volumes. */
static struct cb_volume *own_volume(struct cb_loader *l)
{
	for (struct cb_volume *v = l->volumes.volumes; v != NULL; v = v->next)
		if (l->own_partuuid[0] != '\0' && cb_str_eq(v->partuuid, cb_str_c(l->own_partuuid)))
			return v;
	return NULL;
}

/* 1: v has one of the files, and *ret_from says which. */
static int from_paths(struct cb_loader *l, struct cb_volume *v, struct cb_buf *ret,
		      struct cb_str *ret_from)
{
	static const struct cb_str paths[] = { CB_STR("/cloud-boot/cmdline"), CB_STR("/cmdline") };
	int r = 0;

	for (size_t i = 0; i < 2 && r == 0 && cb_str_eq(v->fs_type, CB_STR("vfat")); i++) {
		r = from_volume(l, v, paths[i], ret);
		if (r > 0)
			*ret_from = cb_arena_fmt(&l->arena, "%.*s on %.*s", CB_STR_ARG(paths[i]),
						 CB_STR_ARG(v->name));
	}
	return r;
}

/* Our own volume first, then the others in their order. */
static int from_files(struct cb_loader *l, struct cb_buf *ret, struct cb_str *ret_from)
{
	struct cb_volume *own = own_volume(l);
	int r = own != NULL ? from_paths(l, own, ret, ret_from) : 0;

	for (struct cb_volume *v = l->volumes.volumes; v != NULL && r == 0; v = v->next)
		if (v != own)
			r = from_paths(l, v, ret, ret_from);
	return r;
}

/* The words that aren't settings of ours are the kernel's. */
static int keep_kernel_words(struct cb_loader *l, struct cb_str text)
{
	struct cb_str word;
	struct cb_buf b;
	int r;

	cb_buf_init(&b, &l->env, CB_MAX_CMDLINE);
	while (cb_settings_word(&text, &word))
		if (!cb_key_is_ours(word))
			cb_buf_fmt(&b, "%s%.*s", b.n > 0 ? " " : "", CB_STR_ARG(word));
	r = cb_buf_status(&b);
	if (r == 0 && b.n > 0) {
		l->kernel_cmdline = cb_arena_str(&l->arena,
						 (struct cb_str){ (const char *)b.p, b.n });
		r = l->kernel_cmdline.p != NULL ? 0 : CB_ENOMEM;
	}
	cb_buf_fini(&b);
	return r;
}

static int apply(struct cb_loader *l, struct cb_str text)
{
	int r = cb_settings_read(&l->settings, text, CB_SOURCE_CMDLINE);

	if (r == 0)
		r = keep_kernel_words(l, text);
	if (cb_settings_flag(&l->settings, CB_KEY_DEBUG))
		l->env.max_level = CB_LOG_DEBUG;
	else if (cb_settings_flag(&l->settings, CB_KEY_QUIET))
		l->env.max_level = CB_LOG_WARN;
	for (const struct cb_note *n = l->settings.notes; n != NULL; n = n->next)
		cb_log(&l->env, CB_LOG_WARN, "%.*s", CB_STR_ARG(n->text));
	return r;
}

static int read_target(struct cb_loader *l)
{
	struct cb_buf b;
	int r;

	cb_buf_init(&b, &l->env, CB_MAX_SETTING);
	r = from_variable(l, "CloudBootTarget", &b);
	l->target = cb_settings_get(&l->settings, CB_KEY_TARGET);
	if (r > 0) {
		struct cb_str name = cb_str_trim((struct cb_str){ (const char *)b.p, b.n });

		l->target = cb_arena_str(&l->arena, name);
		r = l->target.p != NULL ? 0 : CB_ENOMEM;
	}
	cb_buf_fini(&b);
	return r;
}

int read_settings(struct cb_loader *l)
{
	struct cb_str from = CB_STR("CloudBootCmdline");
	struct cb_buf text;
	int r;

	cb_buf_init(&text, &l->env, 8 * CB_MAX_CMDLINE);
	r = from_variable(l, "CloudBootCmdline", &text);
	if (r == 0) {
		from = CB_STR("LoadOptions");
		r = from_options(l, &text);
	}
	if (r == 0)
		r = from_files(l, &text, &from);
	if (r > 0) {
		l->settings_from = from;
		say(l, "settings", "from %.*s", CB_STR_ARG(from));
		r = apply(l, (struct cb_str){ (const char *)text.p, text.n });
	}
	cb_wipe(text.p, text.n);
	cb_buf_fini(&text);
	if (r == 0)
		r = read_target(l);
	return r < 0 ? fail_with(l, cb_wrap(&l->env, r, "reading the settings"), REPORT_MEMORY) : 0;
}
