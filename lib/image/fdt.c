/* image/fdt.c - flattened device trees, Devicetree Specification 0.4, chapter 5. */
#include "image/fdt.h"

#include "core/limits.h"
#include "core/str.h"

struct header {
	cb_be32 magic, total_size, off_nodes, off_strings, off_reserved;
	cb_be32 version, compatible_version, boot_cpu, size_strings, size_nodes;
};
_Static_assert(sizeof(struct header) == 40, "5.2 Header");

#define MAGIC         0xd00dfeedu
#define VERSION       17u
#define COMPATIBLE    16u
#define RESERVED_SIZE 16u          /* of an entry: address and size */
#define MAX_DEPTH     64u

enum token { BEGIN_NODE = 1, END_NODE = 2, PROP = 3, NOP = 4, END = 9 };

/* One token of the structure block. */
struct item {
	enum token token;
	struct cb_str name;           /* of a node or property */
	struct cb_bytes data;         /* of a property */
	struct cb_bytes raw;          /* the token with all that belongs to it */
	unsigned depth;               /* of the node that it opens, closes or belongs to; the root is 1 */
};

struct walk {
	struct cb_env *env;
	const struct cb_fdt *tree;
	struct cb_cur cur;
	unsigned depth;
};

static int view_block(struct cb_env *env, struct cb_bytes file, uint32_t off, uint32_t size,
		      const char *what, struct cb_bytes *ret)
{
	if (!cb_in_range(off, size, file.n))
		return cb_fail(env, CB_ECORRUPT, "device tree: %s of %u bytes at %u, it has %zu", what, size,
			       off, file.n);
	*ret = (struct cb_bytes){ file.p + off, size };
	return 0;
}

/* Entries up to the one of zeros. */
static int view_reserved(struct cb_env *env, struct cb_bytes file, uint32_t off, struct cb_bytes *ret)
{
	static const uint8_t zeros[RESERVED_SIZE];

	for (uint64_t at = off; cb_in_range(at, RESERVED_SIZE, file.n); at += RESERVED_SIZE)
		if (memcmp(file.p + at, zeros, RESERVED_SIZE) == 0) {
			*ret = (struct cb_bytes){ file.p + off, (size_t)(at + RESERVED_SIZE - off) };
			return 0;
		}
	return cb_fail(env, CB_ECORRUPT, "device tree: the memory reservations at %u have no end", off);
}

int cb_fdt_open(struct cb_env *env, struct cb_bytes file, struct cb_fdt *ret)
{
	const struct header *h = cb_view(struct header, file, 0);
	struct cb_fdt t;

	if (h == NULL || cb_get_be32(h->magic) != MAGIC)
		return cb_fail(env, CB_ENOTMINE, "not a device tree");

	uint32_t total = cb_get_be32(h->total_size);

	if (total < sizeof(*h) || total > file.n)
		return cb_fail(env, CB_ECORRUPT, "device tree: says it has %u bytes, %zu are there", total,
			       file.n);
	if (cb_get_be32(h->version) < VERSION || cb_get_be32(h->compatible_version) > VERSION)
		return cb_fail(env, CB_EUNSUP, "device tree: version %u, readable as %u; %u is known",
			       cb_get_be32(h->version), cb_get_be32(h->compatible_version), VERSION);
	if (total > CB_MAX_FDT)
		return cb_fail(env, CB_ELIMIT, "device tree: %u bytes, %u are the most", total, CB_MAX_FDT);
	file.n = total;
	t.boot_cpu = cb_get_be32(h->boot_cpu);

	int r = view_block(env, file, cb_get_be32(h->off_nodes), cb_get_be32(h->size_nodes), "structure",
			   &t.nodes);

	if (r == 0)
		r = view_block(env, file, cb_get_be32(h->off_strings), cb_get_be32(h->size_strings),
			       "strings", &t.strings);
	if (r == 0)
		r = view_reserved(env, file, cb_get_be32(h->off_reserved), &t.reserved);
	if (r == 0)
		*ret = t;
	return r;
}

/* The text at off up to its NUL. */
static bool text_at(struct cb_bytes b, size_t off, struct cb_str *ret)
{
	struct cb_str s = cb_str_sub((struct cb_str){ (const char *)b.p, b.n }, off, SIZE_MAX);
	size_t end = cb_str_chr(s, '\0');

	*ret = cb_str_sub(s, 0, end);
	return end != SIZE_MAX;
}

static int bad(struct walk *w, const char *what)
{
	return cb_fail(w->env, CB_ECORRUPT, "device tree: %s at byte %zu of the structure", what,
		       w->tree->nodes.n - w->cur.left);
}

static int read_prop(struct walk *w, struct item *it)
{
	uint32_t size = cb_cur_be32(&w->cur), name = cb_cur_be32(&w->cur);

	it->data = cb_cur_take(&w->cur, size);
	(void)cb_cur_take(&w->cur, (4 - size % 4) % 4); /* the cursor remembers */
	if (!cb_cur_ok(&w->cur))
		return bad(w, "a property past the end");
	if (w->depth == 0)
		return bad(w, "a property outside of nodes");
	if (!text_at(w->tree->strings, name, &it->name))
		return bad(w, "a property without a name");
	return 0;
}

static int read_begin(struct walk *w, struct item *it)
{
	struct cb_bytes left = { w->cur.p, w->cur.left };

	if (!text_at(left, 0, &it->name))
		return bad(w, "a node without a name");
	(void)cb_cur_take(&w->cur, it->name.n / 4 * 4 + 4); /* the cursor remembers */
	if (!cb_cur_ok(&w->cur))
		return bad(w, "a node past the end");
	if (++w->depth > MAX_DEPTH)
		return cb_fail(w->env, CB_ELIMIT, "device tree: nodes more than %u deep", MAX_DEPTH);
	return 0;
}

/* The next token but NOP. */
static int next(struct walk *w, struct item *it)
{
	const uint8_t *start;
	uint32_t token;
	int r = 0;

	do {
		start = w->cur.p;
		token = cb_cur_be32(&w->cur);
	} while (token == NOP && cb_cur_ok(&w->cur));
	if (!cb_cur_ok(&w->cur))
		return bad(w, "no end");
	*it = (struct item){ .token = (enum token)token };
	switch (token) {
	case BEGIN_NODE:
		r = read_begin(w, it);
		it->depth = w->depth;
		break;
	case END_NODE:
		it->depth = w->depth;
		if (w->depth-- == 0)
			return bad(w, "a node that ends and never began");
		break;
	case PROP:
		r = read_prop(w, it);
		it->depth = w->depth;
		break;
	case END:
		if (w->depth != 0)
			return bad(w, "the end inside of a node");
		break;
	default:
		return cb_fail(w->env, CB_ECORRUPT, "device tree: token 0x%x", token);
	}
	it->raw = (struct cb_bytes){ start, (size_t)(w->cur.p - start) };
	return r;
}

static struct walk walk(struct cb_env *env, const struct cb_fdt *t)
{
	return (struct walk){ env, t, cb_cur(t->nodes), 0 };
}

int cb_fdt_get(struct cb_env *env, const struct cb_fdt *t, struct cb_str path, struct cb_str name,
	       struct cb_bytes *ret)
{
	struct walk w = walk(env, t);
	unsigned matched = 0;         /* nodes of path that the open ones match, the root included */
	struct cb_str left = path, want = { NULL, 0 };
	struct item it;
	int r;

	while ((r = next(&w, &it)) == 0 && it.token != END) {
		if (it.token == BEGIN_NODE && it.depth == matched + 1) {
			if (it.depth > 1 && !cb_str_eq(it.name, want))
				continue;
			matched++;
			want = (struct cb_str){ NULL, 0 };
			while (want.n == 0 && cb_str_next(&left, '/', &want))
				;
		} else if (it.token == END_NODE && it.depth == matched) {
			break;            /* a path names one node: no other one can match */
		} else if (it.token == PROP && it.depth == matched && want.n == 0 &&
			   cb_str_eq(it.name, name)) {
			*ret = it.data;
			return 0;
		}
	}
	if (r < 0)
		return r;
	return cb_fail(env, CB_ENOENT, "device tree: no %.*s in %.*s", CB_STR_ARG(name),
		       CB_STR_ARG(path));
}

static void put_be32(struct cb_buf *b, uint32_t v)
{
	cb_be32 raw = cb_put_be32(v);

	cb_buf_add(b, &raw, sizeof(raw));
}

static void pad(struct cb_buf *b, size_t align)
{
	static const uint8_t zeros[8];

	cb_buf_add(b, zeros, (align - b->n % align) % align);
}

/* nodes and strings of the tree that is made. */
struct out {
	struct cb_buf nodes, strings;
};

static void put_prop(struct out *o, const char *name, struct cb_bytes data)
{
	struct cb_str s = cb_str_c(name);

	put_be32(&o->nodes, PROP);
	put_be32(&o->nodes, (uint32_t)data.n);
	put_be32(&o->nodes, (uint32_t)o->strings.n);
	cb_buf_add(&o->nodes, data.p, data.n);
	pad(&o->nodes, 4);
	cb_buf_add(&o->strings, s.p, s.n + 1);
}

static void put_u64(struct out *o, const char *name, uint64_t v)
{
	cb_be64 raw = cb_put_be64(v);

	put_prop(o, name, (struct cb_bytes){ raw.b, sizeof(raw) });
}

static int put_boot(struct cb_env *env, struct out *o, const struct cb_fdt_boot *boot)
{
	struct cb_buf args;

	cb_buf_init(&args, env, CB_MAX_CMDLINE);
	cb_buf_str(&args, boot->bootargs);
	cb_buf_add(&args, "", 1);

	int r = cb_buf_status(&args);

	if (r == 0)
		put_prop(o, "bootargs", cb_buf_bytes(&args));
	cb_buf_fini(&args);
	if (r < 0)
		return cb_wrap(env, r, "command line");
	if (boot->initrd_end > boot->initrd_start) {
		put_u64(o, "linux,initrd-start", boot->initrd_start);
		put_u64(o, "linux,initrd-end", boot->initrd_end);
	}
	if (boot->kaslr_seed.n > 0)
		put_prop(o, "kaslr-seed", boot->kaslr_seed);
	if (boot->rng_seed.n > 0)
		put_prop(o, "rng-seed", boot->rng_seed);
	return 0;
}

/* Properties of /chosen that were the running kernel's own. */
static bool is_dropped(struct cb_str name)
{
	static const char *const names[] = {
		"bootargs", "linux,initrd-start", "linux,initrd-end", "kaslr-seed", "rng-seed",
		"linux,elfcorehdr", "linux,usable-memory-range",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (cb_str_eq(name, cb_str_c(names[i])))
			return true;
	return false;
}

static int copy_nodes(struct cb_env *env, const struct cb_fdt *t, const struct cb_fdt_boot *boot,
		      struct out *o)
{
	struct walk w = walk(env, t);
	bool in_chosen = false, done = false;
	struct item it;
	int r;

	while ((r = next(&w, &it)) == 0 && it.token != END) {
		if (it.token == END_NODE && it.depth == 1 && !done) {
			put_be32(&o->nodes, BEGIN_NODE);
			cb_buf_add(&o->nodes, "chosen\0", 8);
			r = put_boot(env, o, boot);
			put_be32(&o->nodes, END_NODE);
			done = true;
		} else if (it.token == END_NODE && it.depth == 2) {
			in_chosen = false;
		}
		if (!(it.token == PROP && in_chosen && it.depth == 2 && is_dropped(it.name)))
			cb_buf_add(&o->nodes, it.raw.p, it.raw.n);
		if (it.token == BEGIN_NODE && it.depth == 2 && cb_str_eq(it.name, CB_STR("chosen"))) {
			in_chosen = true;
			if (!done)
				r = put_boot(env, o, boot);
			done = true;
		}
		if (r < 0)
			return r;
	}
	if (r == 0 && !done)
		r = cb_fail(env, CB_ECORRUPT, "device tree: no root node");
	put_be32(&o->nodes, END);
	return r;
}

static void put_tree(struct cb_buf *ret, const struct cb_fdt *t, const struct out *o)
{
	uint32_t reserved = sizeof(struct header);
	uint32_t nodes = reserved + (uint32_t)t->reserved.n; /* below CB_MAX_FDT each */
	uint32_t strings = nodes + (uint32_t)o->nodes.n;
	uint32_t end = strings + (uint32_t)o->strings.n;
	const struct header h = {
		.magic = cb_put_be32(MAGIC), .total_size = cb_put_be32((end + 7) / 8 * 8),
		.off_nodes = cb_put_be32(nodes), .off_strings = cb_put_be32(strings),
		.off_reserved = cb_put_be32(reserved), .version = cb_put_be32(VERSION),
		.compatible_version = cb_put_be32(COMPATIBLE), .boot_cpu = cb_put_be32(t->boot_cpu),
		.size_strings = cb_put_be32((uint32_t)o->strings.n),
		.size_nodes = cb_put_be32((uint32_t)o->nodes.n),
	};

	cb_buf_add(ret, &h, sizeof(h));
	cb_buf_add(ret, t->reserved.p, t->reserved.n);
	cb_buf_add(ret, o->nodes.p, o->nodes.n);
	cb_buf_add(ret, o->strings.p, o->strings.n);
	cb_buf_add(ret, "\0\0\0\0\0\0\0", (8 - end % 8) % 8);
}

int cb_fdt_with_boot(struct cb_env *env, const struct cb_fdt *t, const struct cb_fdt_boot *boot,
		     struct cb_buf *ret)
{
	struct out o;
	int r;

	cb_buf_init(&o.nodes, env, CB_MAX_FDT);
	cb_buf_init(&o.strings, env, CB_MAX_FDT);
	cb_buf_add(&o.strings, t->strings.p, t->strings.n);
	r = copy_nodes(env, t, boot, &o);
	if (r == 0)
		r = cb_buf_status(&o.nodes);
	if (r == 0)
		r = cb_buf_status(&o.strings);
	if (r == 0) {
		put_tree(ret, t, &o);
		r = cb_buf_status(ret);
	}
	cb_buf_fini(&o.nodes);
	cb_buf_fini(&o.strings);
	return r < 0 ? cb_wrap(env, r, "device tree for the next kernel") : 0;
}
