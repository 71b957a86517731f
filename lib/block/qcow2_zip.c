/* block/qcow2_zip.c - compressed clusters: one deflate stream or zstd frame each. */
#include "block/qcow2_priv.h"

#include "core/mem.h"

#define DECOMP_MEMORY (8u << 20)   /* windows are at most a cluster, 2 MiB */

/* The whole cluster into out. */
static int decompress(struct qcow2 *q, const struct qcow2_run *run, uint8_t *out)
{
	struct cb_bytes in = { q->packed, (size_t)run->packed_n };
	struct cb_decomp *d;
	size_t made = 0;
	int r = cb_decomp_open(q->blk.env, q->compression, DECOMP_MEMORY, &d);

	if (r < 0)
		return r;
	/* What follows in the last sector is another cluster's or nobody's: stop when this one is full. */
	while (r == 0 && made < q->cluster_size) {
		size_t n = 0, left = in.n;

		r = cb_decomp_run(d, &in, out + made, q->cluster_size - made, &n);
		made += n;
		if (r == 0 && n == 0 && in.n == left)
			break;
	}
	cb_decomp_close(d);
	if (made == q->cluster_size && r != CB_ENOMEM) {
		cb_clear(q->blk.env); /* of what came after it */
		return 0;
	}
	return r < 0 ? r : cb_fail(q->blk.env, CB_ECORRUPT, "it gives %zu bytes, a cluster has %u", made,
				   q->cluster_size);
}

static int read_cluster(struct qcow2 *q, const struct qcow2_run *run, uint8_t *out)
{
	size_t room = 2 * (size_t)q->cluster_size;
	int r;

	if (q->packed == NULL)
		q->packed = cb_alloc_aligned(q->blk.env, room, q->file->buf_align);
	if (q->packed == NULL)
		return CB_ENOMEM;
	/* map_packed(): (2^(cluster_bits - 8) - 1 + 1) * 512 at most */
	r = cb_blk_pread(q->file, run->host, q->packed, (size_t)cb_min(run->packed_n, room));
	if (r == 0)
		r = decompress(q, run, out);
	if (r < 0)
		return cb_wrap(q->blk.env, r, "compressed cluster at byte %llu",
			       (unsigned long long)run->host);
	return 0;
}

int cb_qcow2_unpack(struct qcow2 *q, const struct qcow2_run *run, uint32_t skip, uint8_t *buf, size_t n)
{
	struct qcow2_plain *p = &q->plain[0];

	for (size_t i = 0; i < QCOW2_PLAIN; i++) {
		if (q->plain[i].host == run->host) {
			p = &q->plain[i];
			break;
		}
		if (q->plain[i].used < p->used)
			p = &q->plain[i];
	}
	if (p->host != run->host) {
		int r;

		if (n == q->cluster_size)
			return read_cluster(q, run, buf);
		if (p->data == NULL)
			p->data = cb_alloc_aligned(q->blk.env, q->cluster_size, 64);
		if (p->data == NULL)
			return CB_ENOMEM;
		p->host = 0;
		r = read_cluster(q, run, p->data);
		if (r < 0)
			return r;
		p->host = run->host;
	}
	p->used = ++q->clock;
	memcpy(buf, p->data + skip, n);
	return 0;
}
