/* uki/cmd_nvram_show.c - `cloud-boot nvram show`: boot entries in words, and every variable. */
#include <stdlib.h>

#include "codec/hex.h"
#include "codec/json_write.h"
#include "core/fmt.h"
#include "core/limits.h"
#include "core/utf.h"
#include "image/bootvars.h"
#include "uki/nvram.h"

#define TEXT_MAX   (64u << 20)
#define VALUE_SHOW 48u            /* bytes of a value in the list */

struct args {
	struct cb_nvram_where where;
	bool json;
};

static const struct cb_opt opts[] = {
	CB_NVRAM_OPTS(offsetof(struct args, where)),
	{ "json", 0, CB_OPT_FLAG, NULL, offsetof(struct args, json), "print JSON, values in hexadecimal" },
};

struct var {
	struct cb_str name;
	struct cb_uuid vendor;
	uint32_t attributes;
	struct cb_bytes value;
	bool unreadable;
};

/* All of them, by name. */
struct list {
	struct cb_nvram *n;
	struct cb_buf vars;       /* struct var each */
};

static const struct var *vars_of(const struct list *l)
{
	return (const struct var *)(const void *)l->vars.p;
}

static size_t count(const struct list *l)
{
	return l->vars.n / sizeof(struct var);
}

static int note(void *ctx, struct cb_str name, struct cb_uuid vendor)
{
	struct list *l = ctx;
	struct cb_arena *a = &l->n->h->arena;
	struct var v = { .name = cb_arena_str(a, name), .vendor = vendor };
	struct cb_buf value;

	if (v.name.p == NULL)
		return CB_ENOMEM;
	cb_buf_init(&value, a->env, CB_MAX_EFIVAR);

	int r = l->n->vars->ops->get(l->n->vars, name, vendor, &v.attributes, &value);

	if (r == 0 && value.n > 0) {
		uint8_t *p = cb_arena_alloc(a, value.n, 1, 1);

		if (p != NULL)
			memcpy(p, value.p, value.n);
		v.value = (struct cb_bytes){ p, value.n };
		r = p != NULL ? 0 : CB_ENOMEM;
	}
	cb_buf_fini(&value);
	if (r == CB_ENOMEM)
		return r;
	if (r < 0)
		cb_clear(a->env);
	v.unreadable = r < 0;
	cb_buf_add(&l->vars, &v, sizeof(v));
	return cb_buf_status(&l->vars);
}

static int by_name(const void *a, const void *b)
{
	const struct var *x = a, *y = b;
	int order = cb_str_cmp(x->name, y->name);

	return order != 0 ? order : memcmp(&x->vendor, &y->vendor, sizeof(x->vendor));
}

static struct cb_bytes global(const struct list *l, const char *name)
{
	for (size_t i = 0; i < count(l); i++) {
		const struct var *v = &vars_of(l)[i];

		if (cb_uuid_eq(v->vendor, cb_efi_global) && cb_str_eq(v->name, cb_str_c(name)))
			return v->value;
	}
	return (struct cb_bytes){ NULL, 0 };
}

static void wide(struct cb_buf *b, struct cb_bytes text)
{
	struct cb_buf s;

	cb_buf_init(&s, b->env, 2 * CB_MAX_EFIVAR);
	cb_utf16_to_utf8(&s, text);
	cb_str_escape(b, (struct cb_str){ (const char *)s.p, s.n });
	cb_buf_fini(&s);
}

static void put_numbers(struct cb_buf *b, const struct list *l, const char *name)
{
	struct cb_cur c = cb_cur(global(l, name));
	const char *comma = "";

	cb_buf_fmt(b, "%-12s ", name);
	if (c.left < 2)
		cb_buf_fmt(b, "-");
	for (; c.left >= 2; comma = ",")
		cb_buf_fmt(b, "%s%04X", comma, cb_cur_le16(&c));
	cb_buf_fmt(b, "\n");
}

/* False: the variable is no boot entry. */
static bool entry_of(struct cb_env *env, const struct var *v, uint16_t *number, struct cb_load_option *o)
{
	if (!cb_uuid_eq(v->vendor, cb_efi_global) || !cb_boot_number(v->name, number))
		return false;
	if (cb_load_option_parse(env, v->value, o) == 0)
		return true;
	cb_clear(env);
	*o = (struct cb_load_option){ 0 };
	return true;
}

static void put_entry(struct cb_buf *b, uint16_t number, const struct cb_load_option *o)
{
	bool active = (o->attributes & CB_LOAD_OPTION_ACTIVE) != 0;

	cb_buf_fmt(b, "Boot%04X%c     ", number, active ? '*' : ' ');
	if (o->path.n == 0) {
		cb_buf_fmt(b, "(damaged)\n");
		return;
	}
	wide(b, o->description);
	cb_buf_fmt(b, "%s\n%14s", cb_boot_entry_is_ours(b->env, o) ? "  <- ours" : "", "");
	cb_devpath_print(b->env, o->path, b);
	cb_buf_fmt(b, "\n");
	if (o->data.n > 0) {
		cb_buf_fmt(b, "%14s", "");
		cb_nvram_value(b, o->data, SIZE_MAX);
		cb_buf_fmt(b, "\n");
	}
}

/* ConIn, ConOut, ErrOut, and with Dev at the end what there is to choose from (UEFI 2.10, 3.3). */
static bool is_path(struct cb_env *env, const struct var *v)
{
	bool console = cb_str_starts(v->name, CB_STR("Con")) || cb_str_starts(v->name, CB_STR("Err"));

	if (!console || !cb_uuid_eq(v->vendor, cb_efi_global))
		return false;
	if (cb_devpath_check(env, v->value) == 0)
		return true;
	cb_clear(env);
	return false;
}

static void put_variable(struct cb_buf *b, const struct var *v)
{
	char guid[CB_UUID_TEXT];

	cb_uuid_text(v->vendor, guid);
	cb_str_escape(b, v->name);
	cb_buf_fmt(b, "-%s  ", guid);
	if (v->unreadable) {
		cb_buf_fmt(b, "(can't be read)\n");
		return;
	}
	cb_nvram_attributes(b, v->attributes);
	cb_buf_fmt(b, "  %zu  ", v->value.n);
	if (is_path(b->env, v))
		cb_devpath_print(b->env, v->value, b);
	else
		cb_nvram_value(b, v->value, VALUE_SHOW);
	cb_buf_fmt(b, "\n");
}

static void text(struct cb_buf *b, const struct list *l)
{
	struct cb_load_option o;
	size_t used, size;
	uint16_t number;

	put_numbers(b, l, "BootCurrent");
	put_numbers(b, l, "BootNext");
	put_numbers(b, l, "BootOrder");
	for (size_t i = 0; i < count(l); i++)
		if (entry_of(b->env, &vars_of(l)[i], &number, &o))
			put_entry(b, number, &o);
	cb_buf_fmt(b, "\n%zu variables", count(l));
	if (l->n->file.n > 0) {
		cb_varstore_usage(&l->n->store, &used, &size);
		cb_buf_fmt(b, ", %zu of %zu bytes", used, size);
	}
	cb_buf_fmt(b, "\n");
	for (size_t i = 0; i < count(l); i++)
		put_variable(b, &vars_of(l)[i]);
}

/* A string that fn writes. */
static void json_text(struct cb_json *j, const char *key, struct cb_buf *s)
{
	cb_json_str(j, key, (struct cb_str){ s->p != NULL ? (const char *)s->p : "", s->n });
	s->n = 0;
}

static void json_numbers(struct cb_json *j, const char *key, struct cb_bytes value, bool list)
{
	struct cb_cur c = cb_cur(value);
	char word[5];

	if (list)
		cb_json_open(j, key, '[');
	else if (c.left < 2)
		cb_json_str(j, key, (struct cb_str){ NULL, 0 });
	while (c.left >= 2) {
		cb_json_str(j, list ? NULL : key,
			    (struct cb_str){ word, cb_fmt(word, sizeof(word), "%04X", cb_cur_le16(&c)) });
		if (!list)
			return;
	}
	if (list)
		cb_json_close(j, ']');
}

static void json_entry(struct cb_json *j, uint16_t number, const struct cb_load_option *o, struct cb_buf *s)
{
	cb_json_open(j, NULL, '{');
	cb_buf_fmt(s, "%04X", number);
	json_text(j, "number", s);
	cb_json_bool(j, "damaged", o->path.n == 0);
	cb_json_bool(j, "active", (o->attributes & CB_LOAD_OPTION_ACTIVE) != 0);
	cb_json_bool(j, "ours", o->path.n > 0 && cb_boot_entry_is_ours(s->env, o));
	cb_utf16_to_utf8(s, o->description);
	json_text(j, "description", s);
	cb_devpath_print(s->env, o->path, s);
	json_text(j, "path", s);
	if (cb_nvram_text(s, o->data))
		json_text(j, "options", s);
	else
		cb_json_str(j, "options", (struct cb_str){ NULL, 0 });
	cb_hex_add(s, o->data);
	json_text(j, "options_hex", s);
	cb_json_close(j, '}');
}

static void json_variable(struct cb_json *j, const struct var *v, struct cb_buf *s)
{
	char guid[CB_UUID_TEXT];

	cb_uuid_text(v->vendor, guid);
	cb_json_open(j, NULL, '{');
	cb_json_str(j, "name", v->name);
	cb_json_str(j, "guid", cb_str_c(guid));
	cb_json_bool(j, "readable", !v->unreadable);
	cb_json_u64(j, "attributes", v->attributes);
	cb_json_u64(j, "size", v->value.n);
	cb_hex_add(s, v->value);
	json_text(j, "value", s);
	cb_json_close(j, '}');
}

static void json(struct cb_buf *b, const struct list *l)
{
	struct cb_json j = { b, false };
	struct cb_load_option o;
	size_t used, size;
	uint16_t number;
	struct cb_buf s;

	cb_buf_init(&s, b->env, TEXT_MAX);
	cb_json_open(&j, NULL, '{');
	cb_json_str(&j, "source", cb_str_c(l->n->name));
	if (l->n->file.n > 0) {
		cb_varstore_usage(&l->n->store, &used, &size);
		cb_json_str(&j, "format",
			    l->n->store.authenticated ? CB_STR("authenticated") : CB_STR("plain"));
		cb_json_u64(&j, "used", used);
		cb_json_u64(&j, "size", size);
	}
	json_numbers(&j, "boot_current", global(l, "BootCurrent"), false);
	json_numbers(&j, "boot_next", global(l, "BootNext"), false);
	json_numbers(&j, "boot_order", global(l, "BootOrder"), true);
	cb_json_open(&j, "entries", '[');
	for (size_t i = 0; i < count(l); i++)
		if (entry_of(b->env, &vars_of(l)[i], &number, &o))
			json_entry(&j, number, &o, &s);
	cb_json_close(&j, ']');
	cb_json_open(&j, "variables", '[');
	for (size_t i = 0; i < count(l); i++)
		json_variable(&j, &vars_of(l)[i], &s);
	cb_json_close(&j, ']');
	cb_json_close(&j, '}');
	cb_buf_fmt(b, "\n");
	if (cb_buf_status(&s) < 0)
		b->status = cb_buf_status(&s);
	cb_buf_fini(&s);
}

static int show(struct cb_nvram *n, bool as_json)
{
	struct list l = { .n = n };
	struct cb_buf b;

	cb_buf_init(&l.vars, &n->h->env, TEXT_MAX);
	cb_buf_init(&b, &n->h->env, TEXT_MAX);

	int r = n->vars->ops->each(n->vars, note, &l);

	if (r == 0) {
		if (count(&l) > 1)
			qsort(l.vars.p, count(&l), sizeof(struct var), by_name);
		(as_json ? json : text)(&b, &l);
		r = cb_buf_status(&b);
		cb_host_print(&b);
	}
	cb_buf_fini(&l.vars);
	cb_buf_fini(&b);
	return cb_host_advise(n->h, r, CB_REPORT_NVRAM, "docs/nvram.md says what may go wrong");
}

static int run(struct cb_host *h, const void *args, const struct cb_list *operands)
{
	const struct args *a = args;
	struct cb_nvram n;
	int r = cb_nvram_open(h, &a->where, false, &n);

	(void)operands;
	if (r == 0)
		r = show(&n, a->json);
	cb_nvram_close(&n);
	return r;
}

const struct cb_cmd cb_cmd_nvram_show = {
	.name = "nvram show",
	.summary = "list EFI variables and boot entries, of this machine or of a virtual one",
	.about = "Prints BootOrder and BootNext, each boot entry with its description, device path and "
		"options (a star: active; ours are marked), and then every variable with attributes, size "
		"and the beginning of its value.\n\n" CB_NVRAM_ABOUT,
	.examples = "cloud-boot nvram show\n"
		"cloud-boot nvram show --store OVMF_VARS.fd\n"
		"cloud-boot nvram show --store nvram.fd --json | jq .entries",
	CB_OPTS(opts), .max_operands = 0, .args_size = sizeof(struct args), .run = run,
};
