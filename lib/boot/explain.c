/* boot/explain.c - volumes, candidates and notes as text for people. */
#include "boot/explain.h"

#include "core/fmt.h"
#include "core/str.h"

#define KIB 1024u

/* "3.9 GiB", "512 KiB", "512 bytes": three digits say enough. */
#define SIZE_TEXT 32u
static const char *size_text(uint64_t bytes, char ret[SIZE_TEXT])
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB" };
	unsigned unit = 0;
	uint64_t tenths = 0;

	while (bytes >= KIB && unit < 5) {
		tenths = (bytes % KIB) * 10 / KIB;
		bytes /= KIB;
		unit++;
	}
	if (unit > 0 && bytes < 10)
		(void)cb_fmt(ret, SIZE_TEXT, "%llu.%llu %s", (unsigned long long)bytes,
			     (unsigned long long)tenths, units[unit]); /* fits, as below */
	else
		(void)cb_fmt(ret, SIZE_TEXT, "%llu %s", (unsigned long long)bytes,
			     unit == 0 && bytes == 1 ? "byte" : units[unit]);
	return ret;
}

static void put_name(struct cb_buf *b, const char *key, struct cb_str value)
{
	if (value.n == 0)
		return;
	cb_buf_fmt(b, "  %s", key);
	cb_str_escape(b, value);
}

static const char *role_text(const struct cb_volume *v)
{
	static const char *const texts[] = {
		[CB_ROLE_OTHER] = "", [CB_ROLE_ESP] = "  EFI system partition",
		[CB_ROLE_XBOOTLDR] = "  boot partition", [CB_ROLE_ROOT] = "  root partition",
		[CB_ROLE_CACHE] = "  cloud-boot's cache",
	};

	return texts[v->role];
}

static void put_volume(struct cb_buf *b, const struct cb_volume *v, size_t name_n)
{
	struct cb_str type = v->fs_type.n > 0 ? v->fs_type : CB_STR("-");
	char size[SIZE_TEXT];

	cb_buf_fmt(b, "  %.*s%*s  %-8s ", CB_STR_ARG(v->name), (int)(name_n - v->name.n), "",
		   size_text(cb_blk_size(v->blk), size));
	cb_buf_fmt(b, "%.*s%*s", CB_STR_ARG(type), type.n < 6 ? (int)(6 - type.n) : 0, "");
	cb_buf_str(b, cb_str_c(role_text(v)));
	put_name(b, "LABEL=", v->label);
	put_name(b, "UUID=", v->uuid);
	put_name(b, "PARTLABEL=", v->partlabel);
	put_name(b, "PARTUUID=", v->partuuid);
	cb_buf_str(b, CB_STR("\n"));
	if (v->below != NULL)
		cb_buf_fmt(b, "    inside %.*s\n", CB_STR_ARG(v->below->name));
	if (v->status < 0) {
		cb_buf_str(b, CB_STR("    can't be read: "));
		cb_str_escape(b, v->why);
		cb_buf_str(b, CB_STR("\n"));
	}
}

static void put_disk(struct cb_buf *b, const struct cb_disk *d)
{
	char size[SIZE_TEXT];
	static const char *const tables[] = {
		[CB_PART_NONE] = "no partition table", [CB_PART_MBR] = "MBR", [CB_PART_GPT] = "GPT",
	};

	cb_buf_fmt(b, "%.*s  %s  %s", CB_STR_ARG(d->name), size_text(cb_blk_size(d->blk), size),
		   d->status < 0 ? "the partition table can't be read" : tables[d->table.kind]);
	put_name(b, "serial ", d->serial);
	cb_buf_str(b, CB_STR("\n"));
	if (d->status < 0) {
		cb_buf_str(b, CB_STR("  "));
		cb_str_escape(b, d->why);
		cb_buf_str(b, CB_STR("\n"));
	}
	if (d->left_out > 0)
		cb_buf_fmt(b, "  note: %zu partitions are left out: more volumes than are looked at\n",
			   d->left_out);
	for (size_t i = 0; i < d->table.notes_n; i++) {
		cb_buf_str(b, CB_STR("  note: "));
		cb_str_escape(b, d->table.notes[i]);
		cb_buf_str(b, CB_STR("\n"));
	}
}

void cb_explain_volumes(const struct cb_volumes *vs, struct cb_buf *ret)
{
	for (const struct cb_disk *d = vs->disks; d != NULL; d = d->next) {
		size_t name_n = 0;

		put_disk(ret, d);
		for (const struct cb_volume *v = vs->volumes; v != NULL; v = v->next)
			if (v->disk == d && v->name.n > name_n)
				name_n = v->name.n;
		for (const struct cb_volume *v = vs->volumes; v != NULL; v = v->next)
			if (v->disk == d)
				put_volume(ret, v, name_n);
	}
}

/* "vda1 (ext4, LABEL=root)", escaped. */
static void put_where(struct cb_buf *b, const struct cb_volume *v)
{
	char text[CB_VOLUME_TEXT];

	cb_str_escape(b, cb_str_c(cb_volume_text(v, text)));
}

static void put_line(struct cb_buf *b, const char *what, struct cb_str value)
{
	cb_buf_fmt(b, "     %-9s", what);
	cb_str_escape(b, value);
	cb_buf_str(b, CB_STR("\n"));
}

static void put_file(struct cb_buf *b, const char *what, const struct cb_boot_file *f)
{
	char size[SIZE_TEXT];

	cb_buf_fmt(b, "     %-9s", what);
	cb_str_escape(b, f->path);
	if (f->size > 0)
		cb_buf_fmt(b, "  %s", size_text(f->size, size));
	cb_buf_str(b, CB_STR("\n"));
}

void cb_explain_short(const struct cb_candidate *c, struct cb_buf *ret)
{
	cb_str_escape(ret, c->kernel.path);
	cb_buf_str(ret, CB_STR(" on "));
	put_where(ret, c->kernel.volume);
}

void cb_explain_candidate(const struct cb_candidate *c, struct cb_buf *ret)
{
	static const char *const kinds[] = {
		[CB_BOOT_LINUX] = "kernel", [CB_BOOT_UKI] = "UKI", [CB_BOOT_EFI] = "EFI",
	};

	if (c->entry.volume != NULL)
		put_file(ret, "entry", &c->entry);
	put_file(ret, kinds[c->kind], &c->kernel);
	for (size_t i = 0; i < c->initrds_n; i++)
		put_file(ret, "initrd", &c->initrds[i]);
	if (c->devicetree.volume != NULL)
		put_file(ret, "dtb", &c->devicetree);
	if (c->devicetree.volume != NULL && c->dtb_unused)
		put_line(ret, "warning",
			 CB_STR("this device tree is not used: kexec keeps the machine's own"));
	cb_buf_str(ret, CB_STR("     on       "));
	put_where(ret, c->kernel.volume);
	if (c->root != NULL && c->root != c->kernel.volume) {
		cb_buf_str(ret, CB_STR(", root on "));
		put_where(ret, c->root);
	}
	cb_buf_str(ret, CB_STR("\n"));
	if (c->status < 0) {
		put_line(ret, "broken", c->why);
		return;
	}
	put_line(ret, "cmdline", c->cmdline.n > 0 ? c->cmdline : CB_STR("(empty)"));
	put_line(ret, "from", c->cmdline_from);
}

static void put_candidate(struct cb_buf *b, const struct cb_candidate *c, unsigned number,
			  bool boots)
{
	cb_buf_fmt(b, "%3u  ", number);
	cb_str_escape(b, c->title);
	cb_buf_str(b, boots ? CB_STR("  <- boots\n") : CB_STR("\n"));
	cb_buf_fmt(b, "     %-9s%s: ", "rule", c->rule);
	cb_str_escape(b, c->reason);
	if (c->tries_left > 0)
		cb_buf_fmt(b, ", %d tries left", c->tries_left);
	cb_buf_str(b, c->last_resort ? CB_STR(" (last resort)\n") : CB_STR("\n"));
	cb_explain_candidate(c, b);
}

void cb_explain_plan(const struct cb_boot_plan *p, struct cb_buf *ret)
{
	unsigned number = 0;
	bool boots = true;

	if (p->first == NULL)
		cb_buf_str(ret, CB_STR("nothing to boot was found\n"));
	for (const struct cb_candidate *c = p->first; c != NULL; c = c->next) {
		put_candidate(ret, c, ++number, boots && c->status == 0);
		boots = boots && c->status < 0;
	}
	for (const struct cb_boot_note *n = p->notes; n != NULL; n = n->next) {
		cb_buf_str(ret, CB_STR("note: "));
		if (n->volume != NULL)
			cb_buf_fmt(ret, "%.*s: ", CB_STR_ARG(n->volume->name));
		cb_str_escape(ret, n->text);
		cb_buf_str(ret, CB_STR("\n"));
	}
}
