/* uefi/disk.c - the firmware's block devices as cb_blk (UEFI 2.10, 13.7 to 13.10).
 *
 * EFI_BLOCK_IO is everywhere; EFI_BLOCK_IO2 serves what has nothing else; EFI_DISK_IO, which takes bytes,
 * serves media whose blocks are of a size that no partition table or file system knows. */
#include "uefi/disk.h"

#include "core/fmt.h"
#include "core/limits.h"
#include "core/str.h"
#include "image/efidisk.h"
#include "uefi/proto/block_io2.h"
#include "uefi/proto/disk_io.h"

/* Firmware drivers split by themselves, some of them badly: 1 MiB a call is what all of them see
 * from boot loaders every day. */
#define CALL_MAX     (1u << 20)
#define CDROM_SECTOR 2048u
#define SECTOR       512u            /* of what EFI_DISK_IO serves */

static const struct efi_guid block_io = EFI_BLOCK_IO_GUID;
static const struct efi_guid block_io2 = EFI_BLOCK_IO2_GUID;
static const struct efi_guid disk_io = EFI_DISK_IO_GUID;

struct uefi_blk {
	struct cb_blk blk;
	struct efi_block_io *io;         /* of these three the one in use is not NULL */
	struct efi_block_io2 *io2;
	struct efi_disk_io *bytes;
	uint32_t media_id;
};

static efi_status read_blocks(struct uefi_blk *u, uint64_t lba, size_t n, void *buf)
{
	if (u->io != NULL)
		return u->io->read(u->io, u->media_id, lba, n, buf);
	if (u->io2 != NULL)
		return u->io2->read(u->io2, u->media_id, lba, NULL, n, buf);
	return u->bytes->read(u->bytes, u->media_id, lba * SECTOR, n, buf);
}

static int uefi_read(struct cb_blk *b, uint64_t lba, uint32_t count, void *buf)
{
	size_t n = (size_t)count * b->block_size;
	efi_status s = read_blocks((struct uefi_blk *)b, lba, n, buf);

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

static const struct efi_block_io_media *media_of(struct cb_uefi *u, efi_handle h)
{
	const struct efi_block_io *io = cb_uefi_protocol(u, h, &block_io);
	const struct efi_block_io2 *io2 = io == NULL ? cb_uefi_protocol(u, h, &block_io2) : NULL;

	return io != NULL ? io->media : io2 != NULL ? io2->media : NULL;
}

static bool is_block_size(uint32_t n)
{
	return cb_is_pow2(n) && n >= SECTOR && n <= CB_MAX_BLOCK_SIZE;
}

/* The geometry of *b, whose protocols are set. */
static int set_size(struct uefi_blk *b, const struct efi_block_io_media *m, const struct cb_uefi_disk *d)
{
	uint64_t size;

	if (m->last_block == UINT64_MAX || !cb_mul(m->last_block + 1, m->block_size, &size))
		return cb_fail(b->blk.env, CB_EUNSUP, "%.*s: last block %llu of %u bytes",
			       CB_STR_ARG(d->name), (unsigned long long)m->last_block, m->block_size);
	b->media_id = m->media_id;
	b->blk.buf_align = m->io_align > 1 ? m->io_align : 1;
	b->blk.block_size = b->bytes != NULL ? SECTOR : m->block_size;
	b->blk.nblocks = size / b->blk.block_size;
	b->blk.max_count = CALL_MAX / b->blk.block_size;
	(void)cb_fmt(b->blk.name, sizeof(b->blk.name), "%.*s", CB_STR_ARG(d->name)); /* short */
	return cb_blk_check(&b->blk);
}

int cb_uefi_blk(struct cb_uefi *u, struct cb_env *env, const struct cb_uefi_disk *d,
		struct cb_blk **ret)
{
	const struct efi_block_io_media *m = media_of(u, d->handle);
	struct uefi_blk *b;
	int r;

	if (m == NULL)
		return cb_fail(env, CB_ENOENT, "%.*s is gone", CB_STR_ARG(d->name));
	b = cb_alloc(env, sizeof(*b));
	if (b == NULL)
		return CB_ENOMEM;
	*b = (struct uefi_blk){ .blk = { .ops = &ops, .env = env, .refs = 1 } };
	if (!is_block_size(m->block_size))
		b->bytes = cb_uefi_protocol(u, d->handle, &disk_io);
	if (b->bytes == NULL)
		b->io = cb_uefi_protocol(u, d->handle, &block_io);
	if (b->bytes == NULL && b->io == NULL)
		b->io2 = cb_uefi_protocol(u, d->handle, &block_io2);
	r = b->bytes != NULL || is_block_size(m->block_size) ? set_size(b, m, d) :
		cb_fail(env, CB_EUNSUP, "%.*s: blocks of %u bytes", CB_STR_ARG(d->name), m->block_size);
	if (r < 0) {
		cb_blk_unref(&b->blk);
		return r;
	}
	*ret = &b->blk;
	return 0;
}

/* Whole disks only: their partitions are ours to find. Behind those in ret[0..found). */
static size_t collect(struct cb_uefi *u, const efi_handle *handles, size_t n, struct cb_efidisk *ret,
		      efi_handle *ret_handles, size_t found)
{
	size_t before = found;

	for (size_t i = 0; i < n && found < CB_MAX_DISKS; i++) {
		const struct efi_block_io_media *m = media_of(u, handles[i]);
		bool known = m == NULL || !m->present || m->logical_partition;

		for (size_t j = 0; j < before; j++)
			known = known || ret_handles[j] == handles[i];
		if (known)
			continue;
		ret_handles[found] = handles[i];
		ret[found] = (struct cb_efidisk){
			.path = cb_uefi_path(u, handles[i]), .removable = m->removable,
			.cdrom = m->removable && m->block_size == CDROM_SECTOR,
			.tag = (uint32_t)found,
		};
		found++;
	}
	return found;
}

static size_t collect_all(struct cb_uefi *u, struct cb_efidisk *ret, efi_handle *ret_handles)
{
	const struct efi_guid *const guids[] = { &block_io, &block_io2 };
	size_t found = 0;

	for (size_t i = 0; i < sizeof(guids) / sizeof(guids[0]); i++) {
		efi_handle *handles;
		size_t n = cb_uefi_handles(u, guids[i], &handles);

		found = collect(u, handles, n, ret, ret_handles, found);
		cb_uefi_free_pool(u, handles);
	}
	return found;
}

int cb_uefi_disks(struct cb_uefi *u, struct cb_arena *a, struct cb_uefi_disk **ret, size_t *ret_n)
{
	struct cb_efidisk *found = cb_new(a, struct cb_efidisk, CB_MAX_DISKS);
	struct cb_uefi_disk *list = cb_new(a, struct cb_uefi_disk, CB_MAX_DISKS);
	efi_handle *handles = cb_new(a, efi_handle, CB_MAX_DISKS);
	size_t n;

	if (found == NULL || list == NULL || handles == NULL)
		return a->env->diag->code;
	n = collect_all(u, found, handles);
	cb_efidisk_order(a->env, found, n);
	for (size_t i = 0; i < n; i++)
		list[i] = (struct cb_uefi_disk){ handles[found[i].tag], cb_str_c(found[i].name),
						 found[i].path };
	*ret = list;
	*ret_n = n;
	return 0;
}
