/* uefi/crc.c - cyclic checksums in firmware: a byte a step, from tables of 1 KB where lib/codec/crc.c has 8.
 *
 * What is summed here is metadata, and kernels in gzip files: 14 KB less to load outweigh that. */
#include "codec/crc.h"
#include "codec/crc_table.h"

static const uint32_t crc32_table[256] = CRC_ROW(0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832,
						 0x1db71064, 0x3b6e20c8, 0x76dc4190, 0xedb88320);

static const uint32_t crc32c_table[256] = CRC_ROW(0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf,
						  0x105ec76f, 0x20bd8ede, 0x417b1dbc, 0x82f63b78);

static uint32_t step(const uint32_t t[256], uint32_t reg, const uint8_t *p, size_t n)
{
	for (; n > 0; p++, n--)
		reg = reg >> 8 ^ t[(reg ^ *p) & 255];
	return reg;
}

uint32_t cb_crc32(uint32_t reg, const void *p, size_t n)
{
	return step(crc32_table, reg, p, n);
}

uint32_t cb_crc32c(uint32_t reg, const void *p, size_t n)
{
	return step(crc32c_table, reg, p, n);
}
