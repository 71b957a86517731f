/* uki/cmd_nvram_stage.c - `cloud-boot nvram stage|reset`: our boot entry, as init writes it. */
#include <stdlib.h>

#include "codec/json_write.h"
#include "image/bootvars.h"
#include "uki/images.h"
#include "uki/nvram.h"

#define CACHE_LABEL "cloud-boot-cache"

struct args {
	struct cb_nvram_where where;
	const char *disk, *file, *target, *options, *partition;
	bool once, json;
};

static const struct cb_opt stage_opts[] = {
	CB_NVRAM_OPTS(offsetof(struct args, where)),
	{ "disk", 0, CB_OPT_TEXT, "IMAGE", offsetof(struct args, disk),
	  "the disk with the file, raw or qcow2; its partition named " CACHE_LABEL " is meant" },
	{ "partition", 0, CB_OPT_TEXT, "N", offsetof(struct args, partition),
	  "the file is on partition N of the disk" },
	{ "file", 0, CB_OPT_TEXT, "PATH", offsetof(struct args, file),
	  "a file below \\EFI\\Linux, which need not exist yet" },
	{ "target", 0, CB_OPT_TEXT, "NAME", offsetof(struct args, target),
	  "the entry is called \"cloud-boot NAME\"" },
	{ "options", 0, CB_OPT_TEXT, "TEXT", offsetof(struct args, options),
	  "what the file gets as its command line" },
	{ "once", 0, CB_OPT_FLAG, NULL, offsetof(struct args, once),
	  "for the next boot only (BootNext), as cloudboot.trial=1 does" },
	{ "json", 0, CB_OPT_FLAG, NULL, offsetof(struct args, json), "print JSON" },
};

static const struct cb_opt reset_opts[] = {
	CB_NVRAM_OPTS(offsetof(struct args, where)),
	{ "json", 0, CB_OPT_FLAG, NULL, offsetof(struct args, json), "print JSON" },
};

/* The GPT partition that --disk and --partition mean. */
static int find_partition(struct cb_host *h, const struct args *a, const struct cb_disk *d,
			  const struct cb_part **ret)
{
	const struct cb_part *found = NULL;
	uint64_t number = 0;

	if (a->partition != NULL && !cb_str_u64(cb_str_c(a->partition), 10, &number))
		return cb_host_usage(h, "--partition %s: not a number", a->partition);
	for (size_t i = 0; i < d->table.n && found == NULL; i++) {
		const struct cb_part *p = &d->table.parts[i];

		if (a->partition != NULL ? p->number == number : cb_str_eq(p->label, CB_STR(CACHE_LABEL)))
			found = p;
	}
	if (found == NULL || d->table.kind != CB_PART_GPT)
		return cb_host_advise(h, cb_fail(&h->env, CB_ENOENT, "%s: no GPT partition %s", a->disk,
						 a->partition != NULL ? a->partition :
									"is named " CACHE_LABEL),
				      CB_REPORT_NO_VOLUME,
				      "'cloud-boot explain' shows the partitions; name one with "
				      "--partition N");
	*ret = found;
	return 0;
}

static int make_entry(struct cb_host *h, const struct args *a, struct cb_boot_entry *ret)
{
	const struct cb_list paths = { (const char **)&a->disk, 1 };
	const struct cb_part *p = NULL;
	struct cb_volumes vs;
	int r = cb_images_open(h, &paths, &vs);

	if (r < 0)
		return r;
	r = find_partition(h, a, vs.disks, &p);
	*ret = (struct cb_boot_entry){ .name = cb_str_c(a->target), .file = cb_str_c(a->file),
				       .options = cb_str_c(a->options) };
	if (r == 0) {
		ret->part = p->number;
		ret->first = p->off / vs.disks->table.sector;
		ret->nblocks = p->size / vs.disks->table.sector;
		if (!cb_uuid_parse(cb_str_c(p->uuid), &ret->partuuid))
			r = cb_fail(&h->env, CB_ECORRUPT, "partition %u has no UUID", p->number);
	}
	cb_volumes_fini(&vs);
	return r;
}

static int stage(struct cb_nvram *n, const struct args *a, const struct cb_boot_entry *e)
{
	const char *place = a->once ? "the next boot only" : "first in BootOrder";
	uint16_t number;
	unsigned written;
	int r = cb_bootvars_place(n->vars, e, a->once ? CB_BOOT_ONCE : CB_BOOT_ALWAYS, &number, &written);

	if (r < 0)
		return cb_nvram_advise(n, r);
	r = cb_nvram_save(n);
	if (r < 0)
		return r;
	if (a->json)
		printf("{\"number\":\"%04X\",\"once\":%s,\"written\":%u}\n", number,
		       a->once ? "true" : "false", written);
	else
		printf("Boot%04X: cloud-boot %s, %s; %u variables written\n", number, a->target, place,
		       written);
	return 0;
}

static int run_stage(struct cb_host *h, const void *args, const struct cb_list *operands)
{
	const struct args *a = args;
	struct cb_boot_entry e;
	struct cb_nvram n;

	(void)operands;
	if (a->disk == NULL || a->file == NULL || a->target == NULL)
		return cb_host_usage(h, "--disk, --file and --target are needed");

	int r = make_entry(h, a, &e);

	if (r < 0)
		return r;
	r = cb_nvram_open(h, &a->where, true, &n);
	if (r == 0)
		r = stage(&n, a, &e);
	cb_nvram_close(&n);
	return r;
}

static int reset(struct cb_nvram *n, bool as_json)
{
	unsigned removed;
	int r = cb_bootvars_reset(n->vars, &removed);

	if (r < 0)
		return cb_nvram_advise(n, r);
	r = cb_nvram_save(n);
	if (r < 0)
		return r;
	if (as_json)
		printf("{\"removed\":%u}\n", removed);
	else if (removed > 0)
		printf("%u variable%s of cloud-boot removed\n", removed, removed == 1 ? "" : "s");
	else
		printf("there was nothing of cloud-boot\n");
	return 0;
}

static int run_reset(struct cb_host *h, const void *args, const struct cb_list *operands)
{
	const struct args *a = args;
	struct cb_nvram n;
	int r = cb_nvram_open(h, &a->where, true, &n);

	(void)operands;
	if (r == 0)
		r = reset(&n, a->json);
	cb_nvram_close(&n);
	return r;
}

const struct cb_cmd cb_cmd_nvram_stage = {
	.name = "nvram stage",
	.summary = "make a file on a disk the firmware's first boot choice",
	.about = "Writes the boot entry that init writes with cloudboot.exit=reboot: under the number that "
		"ours has, else Boot0001 if that is free, else the first free one, and puts it first in "
		"BootOrder. Entries of others keep every byte and their order. What is there already is not "
		"written again.\n\n" CB_NVRAM_ABOUT,
	.examples = "cloud-boot nvram stage --store nvram.fd --disk cache.raw --target deb --file "
		"/EFI/Linux/deb.efi",
	CB_OPTS(stage_opts), .args_size = sizeof(struct args), .run = run_stage,
};

const struct cb_cmd cb_cmd_nvram_reset = {
	.name = "nvram reset",
	.summary = "remove our boot entry and our variables",
	.about = "Removes exactly what is cloud-boot's: its boot entry, the entry's place in BootOrder, "
		"BootNext when it names the entry, and the variables of our vendor GUID. The firmware then "
		"starts cloud-boot, or whatever else its order has.\n\n" CB_NVRAM_ABOUT,
	.examples = "cloud-boot nvram reset --store OVMF_VARS.fd\n"
		"sudo cloud-boot nvram reset",
	CB_OPTS(reset_opts), .args_size = sizeof(struct args), .run = run_reset,
};
