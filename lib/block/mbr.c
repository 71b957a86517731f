/* block/mbr.c - MBR partition tables (UEFI 2.10, 5.2) and chains of extended boot records.
 *
 * Sectors 0 of other kinds also end in 55 AA: a FAT boot sector does, and a boot loader alone. A
 * table is told from them by its boot indicators, and beside a FAT's parameters by its ranges. */
#include "block/mbr.h"

#include "core/fmt.h"
#include "core/limits.h"

#define TABLE_AT    446u
#define ENTRIES     4u
#define FIRST_LOGICAL 5u

#define TYPE_EXTENDED_CHS   0x05u
#define TYPE_EXTENDED_LBA   0x0fu
#define TYPE_EXTENDED_LINUX 0x85u
#define TYPE_PROTECTIVE     0xeeu

struct mbr_entry {
	uint8_t active, first_chs[3], type, last_chs[3];
	cb_le32 first, count;
};
_Static_assert(sizeof(struct mbr_entry) == 16, "UEFI 2.10, table 5.2");

struct mbr {
	uint8_t code[440];
	cb_le32 id;
	uint8_t unused[2];
	struct mbr_entry entries[ENTRIES];
	uint8_t sig[2];
};
_Static_assert(sizeof(struct mbr) == CB_MBR_SIZE && offsetof(struct mbr, entries) == TABLE_AT, "");

/* One entry, in bytes on the disk. */
struct range {
	uint64_t off, size;
	uint8_t type;
	bool active;
};

static const struct mbr *view(const uint8_t *sector)
{
	return cb_view(struct mbr, ((struct cb_bytes){ sector, CB_MBR_SIZE }), 0);
}

static bool has_table(const struct mbr *m)
{
	bool ok = m->sig[0] == 0x55 && m->sig[1] == 0xaa;

	for (size_t i = 0; i < ENTRIES; i++)
		ok = ok && (m->entries[i].active & 0x7f) == 0;
	return ok;
}

static bool is_extended(uint8_t type)
{
	return type == TYPE_EXTENDED_CHS || type == TYPE_EXTENDED_LBA || type == TYPE_EXTENDED_LINUX;
}

/* The parameter block of a FAT (fatgen103, "Boot Sector and BPB Structure"). */
static bool looks_like_fat(const uint8_t *p)
{
	uint32_t bytes = p[11] | (uint32_t)p[12] << 8, reserved = p[14] | (uint32_t)p[15] << 8;

	return (p[0] == 0xeb || p[0] == 0xe9) && cb_is_pow2(bytes) && bytes >= 512 && bytes <= 4096 &&
	       cb_is_pow2(p[13]) && reserved > 0 && p[16] > 0 && p[16] <= 4 &&
	       (p[21] == 0xf0 || p[21] >= 0xf8);
}

/* Every used entry within `size` bytes for sectors of this size. */
static bool all_in_range(const struct mbr *m, uint64_t size, uint32_t sector)
{
	bool ok = true;

	for (size_t i = 0; i < ENTRIES; i++) {
		const struct mbr_entry *e = &m->entries[i];

		ok = ok && cb_in_range((uint64_t)cb_get_le32(e->first) * sector,
				       (uint64_t)cb_get_le32(e->count) * sector, size);
	}
	return ok;
}

enum cb_mbr_kind cb_mbr_classify(const uint8_t sector[CB_MBR_SIZE], uint64_t size)
{
	const struct mbr *m = view(sector);
	bool fat = looks_like_fat(sector), used = false;

	if (has_table(m)) {
		for (size_t i = 0; i < ENTRIES; i++) {
			if (m->entries[i].type == TYPE_PROTECTIVE && cb_get_le32(m->entries[i].first) == 1)
				return CB_MBR_PROTECTIVE;
			used = used || cb_get_le32(m->entries[i].count) > 0;
		}
		/* mkfs.fat can add an entry for the whole disk; boot code there isn't one. */
		if (used && (!fat || all_in_range(m, size, 512)))
			return CB_MBR_TABLE;
	}
	return fat ? CB_MBR_FAT : CB_MBR_NONE;
}

struct reader {
	struct cb_blk *disk;
	struct cb_arena *a;
	struct cb_part_table *t;
	uint32_t id;
};

static struct range range_of(const struct reader *rd, const struct mbr_entry *e, uint64_t base)
{
	return (struct range){
		.off = base + (uint64_t)cb_get_le32(e->first) * rd->t->sector,
		.size = (uint64_t)cb_get_le32(e->count) * rd->t->sector,
		.type = e->type, .active = e->active != 0,
	};
}

/* parts has room: 4 primary and CB_MAX_LOGICAL. */
static int add(struct reader *rd, struct range p, uint32_t number)
{
	uint64_t end = cb_blk_size(rd->disk);

	if (!cb_in_range(p.off, p.size, end))
		return cb_part_note(rd->t, rd->a,
				    "partition %u skipped: %llu bytes at %llu, the disk ends at %llu",
				    number, (unsigned long long)p.size, (unsigned long long)p.off,
				    (unsigned long long)end);

	struct cb_part *q = &rd->t->parts[rd->t->n++];

	*q = (struct cb_part){
		.off = p.off, .size = p.size, .number = number, .mbr_type = p.type,
		.attrs = p.active ? CB_PART_ATTR_BOOTABLE : 0,
	};
	/* As Linux has it: the disk's signature and the number, both hexadecimal. */
	(void)cb_fmt(q->uuid, sizeof(q->uuid), "%08x-%02x", rd->id, number); /* 11 characters */
	return 0;
}

/* One extended boot record: its partitions, and where the next record is (0: nowhere).
 * Offsets of partitions count from the record, of the next record from the chain's start. */
static int read_record(struct reader *rd, uint64_t at, struct range chain, uint32_t *number,
		       uint64_t *ret_next)
{
	uint8_t raw[CB_MBR_SIZE];
	const struct mbr *m = view(raw);
	int r = cb_blk_pread(rd->disk, at, raw, sizeof(raw));

	*ret_next = 0;
	if (r < 0)
		return r;
	if (!has_table(m))
		return cb_fail(rd->disk->env, CB_ECORRUPT, "no signature");
	for (size_t i = 0; i < ENTRIES; i++) {
		struct range p = range_of(rd, &m->entries[i], at);

		if (p.size == 0)
			continue;
		if (is_extended(p.type)) {
			if (*ret_next == 0)
				*ret_next = range_of(rd, &m->entries[i], chain.off).off;
			continue;
		}
		/* Only old OS/2 used the last two: stray bytes there are no partition. */
		if (i >= 2 && (p.off < chain.off || !cb_in_range(p.off - chain.off, p.size, chain.size)))
			continue;
		if (*number >= FIRST_LOGICAL + CB_MAX_LOGICAL)
			return cb_fail(rd->disk->env, CB_ELIMIT, "over %u logical partitions",
				       CB_MAX_LOGICAL);
		r = add(rd, p, (*number)++);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_chain(struct reader *rd, struct range chain, uint32_t *number)
{
	uint64_t seen[CB_MAX_LOGICAL], at = chain.off, next;

	for (size_t n = 0; n < CB_MAX_LOGICAL; n++, at = next) {
		bool loop = false;

		for (size_t i = 0; i < n; i++)
			loop = loop || seen[i] == at;
		if (loop)
			return cb_part_note(rd->t, rd->a,
					    "the chain of logical partitions comes back to byte %llu",
					    (unsigned long long)at);
		if (!cb_in_range(at, CB_MBR_SIZE, cb_blk_size(rd->disk)))
			return cb_part_note(rd->t, rd->a,
					    "the chain of logical partitions leaves the disk: byte %llu",
					    (unsigned long long)at);
		seen[n] = at;

		int r = read_record(rd, at, chain, number, &next);

		if (r < 0 && cb_part_may_skip(r)) {
			r = cb_part_note(rd->t, rd->a, "extended boot record at byte %llu: %s; the "
					 "logical partitions after it are unknown",
					 (unsigned long long)at, rd->disk->env->diag->text);
			cb_clear(rd->disk->env);
			return r;
		}
		if (r < 0 || next == 0)
			return r;
	}
	return cb_part_note(rd->t, rd->a, "over %u logical partitions", CB_MAX_LOGICAL);
}

int cb_mbr_read(struct cb_blk *disk, const uint8_t sector[CB_MBR_SIZE], struct cb_arena *a,
		struct cb_part_table *ret)
{
	const struct mbr *m = view(sector);
	struct cb_part_table t = *ret;
	struct reader rd = { disk, a, &t, cb_get_le32(m->id) };
	uint32_t logical = FIRST_LOGICAL;
	int r = 0;

	t.kind = CB_PART_MBR;
	/* A hybrid ISO counts in 512 bytes, on a drive of 2048 too. */
	t.sector = all_in_range(m, cb_blk_size(disk), disk->block_size) ? disk->block_size : 512;
	(void)cb_fmt(t.uuid, sizeof(t.uuid), "%08x", rd.id); /* 8 characters */
	t.parts = cb_new(a, struct cb_part, ENTRIES + CB_MAX_LOGICAL);
	if (t.parts == NULL)
		return CB_ENOMEM;
	for (uint32_t i = 0; i < ENTRIES && r == 0; i++) {
		struct range p = range_of(&rd, &m->entries[i], 0);

		if (p.size > 0 && !is_extended(p.type))
			r = add(&rd, p, i + 1);
	}
	for (uint32_t i = 0; i < ENTRIES && r == 0; i++) {
		struct range p = range_of(&rd, &m->entries[i], 0);

		if (p.size > 0 && is_extended(p.type))
			r = read_chain(&rd, p, &logical);
	}
	if (r == 0)
		*ret = t;
	return r;
}
