/* Cyclic checksums by table, eight bytes a step.
 *
 * The effect of a byte followed by k zero bytes is one lookup, so the register after
 * eight more bytes is the XOR of eight independent lookups ("slicing by 8", Kounavis and
 * Berry, 2005). Programs for firmware link platform/uefi/crc.c instead. */
#include "codec/crc.h"
#include "codec/crc_table.h"

#include "core/bytes.h"

/* Row k: the byte is followed by k zero bytes. Backwards from the end of row 0, the basis
 * is one sequence: the polynomial, then each the one-bit step of the one before. */
static const uint32_t crc32_table[8][256] = {
	CRC_ROW(0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832,
	    0x1db71064, 0x3b6e20c8, 0x76dc4190, 0xedb88320),
	CRC_ROW(0x191b3141, 0x32366282, 0x646cc504, 0xc8d98a08,
	    0x4ac21251, 0x958424a2, 0xf0794f05, 0x3b83984b),
	CRC_ROW(0x01c26a37, 0x0384d46e, 0x0709a8dc, 0x0e1351b8,
	    0x1c26a370, 0x384d46e0, 0x709a8dc0, 0xe1351b80),
	CRC_ROW(0xb8bc6765, 0xaa09c88b, 0x8f629757, 0xc5b428ef,
	    0x5019579f, 0xa032af3e, 0x9b14583d, 0xed59b63b),
	CRC_ROW(0x3d6029b0, 0x7ac05360, 0xf580a6c0, 0x30704bc1,
	    0x60e09782, 0xc1c12f04, 0x58f35849, 0xb1e6b092),
	CRC_ROW(0xcb5cd3a5, 0x4dc8a10b, 0x9b914216, 0xec53826d,
	    0x03d6029b, 0x07ac0536, 0x0f580a6c, 0x1eb014d8),
	CRC_ROW(0xa6770bb4, 0x979f1129, 0xf44f2413, 0x33ef4e67,
	    0x67de9cce, 0xcfbd399c, 0x440b7579, 0x8816eaf2),
	CRC_ROW(0xccaa009e, 0x4225077d, 0x844a0efa, 0xd3e51bb5,
	    0x7cbb312b, 0xf9766256, 0x299dc2ed, 0x533b85da),
};

static const uint32_t crc32c_table[8][256] = {
	CRC_ROW(0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf,
	    0x105ec76f, 0x20bd8ede, 0x417b1dbc, 0x82f63b78),
	CRC_ROW(0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8,
	    0x3fc5f181, 0x7f8be302, 0xff17c604, 0xfbc3faf9),
	CRC_ROW(0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5,
	    0x70a27d8a, 0xe144fb14, 0xc76580d9, 0x8b277743),
	CRC_ROW(0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6,
	    0xe964b13d, 0xd725148b, 0xaba65fe7, 0x52a0c93f),
	CRC_ROW(0x38116fac, 0x7022df58, 0xe045beb0, 0xc5670b91,
	    0x8f2261d3, 0x1ba8b557, 0x37516aae, 0x6ea2d55c),
	CRC_ROW(0xef306b19, 0xdb8ca0c3, 0xb2f53777, 0x6006181f,
	    0xc00c303e, 0x85f4168d, 0x0e045beb, 0x1c08b7d6),
	CRC_ROW(0x68032cc8, 0xd0065990, 0xa5e0c5d1, 0x4e2dfd53,
	    0x9c5bfaa6, 0x3d5b83bd, 0x7ab7077a, 0xf56e0ef4),
	CRC_ROW(0x493c7d27, 0x9278fa4e, 0x211d826d, 0x423b04da,
	    0x847609b4, 0x0d006599, 0x1a00cb32, 0x34019664),
};

static inline uint32_t slice8(const uint32_t t[8][256], uint32_t reg, const uint8_t *p, size_t n)
{
	for (; n >= 8; p += 8, n -= 8) {
		uint64_t v = cb_get_le64(*(const cb_le64 *)p) ^ reg;

		reg = t[7][v & 255] ^ t[6][v >> 8 & 255] ^ t[5][v >> 16 & 255] ^
		      t[4][v >> 24 & 255] ^ t[3][v >> 32 & 255] ^ t[2][v >> 40 & 255] ^
		      t[1][v >> 48 & 255] ^ t[0][v >> 56];
	}
	for (; n; p++, n--)
		reg = reg >> 8 ^ t[0][(reg ^ *p) & 255];
	return reg;
}

uint32_t cb_crc32(uint32_t reg, const void *p, size_t n)
{
	return slice8(crc32_table, reg, p, n);
}

uint32_t cb_crc32c(uint32_t reg, const void *p, size_t n)
{
	return slice8(crc32c_table, reg, p, n);
}
