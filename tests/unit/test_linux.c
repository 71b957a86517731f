/* Kernel files made by hand: what each is taken for, what is refused and why, how they unwrap. */
#include "codec/crc.h"
#include "image/linux.h"

#include "unit/check.h"
#include "unit/pe_kit.h"

#define BZ_SIZE 4096u                    /* one setup sector, 3072 bytes of kernel */
#define IMG_SIZE 256u
#define ROOM 16384u

static void make_bzimage(uint8_t *p)
{
	memset(p, 0, BZ_SIZE);
	p[0x1f1] = 1;
	kit_le32(p, 0x1f4, (BZ_SIZE - 1024) / 16);
	kit_le32(p, 0x202, 0x53726448);
	kit_le16(p, 0x206, 0x20f);
	kit_le16(p, 0x20e, 0x100);
	p[0x211] = 1;
	p[0x234] = 1;
	kit_le16(p, 0x236, 0x7f);
	kit_le32(p, 0x238, 2047);
	kit_le32(p, 0x260, 0x100000);
	memcpy(p + 0x300, "6.12.1-test (builder) #1\0", 25);
}

static void make_image(uint8_t *p, uint32_t magic)
{
	memset(p, 0, IMG_SIZE);
	kit_le32(p, 0, 0x14000000);
	kit_le32(p, 16, 0x200000);
	kit_le32(p, 56, magic);
	memcpy(p + 100, "Linux version %s\0Linux version 6.1.0-arm64 (x)", 47);
}

#define ARM64 0x644d5241u
#define RISCV 0x05435352u

/* An EFI stub kernel: PE and Image header in one. */
static void make_efi_image(uint8_t *p, enum cb_arch arch, uint32_t magic)
{
	kit_pe(p, arch, "sbat,1\n");
	kit_le32(p, 16, 0x200000);
	kit_le32(p, 56, magic);
}

static size_t put_gzip(uint8_t *to, const uint8_t *p, uint16_t n)
{
	static const uint8_t head[11] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1 };   /* one stored block */

	memcpy(to, head, 11);
	kit_le16(to, 11, n);
	kit_le16(to, 13, (uint16_t)~n);
	memcpy(to + 15, p, n);
	kit_le32(to, 15u + n, ~cb_crc32(~0u, p, n));
	kit_le32(to, 19u + n, n);
	return 23u + n;
}

/* zboot: the payload where the second section is, and four bytes after the stream. */
static void make_zboot(uint8_t *p, enum cb_arch arch, const char *method)
{
	uint8_t inner[IMG_SIZE];
	size_t n;

	make_image(inner, ARM64);
	kit_pe(p, arch, "sbat,1\n");
	n = put_gzip(p + KIT_HEADERS + 0x200, inner, IMG_SIZE);
	memcpy(p + 4, "zimg", 4);
	kit_le32(p, 8, KIT_HEADERS + 0x200);
	kit_le32(p, 12, (uint32_t)n + 4);
	kit_le32(p, KIT_HEADERS + 0x200 + n, IMG_SIZE);
	for (n = 0; method[n] != 0; n++)
		p[24 + n] = (uint8_t)method[n];
	kit_le32(p, 56, 0x818223cd);
}

static int identify(struct cb_check *t, const uint8_t *p, size_t n, struct cb_linux_info *ret)
{
	*ret = (struct cb_linux_info){ 0 };
	return cb_linux_identify(t->env, (struct cb_bytes){ p, n }, n, ret);
}

static void bzimage(struct cb_check *t)
{
	uint8_t *p = cb_alloc(t->env, BZ_SIZE);
	struct cb_linux_info i;
	char name[32];

	CB_REQUIRE(t, p != NULL);
	make_bzimage(p);
	CB_REQUIRE_OK(t, identify(t, p, BZ_SIZE, &i));
	CB_CHECK_INT(t, i.format, CB_LINUX_BZIMAGE);
	CB_CHECK_INT(t, i.arch, CB_ARCH_X86_64);
	CB_CHECK_INT(t, i.protocol, 0x20f);
	CB_CHECK_INT(t, i.cmdline_max, 2047);
	CB_CHECK_INT(t, i.memory, 0x100000);
	CB_CHECK(t, i.relocatable && i.entry64 && !i.efi);
	CB_CHECK_STR(t, cb_str_c(i.version), "6.12.1-test");
	cb_linux_name(&i, name, sizeof(name));
	CB_CHECK_STR(t, cb_str_c(name), "bzImage");
	CB_CHECK_ERR(t, identify(t, p, BZ_SIZE - 1, &i), CB_ECORRUPT,
		     "the header speaks of 4096 bytes, the file has 4095");
	kit_le16(p, 0x20e, 0x201);                     /* past the setup sectors */
	CB_REQUIRE_OK(t, identify(t, p, BZ_SIZE, &i));
	CB_CHECK_STR(t, cb_str_c(i.version), "");
	kit_le16(p, 0x20e, 0x100);
	memset(p + 0x300, 'v', 100);
	CB_REQUIRE_OK(t, identify(t, p, BZ_SIZE, &i));
	CB_CHECK_INT(t, cb_str_c(i.version).n, 64);
	p[0x1f1] = 0;                                  /* means 4 */
	CB_CHECK_ERR(t, identify(t, p, BZ_SIZE, &i), CB_ECORRUPT, "speaks of 5632 bytes");
	make_bzimage(p);
	kit_le16(p, 0x206, 0x20b);
	CB_CHECK_ERR(t, identify(t, p, BZ_SIZE, &i), CB_EUNSUP, "protocol 2.11");
	make_bzimage(p);
	kit_le16(p, 0x236, 0x7e);
	CB_CHECK_ERR(t, identify(t, p, BZ_SIZE, &i), CB_EUNSUP, "a 32-bit or old kernel");
	cb_free(t->env, p, BZ_SIZE);
}

static void images(struct cb_check *t)
{
	uint8_t p[IMG_SIZE], *pe = cb_alloc(t->env, KIT_SIZE);
	struct cb_linux_info i;

	CB_REQUIRE(t, pe != NULL);
	make_image(p, ARM64);
	CB_REQUIRE_OK(t, identify(t, p, IMG_SIZE, &i));
	CB_CHECK(t, i.format == CB_LINUX_IMAGE && i.arch == CB_ARCH_AARCH64 && !i.efi);
	CB_CHECK_INT(t, i.memory, 0x200000);
	make_image(p, RISCV);
	CB_REQUIRE_OK(t, identify(t, p, IMG_SIZE, &i));
	CB_CHECK(t, i.format == CB_LINUX_IMAGE && i.arch == CB_ARCH_RISCV64);
	make_image(p, ARM64);
	p[24] = 1;
	CB_CHECK_ERR(t, identify(t, p, IMG_SIZE, &i), CB_EUNSUP, "big-endian");
	make_image(p, ARM64);
	kit_le32(p, 16, 0);
	CB_CHECK_ERR(t, identify(t, p, IMG_SIZE, &i), CB_ECORRUPT, "takes 0 bytes in memory");
	kit_le32(p, 20, 1);
	CB_CHECK_ERR(t, identify(t, p, IMG_SIZE, &i), CB_ECORRUPT, "takes 4294967296 bytes");

	make_efi_image(pe, CB_ARCH_AARCH64, ARM64);
	CB_REQUIRE_OK(t, identify(t, pe, KIT_SIZE, &i));
	CB_CHECK(t, i.format == CB_LINUX_IMAGE && i.arch == CB_ARCH_AARCH64 && i.efi);
	CB_CHECK_ERR(t, identify(t, pe, KIT_SIZE - 1, &i), CB_ECORRUPT,
		     "arm64 Image: PE: section 2 (.sbat) at 1536+512, file of 2047 bytes");
	make_efi_image(pe, CB_ARCH_X86_64, ARM64);
	CB_CHECK_ERR(t, identify(t, pe, KIT_SIZE, &i), CB_ECORRUPT,
		     "arm64 Image with a PE header for x86_64");
	make_efi_image(pe, CB_ARCH_AARCH64, ARM64);
	kit_le32(pe, KIT_LFANEW, 0);
	CB_CHECK_ERR(t, identify(t, pe, KIT_SIZE, &i), CB_ECORRUPT, "arm64 Image: PE: magic");

	make_efi_image(pe, CB_ARCH_LOONGARCH64, 0x818223cd);
	CB_REQUIRE_OK(t, identify(t, pe, KIT_SIZE, &i));
	CB_CHECK(t, i.format == CB_LINUX_EFI && i.arch == CB_ARCH_LOONGARCH64 && i.efi);
	kit_pe(pe, CB_ARCH_X86_64, "sbat,1\n");
	CB_CHECK_ERR(t, identify(t, pe, KIT_SIZE, &i), CB_ENOTMINE, "an EFI program, but no Linux kernel");
	kit_section(pe, 1, ".linux", 0x180);
	CB_REQUIRE_OK(t, identify(t, pe, KIT_SIZE, &i));
	CB_CHECK(t, i.format == CB_LINUX_UKI && i.arch == CB_ARCH_X86_64);
	CB_CHECK_INT(t, i.payload_off, KIT_HEADERS + 0x200);
	CB_CHECK_INT(t, i.payload_size, 0x180);
	cb_free(t->env, pe, KIT_SIZE);
}

static void zboot(struct cb_check *t)
{
	static const struct { const char *method; enum cb_decomp_kind kind; } methods[] = {
		{ "gzip", CB_DECOMP_GZIP }, { "zstd", CB_DECOMP_ZSTD }, { "zstd22", CB_DECOMP_ZSTD },
		{ "xzkern", CB_DECOMP_XZ }, { "xz", CB_DECOMP_XZ }, { "lz4", CB_DECOMP_LZ4 },
		{ "lzma", CB_DECOMP_LZMA },
	};
	uint8_t *p = cb_alloc(t->env, KIT_SIZE);
	struct cb_linux_info i;

	CB_REQUIRE(t, p != NULL);
	for (size_t k = 0; k < sizeof(methods) / sizeof(methods[0]); k++) {
		make_zboot(p, CB_ARCH_AARCH64, methods[k].method);
		CB_REQUIRE_OK(t, identify(t, p, KIT_SIZE, &i));
		CB_CHECK(t, i.format == CB_LINUX_ZBOOT && i.arch == CB_ARCH_AARCH64 && i.efi);
		CB_CHECK_INT(t, i.compression, methods[k].kind);
		CB_CHECK_INT(t, i.payload_off, KIT_HEADERS + 0x200);
	}
	make_zboot(p, CB_ARCH_AARCH64, "lzo");
	CB_CHECK_ERR(t, identify(t, p, KIT_SIZE, &i), CB_EUNSUP, "compressed with \"lzo\"");
	make_zboot(p, CB_ARCH_AARCH64, "gzip");
	kit_le32(p, 12, KIT_SIZE - KIT_HEADERS - 0x200 + 1);
	CB_CHECK_ERR(t, identify(t, p, KIT_SIZE, &i), CB_ECORRUPT, "kernel at 1024+1025, the file has 2048");
	make_zboot(p, CB_ARCH_AARCH64, "gzip");
	CB_CHECK_ERR(t, identify(t, p, KIT_SIZE - 1, &i), CB_ECORRUPT, "EFI zboot: PE: section 2");
	cb_free(t->env, p, KIT_SIZE);
}

static void other_files(struct cb_check *t)
{
	uint8_t p[IMG_SIZE] = { 0x7f, 'E', 'L', 'F', 2, 1 };
	struct cb_linux_info i;

	p[18] = 243;
	CB_REQUIRE_OK(t, identify(t, p, IMG_SIZE, &i));
	CB_CHECK(t, i.format == CB_LINUX_ELF && i.arch == CB_ARCH_RISCV64);
	p[4] = 1;
	CB_CHECK_ERR(t, identify(t, p, IMG_SIZE, &i), CB_EUNSUP, "isn't 64-bit");
	memset(p, 0, sizeof(p));
	CB_CHECK_ERR(t, identify(t, p, IMG_SIZE, &i), CB_ENOTMINE, "256 bytes that begin with 00 00 00 00");
	CB_CHECK_ERR(t, identify(t, p, 63, &i), CB_ENOTMINE, "no kernel: 63 bytes");
	CB_CHECK_ERR(t, identify(t, p, 0, &i), CB_ENOTMINE, "no kernel: 0 bytes");
	kit_le32(p, 36, 0x016f2818);
	CB_CHECK_ERR(t, identify(t, p, IMG_SIZE, &i), CB_EUNSUP, "32-bit ARM zImage");
	kit_le32(p, 0, 0xedfe0dd0);
	kit_le32(p, 36, 0);
	CB_CHECK_ERR(t, identify(t, p, IMG_SIZE, &i), CB_EUNSUP, "device tree");
	kit_le32(p, 0, 0x56190527);
	CB_CHECK_ERR(t, identify(t, p, IMG_SIZE, &i), CB_EUNSUP, "uImage");
	CB_CHECK_ERR(t, cb_linux_identify(t->env, (struct cb_bytes){ p, 100 }, 101, &i), CB_EINVAL,
		     "the first 100 bytes of a file of 101");
	kit_le32(p, 0, 0xfd2fb528);
	CB_REQUIRE_OK(t, identify(t, p, IMG_SIZE, &i));
	CB_CHECK(t, i.format == CB_LINUX_COMPRESSED && i.compression == CB_DECOMP_ZSTD);
	CB_CHECK_INT(t, i.arch, CB_ARCH_NONE);
}

/* Unwrap, compare what comes out, or the report. */
static void expect(struct cb_check *t, struct cb_bytes file, enum cb_arch arch, int code, const char *text)
{
	struct cb_linux_kernel k;
	int r = cb_linux_unwrap(t->env, file, arch, 1 << 20, &k);

	if (code < 0) {
		CB_CHECK_ERR(t, r, code, text);
		return;
	}
	CB_REQUIRE_OK(t, r);
	CB_CHECK_STR(t, cb_str_c(k.name), text);
	cb_linux_kernel_fini(&k);
}

static void unwraps(struct cb_check *t)
{
	uint8_t *a = cb_alloc(t->env, ROOM), *b = cb_alloc(t->env, ROOM), image[IMG_SIZE];
	size_t n;

	CB_REQUIRE(t, a != NULL && b != NULL);
	make_image(image, ARM64);
	expect(t, (struct cb_bytes){ image, IMG_SIZE }, CB_ARCH_AARCH64, 0, "arm64 Image");
	n = put_gzip(a, image, IMG_SIZE);
	expect(t, (struct cb_bytes){ a, n }, CB_ARCH_AARCH64, 0, "arm64 Image in gzip");
	expect(t, (struct cb_bytes){ a, n }, CB_ARCH_NONE, 0, "arm64 Image in gzip");
	expect(t, (struct cb_bytes){ a, n }, CB_ARCH_X86_64, CB_EUNSUP,
	       "in gzip: the kernel is for aarch64, this machine is x86_64");
	expect(t, (struct cb_bytes){ a, n - 9 }, CB_ARCH_AARCH64, CB_ECORRUPT, "gzip: ");
	for (unsigned depth = 2; depth <= 5; depth++) {
		n = put_gzip(b, a, (uint16_t)n);
		memcpy(a, b, n);
		expect(t, (struct cb_bytes){ a, n }, CB_ARCH_AARCH64, depth < 5 ? 0 : CB_ELIMIT,
		       depth == 2 ? "arm64 Image in gzip in gzip" :
		       depth == 3 ? "arm64 Image in gzip in gzip in gzip" :
		       depth == 4 ? "arm64 Image in gzip in gzip in gzip in gzip" : "more than 4 wrappers");
	}
	make_zboot(a, CB_ARCH_AARCH64, "gzip");
	expect(t, (struct cb_bytes){ a, KIT_SIZE }, CB_ARCH_AARCH64, 0, "arm64 Image in EFI zboot (gzip)");
	expect(t, (struct cb_bytes){ a, KIT_SIZE }, CB_ARCH_X86_64, CB_EUNSUP,
	       "is for aarch64, this machine");
	kit_pe(a, CB_ARCH_AARCH64, "sbat,1\n");
	kit_section(a, 1, ".linux", 0x200);
	(void)put_gzip(a + KIT_HEADERS + 0x200, image, IMG_SIZE); /* shorter than the section */
	expect(t, (struct cb_bytes){ a, KIT_SIZE }, CB_ARCH_AARCH64, 0, "arm64 Image in gzip in UKI");
	memcpy(a + KIT_HEADERS + 0x200, image, IMG_SIZE);
	expect(t, (struct cb_bytes){ a, KIT_SIZE }, CB_ARCH_AARCH64, 0, "arm64 Image in UKI");
	memset(a + KIT_HEADERS + 0x200, 0, IMG_SIZE);
	expect(t, (struct cb_bytes){ a, KIT_SIZE }, CB_ARCH_AARCH64, CB_ENOTMINE, "in UKI: no kernel");
	cb_free(t->env, a, ROOM);
	cb_free(t->env, b, ROOM);
}

static void kexec_takes_it(struct cb_check *t)
{
	uint8_t *p = cb_alloc(t->env, BZ_SIZE);

	CB_REQUIRE(t, p != NULL);
	make_bzimage(p);
	expect(t, (struct cb_bytes){ p, BZ_SIZE }, CB_ARCH_X86_64, 0, "bzImage");
	p[0x234] = 0;
	expect(t, (struct cb_bytes){ p, BZ_SIZE }, CB_ARCH_X86_64, CB_EUNSUP, "isn't relocatable");
	make_bzimage(p);
	kit_le16(p, 0x236, 1);
	expect(t, (struct cb_bytes){ p, BZ_SIZE }, CB_ARCH_X86_64, CB_EUNSUP, "above 4 GiB");
	memset(p, 0, BZ_SIZE);
	memcpy(p, "\177ELF\2\1", 6);
	p[18] = 62;
	expect(t, (struct cb_bytes){ p, BZ_SIZE }, CB_ARCH_X86_64, CB_EUNSUP,
	       "x86_64 ELF: kexec on x86_64 doesn't take this format");
	p[18] = 243;
	expect(t, (struct cb_bytes){ p, BZ_SIZE }, CB_ARCH_RISCV64, 0, "riscv64 ELF");
	p[18] = 3;
	expect(t, (struct cb_bytes){ p, BZ_SIZE }, CB_ARCH_NONE, CB_EUNSUP,
	       "a machine that is not supported");
	make_efi_image(p, CB_ARCH_X86_64, 0x818223cd);
	expect(t, (struct cb_bytes){ p, KIT_SIZE }, CB_ARCH_X86_64, CB_EUNSUP, "doesn't take this format");
	make_efi_image(p, CB_ARCH_LOONGARCH64, 0x818223cd);
	expect(t, (struct cb_bytes){ p, KIT_SIZE }, CB_ARCH_LOONGARCH64, 0, "loongarch64 EFI kernel");
	cb_free(t->env, p, BZ_SIZE);
}

static int fault_scenario(struct cb_check *t, void *arg)
{
	struct cb_bytes file = { arg, KIT_SIZE };
	struct cb_linux_kernel k;
	int r = cb_linux_unwrap(t->env, file, CB_ARCH_AARCH64, 1 << 20, &k);

	if (r == 0)
		cb_linux_kernel_fini(&k);
	return r;
}

static void survives_faults(struct cb_check *t)
{
	uint8_t *p = cb_alloc(t->env, KIT_SIZE);

	CB_REQUIRE(t, p != NULL);
	make_zboot(p, CB_ARCH_AARCH64, "gzip");
	cb_check_faults(t, fault_scenario, p, 100);
	cb_free(t->env, p, KIT_SIZE);
}

/* Wherever it stands: at the start, across the border of two reads, at the very end. */
static void finds_versions(struct cb_check *t)
{
	static const size_t size = 600000;
	static const char text[] = "Linux version 6.1.0-x (a@b)";
	uint8_t *p = cb_alloc(t->env, size);
	struct cb_input in = { .mem = p, .size = size };
	char version[CB_LINUX_VERSION];

	CB_REQUIRE(t, p != NULL);
	for (size_t at = 262144 - 200; at < 262144 + 20; at++) {
		memset(p, 0, size);
		make_image(p, ARM64);
		memset(p + 100, 0, IMG_SIZE - 100);
		memcpy(p + 80, "Linux version %s", 16);
		memcpy(p + at, text, sizeof(text));
		CB_REQUIRE_OK(t, cb_linux_version(t->env, &in, version));
		if (!cb_check_text(t, __FILE__, __LINE__, "version", cb_str_c(version), CB_STR("6.1.0-x")))
			return;
	}
	memset(p + 1000, 0, size - 1000);
	CB_REQUIRE_OK(t, cb_linux_version(t->env, &in, version));
	CB_CHECK_STR(t, cb_str_c(version), "");
	memcpy(p + size - 20, text, 20);
	CB_REQUIRE_OK(t, cb_linux_version(t->env, &in, version));
	CB_CHECK_STR(t, cb_str_c(version), "6.1.0-");
	make_bzimage(p);
	CB_REQUIRE_OK(t, cb_linux_version(t->env, &in, version));
	CB_CHECK_STR(t, cb_str_c(version), "6.12.1-test");
	cb_free(t->env, p, size);
}

CB_SUITE(linux, CB_TEST(bzimage), CB_TEST(images), CB_TEST(zboot), CB_TEST(other_files),
	 CB_TEST(unwraps), CB_TEST(kexec_takes_it), CB_TEST(survives_faults), CB_TEST(finds_versions));
