/* codec/crc_table.h - tables of cyclic checksums, spelled out by the compiler.
 *
 * A table is linear: entry n is the XOR of the entries of n's bits, so the eight entries of 1, 2, 4, ... 128
 * say everything. */
#ifndef CB_CODEC_CRC_TABLE_H
#define CB_CODEC_CRC_TABLE_H

#define CRC_BIT(n, b, v)  (((n) >> (b) & 1) * (v))
#define CRC_ENTRY(n, b0, b1, b2, b3, b4, b5, b6, b7)				\
	(CRC_BIT(n, 0, b0) ^ CRC_BIT(n, 1, b1) ^ CRC_BIT(n, 2, b2) ^ CRC_BIT(n, 3, b3) ^	\
	 CRC_BIT(n, 4, b4) ^ CRC_BIT(n, 5, b5) ^ CRC_BIT(n, 6, b6) ^ CRC_BIT(n, 7, b7))
#define CRC_ENTRY4(n, ...)								\
	CRC_ENTRY((n), __VA_ARGS__), CRC_ENTRY((n) + 1, __VA_ARGS__),			\
	CRC_ENTRY((n) + 2, __VA_ARGS__), CRC_ENTRY((n) + 3, __VA_ARGS__)
#define CRC_ENTRY16(n, ...)								\
	CRC_ENTRY4((n), __VA_ARGS__), CRC_ENTRY4((n) + 4, __VA_ARGS__),			\
	CRC_ENTRY4((n) + 8, __VA_ARGS__), CRC_ENTRY4((n) + 12, __VA_ARGS__)
#define CRC_ENTRY64(n, ...)								\
	CRC_ENTRY16((n), __VA_ARGS__), CRC_ENTRY16((n) + 16, __VA_ARGS__),		\
	CRC_ENTRY16((n) + 32, __VA_ARGS__), CRC_ENTRY16((n) + 48, __VA_ARGS__)
/* One table of 256 entries, from those of 1, 2, 4, ... 128. */
#define CRC_ROW(...) {								\
	CRC_ENTRY64(0u, __VA_ARGS__), CRC_ENTRY64(64u, __VA_ARGS__),			\
	CRC_ENTRY64(128u, __VA_ARGS__), CRC_ENTRY64(192u, __VA_ARGS__) }

#endif
