/* uki/cache_disk.c - writes a cache disk, and knows one when it sees it. */
#include "uki/cache_disk.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "codec/hash.h"
#include "core/limits.h"
#include "disk/esp.h"
#include "posix/file_blk.h"
#include "uki/files.h"
#include "uki/images.h"

#define MIN_MIB 64u
#define MAX_MIB 4096u
#define MIB_SHIFT 20

enum what { NOTHING, A_FILE, A_DEVICE };

/* What stands under the name now. A link stands for what it points to. */
static int look(struct cb_host *h, const char *path, enum what *ret)
{
	struct stat st;

	*ret = NOTHING;
	if (stat(path, &st) < 0) {
		if (errno == ENOENT)
			return 0;
		return cb_host_advise(h, cb_host_errno(h, "%s", path), CB_REPORT_OUTPUT,
				      "choose a place that exists and is writable");
	}
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
		int r = cb_fail(&h->env, CB_EINVAL, "%s: %s, not a file or block device", path,
				S_ISDIR(st.st_mode) ? "a directory" : "something else");

		return cb_host_advise(h, r, CB_REPORT_OUTPUT, "choose another name");
	}
	*ret = S_ISREG(st.st_mode) ? A_FILE : A_DEVICE;
	return 0;
}

struct names {
	struct cb_host *h;
	const char **v;
	size_t n, room;
};

static int keep_name(void *arg, const struct cb_dirent *e)
{
	struct names *l = arg;

	if (l->n == l->room)
		return cb_fail(&l->h->env, CB_ELIMIT, "over %zu files in \\EFI\\Linux", l->room);
	l->v[l->n] = cb_host_text(l->h, "%.*s", CB_STR_ARG(e->name));
	return l->v[l->n++] != NULL ? 0 : CB_ENOMEM;
}

/* The names in \EFI\Linux: a cache disk has that folder. */
static int read_staged(struct cb_host *h, struct cb_fs *fs, struct cb_list *ret)
{
	struct names l = { .h = h, .room = 1024 };
	struct cb_node dir = { 0 };
	int r = cb_fs_open(fs, CB_STR("/EFI/Linux"), &dir);

	if (r < 0)
		return r;
	l.v = cb_new(&h->arena, const char *, l.room);
	r = l.v != NULL ? cb_fs_readdir(fs, &dir, keep_name, &l) : CB_ENOMEM;
	*ret = (struct cb_list){ l.v, l.n };
	return r;
}

static int describe(struct cb_host *h, struct cb_volumes *vs, struct cb_volume *v,
		    struct cb_cache_disk *ret)
{
	uint8_t boot[512];
	int r = cb_volume_mount(vs, v);

	if (r == 0)
		r = read_staged(h, v->fs, &ret->staged);
	if (r == 0)
		r = cb_blk_pread(v->blk, 0, boot, sizeof(boot));
	if (r < 0)
		return r;
	ret->bits = (boot[22] | boot[23]) == 0 ? 32 : 16;   /* BPB_FATSz16 is 0 only in FAT32 */
	ret->size = cb_blk_size(v->disk->blk);
	ret->sector = v->disk->table.sector;
	memcpy(ret->uuid, v->disk->table.uuid, sizeof(ret->uuid));
	if (v->partuuid.n < sizeof(ret->partuuid))
		memcpy(ret->partuuid, v->partuuid.p, v->partuuid.n);
	return 0;
}

/* Fill ret in when path holds a cache disk; *ret_is says whether it does, and a report says why not. */
static int inspect(struct cb_host *h, const char *path, bool *ret_is, struct cb_cache_disk *ret)
{
	const char *const one[] = { path, NULL };
	struct cb_volumes vs;
	int r = cb_images_open(h, &(struct cb_list){ (const char **)one, 1 }, &vs);

	*ret_is = false;
	if (r < 0)
		return r;
	for (struct cb_volume *v = vs.volumes; v != NULL && !*ret_is; v = v->next)
		if (v->role == CB_ROLE_CACHE) {
			*ret_is = true;
			r = describe(h, &vs, v, ret);
		}
	cb_volumes_fini(&vs);
	return r;
}

static int refuse(struct cb_host *h, const struct cb_cache_plan *plan)
{
	return cb_host_advise(h, CB_EINVAL, CB_REPORT_OUTPUT, "choose another name, or give --force to "
			      "replace all of %s", plan->path);
}

/* What is there is kept if it is what the plan asks for. */
static int keep(struct cb_host *h, const struct cb_cache_plan *plan, struct cb_cache_disk *ret)
{
	bool is = false;
	int r = inspect(h, plan->path, &is, ret);

	if (!is || r < 0) {
		const char *what = is ? "is a cache disk that can't be read" :
			"is there, and is no cache disk";

		h->report = CB_REPORT_NONE;    /* advice about inputs isn't for this */
		(void)(r < 0 ? cb_wrap(&h->env, r, "%s %s", plan->path, what) :
		       cb_fail(&h->env, CB_EINVAL, "%s %s", plan->path, what)); /* refused below */
		return refuse(h, plan);
	}
	if (plan->mib > 0 && ret->size != plan->mib << MIB_SHIFT) {
		(void)cb_fail(&h->env, CB_EINVAL, "%s is a cache disk of %llu MiB, not of %llu", plan->path,
			      (unsigned long long)(ret->size >> MIB_SHIFT), (unsigned long long)plan->mib);
		return refuse(h, plan);
	}
	if (plan->sector > 0 && ret->sector != plan->sector) {
		(void)cb_fail(&h->env, CB_EINVAL, "%s is a cache disk with sectors of %u bytes, not of %u",
			      plan->path, ret->sector, plan->sector);
		return refuse(h, plan);
	}
	return 0;
}

/* GUIDs and serial number: two cache disks in one machine must differ, unless somebody wants the same. */
static int make_seed(struct cb_host *h, const struct cb_cache_plan *plan, struct cb_uuid *ret)
{
	uint8_t digest[CB_HASH_MAX];
	struct cb_str text = cb_str_c(plan->seed);

	if (plan->seed == NULL)
		return h->env.plat->entropy(h->env.ctx, ret->b, sizeof(ret->b)) < 0 ?
			cb_fail(&h->env, CB_EIO, "no random numbers for the disk's identifiers") : 0;
	(void)cb_hash_bytes(CB_HASH_SHA256, (struct cb_bytes){ (const uint8_t *)text.p, text.n }, digest);
	memcpy(ret->b, digest, sizeof(ret->b));
	return 0;
}

/* A device has its own size and sectors; a plan may say no others. */
static int measure(struct cb_host *h, const struct cb_cache_plan *plan, struct cb_esp_plan *disk)
{
	struct cb_blk *b = NULL;
	uint64_t size;
	int r = cb_posix_blk(&h->env, plan->path, true, &b);

	if (r < 0)
		return cb_host_advise(h, r, CB_REPORT_OUTPUT, "choose a device that is writable");
	size = cb_blk_size(b);
	disk->fat.sector = b->block_size;
	cb_blk_unref(b);
	if ((plan->mib > 0 && plan->mib << MIB_SHIFT != size) ||
	    (plan->sector > 0 && plan->sector != disk->fat.sector))
		return cb_host_usage(h, "%s has %llu bytes in sectors of %u: say no other size", plan->path,
				     (unsigned long long)size, disk->fat.sector);
	if (size < (uint64_t)MIN_MIB << MIB_SHIFT || size > (uint64_t)MAX_MIB << MIB_SHIFT)
		return cb_host_usage(h, "%s has %llu bytes: a cache disk has %u to %u MiB", plan->path,
				     (unsigned long long)size, MIN_MIB, MAX_MIB);
	disk->size = size;
	return 0;
}

static int write_disk(struct cb_host *h, const struct cb_cache_plan *plan, enum what there,
		      const struct cb_esp_plan *disk)
{
	struct cb_esp *esp = NULL;
	struct cb_pieces l;
	int r;

	cb_pieces_init(&l, &h->env);
	r = cb_esp_write(&h->env, disk, &l, &esp);
	if (r == 0)
		r = there == A_DEVICE ? cb_hostfile_write_device(h, plan->path, &l) :
			cb_hostfile_write(h, plan->path, &l, NULL);
	cb_pieces_fini(&l);
	cb_esp_close(esp);
	return r;
}

static int make(struct cb_host *h, const struct cb_cache_plan *plan, enum what there)
{
	/* Both that staging writes to: a power cut while it makes one could leave half of it. */
	static const struct cb_fat_file folders[] = {
		{ .path = CB_STR("EFI/Linux"), .is_dir = true },
		{ .path = CB_STR("EFI/cloud-boot"), .is_dir = true },
	};
	struct cb_esp_plan disk = {
		.fat = { .sector = plan->sector > 0 ? plan->sector : 512, .label = CB_STR(CB_CACHE_LABEL),
			 .files = folders, .nfiles = sizeof(folders) / sizeof(folders[0]) },
		.size = (plan->mib > 0 ? plan->mib : CB_CACHE_MIB) << MIB_SHIFT,
		.name = CB_STR(CB_CACHE_NAME),
	};
	int r = make_seed(h, plan, &disk.seed);

	if (r == 0)
		r = cb_host_epoch(h, plan->seed != NULL ? 0 : (int64_t)time(NULL), &disk.fat.time);
	if (r == 0 && there == A_DEVICE)
		r = measure(h, plan, &disk);
	if (r < 0)
		return r;

	struct cb_cur id = cb_cur((struct cb_bytes){ disk.seed.b, sizeof(disk.seed.b) });

	disk.fat.id = cb_cur_le32(&id);
	return write_disk(h, plan, there, &disk);
}

int cb_cache_disk_make(struct cb_host *h, const struct cb_cache_plan *plan, struct cb_cache_disk *ret)
{
	enum what there = NOTHING;
	bool is = false;
	int r;

	if (plan->mib != 0 && (plan->mib < MIN_MIB || plan->mib > MAX_MIB))
		return cb_host_usage(h, "a cache disk of %llu MiB: it is %u to %u",
				     (unsigned long long)plan->mib, MIN_MIB, MAX_MIB);
	*ret = (struct cb_cache_disk){ .path = plan->path };
	r = look(h, plan->path, &there);
	if (r == 0 && there != NOTHING && !plan->force)
		return keep(h, plan, ret);
	if (r == 0)
		r = make(h, plan, there);
	/* What is reported is what a reader finds. */
	if (r == 0)
		r = inspect(h, plan->path, &is, ret);
	ret->made = true;
	return r;
}
