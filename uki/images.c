/* uki/images.c - from files on the command line to mounted file systems. */
#include "uki/images.h"

#include <string.h>

#include "block/image.h"
#include "core/fmt.h"
#include "core/limits.h"
#include "posix/file_blk.h"

/* "vda", "vdb", ... "vdz", "vdaa", ...: as Linux counts virtio disks. */
static void disk_name(size_t i, char ret[8])
{
	if (i < 26)
		(void)cb_fmt(ret, 8, "vd%c", (char)('a' + i)); /* fits */
	else
		(void)cb_fmt(ret, 8, "vd%c%c", (char)('a' + i / 26 - 1),
			     (char)('a' + i % 26)); /* fits */
}

/* Backing files: the user names the image, the image names these. */
static int open_named(void *arg, const char *path, struct cb_blk **ret)
{
	struct cb_host *h = arg;

	return cb_posix_blk(&h->env, path, false, ret);
}

static int add_image(struct cb_host *h, struct cb_volumes *vs, const char *path, size_t i)
{
	struct cb_blk *file, *b;
	char name[8];
	int r = cb_posix_blk(&h->env, path, false, &file);

	if (r < 0)
		return r;
	r = cb_image_open(file, path, open_named, h, &b);
	cb_blk_unref(file);
	if (r < 0)
		return r;
	disk_name(i, name);
	r = cb_volumes_add_disk(vs, &(struct cb_disk_desc){ .blk = b, .name = cb_str_c(name) });
	cb_blk_unref(b);
	return r;
}

int cb_images_open(struct cb_host *h, const struct cb_list *paths, struct cb_volumes *ret)
{
	int r = 0;

	if (paths->n > CB_MAX_DISKS)
		return cb_host_usage(h, "%zu images, %u are the most", paths->n, CB_MAX_DISKS);
	cb_volumes_init(ret, &h->env, cb_fs_drivers);
	for (size_t i = 0; r == 0 && i < paths->n; i++)
		r = add_image(h, ret, paths->v[i], i);
	if (r < 0) {
		cb_volumes_fini(ret);
		return cb_host_advise(h, r, CB_REPORT_INPUT,
				      "give disk images (raw or qcow2) or block devices that can be read");
	}
	return 0;
}

/* What is there, for somebody who has to choose. */
static int no_volume(struct cb_host *h, const struct cb_volumes *vs, const char *problem)
{
	char text[CB_VOLUME_TEXT];
	struct cb_buf b;

	cb_buf_init(&b, &h->env, CB_DIAG_TEXT);
	for (const struct cb_volume *v = vs->volumes; v != NULL; v = v->next)
		if (v->fs_type.n > 0)
			cb_buf_fmt(&b, "%s%s", b.n > 0 ? ", " : "", cb_volume_text(v, text));

	int r = b.n == 0 ? cb_fail(&h->env, CB_ENOENT, "%s that we can read", problem) :
		cb_fail(&h->env, CB_ENOENT, "%s; there are: %.*s", problem, (int)b.n,
			(const char *)b.p);

	cb_buf_fini(&b);
	return cb_host_advise(h, r, CB_REPORT_NO_VOLUME,
			      "name one with --partition N or --device SPEC; "
			      "'cloud-boot explain' shows all of the image");
}

static bool meant(const struct cb_volume *v, const struct cb_which *which, uint64_t part)
{
	if (which->partition != NULL && v->part != part)
		return false;
	if (which->fs != NULL)
		return cb_str_eq(v->fs_type, cb_str_c(which->fs));
	return which->partition != NULL || v->fs_type.n > 0;
}

static int by_device(struct cb_host *h, struct cb_volumes *vs, const struct cb_which *which,
		     struct cb_volume **ret)
{
	struct cb_selection sel;
	struct cb_devspec spec;
	int r = cb_devspec_parse(&vs->arena, cb_str_c(which->device), &spec);

	if (r == 0)
		r = cb_devspec_resolve(vs, &spec, &sel);
	if (r < 0)
		return cb_host_advise(h, r, CB_REPORT_NO_VOLUME,
				      "'cloud-boot explain' shows what is there");
	if (sel.note.n > 0)
		cb_host_say(h, "note: %.*s", CB_STR_ARG(sel.note));
	if (sel.n != 1)
		return no_volume(h, vs, "--device names a whole disk with several partitions");
	*ret = sel.v[0];
	return 0;
}

static int choose(struct cb_host *h, struct cb_volumes *vs, const struct cb_which *which,
		  struct cb_volume **ret)
{
	struct cb_volume *found = NULL;
	uint64_t part = 0;
	size_t n = 0;

	if (which->device != NULL && which->partition != NULL)
		return cb_host_usage(h, "--device and --partition exclude each other");
	if (which->device != NULL)
		return by_device(h, vs, which, ret);
	if (which->partition != NULL && !cb_str_u64(cb_str_c(which->partition), 10, &part))
		return cb_host_usage(h, "--partition %s: not a number", which->partition);
	for (struct cb_volume *v = vs->volumes; v != NULL; v = v->next)
		if (meant(v, which, part)) {
			found = v;
			n++;
		}
	if (n == 0)
		return no_volume(h, vs, which->partition != NULL ? "no such partition" :
				 which->fs != NULL ? "no file system of that type" : "no file system");
	if (n > 1)
		return no_volume(h, vs, "several volumes could be meant");
	*ret = found;
	return 0;
}

int cb_images_mount(struct cb_host *h, struct cb_volumes *vs, const struct cb_which *which,
		    struct cb_volume **ret)
{
	struct cb_volume *v = NULL;
	int r = choose(h, vs, which, &v);

	if (r < 0)
		return r;
	r = cb_volume_mount(vs, v);
	if (r < 0)
		return cb_host_advise(h, r, CB_REPORT_INPUT,
				      "'cloud-boot explain' shows what is on the image");
	if (v->fs->note[0] != '\0')
		cb_host_say(h, "note: %.*s: %s", CB_STR_ARG(v->name), v->fs->note);
	*ret = v;
	return 0;
}
