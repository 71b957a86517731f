/* disk/gpt.c - protective MBR, primary and backup GPT (UEFI 2.10, 5.2.3 and 5.3). */
#include "disk/gpt.h"

#include "codec/crc.h"
#include "core/limits.h"
#include "core/utf.h"

#define MAX_ENTRIES_LBA 65536u

struct mbr {
	uint8_t code[446];
	struct {
		uint8_t boot, chs_first[3], type, chs_last[3];
		cb_le32 first, count;
	} part[4];
	uint8_t magic[2];
};
_Static_assert(sizeof(struct mbr) == 512, "master boot record");

struct header {
	uint8_t magic[8];
	cb_le32 revision, size, crc, reserved;
	cb_le64 self, other, first_usable, last_usable;
	uint8_t disk_id[16];
	cb_le64 entries;
	cb_le32 nentries, entry_size, entries_crc;
};
_Static_assert(sizeof(struct header) == 92, "GPT header");

struct entry {
	uint8_t type[16], id[16];
	cb_le64 first, last, flags;
	uint8_t name[72];
};
_Static_assert(sizeof(struct entry) == 128, "GPT entry");

#define ENTRIES_SIZE (CB_GPT_ENTRIES * (uint32_t)sizeof(struct entry))

/* C12A7328-F81F-11D2-BA4B-00A0C93EC93B */
const struct cb_uuid cb_gpt_type_esp = { { 0xc1, 0x2a, 0x73, 0x28, 0xf8, 0x1f, 0x11, 0xd2, 0xba,
					   0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b } };

struct cb_uuid cb_gpt_uuid(struct cb_uuid seed, uint8_t n)
{
	seed.b[15] ^= n;
	seed.b[6] = (uint8_t)((seed.b[6] & 0x0f) | 0x80);   /* RFC 9562: version 8, variant 10 */
	seed.b[8] = (uint8_t)((seed.b[8] & 0x3f) | 0x80);
	return seed;
}

uint64_t cb_gpt_first_usable(uint32_t sector, uint64_t entries_lba)
{
	return entries_lba + ENTRIES_SIZE / sector;
}

uint64_t cb_gpt_tail_sectors(uint32_t sector)
{
	return ENTRIES_SIZE / sector + 1;
}

static int check_part(struct cb_env *env, const struct cb_gpt_plan *p, size_t i)
{
	uint64_t first = cb_gpt_first_usable(p->sector, p->entries_lba);
	uint64_t last = p->nsectors - cb_gpt_tail_sectors(p->sector) - 1;
	const struct cb_gpt_part *a = &p->parts[i];

	if (a->first < first || a->last < a->first || a->last > last)
		return cb_fail(env, CB_EINVAL, "GPT: partition %zu at %llu to %llu, usable %llu to %llu",
			       i + 1, (unsigned long long)a->first, (unsigned long long)a->last,
			       (unsigned long long)first, (unsigned long long)last);
	for (size_t j = 0; j < i; j++)
		if (a->first <= p->parts[j].last && p->parts[j].first <= a->last)
			return cb_fail(env, CB_EINVAL, "GPT: partitions %zu and %zu overlap", j + 1, i + 1);
	return 0;
}

static int check_plan(struct cb_env *env, const struct cb_gpt_plan *p)
{
	if (p->sector != 512 && p->sector != 4096)
		return cb_fail(env, CB_EINVAL, "GPT: sectors of %u bytes", p->sector);
	if (p->nsectors > CB_MAX_DEVICE_SIZE / p->sector || p->entries_lba < 2 ||
	    p->entries_lba > MAX_ENTRIES_LBA ||
	    p->nsectors <= cb_gpt_first_usable(p->sector, p->entries_lba) +
			   cb_gpt_tail_sectors(p->sector))
		return cb_fail(env, CB_EINVAL, "GPT: a disk of %llu sectors, entries at %llu",
			       (unsigned long long)p->nsectors, (unsigned long long)p->entries_lba);
	if (p->nparts > CB_GPT_ENTRIES)
		return cb_fail(env, CB_EINVAL, "GPT: %zu partitions > %u", p->nparts, CB_GPT_ENTRIES);
	for (size_t i = 0; i < p->nparts; i++) {
		int r = check_part(env, p, i);

		if (r < 0)
			return r;
	}
	return 0;
}

static int put_name(struct cb_env *env, struct cb_str name, struct entry *e)
{
	struct cb_buf utf16;
	int r;

	cb_buf_init(&utf16, env, 4 * CB_MAX_NAME);
	cb_utf8_to_utf16(&utf16, name);
	r = cb_buf_status(&utf16);
	if (r == 0 && utf16.n > sizeof(e->name))
		r = cb_fail(env, CB_EINVAL, "GPT: partition name \"%.*s\" of %zu units > 36",
			    CB_STR_ARG(name), utf16.n / 2);
	if (r == 0 && utf16.n > 0)
		memcpy(e->name, utf16.p, utf16.n);
	cb_buf_fini(&utf16);
	return r;
}

/* ENTRIES_SIZE bytes, zero before. */
static int put_entries(struct cb_env *env, const struct cb_gpt_plan *p, uint8_t *to)
{
	for (size_t i = 0; i < p->nparts; i++) {
		const struct cb_gpt_part *a = &p->parts[i];
		struct entry e = {
			.first = cb_put_le64(a->first), .last = cb_put_le64(a->last),
			.flags = cb_put_le64(a->flags),
		};
		int r = put_name(env, a->name, &e);

		if (r < 0)
			return r;
		cb_uuid_to_guid(a->type, e.type);
		cb_uuid_to_guid(a->id, e.id);
		memcpy(to + i * sizeof(e), &e, sizeof(e));
	}
	return 0;
}

static void put_header(const struct cb_gpt_plan *p, bool backup, const uint8_t *entries, uint8_t *to)
{
	uint64_t last = p->nsectors - 1, tail = cb_gpt_tail_sectors(p->sector);
	struct header h = {
		.magic = { 'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T' },
		.revision = cb_put_le32(0x10000), .size = cb_put_le32(sizeof(h)),
		.self = cb_put_le64(backup ? last : 1), .other = cb_put_le64(backup ? 1 : last),
		.first_usable = cb_put_le64(cb_gpt_first_usable(p->sector, p->entries_lba)),
		.last_usable = cb_put_le64(last - tail),
		.entries = cb_put_le64(backup ? last - tail + 1 : p->entries_lba),
		.nentries = cb_put_le32(CB_GPT_ENTRIES),
		.entry_size = cb_put_le32(sizeof(struct entry)),
		.entries_crc = cb_put_le32(~cb_crc32(~0u, entries, ENTRIES_SIZE)),
	};

	cb_uuid_to_guid(p->disk_id, h.disk_id);
	h.crc = cb_put_le32(~cb_crc32(~0u, &h, sizeof(h)));
	memcpy(to, &h, sizeof(h));
}

static void put_mbr(const struct cb_gpt_plan *p, uint8_t *to)
{
	struct mbr m = { .magic = { 0x55, 0xaa } };

	m.part[0].chs_first[1] = 2;
	m.part[0].type = 0xee;
	memset(m.part[0].chs_last, 0xff, 3);
	m.part[0].first = cb_put_le32(1);
	m.part[0].count = cb_put_le32((uint32_t)cb_min(p->nsectors - 1, UINT32_MAX));
	memcpy(to, &m, sizeof(m));
}

int cb_gpt_head(struct cb_env *env, const struct cb_gpt_plan *plan, struct cb_buf *ret)
{
	int r = check_plan(env, plan);

	if (r < 0)
		return r;

	size_t at = (size_t)plan->entries_lba * plan->sector, n = at + ENTRIES_SIZE;
	uint8_t *p = cb_buf_reserve(ret, n);

	if (p == NULL)
		return cb_buf_status(ret);
	memset(p, 0, n);
	r = put_entries(env, plan, p + at);
	if (r < 0)
		return r;
	put_mbr(plan, p);
	put_header(plan, false, p + at, p + plan->sector);
	cb_buf_commit(ret, n);
	return 0;
}

int cb_gpt_tail(struct cb_env *env, const struct cb_gpt_plan *plan, struct cb_buf *ret)
{
	int r = check_plan(env, plan);

	if (r < 0)
		return r;

	size_t n = ENTRIES_SIZE + plan->sector;
	uint8_t *p = cb_buf_reserve(ret, n);

	if (p == NULL)
		return cb_buf_status(ret);
	memset(p, 0, n);
	r = put_entries(env, plan, p);
	if (r < 0)
		return r;
	put_header(plan, true, p, p + ENTRIES_SIZE);
	cb_buf_commit(ret, n);
	return 0;
}
