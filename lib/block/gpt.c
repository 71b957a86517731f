/* block/gpt.c - GUID Partition Tables (UEFI 2.10, 5.3).
 *
 * A table counts in the sectors of the disk that it was made for. An image may be seen through
 * another sector size, so the header is looked for at the places of each size, the disk's first. */
#include "block/gpt.h"

#include "codec/crc.h"
#include "core/csum.h"
#include "core/limits.h"
#include "core/utf.h"

#define HEADER_MIN 92u
#define HEADER_MAX 512u
#define ENTRY_MIN  128u
#define NAME_BYTES 72u

struct gpt_header {
	uint8_t sig[8];
	cb_le32 revision, size, crc, reserved;
	cb_le64 lba, alt_lba, first_usable, last_usable;
	uint8_t disk[16];
	cb_le64 entries_lba;
	cb_le32 entries_n, entry_size, entries_crc;
};
_Static_assert(sizeof(struct gpt_header) == HEADER_MIN, "UEFI 2.10, table 5.5");

struct gpt_entry {
	uint8_t type[16], uuid[16];
	cb_le64 first, last, attrs;
	uint8_t name[NAME_BYTES];
};
_Static_assert(sizeof(struct gpt_entry) == ENTRY_MIN, "UEFI 2.10, table 5.6");

/* A checked header. */
struct header {
	uint32_t sector, entry_size, entries_n, entries_crc;
	uint64_t entries_off;
	struct cb_uuid disk;
};

static int check_header(struct cb_blk *b, const struct gpt_header *g, const uint8_t *raw, uint64_t lba,
			uint64_t off)
{
	static const uint8_t zero[4];
	uint32_t size = cb_get_le32(g->size);

	if (size < HEADER_MIN || size > HEADER_MAX)
		return cb_fail(b->env, CB_ECORRUPT, "GPT header at byte %llu: its size %u is not in %u..%u",
			       (unsigned long long)off, size, HEADER_MIN, HEADER_MAX);

	/* The sum is over the header with its own field taken as zero. */
	uint32_t crc = cb_crc32(~0u, raw, offsetof(struct gpt_header, crc));

	crc = cb_crc32(crc, zero, sizeof(zero));
	crc = ~cb_crc32(crc, raw + offsetof(struct gpt_header, reserved),
			size - offsetof(struct gpt_header, reserved));
	if (!cb_csum_ok(crc, cb_get_le32(g->crc)))
		return cb_fail(b->env, CB_ECORRUPT, "GPT header at byte %llu: CRC %08x, stored is %08x",
			       (unsigned long long)off, crc, cb_get_le32(g->crc));
	if (cb_get_le64(g->lba) != lba)
		return cb_fail(b->env, CB_ECORRUPT, "GPT header at byte %llu: says LBA %llu, is at %llu",
			       (unsigned long long)off, (unsigned long long)cb_get_le64(g->lba),
			       (unsigned long long)lba);
	return 0;
}

static int check_entries(struct cb_blk *b, const struct gpt_header *g, struct header *h, uint64_t off)
{
	uint64_t at, bytes = (uint64_t)h->entries_n * h->entry_size;

	if (h->entry_size < ENTRY_MIN || h->entry_size > CB_MAX_GPT_ENTRY || h->entry_size % 8 != 0)
		return cb_fail(b->env, CB_ECORRUPT, "GPT header at byte %llu: entries of %u bytes",
			       (unsigned long long)off, h->entry_size);
	if (h->entries_n > CB_MAX_GPT_ENTRIES)
		return cb_fail(b->env, CB_ELIMIT, "GPT header at byte %llu: %u entries, the most is %u",
			       (unsigned long long)off, h->entries_n, CB_MAX_GPT_ENTRIES);
	if (!cb_mul(cb_get_le64(g->entries_lba), h->sector, &at) ||
	    !cb_in_range(at, bytes, cb_blk_size(b)))
		return cb_fail(b->env, CB_ECORRUPT,
			       "GPT header at byte %llu: entries at LBA %llu are past the end of the disk",
			       (unsigned long long)off, (unsigned long long)cb_get_le64(g->entries_lba));
	h->entries_off = at;
	return 0;
}

/* *ret_alt is where the header says that the other one is, even when its own sum is wrong: the
 * other one has a sum too. */
static int read_header(struct cb_blk *b, uint32_t sector, uint64_t lba, uint64_t *ret_alt,
		       struct header *ret)
{
	uint8_t raw[HEADER_MAX];
	struct cb_bytes all = { raw, sizeof(raw) };
	const struct gpt_header *g = cb_view(struct gpt_header, all, 0);
	uint64_t off;

	if (!cb_mul(lba, sector, &off) || !cb_in_range(off, HEADER_MAX, cb_blk_size(b)))
		return cb_fail(b->env, CB_ENOTMINE, "LBA %llu is past the end of the disk",
			       (unsigned long long)lba);

	int r = cb_blk_pread(b, off, raw, sizeof(raw));

	if (r < 0)
		return cb_wrap(b->env, r, "GPT header at byte %llu", (unsigned long long)off);
	if (memcmp(g->sig, "EFI PART", 8) != 0)
		return cb_fail(b->env, CB_ENOTMINE, "no GPT header at byte %llu", (unsigned long long)off);
	*ret_alt = cb_get_le64(g->alt_lba);
	r = check_header(b, g, raw, lba, off);
	if (r < 0)
		return r;

	struct header h = {
		.sector = sector, .entry_size = cb_get_le32(g->entry_size),
		.entries_n = cb_get_le32(g->entries_n), .entries_crc = cb_get_le32(g->entries_crc),
		.disk = cb_uuid_from_guid(g->disk),
	};

	r = check_entries(b, g, &h, off);
	if (r < 0)
		return r;
	*ret = h;
	return 0;
}

/* Append the partition of one used entry, unless it doesn't fit the disk. */
static int add_entry(struct cb_blk *b, const struct header *h, const struct gpt_entry *e, uint32_t number,
		     struct cb_buf *name, struct cb_arena *a, struct cb_part_table *t)
{
	uint64_t first = cb_get_le64(e->first), last = cb_get_le64(e->last), off, size;
	struct cb_part *p = &t->parts[t->n];
	int r = 0;

	if (last < first)
		return cb_part_note(t, a, "partition %u skipped: ends at LBA %llu, before its start %llu",
				    number, (unsigned long long)last, (unsigned long long)first);
	if (!cb_mul(first, h->sector, &off) || !cb_add(last - first, 1, &size) ||
	    !cb_mul(size, h->sector, &size) || !cb_in_range(off, size, cb_blk_size(b)))
		return cb_part_note(t, a, "partition %u skipped: LBA %llu to %llu, the disk ends at %llu",
				    number, (unsigned long long)first, (unsigned long long)last,
				    (unsigned long long)(cb_blk_size(b) / h->sector));
	/* Linux and hybrid ISOs live with overlaps, and reading does no harm: both stay. */
	for (size_t i = 0; i < t->n && r == 0; i++)
		if (off < t->parts[i].off + t->parts[i].size && t->parts[i].off < off + size)
			r = cb_part_note(t, a, "partitions %u and %u overlap", t->parts[i].number,
					 number);
	name->n = 0;
	cb_utf16_to_utf8(name, (struct cb_bytes){ e->name, NAME_BYTES });
	if (r == 0)
		r = cb_buf_status(name);
	if (r < 0)
		return r;
	*p = (struct cb_part){
		.off = off, .size = size, .attrs = cb_get_le64(e->attrs), .number = number,
		.type = cb_uuid_from_guid(e->type),
		.label = cb_arena_str(a, (struct cb_str){ (const char *)name->p, name->n }),
	};
	if (p->label.p == NULL)
		return CB_ENOMEM;
	cb_uuid_text(cb_uuid_from_guid(e->uuid), p->uuid);
	t->n++;
	return 0;
}

static bool is_used(const struct gpt_entry *e)
{
	return !cb_uuid_is_nil(cb_uuid_from_guid(e->type));
}

static int add_entries(struct cb_blk *b, const struct header *h, struct cb_bytes raw, struct cb_arena *a,
		       struct cb_part_table *t)
{
	struct cb_buf name;
	size_t used = 0;
	int r = 0;

	for (uint32_t i = 0; i < h->entries_n; i++)
		used += is_used(cb_view(struct gpt_entry, raw, (size_t)i * h->entry_size));
	t->parts = cb_new(a, struct cb_part, used > 0 ? used : 1);
	if (t->parts == NULL)
		return CB_ENOMEM;
	cb_buf_init(&name, b->env, 2 * NAME_BYTES);
	for (uint32_t i = 0; i < h->entries_n && r == 0; i++) {
		const struct gpt_entry *e = cb_view(struct gpt_entry, raw, (size_t)i * h->entry_size);

		if (is_used(e))
			r = add_entry(b, h, e, i + 1, &name, a, t);
	}
	cb_buf_fini(&name);
	return r;
}

/* A header at this place, and all that it lists. t is untouched unless this succeeds. */
static int load(struct cb_blk *b, uint32_t sector, uint64_t lba, uint64_t *ret_alt, struct cb_arena *a,
		struct cb_part_table *t)
{
	struct cb_part_table got = *t;
	struct header h = { 0 };
	struct cb_mark mark = cb_arena_mark(a);
	int r = read_header(b, sector, lba, ret_alt, &h);

	if (r < 0)
		return r;

	size_t n = (size_t)h.entries_n * h.entry_size;   /* at most 4 MiB */
	uint8_t *raw = cb_alloc(b->env, n > 0 ? n : 1);

	if (raw == NULL)
		return CB_ENOMEM;
	r = cb_blk_pread(b, h.entries_off, raw, n);
	if (r == 0 && !cb_csum_ok(~cb_crc32(~0u, raw, n), h.entries_crc))
		r = cb_fail(b->env, CB_ECORRUPT, "CRC %08x, stored is %08x", ~cb_crc32(~0u, raw, n),
			    h.entries_crc);
	if (r < 0)
		(void)cb_wrap(b->env, r, "GPT entries at byte %llu", (unsigned long long)h.entries_off);
	else
		r = add_entries(b, &h, (struct cb_bytes){ raw, n }, a, &got);
	cb_free(b->env, raw, n > 0 ? n : 1);
	if (r < 0) {
		cb_arena_rewind(a, mark);
		return r;
	}
	got.kind = CB_PART_GPT;
	got.sector = sector;
	cb_uuid_text(h.disk, got.uuid);
	*t = got;
	return 0;
}

/* The backup of a primary that failed with `why`, still in the report. */
static int load_backup(struct cb_blk *b, uint32_t sector, uint64_t alt, int why, struct cb_arena *a,
		       struct cb_part_table *t)
{
	uint64_t end = cb_blk_size(b) / sector, unused;
	struct cb_part_table saved = *t;
	struct cb_str text = cb_arena_fmt(a, "%s", b->env->diag->text);

	if (text.p == NULL)
		return CB_ENOMEM;

	int r = cb_part_note(t, a, "the backup GPT is used: %.*s", CB_STR_ARG(text));

	if (r == 0)
		r = end > 0 ? load(b, sector, end - 1, &unused, a, t) : CB_ENOTMINE;
	/* An image that was made larger has it where the primary says. */
	if (r < 0 && cb_part_may_skip(r) && alt > 1)
		r = load(b, sector, alt, &unused, a, t);
	if (r == 0 || !cb_part_may_skip(r))
		return r;
	*t = saved;
	return cb_fail(b->env, why, "%.*s; no usable backup", CB_STR_ARG(text));
}

static const uint32_t sectors[] = { 0, 512, 4096, 2048, 1024 }; /* 0: the disk's own */

static int find_primary(struct cb_blk *b, struct cb_arena *a, struct cb_part_table *t)
{
	for (size_t i = 0; i < sizeof(sectors) / sizeof(sectors[0]); i++) {
		uint32_t sector = i == 0 ? b->block_size : sectors[i];
		uint64_t alt = 0;

		if (i > 0 && sector == b->block_size)
			continue;

		int r = load(b, sector, 1, &alt, a, t);

		if (r == CB_ENOTMINE)
			continue;
		return r == 0 || !cb_part_may_skip(r) ? r : load_backup(b, sector, alt, r, a, t);
	}
	return CB_ENOTMINE;
}

static int find_backup(struct cb_blk *b, struct cb_arena *a, struct cb_part_table *t)
{
	for (size_t i = 0; i < sizeof(sectors) / sizeof(sectors[0]); i++) {
		uint32_t sector = i == 0 ? b->block_size : sectors[i];
		uint64_t end = cb_blk_size(b) / sector, unused;

		if ((i > 0 && sector == b->block_size) || end < 3)
			continue;

		int r = load(b, sector, end - 1, &unused, a, t);

		if (r == 0)
			return cb_part_note(t, a, "the backup GPT is used: there is no primary");
		if (r != CB_ENOTMINE)
			return r;
	}
	return cb_fail(b->env, CB_ENOTMINE, "no GPT header at LBA 1, none at the end");
}

int cb_gpt_read(struct cb_blk *disk, bool backup_alone, struct cb_arena *a, struct cb_part_table *ret)
{
	int r = find_primary(disk, a, ret);

	return r == CB_ENOTMINE && backup_alone ? find_backup(disk, a, ret) : r;
}
