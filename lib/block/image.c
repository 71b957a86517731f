/* block/image.c - which kind of disk image a file is. */
#include "block/image.h"

#include "core/str.h"

#define MAGIC_MAX 16u

/* What is no disk, by its first bytes. A disk begins with code or with zeros. */
static const struct {
	struct cb_str magic;
	const char *what, *how;
} foreign[] = {
	{ { "KDMV", 4 }, "a VMDK image", "qemu-img convert -O qcow2" },
	{ { "vhdxfile", 8 }, "a VHDX image", "qemu-img convert -O qcow2" },
	{ { "conectix", 8 }, "a VHD image", "qemu-img convert -O qcow2" },
	{ { "<<< ", 4 }, "a VDI image", "qemu-img convert -O qcow2" },
	{ { "QED\0", 4 }, "a QED image", "qemu-img convert -O qcow2" },
	{ { "\x1f\x8b\x08", 3 }, "compressed by gzip", "gunzip" },
	{ { "\xfd" "7zXZ\0", 6 }, "compressed by xz", "unxz" },
	{ { "\x28\xb5\x2f\xfd", 4 }, "compressed by zstd", "unzstd" },
	{ { "BZh", 3 }, "compressed by bzip2", "bunzip2" },
	{ { "PK\x03\x04", 4 }, "a ZIP archive", "unzip" },
};

static int refuse_foreign(struct cb_blk *file, const char *path)
{
	uint8_t head[MAGIC_MAX];

	if (cb_blk_size(file) < sizeof(head))
		return 0;

	int r = cb_blk_pread(file, 0, head, sizeof(head));

	for (size_t i = 0; r == 0 && i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (memcmp(head, foreign[i].magic.p, foreign[i].magic.n) == 0)
			r = cb_fail(file->env, CB_EUNSUP, "%s is %s: %s makes a disk image of it", path,
				    foreign[i].what, foreign[i].how);
	return r;
}

int cb_image_open(struct cb_blk *file, const char *path, cb_qcow2_open_fn *open, void *arg,
		  struct cb_blk **ret)
{
	int r = cb_qcow2_is(file);

	if (r > 0)
		return cb_qcow2_open(file, path, open, arg, ret);
	if (r == 0)
		r = refuse_foreign(file, path);
	if (r == 0)
		*ret = cb_blk_ref(file);
	return r;
}
