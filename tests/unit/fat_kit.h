/* tests/unit/fat_kit.h - makes FAT volumes in memory, entry by entry. */
#ifndef CB_UNIT_FAT_KIT_H
#define CB_UNIT_FAT_KIT_H

#include "core/utf.h"
#include "unit/check.h"

struct vol {
	uint8_t *p;
	size_t n;
	unsigned bits;
	uint32_t sector, cluster, reserved, table_sectors, root_bytes, clusters;
};

static inline void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v);
	put16(p + 2, v >> 16);
}

static inline size_t table_at(const struct vol *v, unsigned copy)
{
	return (size_t)(v->reserved + copy * v->table_sectors) * v->sector;
}

static inline size_t root_at(const struct vol *v)
{
	return table_at(v, 2);
}

static inline size_t cluster_at(const struct vol *v, uint32_t cluster)
{
	return root_at(v) + v->root_bytes + (size_t)(cluster - 2) * v->cluster;
}

/* In both copies of the table. */
static inline void set_next(struct vol *v, uint32_t cluster, uint32_t next)
{
	for (unsigned copy = 0; copy < 2; copy++) {
		uint8_t *t = v->p + table_at(v, copy);
		uint8_t *e = t + cluster + cluster / 2;

		if (v->bits == 32)
			put32(t + cluster * 4, next);
		else if (v->bits == 16)
			put16(t + cluster * 2, next);
		else if (cluster % 2 == 0)
			put16(e, (next & 0xfff) | (e[1] & 0xf0u) << 8);
		else
			put16(e, (e[0] & 0x0fu) | (next & 0xfff) << 4);
	}
}

/* A chain of n clusters, step apart, from first; the last one ends it. */
static inline void set_chain(struct vol *v, uint32_t first, uint32_t n, uint32_t step)
{
	for (uint32_t i = 0; i < n; i++)
		set_next(v, first + i * step, i + 1 < n ? first + (i + 1) * step : 0x0fffffff);
}

/* An empty volume with two tables; clusters and cluster size (in sectors) are the caller's. FAT32's
 * root is cluster 2. Free it with vol_fini(). */
static inline bool vol_make(struct cb_check *t, struct vol *v, unsigned bits, uint32_t sector,
			    uint32_t cluster_sectors, uint32_t clusters)
{
	uint32_t table = (uint32_t)(((uint64_t)(clusters + 2) * bits + 7) / 8);
	uint32_t root = bits == 32 ? 0 : 64 * 32 < sector ? sector : 64 * 32;
	uint32_t sectors, tail = bits == 32 ? 64 : 36;

	*v = (struct vol){ .bits = bits, .sector = sector, .cluster = sector * cluster_sectors,
			   .reserved = bits == 32 ? 8 : 1, .root_bytes = root, .clusters = clusters };
	v->table_sectors = (table + sector - 1) / sector;
	sectors = v->reserved + 2 * v->table_sectors + root / sector + clusters * cluster_sectors;
	v->n = (size_t)sectors * sector;
	v->p = cb_alloc(t->env, v->n);
	if (v->p == NULL)
		return false;
	memcpy(v->p, "\xeb\x58\x90mkfs.fat", 11);
	put16(v->p + 11, sector);
	v->p[13] = (uint8_t)cluster_sectors;
	put16(v->p + 14, v->reserved);
	v->p[16] = 2;
	put16(v->p + 17, root / 32);
	v->p[21] = 0xf8;
	put16(v->p + 22, bits == 32 ? 0 : v->table_sectors);
	put32(v->p + 32, sectors);
	if (bits == 32) {
		put32(v->p + 36, v->table_sectors);
		put32(v->p + 44, 2);
	}
	v->p[tail + 2] = 0x29;
	put32(v->p + tail + 3, 0x1a2b3c4d);
	memcpy(v->p + tail + 7, "BOOT LABEL FAT     ", 19);
	v->p[510] = 0x55;
	v->p[511] = 0xaa;
	set_next(v, 0, 0x0ffffff8);
	set_next(v, 1, 0x0fffffff);
	if (bits == 32)
		set_next(v, 2, 0x0fffffff);
	return true;
}

static inline void vol_fini(struct cb_check *t, struct vol *v)
{
	cb_free(t->env, v->p, v->n);
	v->p = NULL;
}

/* The root directory's first byte. */
static inline uint8_t *vol_root(const struct vol *v)
{
	return v->p + (v->bits == 32 ? cluster_at(v, 2) : root_at(v));
}

/* One short entry at p; name is 11 bytes. Returns where the next goes. */
static inline uint8_t *put_short(uint8_t *p, const char *name, uint8_t attr, uint32_t first,
				 uint32_t size)
{
	memset(p, 0, 32);
	memcpy(p, name, 11);
	p[11] = attr;
	put16(p + 20, first >> 16);
	put16(p + 26, first);
	put16(p + 22, 12u << 11 | 34u << 5 | 28);  /* 12:34:56 */
	put16(p + 24, 44u << 9 | 2u << 5 | 29);    /* 2024-02-29 */
	put32(p + 28, size);
	return p + 32;
}

/* A long name's entries for the short one that follows. */
static inline uint8_t *put_long(struct cb_check *t, uint8_t *p, const char *name, const char *shrt)
{
	struct cb_buf b;
	uint8_t sum = 0;
	size_t pieces;

	for (size_t i = 0; i < 11; i++)
		sum = (uint8_t)((sum << 7 | sum >> 1) + (uint8_t)shrt[i]);
	cb_buf_init(&b, t->env, 1024);
	cb_utf8_to_utf16(&b, cb_str_c(name));
	pieces = (b.n / 2 + 12) / 13;
	if (b.n % 26 != 0)
		cb_buf_add(&b, "\0\0", 2);
	while (b.n % 26 != 0 && b.status == 0)
		cb_buf_add(&b, "\xff\xff", 2);
	for (size_t i = pieces; i-- > 0 && b.status == 0; p += 32) {
		memset(p, 0, 32);
		p[0] = (uint8_t)(i + 1) | (i + 1 == pieces ? 0x40 : 0);
		p[11] = 0x0f;
		p[13] = sum;
		memcpy(p + 1, b.p + i * 26, 10);
		memcpy(p + 14, b.p + i * 26 + 10, 12);
		memcpy(p + 28, b.p + i * 26 + 22, 4);
	}
	CB_CHECK_INT(t, cb_buf_status(&b), 0);
	cb_buf_fini(&b);
	return p;
}

#endif
