/* uki/cmd_nvram_set.c - `cloud-boot nvram set|unset`: one variable. */
#include <stdlib.h>

#include "codec/hex.h"
#include "core/limits.h"
#include "core/utf.h"
#include "image/devpath.h"
#include "uki/files.h"
#include "uki/nvram.h"

struct args {
	struct cb_nvram_where where;
	const char *as, *attributes;
};

static const struct cb_opt set_opts[] = {
	CB_NVRAM_OPTS(offsetof(struct args, where)),
	{ "as", 0, CB_OPT_TEXT, "text|ucs2|hex|numbers|path", offsetof(struct args, as),
	  "what VALUE is: bytes as they are (text, the default), UTF-16 with a zero at its end (ucs2), "
	  "hexadecimal digits, 16-bit hexadecimal numbers with commas, as in BootOrder, or a device path as "
	  "'nvram show' prints it" },
	{ "attributes", 0, CB_OPT_TEXT, "LIST", offsetof(struct args, attributes),
	  "nv, bs, rt, ... with commas, or a number such as 0x7 (default: those it has, else nv,bs,rt)" },
};

static const struct cb_opt unset_opts[] = { CB_NVRAM_OPTS(offsetof(struct args, where)) };

static int hex_value(struct cb_host *h, struct cb_str text, struct cb_buf *ret)
{
	uint8_t *p = text.n / 2 > 0 ? cb_buf_reserve(ret, text.n / 2) : NULL;

	if (cb_buf_status(ret) < 0)
		return cb_buf_status(ret);
	if (p == NULL || text.n % 2 != 0 || !cb_hex_parse(text, p, text.n / 2))
		return cb_host_usage(h, "VALUE is not an even number of hexadecimal digits");
	cb_buf_commit(ret, text.n / 2);
	return 0;
}

static int number_value(struct cb_host *h, struct cb_str text, struct cb_buf *ret)
{
	struct cb_str word;
	uint64_t v;

	while (cb_str_next(&text, ',', &word)) {
		if (!cb_str_u64(word, 16, &v) || v > UINT16_MAX)
			return cb_host_usage(h, "%.*s is not a hexadecimal number of at most four digits",
					     CB_STR_ARG(word));

		cb_le16 unit = cb_put_le16((uint16_t)v);

		cb_buf_add(ret, &unit, sizeof(unit));
	}
	return cb_buf_status(ret);
}

static int make_value(struct cb_host *h, const char *as, const char *text, struct cb_buf *ret)
{
	struct cb_str kind = cb_str_c(as != NULL ? as : "text"), s = cb_str_c(text);

	if (s.n > 1 && s.p[0] == '@')
		return cb_hostfile_slurp(h, text + 1, ret);
	if (cb_str_eq(kind, CB_STR("hex")))
		return hex_value(h, s, ret);
	if (cb_str_eq(kind, CB_STR("numbers")))
		return number_value(h, s, ret);
	if (cb_str_eq(kind, CB_STR("path"))) {
		int r = cb_devpath_parse(&h->env, s, ret);

		return r == CB_EINVAL ? cb_host_usage(h, "%.*s", (int)h->diag.len, h->diag.text) : r;
	}
	if (cb_str_eq(kind, CB_STR("ucs2"))) {
		cb_utf8_to_utf16(ret, s);
		cb_buf_add(ret, "\0", 2);
	} else {
		cb_buf_str(ret, s);
	}
	return cb_buf_status(ret);
}

/* What is there keeps its attributes unless others were asked for. */
static int choose_attributes(struct cb_nvram *n, const struct args *a, struct cb_str name,
			     struct cb_uuid vendor, uint32_t *ret)
{
	struct cb_buf old;

	if (a->attributes != NULL && !cb_nvram_parse_attributes(cb_str_c(a->attributes), ret))
		return cb_host_usage(n->h, "--attributes %s: it is a list of nv, bs, rt, hr, aw, at, ap, ea, "
				     "or a number such as 0x7", a->attributes);
	if (a->attributes != NULL)
		return 0;
	cb_buf_init(&old, &n->h->env, CB_MAX_EFIVAR);

	int r = cb_efivars_find(n->vars, name, vendor, ret, &old);

	cb_buf_fini(&old);
	if (r == 0)
		*ret = CB_VAR_USUAL;
	return r < 0 ? r : 0;
}

static int set(struct cb_nvram *n, const struct args *a, struct cb_str name, struct cb_uuid vendor,
	       struct cb_bytes value)
{
	uint32_t attributes = 0;
	char guid[CB_UUID_TEXT];
	int r = choose_attributes(n, a, name, vendor, &attributes);

	if (r == 0)
		r = n->vars->ops->set(n->vars, name, vendor, attributes, value);
	if (r < 0)
		return cb_nvram_advise(n, r);
	r = cb_nvram_save(n);
	if (r < 0)
		return r;
	cb_uuid_text(vendor, guid);
	printf("%.*s-%s: %zu byte%s\n", CB_STR_ARG(name), guid, value.n, value.n == 1 ? "" : "s");
	return 0;
}

static int run_set(struct cb_host *h, const void *args, const struct cb_list *operands)
{
	const struct args *a = args;
	struct cb_uuid vendor;
	struct cb_nvram n;
	struct cb_str name;
	struct cb_buf value;

	cb_nvram_name(cb_str_c(operands->v[0]), &name, &vendor);
	cb_buf_init(&value, &h->env, CB_MAX_EFIVAR);

	int r = make_value(h, a->as, operands->v[1], &value);

	if (r == 0 && value.n == 0)
		r = cb_host_usage(h, "VALUE is empty: 'nvram unset' deletes a variable");
	if (r == 0) {
		r = cb_nvram_open(h, &a->where, true, &n);
		if (r == 0)
			r = set(&n, a, name, vendor, cb_buf_bytes(&value));
		cb_nvram_close(&n);
	}
	cb_buf_fini(&value);
	return r;
}

static int unset(struct cb_nvram *n, struct cb_str name, struct cb_uuid vendor)
{
	uint32_t attributes;
	char guid[CB_UUID_TEXT];
	struct cb_buf old;

	cb_uuid_text(vendor, guid);
	cb_buf_init(&old, &n->h->env, CB_MAX_EFIVAR);

	int r = cb_efivars_find(n->vars, name, vendor, &attributes, &old);

	cb_buf_fini(&old);
	if (r == 0)
		r = cb_fail(&n->h->env, CB_ENOENT, "there is no variable %.*s-%s", CB_STR_ARG(name),
			    guid);
	if (r > 0)
		r = n->vars->ops->set(n->vars, name, vendor, attributes, (struct cb_bytes){ NULL, 0 });
	if (r < 0)
		return cb_nvram_advise(n, r);
	r = cb_nvram_save(n);
	if (r == 0)
		printf("%.*s-%s: deleted\n", CB_STR_ARG(name), guid);
	return r;
}

static int run_unset(struct cb_host *h, const void *args, const struct cb_list *operands)
{
	const struct args *a = args;
	struct cb_uuid vendor;
	struct cb_nvram n;
	struct cb_str name;
	int r = cb_nvram_open(h, &a->where, true, &n);

	cb_nvram_name(cb_str_c(operands->v[0]), &name, &vendor);
	if (r == 0)
		r = unset(&n, name, vendor);
	cb_nvram_close(&n);
	return r;
}

#define NAME_ABOUT \
	"NAME alone means the firmware's own variable (BootOrder, Boot0001, Timeout), or ours when it " \
	"begins with CloudBoot; NAME-GUID is anybody's.\n\n"

const struct cb_cmd cb_cmd_nvram_set = {
	.name = "nvram set", .operands = "NAME[-GUID] VALUE|@FILE",
	.summary = "create or replace an EFI variable",
	.about = NAME_ABOUT "@FILE is a file with the bytes of the value.\n\n" CB_NVRAM_ABOUT,
	.examples = "cloud-boot nvram set --store OVMF_VARS.fd BootOrder --as numbers 0001,0000\n"
		"cloud-boot nvram set --store nvram.fd CloudBootTarget primary\n"
		"cloud-boot nvram set --efivars vars Boot0005 @entry.bin",
	CB_OPTS(set_opts), .min_operands = 2, .max_operands = 2, .args_size = sizeof(struct args),
	.run = run_set,
};

const struct cb_cmd cb_cmd_nvram_unset = {
	.name = "nvram unset", .operands = "NAME[-GUID]",
	.summary = "delete an EFI variable",
	.about = NAME_ABOUT CB_NVRAM_ABOUT,
	.examples = "cloud-boot nvram unset --store OVMF_VARS.fd BootNext",
	CB_OPTS(unset_opts), .min_operands = 1, .max_operands = 1, .args_size = sizeof(struct args),
	.run = run_unset,
};
