/* uefi/disk.c - EFI_BLOCK_IO as cb_blk (UEFI 2.10, 13.9). */
#include "uefi/disk.h"

#include "core/fmt.h"
#include "core/limits.h"
#include "core/str.h"
#include "image/efidisk.h"
#include "uefi/proto/block_io.h"

/* Firmware drivers split by themselves, some of them badly: 1 MiB a call is what all of them see
 * from boot loaders every day. */
#define CALL_MAX     (1u << 20)
#define CDROM_SECTOR 2048u

static const struct efi_guid block_io = EFI_BLOCK_IO_GUID;

struct uefi_blk {
	struct cb_blk blk;
	struct efi_block_io *io;
	uint32_t media_id;
};

static int uefi_read(struct cb_blk *b, uint64_t lba, uint32_t count, void *buf)
{
	struct uefi_blk *u = (struct uefi_blk *)b;
	size_t n = (size_t)count * b->block_size;
	efi_status s = u->io->read(u->io, u->media_id, lba, n, buf);

	if (!EFI_IS_ERROR(s))
		return 0;
	return cb_fail(b->env, CB_EIO, "%s: reading %zu bytes at block %llu: %s (EFI status %llu)",
		       b->name, n, (unsigned long long)lba,
		       s == EFI_MEDIA_CHANGED || s == EFI_NO_MEDIA ? "the medium was changed"
								   : "the device failed",
		       (unsigned long long)(s & ~EFI_ERROR_BIT));
}

static void uefi_destroy(struct cb_blk *b)
{
	cb_free(b->env, b, sizeof(struct uefi_blk));
}

static const struct cb_blk_ops ops = { .kind = "efi", .read = uefi_read, .destroy = uefi_destroy };

int cb_uefi_blk(struct cb_uefi *u, struct cb_env *env, const struct cb_uefi_disk *d,
		struct cb_blk **ret)
{
	struct efi_block_io *io = cb_uefi_protocol(u, d->handle, &block_io);

	if (io == NULL)
		return cb_fail(env, CB_ENOENT, "%.*s is gone", CB_STR_ARG(d->name));

	const struct efi_block_io_media *m = io->media;
	struct uefi_blk *b;
	int r;

	if (m->last_block == UINT64_MAX)
		return cb_fail(env, CB_EUNSUP, "%.*s: last block %llu", CB_STR_ARG(d->name),
			       (unsigned long long)m->last_block);
	b = cb_alloc(env, sizeof(*b));
	if (b == NULL)
		return CB_ENOMEM;
	*b = (struct uefi_blk){
		.blk = { .ops = &ops,
			 .env = env,
			 .nblocks = m->last_block + 1,
			 .block_size = m->block_size,
			 .buf_align = m->io_align > 1 ? m->io_align : 1,
			 .refs = 1 },
		.io = io,
		.media_id = m->media_id,
	};
	if (m->block_size > 0)
		b->blk.max_count = m->block_size < CALL_MAX ? CALL_MAX / m->block_size : 1;
	(void)cb_fmt(b->blk.name, sizeof(b->blk.name), "%.*s", CB_STR_ARG(d->name)); /* short */
	r = cb_blk_check(&b->blk);
	if (r < 0) {
		cb_blk_unref(&b->blk);
		return r;
	}
	*ret = &b->blk;
	return 0;
}

/* Whole disks only: their partitions are ours to find. */
static size_t collect(struct cb_uefi *u, const efi_handle *handles, size_t n,
		      struct cb_efidisk *ret)
{
	size_t found = 0;

	for (size_t i = 0; i < n && found < CB_MAX_DISKS; i++) {
		const struct efi_block_io *io = cb_uefi_protocol(u, handles[i], &block_io);

		if (io == NULL || !io->media->present || io->media->logical_partition)
			continue;
		ret[found++] = (struct cb_efidisk){
			.path = cb_uefi_path(u, handles[i]), .removable = io->media->removable,
			.cdrom = io->media->removable && io->media->block_size == CDROM_SECTOR,
			.tag = (uint32_t)i,
		};
	}
	return found;
}

int cb_uefi_disks(struct cb_uefi *u, struct cb_arena *a, struct cb_uefi_disk **ret, size_t *ret_n)
{
	struct cb_efidisk *found = cb_new(a, struct cb_efidisk, CB_MAX_DISKS);
	struct cb_uefi_disk *list = cb_new(a, struct cb_uefi_disk, CB_MAX_DISKS);
	efi_handle *handles;
	size_t n;

	if (found == NULL || list == NULL)
		return a->env->diag->code;
	n = cb_uefi_handles(u, &block_io, &handles);
	n = collect(u, handles, n, found);
	cb_efidisk_order(a->env, found, n);
	for (size_t i = 0; i < n; i++)
		list[i] = (struct cb_uefi_disk){ handles[found[i].tag], cb_str_c(found[i].name),
						 found[i].path };
	cb_uefi_free_pool(u, handles);
	*ret = list;
	*ret_n = n;
	return 0;
}
