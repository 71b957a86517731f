/* block/part.c - which table counts, partitions as devices, their names. */
#include "block/part.h"

#include <stdarg.h>

#include "block/gpt.h"
#include "block/mbr.h"
#include "core/fmt.h"
#include "core/str.h"

#define NOTE_MAX 256u

bool cb_part_may_skip(int r)
{
	return r != CB_ENOMEM && r != CB_ECANCELED;
}

int cb_part_note(struct cb_part_table *t, struct cb_arena *a, const char *fmt, ...)
{
	char text[NOTE_MAX];
	va_list ap;

	if (t->notes_n == CB_PART_NOTES) {
		t->notes_more++;
		return 0;
	}
	va_start(ap, fmt);
	(void)cb_vfmt(text, sizeof(text), fmt, ap); /* a long one is cut */
	va_end(ap);
	t->notes[t->notes_n] = cb_arena_str(a, cb_str_c(text));
	if (t->notes[t->notes_n].p == NULL)
		return CB_ENOMEM;
	t->notes_n++;
	return 0;
}

/* An empty or absent MBR: a GPT beside it counts when it is whole, as no harm can come of it. */
static int scan_without_mbr(struct cb_blk *disk, struct cb_arena *a, struct cb_part_table *t)
{
	struct cb_part_table none = *t;
	int r = cb_gpt_read(disk, false, a, t);

	if (r == 0)
		return cb_part_note(t, a, "the MBR does not announce the GPT");
	if (!cb_part_may_skip(r))
		return r;
	*t = none;
	if (r != CB_ENOTMINE)
		r = cb_part_note(t, a, "no partition table is used: %s", disk->env->diag->text);
	else
		r = 0;
	cb_clear(disk->env);
	return r;
}

int cb_part_scan(struct cb_blk *disk, struct cb_arena *a, struct cb_part_table *ret)
{
	uint8_t sector[CB_MBR_SIZE];
	struct cb_part_table t = { .kind = CB_PART_NONE };
	int r;

	if (cb_blk_size(disk) < sizeof(sector)) {
		*ret = t;
		return 0;
	}
	r = cb_blk_pread(disk, 0, sector, sizeof(sector));
	if (r < 0)
		return cb_wrap(disk->env, r, "%s: partition table", disk->name);
	switch (cb_mbr_classify(sector, cb_blk_size(disk))) {
	case CB_MBR_PROTECTIVE:
		r = cb_gpt_read(disk, true, a, &t);
		/* The MBR promised one, so this is damage. */
		if (r == CB_ENOTMINE)
			r = cb_fail(disk->env, CB_ECORRUPT,
				    "a protective MBR, but no GPT at LBA 1 nor at the end of the disk");
		break;
	case CB_MBR_TABLE:
		r = cb_mbr_read(disk, sector, a, &t);
		break;
	case CB_MBR_NONE:
		r = scan_without_mbr(disk, a, &t);
		break;
	case CB_MBR_FAT:
		break;
	}
	if (r < 0)
		return cb_wrap(disk->env, r, "%s: partition table", disk->name);
	*ret = t;
	return 0;
}

int cb_part_open(struct cb_blk *disk, const struct cb_part *p, struct cb_blk **ret)
{
	char name[sizeof(disk->name)];
	uint32_t bs = disk->block_size;

	cb_part_name(disk->name, p->number, name, sizeof(name));
	if (p->off % bs == 0 && p->size % bs == 0)
		return cb_blk_slice(disk, p->off / bs, p->size / bs, name, ret);
	return cb_blk_window(disk, p->off, p->size, name, ret);
}

void cb_part_name(const char *disk, uint32_t number, char *ret, size_t room)
{
	struct cb_str s = cb_str_c(disk);
	bool digit = s.n > 0 && cb_is_digit(s.p[s.n - 1]);

	(void)cb_fmt(ret, room, "%s%s%u", disk, digit ? "p" : "", number); /* a long name is cut */
}
