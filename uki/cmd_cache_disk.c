/* uki/cmd_cache_disk.c - `cloud-boot cache-disk`: the second disk of the page's two-disk dance. */
#include <string.h>

#include "codec/json_write.h"
#include "uki/cache_disk.h"

struct args {
	const char *sector;
	struct cb_cache_plan plan;
	bool json;
};

#define PLAN(field) offsetof(struct args, plan.field)

static const struct cb_opt opts[] = {
	{ "sector", 0, CB_OPT_TEXT, "512|4096", offsetof(struct args, sector),
	  "bytes in a sector of the disk, as its machine will see it; default: 512" },
	{ "force", 0, CB_OPT_FLAG, NULL, PLAN(force),
	  "replace what is there: another file, a block device, a cache disk with all that is on it" },
	{ "seed", 0, CB_OPT_TEXT, "TEXT", PLAN(seed),
	  "derive the identifiers from this text, so that the same bytes can be made again; default: "
	  "random ones" },
	{ "json", 0, CB_OPT_FLAG, NULL, offsetof(struct args, json), "print JSON" },
};

static void text(struct cb_buf *b, const struct cb_cache_disk *d)
{
	cb_buf_fmt(b, "%s: %s%llu MiB, one EFI system partition, FAT%u, sectors of %u bytes\n", d->path,
		   d->made ? "" : "already there: ", (unsigned long long)(d->size >> 20), d->bits,
		   d->sector);
	cb_buf_fmt(b, "  partition  %s, %s\n", CB_CACHE_NAME, d->partuuid);
	for (size_t i = 0; i < d->staged.n; i++) {
		cb_buf_fmt(b, i == 0 ? "  staged     " : "             ");
		cb_str_escape(b, cb_str_c(d->staged.v[i]));
		cb_buf_fmt(b, "\n");
	}
	if (d->bits != 32)
		cb_buf_fmt(b, "  note       FAT32 needs 65525 clusters: with this size and sectors of "
			   "%u bytes there are fewer\n",
			   d->sector);
}

static void json(struct cb_buf *b, const struct cb_cache_disk *d)
{
	struct cb_json j = { b, false };

	cb_json_open(&j, NULL, '{');
	cb_json_str(&j, "path", cb_str_c(d->path));
	cb_json_bool(&j, "made", d->made);
	cb_json_u64(&j, "size", d->size);
	cb_json_u64(&j, "sector", d->sector);
	cb_json_u64(&j, "fat", d->bits);
	cb_json_str(&j, "name", CB_STR(CB_CACHE_NAME));
	cb_json_str(&j, "uuid", cb_str_c(d->uuid));
	cb_json_str(&j, "partuuid", cb_str_c(d->partuuid));
	cb_json_open(&j, "staged", '[');
	for (size_t i = 0; i < d->staged.n; i++)
		cb_json_str(&j, NULL, cb_str_c(d->staged.v[i]));
	cb_json_close(&j, ']');
	cb_json_close(&j, '}');
	cb_buf_fmt(b, "\n");
}

static int run(struct cb_host *h, const void *args, const struct cb_list *operands)
{
	struct args a = *(const struct args *)args;
	struct cb_cache_disk disk;
	struct cb_buf b;
	int r;

	a.plan.path = operands->v[0];
	if (strcmp(a.plan.path, "-") == 0)
		return cb_host_usage(h, "-: a disk needs a file");
	if (operands->n > 1 && (!cb_str_u64(cb_str_c(operands->v[1]), 10, &a.plan.mib) || a.plan.mib == 0))
		return cb_host_usage(h, "%s: not a number of MiB", operands->v[1]);
	if (a.sector != NULL)
		a.plan.sector = strcmp(a.sector, "512") == 0 ? 512 : 4096;
	r = cb_cache_disk_make(h, &a.plan, &disk);
	if (r < 0)
		return r;
	cb_buf_init(&b, &h->env, 1u << 20);
	(a.json ? json : text)(&b, &disk);
	r = cb_buf_status(&b);
	cb_host_print(&b);
	cb_buf_fini(&b);
	return r;
}

const struct cb_cmd cb_cmd_cache_disk = {
	.name = "cache-disk", .operands = "PATH [MIB]",
	.summary = "make the disk that cloudboot.exit=reboot stages kernels on",
	.about = "Makes a sparse file of 64 to 4096 MiB (256 if MIB is not given): a GPT with one EFI "
		"system partition named cloud-boot-cache. Attach it, writable, beside boot.iso and the "
		"machine's own disks. cloud-boot finds it by that name, puts the chosen kernel into "
		"\\EFI\\Linux and lets the firmware start it after a reboot.\n\n"
		"A cache disk that is there already is kept as it is, with everything on it. Any other file, "
		"a block device, or a cache disk of another size is refused unless --force is given.\n\n"
		"The partition is FAT32, or FAT16 where it has too few sectors for that: up to 258 MiB in "
		"sectors of 4096 bytes.",
	.examples = "cloud-boot cache-disk menu-cache.raw\n"
		"cloud-boot cache-disk menu-cache.raw 1024 --sector 4096\n"
		"SOURCE_DATE_EPOCH=1700000000 cloud-boot cache-disk --seed vm-1 vm-1.raw",
	CB_OPTS(opts), .min_operands = 1, .max_operands = 2, .args_size = sizeof(struct args),
	.run = run,
};
