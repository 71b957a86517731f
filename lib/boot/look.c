/* boot/look.c - looking into mounted volumes: a file, its text, the best names of a directory. */
#include "boot/chooser_priv.h"
#include "core/str.h"

#define DIR_MAX 65536u           /* names of one directory that are looked at */

bool cb_look_absent(int r)
{
	return r == CB_ENOENT || r == CB_ENOTDIR;
}

int cb_look_file(struct cb_volume *v, struct cb_str path, struct cb_node *ret)
{
	struct cb_node node;
	int r = cb_fs_open(v->fs, path, &node);

	if (r < 0)
		return r;
	if (node.type != CB_FT_FILE)
		return cb_fail(v->fs->env, CB_ENOENT, "%.*s: not a regular file", CB_STR_ARG(path));
	*ret = node;
	return 0;
}

int cb_look_boot_file(struct cb_volume *v, struct cb_str path, struct cb_boot_file *ret,
		      struct cb_node *ret_node)
{
	struct cb_node node;
	int r = cb_look_file(v, path, &node);

	if (r < 0)
		return r;
	*ret = (struct cb_boot_file){ .volume = v, .path = path, .size = node.size };
	*ret_node = node;
	return 0;
}

int cb_look_text(struct cb_volume *v, struct cb_str path, uint64_t max, struct cb_buf *ret)
{
	struct cb_node node;
	int r = cb_look_file(v, path, &node);

	if (r < 0)
		return r;
	r = cb_fs_slurp(v->fs, &node, max, ret);
	return r < 0 ? cb_wrap(v->fs->env, r, "%.*s", CB_STR_ARG(path)) : 0;
}

static int read_input(void *ctx, uint64_t off, void *buf, size_t n)
{
	const struct cb_look_input *f = ctx;

	return cb_fs_pread(f->fs, &f->node, off, buf, n);
}

struct cb_input cb_look_as_input(struct cb_look_input *f)
{
	return (struct cb_input){ .read = read_input, .ctx = f, .size = f->node.size };
}

/* Names live in slots of one size: a directory may have any number, the memory stays the same. */
struct slot { uint8_t n; char text[CB_MAX_NAME]; };

struct listing {
	struct slot slots[CB_LOOK_NAMES];
	uint8_t order[CB_LOOK_NAMES];    /* slot numbers, the best first */
	unsigned n;
	uint64_t seen, dropped;
	cb_look_want *want;
	cb_look_cmp *cmp;
};
_Static_assert(CB_LOOK_NAMES <= 256 && CB_MAX_NAME <= 255, "slot numbers and lengths are bytes");

static struct cb_str slot_name(const struct listing *l, unsigned i)
{
	const struct slot *s = &l->slots[l->order[i]];

	return (struct cb_str){ s->text, s->n };
}

/* The place of name in the order: after all that are not worse. */
static unsigned place(const struct listing *l, struct cb_str name)
{
	unsigned low = 0, high = l->n;

	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (l->cmp(slot_name(l, mid), name) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int consider(void *arg, const struct cb_dirent *e)
{
	struct listing *l = arg;

	if (++l->seen > DIR_MAX) {
		l->dropped++;
		return 1;
	}
	if (e->name.n == 0 || e->name.n > CB_MAX_NAME || !l->want(e->name, e->type))
		return 0;

	unsigned at = place(l, e->name);
	uint8_t slot = (uint8_t)l->n;

	if (l->n == CB_LOOK_NAMES) {
		l->dropped++;
		if (at == l->n)
			return 0;
		slot = l->order[--l->n];
	}
	memmove(l->order + at + 1, l->order + at, l->n - at);
	l->order[at] = slot;
	l->n++;
	l->slots[slot].n = (uint8_t)e->name.n;
	memcpy(l->slots[slot].text, e->name.p, e->name.n);
	return 0;
}

static int keep(struct cb_arena *a, const struct listing *l, struct cb_look_names *ret)
{
	ret->n = 0;
	ret->dropped = l->dropped;
	for (unsigned i = 0; i < l->n; i++) {
		ret->v[i] = cb_arena_str(a, slot_name(l, i));
		if (ret->v[i].p == NULL)
			return a->env->diag->code;
		ret->n++;
	}
	return 0;
}

int cb_look_dir(struct cb_arena *a, struct cb_volume *v, struct cb_str dir, cb_look_want *want,
		cb_look_cmp *cmp, struct cb_look_names *ret)
{
	struct cb_node node;
	struct listing *l;
	int r = cb_fs_open(v->fs, dir, &node);

	if (r < 0)
		return r;
	l = cb_alloc(a->env, sizeof(*l));
	if (l == NULL)
		return CB_ENOMEM;
	l->want = want;
	l->cmp = cmp;
	r = cb_fs_readdir(v->fs, &node, consider, l);
	if (r < 0)
		r = cb_wrap(a->env, r, "%.*s", CB_STR_ARG(dir));
	else
		r = keep(a, l, ret);
	cb_free(a->env, l, sizeof(*l));
	return r;
}
