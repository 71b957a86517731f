/* tests/unit/boot_kit.h - kernels and UKIs of the smallest size that is still one. */
#ifndef CB_UNIT_BOOT_KIT_H
#define CB_UNIT_BOOT_KIT_H

#include "core/str.h"
#include "unit/pe_kit.h"

#define KIT_KERNEL 2048u             /* bytes of each kernel here */
#define KIT_UKI_MAX 16384u

/* A bzImage with an EFI stub's mark; uname -r is `version`. */
static inline void kit_bzimage(uint8_t *p, const char *version)
{
	struct cb_str v = cb_str_c(version);

	memset(p, 0x90, KIT_KERNEL);
	memcpy(p, "MZ", 2);
	p[0x1f1] = 1;
	kit_le32(p, 0x1f4, (KIT_KERNEL - 1024) / 16);
	kit_le16(p, 0x1fe, 0xaa55);
	memcpy(p + 0x202, "HdrS", 4);
	kit_le16(p, 0x206, 0x20f);
	kit_le16(p, 0x20e, v.n > 0 ? 0x100 : 0);
	p[0x211] = 1;
	p[0x234] = 1;
	kit_le16(p, 0x236, 3);
	kit_le32(p, 0x238, 2047);
	kit_le32(p, 0x260, 0x100000);
	memset(p + 0x300, 0, 64);
	memcpy(p + 0x300, v.p, v.n);
}

/* An arm64 Image without an EFI stub. */
static inline void kit_image(uint8_t *p)
{
	memset(p, 0, KIT_KERNEL);
	kit_le32(p, 16, KIT_KERNEL);
	memcpy(p + 56, "ARMd", 4);
}

struct kit_part { const char *name; const void *p; size_t n; };

/* A PE with these sections, in order; returns its bytes, at most KIT_UKI_MAX. */
static inline size_t kit_uki(uint8_t *p, enum cb_arch arch, const struct kit_part *parts, unsigned n)
{
	uint32_t at = 0x400;

	memset(p, 0, KIT_UKI_MAX);
	kit_pe(p, arch, "");
	memset(p + KIT_HEADERS, 0, KIT_SIZE - KIT_HEADERS);
	kit_le16(p, KIT_COFF + 2, (uint16_t)n);
	kit_le32(p, KIT_OPT + 56, 0x1000 * (n + 1));
	kit_le32(p, KIT_OPT + 60, at);
	for (unsigned i = 0; i < n; i++) {
		uint32_t raw = ((uint32_t)parts[i].n + 0x1ff) & ~0x1ffu;

		kit_section(p, i, parts[i].name, (uint32_t)parts[i].n);
		kit_le32(p + KIT_TABLE + 40 * i, 16, raw);
		kit_le32(p + KIT_TABLE + 40 * i, 20, at);
		memcpy(p + at, parts[i].p, parts[i].n);
		at += raw;
	}
	return at;
}

#endif
