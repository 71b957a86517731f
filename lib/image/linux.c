/* image/linux.c - recognising kernel files by their first bytes.
 *
 * The offsets are those of Documentation/arch/{x86/boot,arm64/booting,riscv/boot-image-header}.rst and, for
 * EFI zboot, of drivers/firmware/efi/libstub/zboot-header.S. */
#include "image/linux.h"

#include "core/fmt.h"
#include "core/limits.h"
#include "image/pe.h"

#define MAGIC_BZIMAGE 0x53726448u        /* "HdrS" */
#define MAGIC_ARM64 0x644d5241u          /* "ARM\x64" */
#define MAGIC_RISCV 0x05435352u          /* "RSC\x05" */
#define MAGIC_EFI_STUB 0x818223cdu       /* LINUX_PE_MAGIC */
#define MAGIC_ZBOOT 0x676d697au          /* "zimg" */
#define MAGIC_ELF 0x464c457fu
#define EFI_STUB_MAGIC_OFF 56u

#define ELF_CLASS 4u
#define ELF_CLASS_64 2u
#define ELF_DATA 5u
#define ELF_DATA_LE 1u
#define ELF_MACHINE 18u

#define PROTOCOL_64BIT 0x20cu            /* 2.12: xloadflags */
#define LOADED_HIGH 0x01u
#define XLF_KERNEL_64 0x01u
#define XLF_ABOVE_4G 0x02u

/* From 0x1f1 of a bzImage. */
struct setup_header {
	uint8_t setup_sects;
	cb_le16 root_flags;
	cb_le32 syssize;
	cb_le16 ram_size, vid_mode, root_dev, boot_flag, jump;
	cb_le32 magic;
	cb_le16 protocol;
	cb_le32 realmode;
	cb_le16 start_sys, version_off;
	uint8_t loader, loadflags;
	cb_le16 setup_move;
	cb_le32 code32, ramdisk, ramdisk_size, bootsect;
	cb_le16 heap_end;
	uint8_t loader_ext[2];
	cb_le32 cmdline, initrd_max, alignment;
	uint8_t relocatable, min_alignment;
	cb_le16 xloadflags;
	cb_le32 cmdline_size, subarch;
	cb_le64 subarch_data;
	cb_le32 payload_off, payload_size;
	cb_le64 setup_data, pref_address;
	cb_le32 init_size;
};
_Static_assert(sizeof(struct setup_header) == 0x264 - 0x1f1, "x86 setup header");
#define SETUP_OFF 0x1f1u

/* The first 64 bytes of an Image; riscv differs only in what the zeros are. */
struct image_header {
	cb_le32 code0, code1;
	cb_le64 text_offset, image_size, flags;
	uint8_t other[24];
	cb_le32 magic, pe_off;
};
_Static_assert(sizeof(struct image_header) == 64, "Image header");
#define IMAGE_BIG_ENDIAN 1u

struct zboot_header {
	uint8_t mz[4];
	cb_le32 magic, payload_off, payload_size;
	uint8_t reserved[8];
	char method[32];
};
_Static_assert(sizeof(struct zboot_header) == 56, "zboot header");

/* Kernels in wrappings that we name but don't take off. */
static const struct { uint32_t off, magic; const char *name; } others[] = {
	{ 36, 0x016f2818, "a 32-bit ARM zImage" },
	{ 0, 0x56190527, "a U-Boot image (uImage)" },
	{ 0, 0xedfe0dd0, "a flattened image tree (FIT) or device tree" },
};

/* A file of which only the first bytes are here. */
struct head { struct cb_env *env; struct cb_bytes s; };

static int head_read(void *ctx, uint64_t off, void *buf, size_t n)
{
	const struct head *h = ctx;

	if (!cb_in_range(off, n, h->s.n))
		return cb_fail(h->env, CB_EUNSUP, "headers at %llu+%zu, past the first %zu bytes",
			       (unsigned long long)off, n, h->s.n);
	memcpy(buf, h->s.p + (size_t)off, n);
	return 0;
}

static uint32_t le32_at(struct cb_bytes s, size_t off)
{
	const cb_le32 *v = cb_view(cb_le32, s, off);

	return v != NULL ? cb_get_le32(*v) : 0;
}

/* The PE header, and with it that all sections are in the file. */
static int check_pe(struct cb_env *env, struct cb_bytes s, uint64_t size, struct cb_linux_info *info)
{
	struct head h = { env, s };
	struct cb_input in = { .read = head_read, .ctx = &h, .size = size };
	struct cb_pe *pe = NULL;
	int r = cb_pe_open(env, &in, &pe);

	if (r < 0)
		return r;

	const struct cb_pe_section *l = cb_pe_find(pe, CB_STR(".linux"));

	info->efi = pe->subsystem == CB_PE_SUBSYSTEM_EFI_APP;
	info->arch = pe->arch;
	info->memory = pe->image_size;
	if (l != NULL) {
		struct cb_input content = cb_pe_content(pe, l);

		info->format = CB_LINUX_UKI;
		info->payload_off = content.base;
		info->payload_size = content.size;
	}
	cb_pe_close(pe);
	return 0;
}

/* The release is the first word of the text that the header points to. */
static void take_version(struct cb_bytes s, size_t off, char ret[CB_LINUX_VERSION])
{
	size_t n = 0;

	while (off + n < s.n && n < CB_LINUX_VERSION - 1 && s.p[off + n] > ' ' && s.p[off + n] < 0x7f) {
		ret[n] = (char)s.p[off + n];
		n++;
	}
	ret[n] = 0;
}

static int take_bzimage(struct cb_env *env, struct cb_bytes s, uint64_t size,
			const struct setup_header *h, struct cb_linux_info *info)
{
	uint64_t setup = h->setup_sects > 0 ? h->setup_sects : 4, end;
	unsigned flags = cb_get_le16(h->xloadflags);

	info->format = CB_LINUX_BZIMAGE;
	info->protocol = cb_get_le16(h->protocol);
	end = (setup + 1) * 512 + UINT64_C(16) * cb_get_le32(h->syssize);
	if (end > size)
		return cb_fail(env, CB_ECORRUPT,
			       "bzImage: the header speaks of %llu bytes, the file has %llu",
			       (unsigned long long)end, (unsigned long long)size);
	if (info->protocol < PROTOCOL_64BIT || (flags & XLF_KERNEL_64) == 0)
		return cb_fail(env, CB_EUNSUP, "bzImage: a 32-bit or old kernel (protocol %u.%02u)",
			       info->protocol >> 8, info->protocol & 0xff);
	info->arch = CB_ARCH_X86_64;
	info->relocatable = h->relocatable != 0;
	info->entry64 = (flags & XLF_ABOVE_4G) != 0 && (h->loadflags & LOADED_HIGH) != 0;
	info->cmdline_max = cb_get_le32(h->cmdline_size);
	info->memory = cb_get_le32(h->init_size);
	if (cb_get_le16(h->version_off) != 0 && cb_get_le16(h->version_off) < setup * 512)
		take_version(s, (size_t)cb_get_le16(h->version_off) + 0x200, info->version);
	/* Only whether there is one: kernels before 6.x have sections that aren't quite PE's. */
	info->efi = s.n > 2 && s.p[0] == 'M' && s.p[1] == 'Z';
	return 0;
}

static int take_image(struct cb_env *env, struct cb_bytes s, uint64_t size,
		      const struct image_header *h, enum cb_arch arch, struct cb_linux_info *info)
{
	uint64_t memory = cb_get_le64(h->image_size);

	if (s.p[0] == 'M' && s.p[1] == 'Z') {
		int r = check_pe(env, s, size, info);

		if (r < 0)
			return cb_wrap(env, r == CB_ENOTMINE ? CB_ECORRUPT : r, "%s Image",
				       cb_arch_debian(arch));
		if (info->arch != arch)
			return cb_fail(env, CB_ECORRUPT, "%s Image with a PE header for %s",
				       cb_arch_debian(arch), cb_arch_name(info->arch));
	}
	if (arch == CB_ARCH_AARCH64 && (cb_get_le64(h->flags) & IMAGE_BIG_ENDIAN) != 0)
		return cb_fail(env, CB_EUNSUP, "arm64 Image: a big-endian kernel");
	info->format = CB_LINUX_IMAGE;
	info->arch = arch;
	info->memory = memory;
	if (memory == 0 || memory > CB_MAX_KERNEL)
		return cb_fail(env, CB_ECORRUPT, "%s Image that takes %llu bytes in memory, 1 to %u are sane",
			       cb_arch_debian(arch), (unsigned long long)memory, CB_MAX_KERNEL);
	return 0;
}

static int take_zboot(struct cb_env *env, struct cb_bytes s, uint64_t size,
		      const struct zboot_header *h, struct cb_linux_info *info)
{
	static const struct { const char *prefix; enum cb_decomp_kind kind; } methods[] = {
		{ "gzip", CB_DECOMP_GZIP }, { "zstd", CB_DECOMP_ZSTD }, { "xz", CB_DECOMP_XZ },
		{ "lz4", CB_DECOMP_LZ4 }, { "lzma", CB_DECOMP_LZMA },
	};
	struct cb_str method = { h->method, 0 };
	int r = check_pe(env, s, size, info);

	if (r < 0)
		return cb_wrap(env, r == CB_ENOTMINE ? CB_ECORRUPT : r, "EFI zboot");
	info->format = CB_LINUX_ZBOOT;
	info->memory = 0;              /* that of the decompressor: says nothing of the kernel */
	info->payload_off = cb_get_le32(h->payload_off);
	info->payload_size = cb_get_le32(h->payload_size);
	if (!cb_in_range(info->payload_off, info->payload_size, size))
		return cb_fail(env, CB_ECORRUPT, "EFI zboot: kernel at %llu+%llu, the file has %llu",
			       (unsigned long long)info->payload_off,
			       (unsigned long long)info->payload_size, (unsigned long long)size);
	while (method.n < sizeof(h->method) && h->method[method.n] > ' ')
		method.n++;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (cb_str_starts(method, cb_str_c(methods[i].prefix))) {
			info->compression = methods[i].kind;
			return 0;
		}
	return cb_fail(env, CB_EUNSUP, "EFI zboot: compressed with \"%.*s\"", CB_STR_ARG(method));
}

static int take_elf(struct cb_env *env, struct cb_bytes s, struct cb_linux_info *info)
{
	const cb_le16 *machine = cb_view(cb_le16, s, ELF_MACHINE);

	if (machine == NULL || s.p[ELF_CLASS] != ELF_CLASS_64 || s.p[ELF_DATA] != ELF_DATA_LE)
		return cb_fail(env, CB_EUNSUP, "an ELF file that isn't 64-bit and little-endian");
	info->format = CB_LINUX_ELF;
	info->arch = cb_arch_from_elf(cb_get_le16(*machine));
	return 0;
}

/* A PE that is none of the above: a UKI, or the EFI stub of an architecture that has nothing else. */
static int take_pe(struct cb_env *env, struct cb_bytes s, uint64_t size, struct cb_linux_info *info)
{
	int r = check_pe(env, s, size, info);

	if (r < 0 || info->format == CB_LINUX_UKI)
		return r;
	if (le32_at(s, EFI_STUB_MAGIC_OFF) != MAGIC_EFI_STUB)
		return cb_fail(env, CB_ENOTMINE, "an EFI program, but no Linux kernel");
	info->format = CB_LINUX_EFI;
	return 0;
}

static int take_other(struct cb_env *env, struct cb_bytes s, uint64_t size, struct cb_linux_info *info)
{
	if (cb_decomp_detect(s, &info->compression)) {
		info->format = CB_LINUX_COMPRESSED;
		info->payload_size = size;
		return 0;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (le32_at(s, others[i].off) == others[i].magic)
			return cb_fail(env, CB_EUNSUP, "%s", others[i].name);
	return cb_fail(env, CB_ENOTMINE, "no kernel: %llu bytes that begin with %02x %02x %02x %02x",
		       (unsigned long long)size, s.p[0], s.p[1], s.p[2], s.p[3]);
}

int cb_linux_identify(struct cb_env *env, struct cb_bytes head, uint64_t size,
		      struct cb_linux_info *ret)
{
	const struct setup_header *x86 = cb_view(struct setup_header, head, SETUP_OFF);
	const struct image_header *image = cb_view(struct image_header, head, 0);
	const struct zboot_header *zboot = cb_view(struct zboot_header, head, 0);
	struct cb_linux_info info = { 0 };
	int r;

	if (head.n < cb_min(size, CB_LINUX_HEAD))
		return cb_fail(env, CB_EINVAL, "the first %zu bytes of a file of %llu", head.n,
			       (unsigned long long)size);
	if (image == NULL || zboot == NULL)
		return cb_fail(env, CB_ENOTMINE, "no kernel: %zu bytes", head.n);
	if (x86 != NULL && cb_get_le32(x86->magic) == MAGIC_BZIMAGE)
		r = take_bzimage(env, head, size, x86, &info);
	else if (cb_get_le32(image->magic) == MAGIC_ARM64)
		r = take_image(env, head, size, image, CB_ARCH_AARCH64, &info);
	else if (cb_get_le32(image->magic) == MAGIC_RISCV)
		r = take_image(env, head, size, image, CB_ARCH_RISCV64, &info);
	else if (head.p[0] == 'M' && head.p[1] == 'Z' && cb_get_le32(zboot->magic) == MAGIC_ZBOOT)
		r = take_zboot(env, head, size, zboot, &info);
	else if (head.p[0] == 'M' && head.p[1] == 'Z')
		r = take_pe(env, head, size, &info);
	else if (le32_at(head, 0) == MAGIC_ELF)
		r = take_elf(env, head, &info);
	else
		r = take_other(env, head, size, &info);
	if (r < 0)
		return r;
	*ret = info;
	return 0;
}

void cb_linux_name(const struct cb_linux_info *info, char *ret, size_t room)
{
	const char *arch = cb_arch_name(info->arch);

	switch (info->format) {
	case CB_LINUX_BZIMAGE:
		(void)cb_fmt(ret, room, "bzImage"); /* cut is what the header promises, here and below */
		break;
	case CB_LINUX_IMAGE:
		(void)cb_fmt(ret, room, "%s Image", cb_arch_debian(info->arch));
		break;
	case CB_LINUX_EFI:
		(void)cb_fmt(ret, room, "%s EFI kernel", arch);
		break;
	case CB_LINUX_ELF:
		(void)cb_fmt(ret, room, "%s ELF", arch);
		break;
	case CB_LINUX_COMPRESSED:
		(void)cb_fmt(ret, room, "%s", cb_decomp_name(info->compression));
		break;
	case CB_LINUX_ZBOOT:
		(void)cb_fmt(ret, room, "EFI zboot (%s)", cb_decomp_name(info->compression));
		break;
	case CB_LINUX_UKI:
		(void)cb_fmt(ret, room, "UKI");
		break;
	}
}
