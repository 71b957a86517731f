/* uki/cmd_explain.c - `cloud-boot explain`: what init would find on these disks, and would boot. */
#include <string.h>

#include "boot/explain.h"
#include "settings/settings.h"
#include "uki/images.h"
#include "codec/json_write.h"

#define TEXT_MAX (16u << 20)

struct args {
	const char *settings, *arch, *by;
	bool json;
};

static const struct cb_opt opts[] = {
	{ "settings", 0, CB_OPT_TEXT, "TEXT", offsetof(struct args, settings),
	  "a command line with cloudboot.* settings, applied as init would" },
	{ "arch", 0, CB_OPT_TEXT, "ARCH", offsetof(struct args, arch),
	  "of the machine that is to boot: kernels for others are passed over (default: any)" },
	{ "by", 0, CB_OPT_TEXT, "kexec|efi", offsetof(struct args, by),
	  "who starts the kernel: init (kexec, the default) or the firmware (efi)" },
	{ "json", 0, CB_OPT_FLAG, NULL, offsetof(struct args, json), "print JSON" },
};

static void json_volume(struct cb_json *j, const struct cb_volume *v)
{
	static const char *const roles[] = { "other", "esp", "xbootldr", "root", "cache" };

	cb_json_open(j, NULL, '{');
	cb_json_str(j, "name", v->name);
	cb_json_str(j, "disk", v->disk->name);
	cb_json_int(j, "partition", v->part);
	cb_json_int(j, "size", (int64_t)cb_blk_size(v->blk));
	cb_json_str(j, "role", cb_str_c(roles[v->role]));
	cb_json_str(j, "type", v->type);
	cb_json_str(j, "partlabel", v->partlabel);
	cb_json_str(j, "partuuid", v->partuuid);
	cb_json_str(j, "fs", v->fs_type);
	cb_json_str(j, "label", v->label);
	cb_json_str(j, "uuid", v->uuid);
	if (v->status < 0)
		cb_json_str(j, "problem", v->why);
	cb_json_close(j, '}');
}

static void json_disks(struct cb_json *j, const struct cb_volumes *vs, const struct cb_list *paths)
{
	static const char *const tables[] = { "none", "mbr", "gpt" };

	cb_json_open(j, "disks", '[');
	for (const struct cb_disk *d = vs->disks; d != NULL; d = d->next) {
		cb_json_open(j, NULL, '{');
		cb_json_str(j, "name", d->name);
		cb_json_str(j, "image", cb_str_c(d->index < paths->n ? paths->v[d->index] : ""));
		cb_json_int(j, "size", (int64_t)cb_blk_size(d->blk));
		cb_json_str(j, "table", cb_str_c(tables[d->table.kind]));
		cb_json_open(j, "notes", '[');
		for (size_t i = 0; i < d->table.notes_n; i++)
			cb_json_str(j, NULL, d->table.notes[i]);
		cb_json_close(j, ']');
		if (d->status < 0)
			cb_json_str(j, "problem", d->why);
		cb_json_close(j, '}');
	}
	cb_json_close(j, ']');
	cb_json_open(j, "volumes", '[');
	for (const struct cb_volume *v = vs->volumes; v != NULL; v = v->next)
		json_volume(j, v);
	cb_json_close(j, ']');
}

static void json_file(struct cb_json *j, const char *key, const struct cb_boot_file *f)
{
	cb_json_open(j, key, '{');
	cb_json_str(j, "volume", f->volume->name);
	cb_json_str(j, "path", f->path);
	cb_json_int(j, "size", (int64_t)f->size);
	cb_json_close(j, '}');
}

static void json_candidate(struct cb_json *j, const struct cb_candidate *c)
{
	static const char *const kinds[] = { "linux", "uki", "efi" };

	cb_json_open(j, NULL, '{');
	cb_json_str(j, "rule", cb_str_c(c->rule));
	cb_json_str(j, "reason", c->reason);
	cb_json_str(j, "id", c->id);
	cb_json_str(j, "title", c->title);
	cb_json_str(j, "version", c->version);
	cb_json_str(j, "kind", cb_str_c(kinds[c->kind]));
	cb_json_str(j, "arch", cb_str_c(c->arch != CB_ARCH_NONE ? cb_arch_name(c->arch) : NULL));
	if (c->entry.volume != NULL)
		json_file(j, "entry", &c->entry);
	if (c->kernel.volume != NULL)
		json_file(j, "kernel", &c->kernel);
	cb_json_open(j, "initrds", '[');
	for (size_t i = 0; i < c->initrds_n; i++)
		json_file(j, NULL, &c->initrds[i]);
	cb_json_close(j, ']');
	cb_json_str(j, "root", c->root != NULL ? c->root->name : (struct cb_str){ NULL, 0 });
	cb_json_str(j, "cmdline", c->cmdline);
	cb_json_str(j, "cmdline_from", c->cmdline_from);
	cb_json_bool(j, "last_resort", c->last_resort);
	cb_json_bool(j, "bootable", c->status >= 0);
	if (c->status < 0)
		cb_json_str(j, "problem", c->why);
	cb_json_close(j, '}');
}

static void json(struct cb_buf *b, const struct cb_boot_plan *p, const struct cb_list *paths)
{
	struct cb_json j = { b, false };

	cb_json_open(&j, NULL, '{');
	json_disks(&j, p->vs, paths);
	cb_json_open(&j, "candidates", '[');
	for (const struct cb_candidate *c = p->first; c != NULL; c = c->next)
		json_candidate(&j, c);
	cb_json_close(&j, ']');
	cb_json_open(&j, "notes", '[');
	for (const struct cb_boot_note *n = p->notes; n != NULL; n = n->next)
		cb_json_str(&j, NULL, n->text);
	cb_json_close(&j, ']');
	cb_json_close(&j, '}');
	cb_buf_fmt(b, "\n");
}

static void text(struct cb_buf *b, const struct cb_boot_plan *p, const struct cb_list *paths)
{
	for (const struct cb_disk *d = p->vs->disks; d != NULL; d = d->next) {
		cb_buf_fmt(b, "%.*s is ", CB_STR_ARG(d->name));
		cb_str_escape(b, cb_str_c(d->index < paths->n ? paths->v[d->index] : "?"));
		cb_buf_fmt(b, "\n");
	}
	cb_explain_volumes(p->vs, b);
	cb_buf_fmt(b, "\n");
	cb_explain_plan(p, b);
}

/* What to look for, from the settings; text is borrowed from them. */
static int make_request(struct cb_host *h, const struct args *a, struct cb_settings *s,
			struct cb_str *initrd, struct cb_boot_request *ret)
{
	int r = cb_settings_read(s, cb_str_c(a->settings), CB_SOURCE_CMDLINE);

	if (r < 0)
		return r;
	for (const struct cb_note *n = s->notes; n != NULL; n = n->next)
		cb_host_say(h, "warning: %.*s", CB_STR_ARG(n->text));
	*initrd = cb_settings_get(s, CB_KEY_DISK_INITRD);
	*ret = (struct cb_boot_request){
		.device = cb_settings_get(s, CB_KEY_DISK), .fs = cb_settings_get(s, CB_KEY_DISK_FS),
		.kernel = cb_settings_get(s, CB_KEY_DISK_KERNEL), .initrds = initrd,
		.initrds_n = initrd->n > 0 ? 1 : 0, .cmdline_from = "cloudboot.cmdline",
		.hand = a->by != NULL && strcmp(a->by, "efi") == 0 ? CB_HAND_EFI : CB_HAND_KEXEC,
	};
	if (cb_settings_source(s, CB_KEY_CMDLINE) != CB_SOURCE_PRESET)
		ret->cmdline = cb_settings_get(s, CB_KEY_CMDLINE);
	if (a->arch != NULL && !cb_arch_parse(cb_str_c(a->arch), &ret->arch))
		return cb_host_usage(h, "--arch %s: it is one of x86_64, aarch64, riscv64, loongarch64",
				     a->arch);
	return 0;
}

static int explain(struct cb_host *h, const struct args *a, struct cb_volumes *vs,
		   const struct cb_boot_request *req, const struct cb_list *paths)
{
	struct cb_candidate *best;
	struct cb_boot_plan *plan;
	struct cb_buf b;
	int r = cb_boot_plan_make(vs, req, &plan);

	if (r < 0)
		return cb_host_advise(h, r, CB_REPORT_NO_BOOT,
				      "mend --settings; without it every disk is "
				      "searched");
	cb_buf_init(&b, &h->env, TEXT_MAX);
	(a->json ? json : text)(&b, plan, paths);
	r = cb_buf_status(&b);
	cb_host_print(&b);
	cb_buf_fini(&b);
	if (r == 0)
		r = cb_boot_next(plan, NULL, &best);
	cb_boot_plan_free(plan);
	return r < 0 ? cb_host_advise(h, r, CB_REPORT_NO_BOOT,
				      "docs/choice.md tells what is looked for") :
		       0;
}

static int run(struct cb_host *h, const void *args, const struct cb_list *operands)
{
	struct cb_boot_request req = { 0 };
	struct cb_settings s;
	struct cb_volumes vs;
	struct cb_str initrd;

	cb_settings_init(&s, &h->env);

	int r = make_request(h, args, &s, &initrd, &req);

	if (r == 0)
		r = cb_images_open(h, operands, &vs);
	if (r == 0) {
		r = explain(h, args, &vs, &req, operands);
		cb_volumes_fini(&vs);
	}
	cb_settings_fini(&s);
	return r;
}

const struct cb_cmd cb_cmd_explain = {
	.name = "explain", .operands = "IMAGE...",
	.summary = "show what a set of disks would boot, and why",
	.about = "Prints partitions, layers and file systems, then everything that could boot in order "
		"of preference, with the rule that put it there, its command line and where that comes "
		"from. It is the code that init and the loader decide with.\n\n"
		"The exit status is 1 when nothing could boot.",
	.examples = "cloud-boot explain debian.qcow2\n"
		"cloud-boot explain --settings 'cloudboot.disk=LABEL=root' root.raw boot.raw\n"
		"cloud-boot explain --json debian.qcow2 | jq -r .candidates[0].kernel.path",
	CB_OPTS(opts), .min_operands = 1, .max_operands = SIZE_MAX, .args_size = sizeof(struct args),
	.run = run,
};
