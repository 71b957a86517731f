/* block/qcow2_map.c - from the disk's bytes to the image's, through the L1 and L2 tables. */
#include "block/qcow2_priv.h"

#include "core/mem.h"

#define OFFSET_MASK  UINT64_C(0x00fffffffffffe00)   /* bits 9 to 55 */
#define COPIED       (UINT64_C(1) << 63)
#define COMPRESSED   (UINT64_C(1) << 62)
#define READS_ZERO   1u
#define SUBCLUSTERS  32u

static uint64_t get_be64(const uint8_t *p)
{
	return cb_get_be64(*cb_view(cb_be64, ((struct cb_bytes){ p, sizeof(cb_be64) }), 0));
}

/* The slice at this byte of the file, in memory. */
static int load_slice(struct qcow2 *q, uint64_t off, struct qcow2_slice **ret)
{
	struct qcow2_slice *s = &q->slices[0];

	for (size_t i = 0; i < QCOW2_SLICES; i++) {
		if (q->slices[i].off == off) {
			s = &q->slices[i];
			break;
		}
		if (q->slices[i].used < s->used)
			s = &q->slices[i];
	}
	s->used = ++q->clock;
	*ret = s;
	if (s->off == off)
		return 0;
	if (s->data == NULL)
		s->data = cb_alloc_aligned(q->blk.env, q->slice_size, q->file->buf_align);
	if (s->data == NULL)
		return CB_ENOMEM;
	s->off = 0;

	int r = cb_blk_pread(q->file, off, s->data, q->slice_size);

	if (r == 0)
		s->off = off;
	return r;
}

static int map_packed(struct qcow2 *q, uint64_t entry, uint64_t left, struct qcow2_run *ret)
{
	unsigned x = 62 - (q->cluster_bits - 8);
	uint64_t host = entry & ((UINT64_C(1) << x) - 1);
	uint64_t sectors = (entry & (COMPRESSED - 1)) >> x;
	uint64_t n = (sectors + 1) * 512 - host % 512;

	/* The last cluster's sectors may be cut off by the end of the file. */
	if (host >= cb_blk_size(q->file) || host < q->cluster_size)
		return cb_fail(q->blk.env, CB_ECORRUPT, "compressed cluster at byte %llu, the file has %llu",
			       (unsigned long long)host, (unsigned long long)cb_blk_size(q->file));
	*ret = (struct qcow2_run){
		.kind = QCOW2_PACKED, .n = left, .host = host,
		.packed_n = cb_min(n, cb_blk_size(q->file) - host),
	};
	return 0;
}

/* Kind of the subcluster, or of the cluster where there are none. */
static int kind_of(struct qcow2 *q, const uint8_t *e, unsigned sub, bool allocated,
		   enum qcow2_kind *ret)
{
	uint64_t entry = get_be64(e);
	uint64_t bitmap = q->extended ? get_be64(e + 8) : 0;
	bool has = q->extended ? (bitmap >> sub & 1) != 0 : allocated;
	bool zero = q->extended ? (bitmap >> (sub + SUBCLUSTERS) & 1) != 0 : (entry & READS_ZERO) != 0;

	if (q->extended && ((has && zero) || (has && !allocated)))
		return cb_fail(q->blk.env, CB_ECORRUPT, "L2 entry %016llx, subclusters %016llx",
			       (unsigned long long)entry, (unsigned long long)bitmap);
	if (zero && !q->extended && q->version < 3)
		return cb_fail(q->blk.env, CB_ECORRUPT, "L2 entry %016llx: a zero cluster in version 2",
			       (unsigned long long)entry);
	*ret = zero ? QCOW2_ZERO : has ? QCOW2_DATA : QCOW2_BACKING;
	return 0;
}

/* What the entry e says of byte `in` of its cluster, as far as the cluster or subcluster goes. */
static int map_entry(struct qcow2 *q, const uint8_t *e, uint32_t in, struct qcow2_run *ret)
{
	uint64_t entry = get_be64(e), host = entry & OFFSET_MASK;
	uint32_t unit = q->extended ? q->cluster_size / SUBCLUSTERS : q->cluster_size;
	bool external = q->data != q->file;
	bool allocated = host != 0 || (external && (entry & COPIED) != 0);
	enum qcow2_kind kind = QCOW2_ZERO;

	if ((entry & COMPRESSED) != 0 && external)
		return cb_fail(q->blk.env, CB_ECORRUPT, "a compressed cluster beside an external data file");
	if ((entry & COMPRESSED) != 0)
		return map_packed(q, entry, q->cluster_size - in, ret);

	int r = kind_of(q, e, in / unit, allocated, &kind);

	if (r < 0)
		return r;
	if (kind == QCOW2_DATA && (host % q->cluster_size != 0 || host >= cb_blk_size(q->data) ||
				   (!external && host < q->cluster_size)))
		return cb_fail(q->blk.env, CB_ECORRUPT, "cluster at byte %llu, the file has %llu",
			       (unsigned long long)host, (unsigned long long)cb_blk_size(q->data));
	*ret = (struct qcow2_run){ .kind = kind, .n = unit - in % unit, .host = host + in };
	return 0;
}

/* More of the same from the entries that follow in the slice. */
static void extend(struct qcow2 *q, const uint8_t *e, uint32_t entries, uint32_t in, uint64_t max,
		   struct qcow2_run *run)
{
	uint32_t size = q->extended ? 16 : 8;
	uint64_t at = in + run->n;

	while (run->n < max && at >> q->cluster_bits < entries) {
		struct qcow2_run next;
		const uint8_t *p = e + (size_t)(at >> q->cluster_bits) * size;

		if (map_entry(q, p, (uint32_t)(at & (q->cluster_size - 1)), &next) < 0) {
			cb_clear(q->blk.env); /* it is told when it is reached */
			return;
		}
		if (next.kind != run->kind || (next.kind == QCOW2_DATA && next.host != run->host + run->n))
			return;
		run->n += next.n;
		at += next.n;
	}
}

int cb_qcow2_map(struct qcow2 *q, uint64_t off, uint64_t max, struct qcow2_run *ret)
{
	uint32_t size = q->extended ? 16 : 8;
	uint64_t per_table = q->cluster_size / size, cluster = off >> q->cluster_bits;
	uint64_t l1 = cluster / per_table, in_table = cluster % per_table;
	uint32_t in = (uint32_t)(off & (q->cluster_size - 1)), first;
	struct qcow2_slice *s;
	struct qcow2_run run;
	uint64_t table;
	int r;

	/* l1_n covers the size of the disk: checked when it was opened. */
	table = get_be64(q->l1 + (size_t)l1 * 8) & OFFSET_MASK;
	if (table == 0) {
		*ret = (struct qcow2_run){
			.kind = QCOW2_BACKING,
			.n = cb_min(max, (per_table - in_table) * q->cluster_size - in),
		};
		return 0;
	}
	if (table % q->cluster_size != 0 || !cb_in_range(table, q->cluster_size, cb_blk_size(q->file)))
		return cb_fail(q->blk.env, CB_ECORRUPT, "L2 table at byte %llu, the file has %llu",
			       (unsigned long long)table, (unsigned long long)cb_blk_size(q->file));
	r = load_slice(q, table + in_table / q->slice_entries * q->slice_size, &s);
	if (r < 0)
		return cb_wrap(q->blk.env, r, "L2 table at byte %llu", (unsigned long long)table);
	first = (uint32_t)(in_table % q->slice_entries);
	r = map_entry(q, s->data + (size_t)first * size, in, &run);
	if (r < 0)
		return r;
	if (run.kind != QCOW2_PACKED)
		extend(q, s->data + (size_t)first * size, q->slice_entries - first, in, max, &run);
	run.n = cb_min(run.n, max);
	*ret = run;
	return 0;
}
