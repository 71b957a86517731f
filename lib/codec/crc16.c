/* codec/crc16.c - the 16-bit checksum of ext4's group descriptors. */
#include "codec/crc.h"

/* Half a byte a step is enough for the 32-byte descriptors that use this one. */
static const uint16_t crc16_table[16] = {
	0x0000, 0xcc01, 0xd801, 0x1400, 0xf001, 0x3c00, 0x2800, 0xe401,
	0xa001, 0x6c00, 0x7800, 0xb401, 0x5000, 0x9c01, 0x8801, 0x4400,
};

uint16_t cb_crc16(uint16_t reg, const void *p, size_t n)
{
	const uint8_t *b = p;

	for (; n; b++, n--) {
		reg = (uint16_t)(reg >> 4 ^ crc16_table[(reg ^ *b) & 15]);
		reg = (uint16_t)(reg >> 4 ^ crc16_table[(reg ^ *b >> 4) & 15]);
	}
	return reg;
}
