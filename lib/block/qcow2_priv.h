/* block/qcow2_priv.h - what the files of the qcow2 driver share. */
#ifndef CB_BLOCK_QCOW2_PRIV_H
#define CB_BLOCK_QCOW2_PRIV_H

#include "block/qcow2.h"
#include "codec/decomp.h"

#define QCOW2_SLICE  (16u << 10)   /* bytes of an L2 table read at once */
#define QCOW2_SLICES 64u
#define QCOW2_PLAIN  4u            /* decompressed clusters kept */

/* A part of an L2 table. */
struct qcow2_slice {
	uint8_t *data;             /* slice_size bytes, NULL before its first use */
	uint64_t off;              /* in the file; 0: empty */
	uint64_t used;             /* clock of the last use */
};

struct qcow2_plain {
	uint8_t *data;             /* cluster_size bytes, NULL before its first use */
	uint64_t host;             /* where it is compressed; 0: empty */
	uint64_t used;
};

struct qcow2 {
	struct cb_blk blk;
	struct cb_blk *file;
	struct cb_blk *data;       /* where clusters are: file, or an external data file */
	struct cb_blk *backing;    /* NULL: none */
	uint32_t version;
	unsigned cluster_bits;
	uint32_t cluster_size;
	bool extended;             /* L2 entries of 16 bytes, with subclusters */
	enum cb_decomp_kind compression;
	uint64_t size;             /* bytes of the disk, before rounding up to a block */
	uint8_t *l1;               /* big-endian, as in the file */
	uint32_t l1_n;             /* entries */
	uint32_t slice_size, slice_entries;
	struct qcow2_slice slices[QCOW2_SLICES];
	struct qcow2_plain plain[QCOW2_PLAIN];
	uint8_t *packed;           /* compressed bytes, 2 * cluster_size; NULL before its first use */
	uint64_t clock;
};

/* qcow2_map.c: what a range of the disk is. */
enum qcow2_kind {
	QCOW2_ZERO,
	QCOW2_BACKING,             /* not in this image */
	QCOW2_DATA,
	QCOW2_PACKED,              /* part of one compressed cluster */
};

struct qcow2_run {
	enum qcow2_kind kind;
	uint64_t n;                /* bytes of the disk */
	uint64_t host;             /* DATA: byte in q->data; PACKED: byte in q->file */
	uint64_t packed_n;         /* PACKED: bytes to decompress, at most */
};

/* The longest run of one kind from byte off that is cheap to see; n <= max. */
CB_MUST int cb_qcow2_map(struct qcow2 *q, uint64_t off, uint64_t max, struct qcow2_run *ret);

/* qcow2_zip.c: n bytes from byte skip of a compressed cluster. */
CB_MUST int cb_qcow2_unpack(struct qcow2 *q, const struct qcow2_run *run, uint32_t skip, uint8_t *buf,
			    size_t n);

#endif
