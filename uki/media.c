/* uki/media.c - puts the UKI together and writes it as boot.efi and boot.iso. */
#include "uki/build.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/hash.h"
#include "codec/hex.h"
#include "core/limits.h"
#include "disk/esp.h"
#include "image/pe.h"
#include "image/uki.h"
#include "settings/settings.h"
#include "uki/initramfs.h"
#include "uki/parts.h"
#include "uki/proc.h"
#include "uki/sign.h"

/* Our line beside those of the stub and the kernel: UAPI.5 asks for one of the image itself. */
#define SBAT "uki,1,UKI,uki,1,https://uapi-group.org/specifications/specs/unified_kernel_image/\n"

/* All that is in the making. */
struct media {
	struct cb_build *b;
	struct cb_host *h;
	struct cb_buf archive;        /* our initramfs */
	struct cb_pieces initrd, uki, loader, disk;
	struct cb_uuid seed;
	struct cb_esp *esp;
	struct cb_hostfile signed_uki, signed_loader;
	struct cb_buf settings;       /* for the loader */
	cb_le64 built;                /* the build's time stamp, for the loader */
	struct cb_input uki_image, loader_image;   /* signed or not; size 0: none */
	struct cb_input front;        /* what the firmware starts: one of them */
	struct cb_fat_file extra[2];  /* files beside it */
	size_t extra_n;
	uint32_t sign_room;           /* for the signature of the disk */
	char *work;                   /* a folder for other programs' files; NULL: none */
};

static int make_initrd(struct media *m)
{
	static const uint8_t zeros[4];
	const struct cb_initramfs_plan plan = {
		.init = m->b->init, .stub = m->b->stub.file.path, .osrel = m->b->osrel,
		.modules = m->b->modules.n > 0 ? &m->b->modules : NULL,
	};
	int r = cb_initramfs_write(m->h, &plan, &m->archive);
	struct cb_input in = cb_input_mem(cb_buf_bytes(&m->archive));

	if (r < 0)
		return r;
	cb_pieces_add(&m->initrd, &in);
	for (const struct cb_build_file *f = m->b->add; f != NULL; f = f->next) {
		cb_pieces_add(&m->initrd, &f->file.in);
		cb_pieces_copy(&m->initrd, zeros, (4 - f->file.in.size % 4) % 4);
	}
	return cb_pieces_status(&m->initrd);
}

static struct cb_input text_input(struct cb_str s)
{
	return cb_input_mem((struct cb_bytes){ (const uint8_t *)s.p, s.n });
}

static int make_uki(struct media *m)
{
	const struct cb_build *b = m->b;
	struct cb_uki_plan plan = { .stub = b->stub.file.in };
	int r;

	plan.part[CB_UKI_LINUX] = b->kernel.file.in;
	plan.part[CB_UKI_OSREL] = text_input(b->osrel);
	plan.part[CB_UKI_CMDLINE] = text_input(b->cmdline);
	plan.part[CB_UKI_INITRD] = cb_pieces_input(&m->initrd);
	plan.part[CB_UKI_UNAME] = text_input(cb_str_c(b->release));
	plan.part[CB_UKI_SBAT] = text_input(CB_STR(SBAT));
	r = cb_uki_build(&m->h->env, &plan, &m->uki);
	if (r < 0)
		return cb_host_advise(m->h, cb_wrap(&m->h->env, r, "making the UKI"), CB_REPORT_INPUT,
				      "the stub must be systemd's for this architecture");
	m->uki_image = cb_pieces_input(&m->uki);
	return 0;
}

/* Whom it trusts, and a time that is past, are in sections of its image: a signature covers them, too
 * (loader/trust.c). */
static int make_loader(struct media *m)
{
	const struct cb_pe_add add[] = {
		{ .name = CB_STR(".ca"), .flags = CB_PE_DATA,
		  .data = cb_input_mem(cb_buf_bytes(&m->b->ca)) },
		{ .name = CB_STR(".built"), .flags = CB_PE_DATA,
		  .data = cb_input_mem((struct cb_bytes){ m->built.b, sizeof(m->built) }) },
	};
	struct cb_pe *pe;
	int r;

	m->built = cb_put_le64((uint64_t)m->b->epoch); /* one before 1970 counts for nothing */
	m->loader_image = m->b->loader.file.in;
	if (m->b->ca.n == 0)
		return 0;
	r = cb_pe_open(&m->h->env, &m->loader_image, &pe);
	if (r == 0) {
		r = cb_pe_append(pe, add, 2, 0, &m->loader);
		cb_pe_close(pe);
	}
	if (r < 0)
		return cb_host_advise(m->h, cb_wrap(&m->h->env, r, "%s", m->b->loader.file.path),
				      CB_REPORT_PARTS, "make or install it again");
	m->loader_image = cb_pieces_input(&m->loader);
	return 0;
}

/* The loader takes words that aren't settings for the command line of the kernel that it starts;
 * beside a UKI they are meant for the UKI's own kernel. */
static int make_settings(struct media *m)
{
	struct cb_str left = m->b->cmdline, word;

	while (cb_settings_word(&left, &word))
		if (m->b->plan->front == CB_FRONT_LOADER_ONLY || cb_key_is_ours(word))
			cb_buf_fmt(&m->settings, "%.*s\n", CB_STR_ARG(word));
	return cb_buf_status(&m->settings);
}

/* Which image the firmware starts, and what lies beside it. */
static void arrange(struct media *m)
{
	enum cb_front front = m->b->plan->front;

	m->front = front == CB_FRONT_UKI ? m->uki_image : m->loader_image;
	if (front == CB_FRONT_LOADER)
		m->extra[m->extra_n++] = (struct cb_fat_file){ .path = CB_STR("EFI/cloud-boot/menu.efi"),
							       .data = m->uki_image };
	if (m->settings.n > 0)
		m->extra[m->extra_n++] = (struct cb_fat_file){ .path = CB_STR("cloud-boot/cmdline"),
			.data = cb_input_mem(cb_buf_bytes(&m->settings)) };
}

static int into_hash(void *ctx, const void *p, size_t n)
{
	cb_hash_add(ctx, p, n);
	return 0;
}

/* The identifiers of the disk come from what is on it: the same files, the same disk. */
static int make_seed(struct media *m)
{
	struct cb_hash hash;
	const struct cb_sink sink = { .write = into_hash, .ctx = &hash };
	uint8_t digest[CB_HASH_MAX];
	struct cb_pieces all;

	cb_pieces_init(&all, &m->h->env);
	if (m->uki_image.size > 0)
		cb_pieces_add(&all, &m->uki_image);
	if (m->loader_image.size > 0)
		cb_pieces_add(&all, &m->loader_image);
	cb_pieces_copy(&all, m->settings.p, m->settings.n);
	cb_hash_init(&hash, CB_HASH_SHA256);

	int r = cb_pieces_write(&all, &sink);

	(void)cb_hash_fini(&hash, digest); /* 32 bytes */
	memcpy(m->seed.b, digest, sizeof(m->seed.b));
	cb_pieces_fini(&all);
	return r;
}

/* A folder beside the output: its files can take the output's place by rename. */
static int make_work(struct media *m, const char *beside)
{
	m->work = cb_host_template(m->h, beside);
	if (m->work == NULL)
		return CB_ENOMEM;
	if (mkdtemp(m->work) == NULL) {
		m->work = NULL;
		return cb_host_advise(m->h, cb_host_errno(m->h, "writing %s", beside), CB_REPORT_OUTPUT,
				      "choose a place that exists, is writable and has room");
	}
	return 0;
}

/* *image becomes its signed copy, which `signed` keeps open. */
static int sign_image(struct media *m, const char *name, struct cb_input *image,
		      struct cb_hostfile *signed_file)
{
	const char *from = cb_host_text(m->h, "%s/%s.efi", m->work, name);
	const char *to = cb_host_text(m->h, "%s/%s-signed.efi", m->work, name);
	struct cb_pieces l;
	char sum[65];

	if (image->size == 0)
		return 0;
	if (from == NULL || to == NULL)
		return CB_ENOMEM;
	cb_pieces_init(&l, &m->h->env);
	cb_pieces_add(&l, image);

	int r = cb_hostfile_write(m->h, from, &l, sum);

	cb_pieces_fini(&l);
	if (r == 0)
		r = cb_sign_image(m->h, m->b->plan->sign_key, m->b->plan->sign_cert, from, to);
	if (r == 0)
		r = cb_sign_room(m->h, to, &m->sign_room);
	if (r == 0)
		r = cb_hostfile_open(m->h, to, signed_file);
	if (r == 0)
		*image = signed_file->in;
	return r;
}

static int sign_images(struct media *m)
{
	int r = sign_image(m, "uki", &m->uki_image, &m->signed_uki);

	return r == 0 ? sign_image(m, "loader", &m->loader_image, &m->signed_loader) : r;
}

/* The file `name` of the work folder, finished by another program, becomes the output. */
static int finish(struct media *m, const char *name, struct cb_build_made *ret)
{
	const char *from = cb_host_text(m->h, "%s/%s", m->work, name);
	uint8_t digest[CB_HASH_MAX];
	struct cb_hostfile f = { 0 };
	struct cb_pieces l;
	struct cb_hash hash;
	const struct cb_sink sink = { .write = into_hash, .ctx = &hash };
	int r = from != NULL ? cb_hostfile_open(m->h, from, &f) : CB_ENOMEM;

	if (r < 0)
		return r;
	cb_hash_init(&hash, CB_HASH_SHA256);
	cb_pieces_init(&l, &m->h->env);
	cb_pieces_add(&l, &f.in);
	r = cb_pieces_write(&l, &sink);
	cb_pieces_fini(&l);
	cb_hex(ret->sha256, digest, cb_hash_fini(&hash, digest));
	ret->size = f.in.size;
	cb_hostfile_close(&f);
	if (r == 0 && rename(from, ret->path) < 0)
		r = cb_host_advise(m->h, cb_host_errno(m->h, "writing %s", ret->path), CB_REPORT_OUTPUT,
				   "choose a place that exists and is writable");
	return r;
}

/* The disk in a work file, signed into the output. */
static int write_signed(struct media *m, struct cb_build_made *ret)
{
	const char *from = cb_host_text(m->h, "%s/disk.efi", m->work);
	const char *to = cb_host_text(m->h, "%s/boot.efi", m->work);
	struct cb_sign_disk d = {
		.key = m->b->plan->sign_key, .cert = m->b->plan->sign_cert, .room = m->sign_room,
	};
	struct cb_buf tail;
	char sum[65];

	if (from == NULL || to == NULL)
		return CB_ENOMEM;
	cb_buf_init(&tail, &m->h->env, 1u << 20);

	int r = cb_boot_efi_tail(m->esp, &tail);

	d.tail = cb_buf_bytes(&tail);
	if (r == 0)
		r = cb_hostfile_write(m->h, from, &m->disk, sum);
	if (r == 0)
		r = cb_sign_disk(m->h, &d, from, to);
	if (r == 0)
		r = finish(m, "boot.efi", ret);
	cb_buf_fini(&tail);
	return r;
}

static int write_efi(struct media *m, const char *path, struct cb_build_made *ret)
{
	const char *name = cb_host_text(m->h, "BOOT%s.EFI", cb_arch_efi(m->b->plan->arch));
	const struct cb_boot_efi_plan plan = {
		.efi = m->front, .boot_name = cb_str_c(name), .time = m->b->epoch, .seed = m->seed,
		.extra = m->extra, .nextra = m->extra_n, .sign_room = m->sign_room,
	};
	int r = name != NULL ? 0 : CB_ENOMEM;

	ret->path = path;
	if (r == 0)
		r = cb_boot_efi_write(&m->h->env, &plan, &m->disk, &m->esp);
	if (r < 0)
		return r;
	if (m->sign_room > 0)
		return write_signed(m, ret);
	ret->size = m->disk.size;
	return cb_hostfile_write(m->h, path, &m->disk, ret->sha256);
}

/* The FAT volume of the ISO, alone in a file: what xorriso appends as a partition. */
static int write_volume(struct media *m, const char *to)
{
	const char *name = cb_host_text(m->h, "EFI/BOOT/BOOT%s.EFI", cb_arch_efi(m->b->plan->arch));
	const struct cb_fat_file files[3] = { { .path = cb_str_c(name), .data = m->front }, m->extra[0],
					      m->extra[1] };
	const struct cb_fat_plan plan = {
		.sector = 512, .round = 16, .label = CB_STR("CLOUD-BOOT"), .time = m->b->epoch,
		.id = (uint32_t)m->seed.b[0] << 24 | (uint32_t)m->seed.b[1] << 16 |
		      (uint32_t)m->seed.b[2] << 8 | m->seed.b[3],
		.files = files, .nfiles = 1 + m->extra_n,
	};
	struct cb_fat *fat = NULL;
	struct cb_pieces l;
	int r = name != NULL ? cb_fat_open(&m->h->env, &plan, &fat) : CB_ENOMEM;

	if (r < 0)
		return r;
	cb_pieces_init(&l, &m->h->env);
	cb_fat_write(fat, &l);
	r = cb_hostfile_write(m->h, to, &l, NULL);
	cb_pieces_fini(&l);
	cb_fat_close(fat);
	return r;
}

/* What somebody sees who opens the disc. */
static int write_readme(struct media *m, const char *tree)
{
	static const char text[] = "cloud-boot: the EFI system partition of this image boots.\r\n";

	return cb_hostfile_put(m->h, cb_host_text(m->h, "%s/README.TXT", tree),
			       (struct cb_bytes){ (const uint8_t *)text, sizeof(text) - 1 });
}

static int write_iso(struct media *m, const char *path, struct cb_build_made *ret)
{
	const char *volume = cb_host_text(m->h, "%s/esp.img", m->work);
	const char *iso = cb_host_text(m->h, "%s/boot.iso", m->work);
	const char *tree = cb_host_text(m->h, "%s/tree", m->work);
	const char *epoch = cb_host_text(m->h, "=%lld", (long long)m->b->epoch);
	char guid[CB_UUID_TEXT];
	/* docs/media.md: a partition behind the ISO 9660 file system, in a GPT and named by El Torito,
	 * so that the same bytes boot from a disk and from a CD-ROM. */
	const char *const argv[] = {
		"xorriso", "-no_rc", "-as", "mkisofs", "-quiet", "-o", iso, "-V", "CLOUD-BOOT",
		"-r", "-J", "-no-pad", "-partition_offset", "16", "--gpt_disk_guid", guid,
		"--set_all_file_dates", epoch,
		"-append_partition", "2", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", volume,
		"-appended_part_as_gpt", "-e", "--interval:appended_partition_2:all::", "-no-emul-boot",
		tree, NULL
	};
	int r = volume != NULL && iso != NULL && tree != NULL && epoch != NULL ? 0 : CB_ENOMEM;

	ret->path = path;
	cb_uuid_text(cb_gpt_uuid(m->seed, 0), guid);
	if (r == 0)
		r = cb_parts_mkdirs(m->h, tree);
	if (r == 0)
		r = write_readme(m, tree);
	if (r == 0)
		r = write_volume(m, volume);
	/* xorriso takes all other times from here, and stores the time zone. */
	if (r == 0 && (setenv("SOURCE_DATE_EPOCH", epoch + 1, 1) < 0 || setenv("TZ", "UTC", 1) < 0))
		r = cb_fail(&m->h->env, CB_ENOMEM, "out of memory");
	if (r == 0)
		r = cb_host_advise(m->h, cb_proc_run(m->h, argv, NULL), CB_REPORT_TOOL,
				   "see what xorriso says");
	return r == 0 ? finish(m, "boot.iso", ret) : r;
}

/* Everything that goes onto the media, signed if it is to be. */
static int make_images(struct media *m, const char *beside, bool sign)
{
	enum cb_front front = m->b->plan->front;
	int r = 0;

	if (front != CB_FRONT_LOADER_ONLY)
		r = make_initrd(m);
	if (r == 0 && front != CB_FRONT_LOADER_ONLY)
		r = make_uki(m);
	if (r == 0 && front != CB_FRONT_UKI)
		r = make_loader(m);
	if (r == 0 && front != CB_FRONT_UKI)
		r = make_settings(m);
	if (r == 0)
		r = make_seed(m); /* of what is not signed: signatures hold the time */
	if (r == 0 && beside != NULL)
		r = make_work(m, beside);
	if (r == 0 && sign)
		r = sign_images(m);
	if (r == 0)
		arrange(m);
	return r;
}

static int write_media(struct media *m, const char *efi, const char *iso, struct cb_build_report *ret)
{
	bool sign = m->b->plan->sign_key != NULL;
	int r = make_images(m, iso != NULL ? iso : sign ? efi : NULL, sign);

	if (r == 0 && efi != NULL)
		r = write_efi(m, efi, &ret->efi);
	if (r == 0 && iso != NULL)
		r = write_iso(m, iso, &ret->iso);
	ret->uki_size = m->uki_image.size;
	ret->initramfs_size = m->initrd.size;
	ret->loader_size = m->loader_image.size;
	return r;
}

int cb_build_write(struct cb_build *b, const char *efi, const char *iso, struct cb_build_report *ret)
{
	struct media m = { .b = b, .h = b->h };
	int r;

	*ret = (struct cb_build_report){ 0 };
	cb_buf_init(&m.archive, &b->h->env, CB_MAX_INITRD);
	cb_buf_init(&m.settings, &b->h->env, CB_MAX_BLS_FILE);
	cb_pieces_init(&m.initrd, &b->h->env);
	cb_pieces_init(&m.uki, &b->h->env);
	cb_pieces_init(&m.loader, &b->h->env);
	cb_pieces_init(&m.disk, &b->h->env);
	r = write_media(&m, efi, iso, ret);
	cb_hostfile_close(&m.signed_uki);
	cb_hostfile_close(&m.signed_loader);
	cb_pieces_fini(&m.disk);
	cb_esp_close(m.esp);
	cb_pieces_fini(&m.loader);
	cb_pieces_fini(&m.uki);
	cb_pieces_fini(&m.initrd);
	cb_buf_fini(&m.archive);
	cb_buf_fini(&m.settings);
	if (m.work != NULL)
		cb_hostfile_remove_tree(m.work);
	return r;
}
