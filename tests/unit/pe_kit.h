/* tests/unit/pe_kit.h - small PE images made by hand, so that each field can be made wrong. */
#ifndef CB_UNIT_PE_KIT_H
#define CB_UNIT_PE_KIT_H

#include "core/arch.h"
#include "core/bytes.h"
#include "core/mem.h"

#define KIT_LFANEW 0x40u
#define KIT_COFF (KIT_LFANEW + 4)
#define KIT_OPT (KIT_COFF + 20)
#define KIT_TABLE (KIT_OPT + 240)
#define KIT_SECTIONS 3u
#define KIT_HEADERS 0x200u
#define KIT_SIZE (KIT_HEADERS + KIT_SECTIONS * 0x200u)

static inline void kit_le16(uint8_t *p, size_t at, uint16_t v)
{
	cb_le16 x = cb_put_le16(v);

	memcpy(p + at, &x, 2);
}

static inline void kit_le32(uint8_t *p, size_t at, uint32_t v)
{
	cb_le32 x = cb_put_le32(v);

	memcpy(p + at, &x, 4);
}

static inline uint32_t kit_get32(const uint8_t *p, size_t at)
{
	cb_le32 x;

	memcpy(&x, p + at, 4);
	return cb_get_le32(x);
}

static inline void kit_section(uint8_t *p, unsigned i, const char *name, uint32_t vsize)
{
	uint8_t *h = p + KIT_TABLE + 40 * i;

	memset(h, 0, 40);
	for (unsigned k = 0; k < 8 && name[k] != 0; k++)
		h[k] = (uint8_t)name[k];
	kit_le32(h, 8, vsize);
	kit_le32(h, 12, 0x1000 * (i + 1));
	kit_le32(h, 16, 0x200);
	kit_le32(h, 20, KIT_HEADERS + 0x200 * i);
	kit_le32(h, 36, i == 0 ? 0x60000020 : 0x40000040);
}

/* KIT_SIZE bytes: .text of 'T's, .data of 'D's, .sbat with `sbat`. Room for one more section header. */
static inline void kit_pe(uint8_t *p, enum cb_arch arch, const char *sbat)
{
	uint32_t n = 0;

	memset(p, 0, KIT_SIZE);
	p[0] = 'M';
	p[1] = 'Z';
	kit_le32(p, 0x3c, KIT_LFANEW);
	memcpy(p + KIT_LFANEW, "PE\0\0", 4);
	kit_le16(p, KIT_COFF, cb_arch_pe(arch));
	kit_le16(p, KIT_COFF + 2, KIT_SECTIONS);
	kit_le16(p, KIT_COFF + 16, 240);
	kit_le16(p, KIT_COFF + 18, 0x206);
	kit_le16(p, KIT_OPT, 0x20b);
	kit_le32(p, KIT_OPT + 16, 0x1000);             /* entry */
	kit_le32(p, KIT_OPT + 32, 0x1000);             /* section alignment */
	kit_le32(p, KIT_OPT + 36, 0x200);
	kit_le32(p, KIT_OPT + 56, 0x4000);             /* image size */
	kit_le32(p, KIT_OPT + 60, KIT_HEADERS);
	kit_le32(p, KIT_OPT + 64, 0x12345678);         /* checksum */
	kit_le16(p, KIT_OPT + 68, 10);
	kit_le16(p, KIT_OPT + 70, 0x160);
	kit_le32(p, KIT_OPT + 108, 16);
	while (sbat[n] != 0)
		n++;
	kit_section(p, 0, ".text", 0x1f0);
	kit_section(p, 1, ".data", 0x200);
	kit_section(p, 2, ".sbat", n);
	memset(p + KIT_HEADERS, 'T', 0x200);
	memset(p + KIT_HEADERS + 0x200, 'D', 0x200);
	memcpy(p + KIT_HEADERS + 0x400, sbat, n);
}

#endif
