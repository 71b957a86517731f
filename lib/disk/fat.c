/* disk/fat.c - the layout of a FAT volume: sizes, clusters, and the regions in order. */
#include "disk/fat.h"

#include "core/limits.h"
#include "core/str.h"
#include "disk/fat_priv.h"

#define MAX_FILES 4096u
#define MAX_DIR (65536u * FAT_ENTRY)
#define MAX_CLUSTER 32768u               /* bytes */
#define FAT32_RESERVED 32u
#define NFATS 2u

/* Counts that tell the types apart, less 16 a side: implementations are off by that much (spec). */
#define FAT16_MIN (4085u + 16)
#define FAT16_MAX (65524u - 16)
#define FAT32_MIN (65525u + 16)
#define FAT32_MAX (0x0ffffff5u - 16)
#define FAT32_GOOD (1u << 20)            /* beyond it larger clusters are chosen: a FAT of 4 MiB */
#define ROOMY_CLUSTER 8192u              /* bytes, of a volume that others will write to */

struct boot_sector {
	uint8_t jump[3], oem[8];
	cb_le16 sector;
	uint8_t per_cluster;
	cb_le16 reserved;
	uint8_t nfats;
	cb_le16 root_entries, total16;
	uint8_t media;
	cb_le16 fat16_sectors, per_track, heads;
	cb_le32 hidden, total32;
};
_Static_assert(sizeof(struct boot_sector) == 36, "BPB");

struct boot_sector32 {
	cb_le32 fat_sectors;
	cb_le16 flags, version;
	cb_le32 root;
	cb_le16 info, backup;
	uint8_t reserved[12];
};
_Static_assert(sizeof(struct boot_sector32) == 28, "BPB of FAT32");

struct boot_tail {
	uint8_t drive, reserved, magic;
	cb_le32 id;
	uint8_t label[11], type[8];
};
_Static_assert(sizeof(struct boot_tail) == 26, "BPB's end");

struct fs_info {
	cb_le32 magic1;
	uint8_t zero1[480];
	cb_le32 magic2, free, next;
	uint8_t zero2[12];
	cb_le32 magic3;
};
_Static_assert(sizeof(struct fs_info) == 512, "FSInfo");

static uint64_t entry_size(const struct fat_geometry *g)
{
	return g->bits / 8;
}

static uint64_t cluster_size(const struct fat_geometry *g)
{
	return (uint64_t)g->sector * g->per_cluster;
}

static uint64_t div_up(uint64_t a, uint64_t b)
{
	return (a + b - 1) / b;
}

/* Clusters that everything takes; FAT16's root has a region of its own. */
static uint64_t clusters_needed(const struct cb_fat *f, const struct fat_geometry *g)
{
	uint64_t n = 0;

	for (const struct fat_node *c = f->first; c != NULL; c = c->next)
		if (c != f->root || g->bits == 32)
			n += c == f->root ? cb_max(1, div_up(c->data.size, cluster_size(g))) :
			     div_up(c->data.size, cluster_size(g));
	return n;
}

/* Fill in the counts for a volume of `total` sectors, or when that is 0 for the smallest one, up to a
 * multiple of `round`. False when it can't be a volume of this type. */
static bool measure(const struct cb_fat *f, struct fat_geometry *g, uint64_t total, uint64_t round)
{
	uint64_t min = g->bits == 32 ? FAT32_MIN : FAT16_MIN, max = g->bits == 32 ? FAT32_MAX : FAT16_MAX;
	uint64_t fat = 1, clusters = cb_max(clusters_needed(f, g), min), fixed, want;

	g->reserved = g->bits == 32 ? FAT32_RESERVED : 1;
	g->root_sectors = g->bits == 32 ? 0 : FAT_ROOT16 * FAT_ENTRY / g->sector;
	fixed = g->reserved + g->root_sectors;
	if (clusters > max || (total > 0 && total <= fixed + NFATS))
		return false;
	if (total == 0) {
		fat = div_up((clusters + 2) * entry_size(g), g->sector);
		total = div_up(fixed + NFATS * fat + clusters * g->per_cluster, round) * round;
	}
	/* A larger FAT leaves fewer clusters, which need no larger one: this ends at once or after a step. */
	for (;;) {
		if (total <= fixed + NFATS * fat)
			return false;
		clusters = (total - fixed - NFATS * fat) / g->per_cluster;
		want = div_up((clusters + 2) * entry_size(g), g->sector);
		if (want <= fat)
			break;
		fat = want;
	}
	if (clusters < min || clusters > max || total > UINT32_MAX)
		return false;
	g->clusters = (uint32_t)clusters;
	g->fat_sectors = (uint32_t)fat;
	g->total = (uint32_t)total;
	return true;
}

/* A volume of a given size has room for what comes later: the larger its clusters, the less of the FATs
 * each file that is added changes, and the shorter the chains that firmware follows. */
static void widen_cluster(const struct cb_fat *f, struct fat_geometry *g, uint64_t total)
{
	struct fat_geometry wider = *g;

	while (2 * cluster_size(g) <= ROOMY_CLUSTER) {
		wider.per_cluster *= 2;
		if (!measure(f, &wider, total, 1))
			return;
		*g = wider;
	}
}

/* The smallest cluster that keeps the FAT small, or the largest there is. */
static bool choose_cluster(const struct cb_fat *f, struct fat_geometry *g, uint64_t total,
			   uint64_t round)
{
	for (g->per_cluster = 1; cluster_size(g) <= MAX_CLUSTER; g->per_cluster *= 2) {
		bool last = 2 * cluster_size(g) > MAX_CLUSTER;

		if (!measure(f, g, total, round) ||
		    (g->bits == 32 && g->clusters > FAT32_GOOD && !last))
			continue;
		if (total > 0)
			widen_cluster(f, g, total);
		return true;
	}
	return false;
}

static int choose_geometry(struct cb_fat *f, const struct cb_fat_plan *p)
{
	uint64_t total = p->size > 0 ? cb_max(p->size / p->sector, 1) : 0;
	struct fat_geometry g = { .sector = p->sector };
	unsigned first = p->bits == 0 ? 32 : p->bits, last = p->bits == 0 ? 16 : p->bits;
	uint64_t need;

	for (g.bits = first; g.bits >= last; g.bits -= 16) {
		if (!choose_cluster(f, &g, total, cb_max(p->round, 1)))
			continue;
		need = clusters_needed(f, &g);
		if (need > g.clusters)
			return cb_fail(f->env, CB_EINVAL, "FAT: the files take %llu clusters of %llu, "
				       "a volume of %llu bytes has %u", (unsigned long long)need,
				       (unsigned long long)cluster_size(&g),
				       (unsigned long long)p->size, g.clusters);
		if (g.bits == 16 && f->root->data.size > FAT_ROOT16 * FAT_ENTRY)
			return cb_fail(f->env, CB_EINVAL, "FAT16: %llu entries at the top > %u",
				       (unsigned long long)(f->root->data.size / FAT_ENTRY), FAT_ROOT16);
		f->g = g;
		return 0;
	}
	return cb_fail(f->env, CB_EINVAL, "FAT: a volume of %llu bytes in sectors of %u can't be FAT%u",
		       (unsigned long long)p->size, p->sector, last);
}

static int add_files(struct cb_fat *f, const struct cb_fat_plan *p)
{
	f->root = cb_new(&f->arena, struct fat_node, 1);
	f->file = cb_new(&f->arena, struct fat_node *, p->nfiles + 1);
	if (f->root == NULL || f->file == NULL)
		return f->env->diag->code;
	f->root->is_dir = true;
	f->nfiles = p->nfiles;
	for (size_t i = 0; i < p->nfiles; i++) {
		const struct cb_fat_file *file = &p->files[i];
		int r = fat_add_path(f, file, &f->file[i]);

		if (r < 0)
			return r;
		if (file->is_dir)
			continue;
		if (file->data.size > UINT32_MAX)
			return cb_fail(f->env, CB_ELIMIT, "FAT: \"%.*s\" has %llu bytes > 4 GiB - 1",
				       CB_STR_ARG(file->path), (unsigned long long)file->data.size);
		f->file[i]->data = file->data;
	}
	return 0;
}

/* Directories breadth first, then files in the plan's order. */
static int put_in_order(struct cb_fat *f)
{
	struct fat_node *last = f->root;

	f->first = f->root;
	f->nruns = 1;
	for (struct fat_node *d = f->root; d != NULL; d = d->next) {
		int r = fat_name_children(f, d);

		if (r < 0)
			return r;
		d->data.size = fat_dir_size(f, d);
		if (d->data.size > MAX_DIR)
			return cb_fail(f->env, CB_ELIMIT, "FAT: a directory of %llu bytes > %u",
				       (unsigned long long)d->data.size, MAX_DIR);
		for (struct fat_node *c = d->child; c != NULL; c = c->sibling)
			if (c->is_dir) {
				last->next = c;
				last = c;
				f->nruns++;
			}
	}
	for (size_t i = 0; i < f->nfiles; i++)
		if (!f->file[i]->is_dir) {
			last->next = f->file[i];
			last = f->file[i];
			f->nruns++;
		}
	return 0;
}

static int give_clusters(struct cb_fat *f)
{
	uint32_t at = 2;
	size_t n = 0;

	f->run = cb_new(&f->arena, struct fat_run, f->nruns);
	if (f->run == NULL)
		return f->env->diag->code;
	for (struct fat_node *c = f->first; c != NULL; c = c->next) {
		if (c == f->root && f->g.bits == 16)
			continue;
		c->count = (uint32_t)div_up(c->data.size, cluster_size(&f->g));  /* <= g.clusters */
		if (c == f->root && c->count == 0)
			c->count = 1;
		if (c->count == 0)
			continue;
		c->first = at;
		f->run[n++] = (struct fat_run){ at, c->count };
		at += c->count;
	}
	f->nruns = n;
	f->used = at - 2;
	return 0;
}

static int fill_dirs(struct cb_fat *f)
{
	for (struct fat_node *d = f->first; d != NULL && d->is_dir; d = d->next) {
		size_t n = (size_t)d->data.size; /* <= MAX_DIR */
		uint8_t *p = cb_arena_alloc(&f->arena, n > 0 ? n : 1, 1, 1);
		int r;

		if (p == NULL)
			return f->env->diag->code;
		r = fat_dir_fill(f, d, p);
		if (r < 0)
			return r;
		d->data = cb_input_mem((struct cb_bytes){ p, n });
	}
	return 0;
}

/* Days since 1970 as a date of the Gregorian calendar, in FAT's form. */
static void set_time(struct cb_fat *f, int64_t t)
{
	static const int64_t first = 315532800, last = 4354819198;   /* 1980-01-01, 2107-12-31 23:59:58 */
	uint64_t v = (uint64_t)(t < first ? first : t > last ? last : t);
	uint64_t sec = v % 86400, days = v / 86400 + 719468;   /* since 0000-03-01 */
	uint64_t era = days / 146097, doe = days % 146097;
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	uint64_t day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
	uint64_t year = yoe + era * 400 + (month <= 2);

	f->date = (uint16_t)((year - 1980) << 9 | month << 5 | day);
	f->time = (uint16_t)(sec / 3600 << 11 | sec / 60 % 60 << 5 | sec % 60 / 2);
}

static int check_plan(struct cb_fat *f, const struct cb_fat_plan *p)
{
	if ((p->sector != 512 && p->sector != 4096) || (p->bits != 0 && p->bits != 16 && p->bits != 32))
		return cb_fail(f->env, CB_EINVAL, "FAT%u with sectors of %u bytes", p->bits, p->sector);
	if (p->nfiles > MAX_FILES)
		return cb_fail(f->env, CB_ELIMIT, "FAT: %zu files > %u", p->nfiles, MAX_FILES);
	memset(f->label, ' ', sizeof(f->label));
	for (size_t i = 0; i < p->label.n; i++) {
		char c = p->label.p[i];

		if (i >= sizeof(f->label) || (!cb_is_digit(c) && !(c >= 'A' && c <= 'Z') && c != '_' &&
					      c != '-' && (c != ' ' || i == 0)))
			return cb_fail(f->env, CB_EINVAL, "FAT: label \"%.*s\"", CB_STR_ARG(p->label));
		f->label[i] = (uint8_t)c;
	}
	f->hidden = p->hidden;
	f->id = p->id;
	set_time(f, p->time);
	return 0;
}

int cb_fat_open(struct cb_env *env, const struct cb_fat_plan *plan, struct cb_fat **ret)
{
	struct cb_fat *f = cb_alloc(env, sizeof(*f));
	int r;

	if (f == NULL)
		return CB_ENOMEM;
	f->env = env;
	cb_arena_init(&f->arena, env, CB_MAX_FS_ARENA);
	r = check_plan(f, plan);
	if (r == 0)
		r = add_files(f, plan);
	if (r == 0)
		r = put_in_order(f);
	if (r == 0)
		r = choose_geometry(f, plan);
	if (r == 0)
		r = give_clusters(f);
	if (r == 0)
		r = fill_dirs(f);
	if (r < 0) {
		cb_fat_close(f);
		return r;
	}
	*ret = f;
	return 0;
}

void cb_fat_close(struct cb_fat *f)
{
	if (f == NULL)
		return;
	cb_arena_fini(&f->arena);
	cb_free(f->env, f, sizeof(*f));
}

uint64_t cb_fat_size(const struct cb_fat *f)
{
	return (uint64_t)f->g.total * f->g.sector;
}

unsigned cb_fat_bits(const struct cb_fat *f)
{
	return f->g.bits;
}

static uint64_t data_start(const struct cb_fat *f)
{
	return (uint64_t)f->g.sector *
	       (f->g.reserved + (uint64_t)NFATS * f->g.fat_sectors + f->g.root_sectors);
}

uint64_t cb_fat_file_off(const struct cb_fat *f, size_t i)
{
	const struct fat_node *c = f->file[i];

	return c->count > 0 ? data_start(f) + (c->first - 2) * cluster_size(&f->g) : 0;
}

static void put_boot_sector(const struct cb_fat *f, uint8_t *to)
{
	const struct fat_geometry *g = &f->g;
	bool is32 = g->bits == 32, small = !is32 && g->total < 65536;
	struct boot_sector b = {
		.jump = { 0xeb, is32 ? 0x58 : 0x3c, 0x90 },
		.oem = { 'M', 'S', 'W', 'I', 'N', '4', '.', '1' },   /* what the specification asks for */
		.sector = cb_put_le16((uint16_t)g->sector), .per_cluster = (uint8_t)g->per_cluster,
		.reserved = cb_put_le16((uint16_t)g->reserved), .nfats = NFATS,
		.root_entries = cb_put_le16(is32 ? 0 : FAT_ROOT16),
		.total16 = cb_put_le16(small ? (uint16_t)g->total : 0), .media = 0xf8,
		.fat16_sectors = cb_put_le16(is32 ? 0 : (uint16_t)g->fat_sectors),
		.per_track = cb_put_le16(63), .heads = cb_put_le16(255),
		.hidden = cb_put_le32(f->hidden), .total32 = cb_put_le32(small ? 0 : g->total),
	};
	struct boot_sector32 b32 = {
		.fat_sectors = cb_put_le32(g->fat_sectors), .root = cb_put_le32(2),
		.info = cb_put_le16(1), .backup = cb_put_le16(6),
	};
	struct boot_tail t = { .drive = 0x80, .magic = 0x29, .id = cb_put_le32(f->id) };
	static const uint8_t code[] = { 0xcd, 0x18, 0xeb, 0xfe };   /* int 0x18: next boot device; stop */
	size_t at = sizeof(b);

	memcpy(t.label, f->label[0] != ' ' ? f->label : (const uint8_t *)"NO NAME    ", 11);
	memcpy(t.type, is32 ? "FAT32   " : "FAT16   ", 8);
	memcpy(to, &b, sizeof(b));
	if (is32) {
		memcpy(to + at, &b32, sizeof(b32));
		at += sizeof(b32);
	}
	memcpy(to + at, &t, sizeof(t));
	memcpy(to + at + sizeof(t), code, sizeof(code));
	to[510] = 0x55;
	to[511] = 0xaa;
}

static void put_reserved(const struct cb_fat *f, uint8_t *to)
{
	const struct fat_geometry *g = &f->g;
	struct fs_info info = {
		.magic1 = cb_put_le32(0x41615252), .magic2 = cb_put_le32(0x61417272),
		.free = cb_put_le32(g->clusters - f->used), .next = cb_put_le32(f->used + 2),
		.magic3 = cb_put_le32(0xaa550000),
	};

	put_boot_sector(f, to);
	if (g->bits == 16)
		return;
	memcpy(to + g->sector, &info, sizeof(info));
	memcpy(to + 6 * (size_t)g->sector, to, 2 * (size_t)g->sector);
}

/* The FAT's entry of cluster c; *at is the run to look at first. */
static uint32_t chain(const struct cb_fat *f, uint32_t c, size_t *at)
{
	uint32_t end = f->g.bits == 32 ? 0x0fffffff : 0xffff;

	if (c == 0)
		return (end & ~(uint32_t)0xff) | 0xf8;   /* the media byte */
	if (c == 1)
		return end;
	while (*at < f->nruns && c - f->run[*at].first >= f->run[*at].count)
		++*at;
	if (*at == f->nruns)
		return 0;
	return c - f->run[*at].first == f->run[*at].count - 1 ? end : c + 1;
}

/* The run that holds cluster c, or the first one. */
static size_t find_run(const struct cb_fat *f, uint32_t c)
{
	size_t lo = 0, hi = f->nruns;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->run[mid].first <= c)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

/* The FAT is computed as it is read: runs say all there is to know. */
static int read_fat(void *ctx, uint64_t off, void *buf, size_t n)
{
	const struct cb_fat *f = ctx;
	uint64_t width = entry_size(&f->g);
	uint8_t *to = buf;
	size_t at = find_run(f, (uint32_t)(off / width));   /* off < (used + 2) * width, rounded up */

	while (n > 0) {
		cb_le32 v = cb_put_le32(chain(f, (uint32_t)(off / width), &at));
		size_t skip = (size_t)(off % width), now = (size_t)cb_min(n, width - skip);

		memcpy(to, v.b + skip, now);
		to += now;
		off += now;
		n -= now;
	}
	return 0;
}

void cb_fat_write(struct cb_fat *f, struct cb_pieces *to)
{
	const struct fat_geometry *g = &f->g;
	uint64_t base = to->size, fat = (uint64_t)g->fat_sectors * g->sector, end = base + cb_fat_size(f);
	struct cb_input table = {
		.read = read_fat, .ctx = f, .size = (f->used + UINT64_C(2)) * entry_size(g),
	};
	uint8_t *reserved = cb_pieces_room(to, (size_t)g->reserved * g->sector);

	if (reserved == NULL)
		return;
	put_reserved(f, reserved);
	for (unsigned i = 0; i < NFATS; i++) {
		uint64_t start = to->size;

		cb_pieces_add(to, &table);
		cb_pieces_pad_to(to, start + fat);
	}
	if (g->bits == 16) {
		cb_pieces_add(to, &f->root->data);
		cb_pieces_pad_to(to, base + data_start(f));
	}
	for (const struct fat_node *c = f->first; c != NULL; c = c->next) {
		if (c->count == 0)
			continue;
		cb_pieces_add(to, &c->data);
		cb_pieces_pad_to(to, base + data_start(f) + (c->first - 2 + (uint64_t)c->count) *
				 cluster_size(g));
	}
	cb_pieces_pad_to(to, end);
}
