/* codec/crc.h - the cyclic checksums of partition tables, file systems and volume headers.
 *
 * All three take the register and give it back, so that pieces chain. Nothing is
 * inverted here: formats differ in where they start and whether they invert the end.
 *
 *	GPT, gzip, cpio.xz       ~cb_crc32(~0u, p, n)
 *	ext4, JBD2               cb_crc32c(seed, p, n), the first seed is ~0u
 *	btrfs, XFS               ~cb_crc32c(~0u, p, n)
 *	LVM2 metadata            cb_crc32(0xf597a6cf, p, n)
 *	ext4 uninit_bg           cb_crc16(0xffff, p, n) */
#ifndef CB_CODEC_CRC_H
#define CB_CODEC_CRC_H

#include <stddef.h>
#include <stdint.h>

/* IEEE 802.3, reflected: polynomial 0xedb88320. */
uint32_t cb_crc32(uint32_t reg, const void *p, size_t n);

/* Castagnoli (iSCSI, RFC 3720), reflected: polynomial 0x82f63b78. */
uint32_t cb_crc32c(uint32_t reg, const void *p, size_t n);

/* ANSI (USB, ARC), reflected: polynomial 0xa001. */
uint16_t cb_crc16(uint16_t reg, const void *p, size_t n);

#endif
