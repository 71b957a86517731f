/* tests/unit/folder_kit.h - a FAT volume as a power cut sees it: entries, chains and clusters are written
 * one by one, and until a sync any of them may be lost.
 *
 * Free clusters are taken from the front, so that what was freed last is used again first: a name that
 * is stale then shares its clusters with something new, as on a real disk that has bad luck. */
#ifndef CB_UNIT_FOLDER_KIT_H
#define CB_UNIT_FOLDER_KIT_H

#include "boot/folder.h"
#include "unit/check.h"

#define MEM_CLUSTER  64u
#define MEM_CLUSTERS 120u
#define MEM_NAMES    32u
#define MEM_PATH     72u
#define MEM_PENDING  2048u
#define MEM_END      0xffu            /* of a chain; 0 is free, else the next cluster, from 1 */

struct memname {
	char path[MEM_PATH];          /* empty: not used */
	uint32_t size;
	uint8_t first;                /* 0: no clusters */
};

struct memdisk {
	struct memname name[MEM_NAMES];
	uint8_t fat[MEM_CLUSTERS + 1];
	uint8_t data[MEM_CLUSTERS + 1][MEM_CLUSTER];
};

/* One write on its way to the medium. */
struct memwrite {
	enum { MEM_NAME, MEM_FAT, MEM_DATA } kind;
	unsigned at;
	struct memname name;
	uint8_t fat;
	uint8_t data[MEM_CLUSTER];
};

struct memfolder {
	struct cb_folder folder;
	struct memdisk now, medium;
	struct memwrite pending[MEM_PENDING];
	unsigned pending_n;
	unsigned clusters;            /* how many there are: the rest is never free */
	unsigned steps, stop_at;      /* writes and syncs; the power fails at this one, 0: never */
	unsigned ops, fail_at;        /* calls; this one fails, 0: none */
	unsigned unlocks, writes;
	bool locked, dead;
	uint64_t bad_reads;           /* the Nth next read of a file gives other bytes */
	char removed[1024];           /* "path\n" for each, in order */
	size_t removed_n;
};

static inline struct memname *mem_find(struct memfolder *m, struct cb_str path)
{
	for (size_t i = 0; i < MEM_NAMES; i++)
		if (m->now.name[i].path[0] != '\0' && cb_str_ieq(cb_str_c(m->now.name[i].path), path))
			return &m->now.name[i];
	return NULL;
}

static inline void mem_apply(struct memdisk *d, const struct memwrite *w)
{
	if (w->kind == MEM_NAME)
		d->name[w->at] = w->name;
	else if (w->kind == MEM_FAT)
		d->fat[w->at] = w->fat;
	else
		memcpy(d->data[w->at], w->data, MEM_CLUSTER);
}

static inline int mem_failed(struct memfolder *m, const char *what)
{
	return cb_fail(m->folder.env, CB_EIO, "demanded: %s", what);
}

static inline int mem_call(struct memfolder *m)
{
	if (m->dead)
		return mem_failed(m, "no power");
	return ++m->ops == m->fail_at ? mem_failed(m, "a call") : 0;
}

/* The power fails before the step is done. */
static inline int mem_step(struct memfolder *m)
{
	if (++m->steps != m->stop_at)
		return 0;
	m->dead = true;
	return mem_failed(m, "power cut");
}

static inline int mem_write(struct memfolder *m, const struct memwrite *w)
{
	int r = mem_step(m);

	if (r < 0)
		return r;
	if (m->locked || m->pending_n == MEM_PENDING)
		return mem_failed(m, m->locked ? "written while read-only" : "too many writes");
	m->writes++;
	mem_apply(&m->now, w);
	m->pending[m->pending_n++] = *w;
	return 0;
}

static inline int mem_put_name(struct memfolder *m, size_t at, const struct memname *n)
{
	return mem_write(m, &(struct memwrite){ .kind = MEM_NAME, .at = (unsigned)at, .name = *n });
}

static inline int mem_put_fat(struct memfolder *m, unsigned at, uint8_t v)
{
	return mem_write(m, &(struct memwrite){ .kind = MEM_FAT, .at = at, .fat = v });
}

static inline unsigned mem_free_clusters(const struct memfolder *m)
{
	unsigned n = 0;

	for (unsigned i = 1; i <= m->clusters; i++)
		n += m->now.fat[i] == 0;
	return n;
}

static inline int mem_unlock(struct cb_folder *f)
{
	struct memfolder *m = (struct memfolder *)f;
	int r = mem_call(m);

	m->unlocks++;
	m->locked = m->locked && r < 0;
	return r;
}

/* "a/b" is directly below "a". */
static inline bool mem_below(struct cb_str path, struct cb_str dir, struct cb_str *ret)
{
	if (dir.n > 0 && (!cb_str_starts(path, dir) || path.n == dir.n || path.p[dir.n] != '/'))
		return false;
	*ret = cb_str_sub(path, dir.n > 0 ? dir.n + 1 : 0, SIZE_MAX);
	return cb_str_chr(*ret, '/') == SIZE_MAX;
}

static const char *const mem_dirs[] = { "EFI", "EFI/Linux", "EFI/cloud-boot", "EFI/BOOT" };

static inline int mem_list(struct cb_folder *f, struct cb_str dir,
			   int (*fn)(void *arg, const struct cb_folder_entry *e), void *arg)
{
	struct memfolder *m = (struct memfolder *)f;
	struct cb_folder_entry e = { .is_dir = true };
	int r = mem_call(m);

	for (size_t i = 0; r == 0 && i < sizeof(mem_dirs) / sizeof(mem_dirs[0]); i++)
		if (mem_below(cb_str_c(mem_dirs[i]), dir, &e.name))
			r = fn(arg, &e);
	e.is_dir = false;
	for (size_t i = 0; r == 0 && i < MEM_NAMES; i++)
		if (m->now.name[i].path[0] != '\0' &&
		    mem_below(cb_str_c(m->now.name[i].path), dir, &e.name)) {
			e.size = m->now.name[i].size;
			r = fn(arg, &e);
		}
	return r;
}

static inline int mem_read_name(struct memfolder *m, const struct memname *n,
				int (*put)(void *arg, const void *p, size_t n), void *arg)
{
	uint32_t left = n->size;
	uint8_t at = n->first;
	int r = 0;

	for (; left > 0 && r == 0; at = m->now.fat[at]) {
		size_t some = left < MEM_CLUSTER ? left : MEM_CLUSTER;

		if (at == 0 || at == MEM_END || m->now.fat[at] == 0)
			return mem_failed(m, "a chain is broken");
		r = put(arg, m->now.data[at], some);
		left -= (uint32_t)some;
	}
	return r;
}

static inline int mem_read(struct cb_folder *f, struct cb_str path,
			   int (*put)(void *arg, const void *p, size_t n), void *arg)
{
	struct memfolder *m = (struct memfolder *)f;
	const struct memname *n = mem_find(m, path);
	int r = mem_call(m);

	if (r == 0 && n == NULL)
		r = cb_fail(f->env, CB_ENOENT, "no %.*s", CB_STR_ARG(path));
	if (r == 0 && m->bad_reads > 0 && --m->bad_reads == 0)
		return put(arg, "other bytes", 11);
	return r < 0 ? r : mem_read_name(m, n, put, arg);
}

static inline int mem_add_clusters(struct memfolder *m, const struct cb_input *in, uint8_t *ret_first)
{
	unsigned last = 0;
	int r = 0;

	for (uint64_t off = 0; r == 0 && off < in->size; off += MEM_CLUSTER) {
		struct memwrite w = { .kind = MEM_DATA, .at = 1 };

		while (w.at <= m->clusters && m->now.fat[w.at] != 0)
			w.at++;
		if (w.at > m->clusters)
			return cb_fail(m->folder.env, CB_ELIMIT, "full");
		r = cb_input_read(m->folder.env, in, off, w.data,
				  (size_t)cb_min(MEM_CLUSTER, in->size - off));
		if (r == 0)
			r = mem_put_fat(m, w.at, MEM_END);
		if (r == 0)
			r = mem_write(m, &w);
		if (r == 0 && last != 0)
			r = mem_put_fat(m, last, (uint8_t)w.at);
		if (last == 0)
			*ret_first = (uint8_t)w.at;
		last = w.at;
	}
	return r;
}

static inline int mem_create(struct cb_folder *f, struct cb_str path, const struct cb_input *data)
{
	struct memfolder *m = (struct memfolder *)f;
	struct memname n = { .size = 0 };
	size_t at = 0;
	int r = mem_call(m);

	if (r == 0 && (mem_find(m, path) != NULL || path.n >= MEM_PATH))
		r = mem_failed(m, "made twice");
	while (r == 0 && at < MEM_NAMES && m->now.name[at].path[0] != '\0')
		at++;
	if (r == 0 && at == MEM_NAMES)
		r = cb_fail(f->env, CB_ELIMIT, "full");
	if (r < 0)
		return r;
	memcpy(n.path, path.p, path.n);
	r = mem_put_name(m, at, &n);
	if (r == 0)
		r = mem_add_clusters(m, data, &n.first);
	n.size = (uint32_t)data->size;
	return r == 0 ? mem_put_name(m, at, &n) : r;
}

static inline int mem_make_dir(struct cb_folder *f, struct cb_str path)
{
	(void)path;
	return mem_failed((struct memfolder *)f, "every directory is there");
}

static inline int mem_rename(struct cb_folder *f, struct cb_str from, struct cb_str to)
{
	static const struct memname unused;
	struct memfolder *m = (struct memfolder *)f;
	struct memname *old = mem_find(m, from), n;
	size_t at = 0;
	int r = mem_call(m);

	if (r == 0 && (old == NULL || mem_find(m, to) != NULL || to.n >= MEM_PATH))
		r = mem_failed(m, "renaming");
	while (r == 0 && at < MEM_NAMES && m->now.name[at].path[0] != '\0')
		at++;
	if (r == 0 && at == MEM_NAMES)
		r = cb_fail(f->env, CB_ELIMIT, "full");
	if (r < 0)
		return r;
	n = *old;
	memset(n.path, 0, sizeof(n.path));
	memcpy(n.path, to.p, to.n);
	r = mem_put_name(m, at, &n);
	return r == 0 ? mem_put_name(m, (size_t)(old - m->now.name), &unused) : r;
}

/* As vfat with errors=continue: a chain is freed up to where it is broken. */
static inline int mem_remove(struct cb_folder *f, struct cb_str path)
{
	static const struct memname unused;
	struct memfolder *m = (struct memfolder *)f;
	struct memname *n = mem_find(m, path);
	int r = mem_call(m);
	uint8_t at, next;

	if (r == 0 && n == NULL)
		r = mem_failed(m, "removing what isn't there");
	if (r < 0)
		return r;
	for (size_t i = 0; i < path.n && m->removed_n + 2 < sizeof(m->removed); i++)
		m->removed[m->removed_n++] = path.p[i];
	m->removed[m->removed_n++] = '\n';
	at = n->first;
	r = mem_put_name(m, (size_t)(n - m->now.name), &unused);
	for (; r == 0 && at != 0 && at != MEM_END && m->now.fat[at] != 0; at = next) {
		next = m->now.fat[at];
		r = mem_put_fat(m, at, 0);
	}
	return r;
}

static inline int mem_sync(struct cb_folder *f)
{
	struct memfolder *m = (struct memfolder *)f;
	int r = mem_call(m);

	if (r == 0)
		r = mem_step(m);
	if (r < 0)
		return r;
	m->medium = m->now;
	m->pending_n = 0;
	return 0;
}

static inline int mem_space(struct cb_folder *f, struct cb_folder_space *ret)
{
	struct memfolder *m = (struct memfolder *)f;
	int r = mem_call(m);

	/* Staging keeps 64 KiB for note and directories, more than all of this: 1 KiB of it counts. */
	*ret = (struct cb_folder_space){ .free = mem_free_clusters(m) * MEM_CLUSTER + (63u << 10),
					 .total = m->clusters * MEM_CLUSTER, .cluster = MEM_CLUSTER };
	return r;
}

static const struct cb_folder_ops mem_ops = {
	.unlock = mem_unlock, .list = mem_list, .read = mem_read, .write = mem_create,
	.make_dir = mem_make_dir, .rename = mem_rename, .remove = mem_remove, .sync = mem_sync,
	.space = mem_space,
};

static inline void mem_init(struct memfolder *m, struct cb_env *env, unsigned clusters)
{
	memset(m, 0, sizeof(*m));
	m->folder = (struct cb_folder){ &mem_ops, env };
	m->clusters = clusters;
	m->locked = true;
}

/* As after the next start: counters and demands are gone, the folder is read-only again. */
static inline void mem_restart(struct memfolder *m)
{
	m->pending_n = m->steps = m->stop_at = m->ops = m->fail_at = m->unlocks = m->writes = 0;
	m->bad_reads = 0;
	m->locked = true;
	m->dead = false;
	m->removed_n = 0;
}

/* The power came back: of what was not synced, the writes that keep() wants have reached the medium. */
static inline void mem_crash(struct memfolder *m, bool (*keep)(void *arg), void *arg)
{
	for (unsigned i = 0; i < m->pending_n; i++)
		if (keep(arg))
			mem_apply(&m->medium, &m->pending[i]);
	m->now = m->medium;
	mem_restart(m);
}

struct memcompare { struct cb_bytes want; bool same; };

static inline int mem_compare(void *arg, const void *p, size_t n)
{
	struct memcompare *c = arg;

	c->same = c->same && n <= c->want.n && memcmp(p, c->want.p, n) == 0;
	if (c->same)
		c->want = (struct cb_bytes){ c->want.p + n, c->want.n - n };
	return 0;
}

/* The file has these bytes, in a chain that is whole. */
static inline bool mem_has(struct memfolder *m, const char *path, struct cb_bytes want)
{
	const struct memname *n = mem_find(m, cb_str_c(path));
	struct memcompare c = { want, true };

	if (n == NULL || mem_read_name(m, n, mem_compare, &c) < 0) {
		cb_clear(m->folder.env);
		return false;
	}
	return c.same && c.want.n == 0;
}

/* No two names share a cluster, and every chain is as long as its file. */
static inline bool mem_is_sound(const struct memfolder *m)
{
	bool used[MEM_CLUSTERS + 1] = { false };

	for (size_t i = 0; i < MEM_NAMES; i++) {
		const struct memname *n = &m->now.name[i];
		uint8_t at = n->first;
		uint32_t left = n->path[0] != '\0' ? (n->size + MEM_CLUSTER - 1) / MEM_CLUSTER : 0;

		for (; left > 0; left--, at = m->now.fat[at]) {
			if (at == 0 || at == MEM_END || used[at] || m->now.fat[at] == 0)
				return false;
			used[at] = true;
		}
	}
	return true;
}

#endif
