/* loader/linux.c - a candidate into the firmware's hands: LoadImage from memory, StartImage, the
 * initrd by LoadFile2 (SPEC 8.3). */
#include "core/limits.h"
#include "core/log.h"
#include "core/str.h"
#include "core/utf.h"
#include "image/pe.h"
#include "loader/loader.h"
#include "uefi/proto/device_path.h"

#define MIB (UINT64_C(1) << 20)

/* What a started image needs until it comes back, if it does. */
struct handover {
	struct cb_boot_image *img;     /* the caller's */
	struct cb_buf path;            /* device path of the kernel's file */
	struct cb_buf options;         /* UCS-2 */
	struct initrd initrd;
	struct devicetree devicetree;
	efi_handle image;
};

/* The firmware's own loader is the judge; this says what is wrong in words, and keeps what is no
 * image away from it. */
static int check_image(struct cb_loader *l, const struct handover *h)
{
	struct cb_input in = cb_input_mem(cb_buf_bytes(&h->img->kernel));
	struct cb_pe *pe;
	int r = cb_pe_open(&l->env, &in, &pe);

	if (r < 0)
		return cb_wrap(&l->env, r, "no EFI image");
	if (pe->arch != l->arch)
		r = cb_fail(&l->env, CB_EUNSUP, "an image for %s", cb_arch_name(pe->arch));
	cb_pe_close(pe);
	return r;
}

static const struct cb_part *partition(const struct cb_volume *v)
{
	for (size_t i = 0; i < v->disk->table.n; i++)
		if (v->disk->table.parts[i].number == v->part)
			return &v->disk->table.parts[i];
	return NULL;
}

/* Disk, partition, file: so that the image's DeviceHandle is where its file lies, if the
 * firmware can read that volume too. */
static int make_path(struct cb_loader *l, const struct cb_candidate *c, struct cb_buf *ret)
{
	const struct cb_volume *v = c->kernel.volume;
	const struct cb_bytes disk = l->disk_path[v->disk->index];
	const struct cb_part *p = partition(v);
	uint32_t block = v->disk->blk->block_size;
	struct cb_uuid id;

	if (disk.n < sizeof(struct efi_device_path))
		return 0;
	cb_buf_add(ret, disk.p, disk.n - sizeof(struct efi_device_path)); /* without its END */
	if (p != NULL && cb_uuid_parse(v->partuuid, &id))
		cb_devpath_add_hd(ret, p->number, p->off / block, p->size / block, id);
	cb_devpath_add_file(ret, c->kernel.path);
	cb_devpath_add_end(ret);
	return cb_buf_status(ret);
}

static int load_image(struct cb_loader *l, struct handover *h)
{
	struct efi_boot_services *bs = l->u.st->bs;
	struct efi_device_path *path = h->path.n > 0 ? (struct efi_device_path *)(void *)h->path.p
						     : NULL;
	efi_status s = bs->load_image(false, l->u.image, path, h->img->kernel.p, h->img->kernel.n,
				      &h->image);

	if (!EFI_IS_ERROR(s))
		return 0;
	if (s == EFI_SECURITY_VIOLATION || s == EFI_ACCESS_DENIED) {
		/* The image is loaded all the same, and has to go (UEFI 2.10, 7.4.1). */
		if (s == EFI_SECURITY_VIOLATION && h->image != NULL)
			(void)bs->unload_image(h->image);
		h->image = NULL;
		return cb_fail(&l->env, CB_EAUTH,
			       "Secure Boot: this firmware doesn't trust who signed it");
	}
	return cb_fail(&l->env, s == EFI_OUT_OF_RESOURCES ? CB_ENOMEM : CB_EUNSUP,
		       "the firmware doesn't load it (EFI status %llu)",
		       (unsigned long long)(s & ~EFI_ERROR_BIT));
}

static int set_options(struct cb_loader *l, struct handover *h)
{
	static const struct efi_guid guid = EFI_LOADED_IMAGE_GUID;
	static const uint8_t nul[2];
	struct efi_loaded_image *image = cb_uefi_protocol(&l->u, h->image, &guid);

	if (image == NULL)
		return cb_fail(&l->env, CB_EIO, "the loaded image has no EFI_LOADED_IMAGE");
	if (h->initrd.volume != NULL) {
		/* The stub reads initrd= from the volume that it was started from. */
		image->device = h->initrd.volume;
		cb_utf8_to_utf16(&h->options, CB_STR("initrd=" INITRD_FILE " "));
	}
	cb_utf8_to_utf16(&h->options, h->img->cmdline);
	if (h->options.n == 0)
		return 0;
	cb_buf_add(&h->options, nul, sizeof(nul));
	image->options = h->options.p;
	image->options_size = (uint32_t)h->options.n;
	return cb_buf_status(&h->options);
}

static int prepare(struct cb_loader *l, const struct kernel *k, struct handover *h)
{
	int r = check_image(l, h);

	if (r == 0 && k->from != NULL)
		r = make_path(l, k->from, &h->path);
	if (r == 0)
		r = load_image(l, h);
	cb_buf_fini(&h->img->kernel); /* the firmware has its own copy */
	if (r == 0 && h->img->initrd.n > 0)
		r = offer_initrd(l, k->version, cb_buf_bytes(&h->img->initrd), &h->initrd);
	if (r == 0)
		r = install_devicetree(l, cb_buf_bytes(&h->img->devicetree), &h->devicetree);
	return r == 0 ? set_options(l, h) : r;
}

/* Comes back when the image does. */
static int start(struct cb_loader *l, const struct kernel *k, struct handover *h)
{
	efi_status s;

	tell_handover(l, k->id);
	mark(l, "start");
	tell_end(l, k->title);
	s = l->u.st->bs->start_image(h->image, NULL, NULL);
	mark(l, "returned");
	h->image = NULL; /* an application that returns is unloaded by the firmware */
	return cb_fail(&l->env, CB_EUNSUP, "it was started and came back (EFI status %llu%s)",
		       (unsigned long long)(s & ~EFI_ERROR_BIT),
		       h->initrd.offered && h->initrd.file2.asked == 0 ?
		       "; it never asked for its initrd" : "");
}

int hand_over(struct cb_loader *l, const struct kernel *k, struct cb_boot_image *img)
{
	struct handover h = { .img = img };
	int r;

	mark(l, "loaded");
	cb_volumes_unmount(&l->volumes); /* file systems and caches: the kernel wants the memory */
	cb_buf_init(&h.path, &l->env, 8 * CB_MAX_PATH);
	cb_buf_init(&h.options, &l->env, 4 * CB_MAX_CMDLINE);
	r = prepare(l, k, &h);
	if (r == 0)
		r = start(l, k, &h);
	withdraw_initrd(l, &h.initrd);
	remove_devicetree(l, &h.devicetree);
	if (h.image != NULL)
		(void)l->u.st->bs->unload_image(h.image); /* it was never started */
	cb_buf_fini(&h.path);
	cb_buf_fini(&h.options);
	return r;
}

void say_loaded(struct cb_loader *l, const struct cb_boot_image *img, uint64_t began)
{
	say(l, "loaded", "%s, %llu.%llu MiB, initrd %llu.%llu MiB, in %llu ms", img->format,
	    img->kernel.n / MIB, img->kernel.n % MIB * 10 / MIB, img->initrd.n / MIB,
	    img->initrd.n % MIB * 10 / MIB,
	    (unsigned long long)((cb_now_ns(&l->env) - began) / 1000000));
}

/* The file systems of all that was searched may hold what this one needs. */
static int load(struct cb_loader *l, struct cb_candidate *c, struct cb_boot_image *ret)
{
	int r = cb_boot_load(l->plan, c, ret);

	if (r != CB_ENOMEM)
		return r;
	cb_clear(&l->env);
	cb_volumes_unmount(&l->volumes);
	return cb_boot_load(l->plan, c, ret);
}

int start_candidate(struct cb_loader *l, struct cb_candidate *c)
{
	const struct kernel k = { c->id, c->title, c->version, c };
	uint64_t began = cb_now_ns(&l->env);
	struct cb_boot_image img;
	int r = load(l, c, &img);

	if (r < 0)
		return r;
	say_loaded(l, &img, began);
	r = hand_over(l, &k, &img);
	cb_boot_image_fini(&img);
	return r;
}
