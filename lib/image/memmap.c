/* image/memmap.c - /proc/iomem: "START-END : NAME" lines, END included, children indented by 2. */
#include "image/memmap.h"

#include "core/limits.h"
#include "core/str.h"

#define TAKES 16u                 /* cb_memmap_take() calls on one map */

struct line {
	struct cb_memrange range;
	struct cb_str name;
	bool top;
};

static bool parse_line(struct cb_str s, struct line *ret)
{
	bool top = s.n > 0 && s.p[0] != ' ';
	struct cb_str from, rest = cb_str_trim(s);
	size_t colon = cb_str_find(rest, CB_STR(" : "));
	uint64_t start, last;

	if (colon == SIZE_MAX)
		return false;

	struct cb_str name = cb_str_sub(rest, colon + 3, SIZE_MAX);

	rest = cb_str_sub(rest, 0, colon);
	if (!cb_str_next(&rest, '-', &from) || !cb_str_u64(from, 16, &start) ||
	    !cb_str_u64(rest, 16, &last) || last < start || last == UINT64_MAX)
		return false;
	*ret = (struct line){ { start, last + 1 }, name, top };
	return true;
}

static size_t count_lines(struct cb_str s)
{
	struct cb_str line;
	size_t n = 0;

	while (cb_str_line(&s, &line))
		n++;
	return n;
}

int cb_memmap_parse(struct cb_arena *a, struct cb_str iomem, struct cb_memmap *ret)
{
	size_t n = count_lines(iomem);
	struct cb_memmap m = { .env = a->env, .taken_room = n + TAKES };
	struct cb_str text;
	struct line l;
	bool in_ram = false;

	if (n > CB_MAX_MEMRANGES)
		return cb_fail(a->env, CB_ELIMIT, "/proc/iomem: %zu lines, %u are the most", n,
			       CB_MAX_MEMRANGES);
	m.ram = cb_new(a, struct cb_memrange, n + 1);
	m.taken = cb_new(a, struct cb_memrange, m.taken_room);
	if (m.ram == NULL || m.taken == NULL)
		return CB_ENOMEM;
	while (cb_str_line(&iomem, &text)) {
		if (!parse_line(text, &l))
			continue;
		if (l.top)
			in_ram = cb_str_eq(l.name, CB_STR("System RAM"));
		/* One byte at 0 is what everything looks like to a reader without CAP_SYS_ADMIN. */
		if (l.top && in_ram && l.range.end > 1)
			m.ram[m.ram_n++] = l.range;
		else if (!l.top && in_ram && cb_str_eq(l.name, CB_STR("reserved")))
			m.taken[m.taken_n++] = l.range;
	}
	if (m.ram_n == 0)
		return cb_fail(a->env, CB_ENOENT, "/proc/iomem lists no System RAM");
	*ret = m;
	return 0;
}

/* The lowest aligned address >= at such that size bytes there meet nothing taken; false when it isn't
 * below limit. Each round moves up past one taken range, so there are at most taken_n of them. */
static bool place(const struct cb_memmap *m, uint64_t size, uint64_t align, uint64_t at, uint64_t limit,
		  uint64_t *ret)
{
	for (size_t round = 0; round <= m->taken_n; round++) {
		const struct cb_memrange *hit = NULL;

		if (!cb_align_up(at, align, &at) || at >= limit || size > limit - at)
			return false;
		for (size_t i = 0; i < m->taken_n && hit == NULL; i++)
			if (m->taken[i].start < at + size && m->taken[i].end > at)
				hit = &m->taken[i];
		if (hit == NULL) {
			*ret = at;
			return true;
		}
		at = hit->end;
	}
	return false;
}

int cb_memmap_take(struct cb_memmap *m, uint64_t size, uint64_t align, uint64_t from, uint64_t to,
		   uint64_t *ret)
{
	bool found = false;
	uint64_t best = 0, at;

	for (size_t i = 0; i < m->ram_n; i++)
		if (place(m, size, align, cb_max(from, m->ram[i].start), cb_min(to, m->ram[i].end), &at) &&
		    (!found || at < best)) {
			best = at;
			found = true;
		}
	if (!found)
		return cb_fail(m->env, CB_ENOMEM, "no %llu MiB of free memory in one piece",
			       (unsigned long long)((size + 0xfffff) >> 20));
	if (m->taken_n == m->taken_room)
		return cb_fail(m->env, CB_ELIMIT, "more than %u pieces of memory taken", TAKES);
	m->taken[m->taken_n++] = (struct cb_memrange){ best, best + size };
	*ret = best;
	return 0;
}
