/* fs/walk.c - everything below a directory, in an order that does not depend on the file system. */
#include "fs/fs.h"

#include "core/limits.h"
#include "core/log.h"
#include "core/str.h"

struct item {
	struct item *next;
	uint64_t id, aux;
	uint16_t n;
	char name[];
};

/* The entries of one directory that are still to come. */
struct level {
	struct item *left;
	struct cb_mark mark;       /* of the arena before they were read */
	size_t path_n;             /* of the directory's own path */
};

struct walk {
	struct cb_fs *fs;
	cb_walk_fn *fn;
	void *arg;
	struct cb_arena arena;
	struct item *found;        /* of the directory being read, last first */
	uint32_t found_n;
	uint64_t nodes;
	unsigned depth;            /* levels in use */
	size_t path_n;
	struct level levels[CB_MAX_DEPTH];
	char path[CB_MAX_PATH + 1];
};

static int collect(void *arg, const struct cb_dirent *e)
{
	struct walk *w = arg;

	if (w->found_n == CB_MAX_DIR_ENTRIES)
		return cb_fail(w->fs->env, CB_ELIMIT, "a directory of more than %u names",
			       CB_MAX_DIR_ENTRIES);
	if (e->name.n == 0 || e->name.n > CB_MAX_NAME)
		return cb_fail(w->fs->env, CB_ECORRUPT, "a name of %zu bytes", e->name.n);

	struct item *it = cb_arena_alloc(&w->arena, 1, sizeof(*it) + e->name.n,
					 _Alignof(struct item));

	if (it == NULL)
		return w->fs->env->diag->code;
	it->id = e->id;
	it->aux = e->aux;
	it->n = (uint16_t)e->name.n;
	memcpy(it->name, e->name.p, e->name.n);
	it->next = w->found;
	w->found = it;
	w->found_n++;
	return 0;
}

static bool before(const struct item *a, const struct item *b)
{
	return cb_str_cmp((struct cb_str){ a->name, a->n }, (struct cb_str){ b->name, b->n }) <= 0;
}

static struct item *merge(struct item *a, struct item *b)
{
	struct item *first = NULL, **end = &first;

	while (a != NULL && b != NULL) {
		struct item **least = before(a, b) ? &a : &b;

		*end = *least;
		*least = (*least)->next;
		end = &(*end)->next;
	}
	*end = a != NULL ? a : b;
	return first;
}

/* Merge sort from the bottom up: runs[i] holds 2^i items or none. */
static struct item *sort(struct item *list)
{
	struct item *runs[32] = { NULL }, *all = NULL;
	unsigned i;

	while (list != NULL) {
		struct item *one = list;

		list = list->next;
		one->next = NULL;
		for (i = 0; i < 31 && runs[i] != NULL; i++) {
			one = merge(runs[i], one);
			runs[i] = NULL;
		}
		runs[i] = runs[i] != NULL ? merge(runs[i], one) : one;
	}
	for (i = 0; i < 32; i++)
		all = merge(runs[i], all);
	return all;
}

static int tell(struct walk *w, const struct cb_node *node, unsigned depth, int status)
{
	struct cb_walk_entry e = { { w->path, w->path_n }, node, depth, status };
	int r;

	w->path[w->path_n] = '\0';
	r = w->fn(w->arg, &e);
	if (status < 0 && r == 0)
		cb_clear(w->fs->env);
	return r;
}

/* One more level, with dir's entries; a directory that can't be read is told and left out. */
static int push(struct walk *w, const struct cb_node *dir)
{
	struct cb_env *env = w->fs->env;
	struct cb_mark mark = cb_arena_mark(&w->arena);
	int r;

	if (w->depth == CB_MAX_DEPTH) {
		r = cb_fail(env, CB_ELIMIT, "more than %u directories deep", CB_MAX_DEPTH);
		return tell(w, dir, w->depth, r);
	}
	w->found = NULL;
	w->found_n = 0;
	r = cb_fs_readdir(w->fs, dir, collect, w);
	if (r < 0) {
		cb_arena_rewind(&w->arena, mark);
		return tell(w, dir, w->depth, r);
	}
	w->levels[w->depth++] = (struct level){ sort(w->found), mark, w->path_n };
	return 0;
}

static int visit(struct walk *w, const struct item *it)
{
	struct level *l = &w->levels[w->depth - 1];
	struct cb_node node;
	size_t slash = l->path_n > 0 && w->path[l->path_n - 1] == '/' ? 0 : 1;
	int r;

	if (l->path_n + slash + it->n > CB_MAX_PATH) {
		r = cb_fail(w->fs->env, CB_ELIMIT, "a path over %u bytes", CB_MAX_PATH);
		w->path_n = l->path_n;
		return tell(w, NULL, w->depth, r);
	}
	w->path[l->path_n] = '/';
	memcpy(w->path + l->path_n + slash, it->name, it->n);
	w->path_n = l->path_n + slash + it->n;
	r = w->fs->ops->get(w->fs, it->id, it->aux, &node);
	if (r < 0)
		return tell(w, NULL, w->depth, r);
	r = tell(w, &node, w->depth, 0);
	if (r != 0 || node.type != CB_FT_DIR)
		return r == CB_WALK_PRUNE ? 0 : r;
	return push(w, &node);
}

static int walk(struct walk *w, const struct cb_node *top)
{
	int r = tell(w, top, 0, 0);

	if (r != 0 || top->type != CB_FT_DIR)
		return r == CB_WALK_PRUNE ? 0 : r;
	r = push(w, top);
	while (r == 0 && w->depth > 0) {
		struct level *l = &w->levels[w->depth - 1];
		struct item *it = l->left;

		if (it == NULL) {
			cb_arena_rewind(&w->arena, l->mark);
			w->depth--;
			continue;
		}
		if (++w->nodes > CB_MAX_WALK_NODES)
			return cb_fail(w->fs->env, CB_ELIMIT, "more than %u files below %.*s",
				       CB_MAX_WALK_NODES, (int)w->levels[0].path_n, w->path);
		if (cb_poll(w->fs->env))
			return cb_fail(w->fs->env, CB_ECANCELED, "stopped");
		l->left = it->next;
		r = visit(w, it);
	}
	return r;
}

int cb_fs_walk(struct cb_fs *fs, const struct cb_node *top, struct cb_str prefix, cb_walk_fn *fn,
	       void *arg)
{
	if (prefix.n > CB_MAX_PATH)
		return cb_fail(fs->env, CB_ELIMIT, "a path of %zu bytes, over %u", prefix.n, CB_MAX_PATH);

	struct walk *w = cb_alloc(fs->env, sizeof(*w));

	if (w == NULL)
		return CB_ENOMEM;
	w->fs = fs;
	w->fn = fn;
	w->arg = arg;
	w->path_n = prefix.n;
	if (prefix.n > 0)
		memcpy(w->path, prefix.p, prefix.n);
	cb_arena_init(&w->arena, fs->env, CB_MAX_WALK_MEMORY);

	int r = walk(w, top);

	cb_arena_fini(&w->arena);
	cb_free(fs->env, w, sizeof(*w));
	return r;
}
