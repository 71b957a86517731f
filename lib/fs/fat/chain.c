/* fs/fat/chain.c - the allocation table and the chains of clusters in it. */
#include "fs/fat/fat_priv.h"

#include "core/log.h"

/* One part of the table; another copy helps when the active one can't be read. */
static int load_chunk(struct fat *f, struct fat_chunk *c, uint64_t no)
{
	struct cb_env *env = f->fs.env;
	uint64_t off = no * FAT_CHUNK;
	size_t n = (size_t)cb_min(FAT_CHUNK, f->table_size - off);
	uint32_t copies = f->mirrored ? f->tables : 1;
	int r = 0;

	if (c->data == NULL)
		c->data = cb_arena_alloc(&f->fs.arena, 1, FAT_CHUNK, f->b->buf_align);
	if (c->data == NULL)
		return env->diag->code;
	c->no = UINT64_MAX;
	for (uint32_t i = 0; i < copies; i++) {
		uint32_t copy = (f->active + i) % f->tables;

		r = cb_blk_pread(f->b, f->table_off + copy * f->table_size + off, c->data, n);
		if (r != CB_EIO)
			break;
	}
	if (r < 0)
		return cb_wrap(env, r, "FAT at its byte %llu, %u copies", (unsigned long long)off, copies);
	cb_clear(env); /* of copies that failed */
	c->no = no;
	return 0;
}

/* What follows cluster: another one, or 0 at the end of the chain. */
static int next_cluster(struct fat *f, uint32_t cluster, uint32_t *ret)
{
	uint64_t off = f->bits == 12 ? cluster + cluster / 2 : (uint64_t)cluster * (f->bits / 8);
	uint64_t no = off / FAT_CHUNK;
	struct fat_chunk *c = &f->chunks[no % FAT_CHUNKS];
	uint32_t v, top;

	if (c->no != no) {
		int r = load_chunk(f, c, no);

		if (r < 0)
			return r;
	}

	/* No entry crosses chunks: those of 12 bits are all in the first. */
	const uint8_t *p = c->data + off % FAT_CHUNK;

	v = (uint32_t)p[0] | (uint32_t)p[1] << 8;
	if (f->bits == 12)
		v = cluster % 2 != 0 ? v >> 4 : v & 0xfff;
	else if (f->bits == 32)
		v = (v | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24) & 0x0fffffff;
	top = f->bits == 12 ? 0xff8 : f->bits == 16 ? 0xfff8 : 0x0ffffff8;
	if (v >= top) {
		*ret = 0;
		return 0;
	}
	if (v < 2 || v - 2 >= f->clusters)
		return cb_fail(f->fs.env, CB_ECORRUPT, "FAT: cluster %u is followed by %s %u, the last is %u",
			       cluster, v == 0 ? "free" : v == top - 1 ? "bad" : "cluster", v,
			       f->clusters + 1);
	*ret = v;
	return 0;
}

/* One step on; 1 at the end of the chain. */
static int step(struct fat *f, struct fat_walk *w)
{
	uint32_t next = 0;
	int r = next_cluster(f, w->cluster, &next);

	if (r < 0)
		return r;
	if (next == 0)
		return 1;
	if (w->at + 1 >= f->clusters)
		return cb_fail(f->fs.env, CB_ECORRUPT,
			       "FAT: the chain from cluster %u is longer than the file system: a loop",
			       w->first);
	w->cluster = next;
	w->at++;
	if (w->at != w->ways_n * w->stride)
		return 0;
	if (w->ways_n == FAT_WAYS) {
		for (uint32_t i = 0; i < FAT_WAYS / 2; i++)
			w->ways[i] = w->ways[2 * i];
		w->ways_n /= 2;
		w->stride *= 2;
	}
	w->ways[w->ways_n++] = next;
	return 0;
}

static struct fat_walk *walk_of(struct fat *f, uint32_t first)
{
	for (size_t i = 0; i < FAT_WALKS; i++)
		if (f->walks[i].first == first)
			return &f->walks[i];

	struct fat_walk *w = &f->walks[f->oldest_walk];

	f->oldest_walk = (f->oldest_walk + 1) % FAT_WALKS;
	w->first = w->cluster = w->ways[0] = first;
	w->at = 0;
	w->stride = w->ways_n = 1;
	return w;
}

int cb_fat_run(struct fat *f, uint32_t first, uint32_t index, uint32_t want, uint32_t *ret_cluster,
	       uint32_t *ret_n)
{
	uint32_t start, n = 1;
	uint64_t there;
	int r = 0;

	if (first < 2 || first - 2 >= f->clusters)
		return cb_fail(f->fs.env, CB_ECORRUPT, "FAT: a chain starts at cluster %u, the last is %u",
			       first, f->clusters + 1);

	struct fat_walk *w = walk_of(f, first);
	uint32_t way = index / w->stride < w->ways_n ? index / w->stride : w->ways_n - 1;

	if (index < w->at || way * w->stride > w->at) {
		w->at = way * w->stride;
		w->cluster = w->ways[way];
	}
	while (w->at < index) {
		r = step(f, w);
		if (r != 0)
			return r;
		if (w->at % 65536 == 0 && cb_poll(f->fs.env))
			return cb_fail(f->fs.env, CB_ECANCELED, "stopped");
	}
	start = w->cluster;
	if (!cb_in_range(cb_fat_offset(f, start), f->cluster_size, cb_blk_size(f->b)))
		return cb_fail(f->fs.env, CB_ECORRUPT, "FAT: cluster %u is past the end of the device",
			       start);
	there = (cb_blk_size(f->b) - cb_fat_offset(f, start)) / f->cluster_size;
	if (want > there)
		want = (uint32_t)there;
	while (n < want && r == 0) {
		struct fat_walk before = { .at = w->at, .cluster = w->cluster };

		r = step(f, w);
		if (r == 0 && w->cluster == start + n) {
			n++;
		} else {
			/* What is wrong further on is reported when it is reached. */
			w->at = before.at;
			w->cluster = before.cluster;
			break;
		}
	}
	if (r == CB_ENOMEM || r == CB_ELIMIT)
		return r;
	if (r < 0)
		cb_clear(f->fs.env);
	*ret_cluster = start;
	*ret_n = n;
	return 0;
}
