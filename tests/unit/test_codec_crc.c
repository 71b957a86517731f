/* Check values of the CRC catalogue ("123456789"), chaining, and the table form against the definition. */
#include "codec/crc.h"

#include "unit/check.h"

static const char digits[] = "123456789";

static void check_values(struct cb_check *t)
{
	CB_CHECK_INT(t, ~cb_crc32(~0u, digits, 9), 0xcbf43926u);
	CB_CHECK_INT(t, ~cb_crc32c(~0u, digits, 9), 0xe3069283u);
	CB_CHECK_INT(t, cb_crc16(0, digits, 9), 0xbb3d);
	CB_CHECK_INT(t, cb_crc16(0xffff, digits, 9), 0x4b37);
	CB_CHECK_INT(t, cb_crc32(7, digits, 0), 7);
}

/* The definition: one bit at a time. */
static uint32_t slow(uint32_t poly, uint32_t reg, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		reg ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			reg = reg >> 1 ^ (poly & (0u - (reg & 1)));
	}
	return reg;
}

static void every_byte_in_every_place(struct cb_check *t)
{
	uint8_t p[16] = { 0 };

	for (size_t at = 0; at < sizeof(p); at++)
		for (unsigned v = 0; v < 256; v++) {
			p[at] = (uint8_t)v;
			CB_REQUIRE(t, cb_crc32(1, p, 16) == slow(0xedb88320, 1, p, 16));
			CB_REQUIRE(t, cb_crc32c(2, p, 16) == slow(0x82f63b78, 2, p, 16));
			CB_REQUIRE(t, cb_crc16(3, p, 16) == slow(0xa001, 3, p, 16));
		}
}

static void pieces_chain(struct cb_check *t)
{
	uint8_t p[100];

	for (size_t i = 0; i < sizeof(p); i++)
		p[i] = (uint8_t)cb_sim_random(t->sim);
	for (size_t cut = 0; cut <= sizeof(p); cut++) {
		const uint8_t *q = p + cut;
		size_t n = sizeof(p) - cut;

		CB_CHECK_INT(t, cb_crc32(cb_crc32(5, p, cut), q, n), cb_crc32(5, p, sizeof(p)));
		CB_CHECK_INT(t, cb_crc32c(cb_crc32c(5, p, cut), q, n), cb_crc32c(5, p, sizeof(p)));
		CB_CHECK_INT(t, cb_crc16(cb_crc16(5, p, cut), q, n), cb_crc16(5, p, sizeof(p)));
	}
}

CB_SUITE(codec_crc, CB_TEST(check_values), CB_TEST(every_byte_in_every_place),
	 CB_TEST(pieces_chain));
