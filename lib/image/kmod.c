/* image/kmod.c - .modinfo of Linux kernel modules: "key=value" strings, each ended by a NUL, in an
 * ELF-64 relocatable object (System V ABI, chapter 4). */
#include "image/kmod.h"

#include "core/limits.h"
#include "core/str.h"

struct ehdr {
	uint8_t magic[4], class, data, version, pad[9];
	cb_le16 type, machine;
	cb_le32 version2;
	cb_le64 entry, phoff, shoff;
	cb_le32 flags;
	cb_le16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
_Static_assert(sizeof(struct ehdr) == 64, "ELF-64 header");

struct shdr {
	cb_le32 name, type;
	cb_le64 flags, addr, offset, size;
	cb_le32 link, info;
	cb_le64 addralign, entsize;
};
_Static_assert(sizeof(struct shdr) == 64, "ELF-64 section header");

#define CLASS_64 2
#define DATA_LE  1

static int header(struct cb_env *env, struct cb_bytes elf, const struct ehdr *h, unsigned i,
		  const struct shdr **ret)
{
	uint64_t at;

	if (!cb_add(cb_get_le64(h->shoff), (uint64_t)i * sizeof(**ret), &at) ||
	    !cb_in_range(at, sizeof(**ret), elf.n))
		return cb_fail(env, CB_ECORRUPT, "module: section header %u past the end of the file",
			       i);
	*ret = cb_view(struct shdr, elf, (size_t)at);
	return 0;
}

/* The section's bytes. Not for SHT_NOBITS: it has a size and no bytes. */
static int body(struct cb_env *env, struct cb_bytes elf, const struct shdr *s, struct cb_bytes *ret)
{
	uint64_t off = cb_get_le64(s->offset), size = cb_get_le64(s->size);

	if (!cb_in_range(off, size, elf.n))
		return cb_fail(env, CB_ECORRUPT, "module: section of %llu bytes at %llu, the file "
			       "has %zu", (unsigned long long)size, (unsigned long long)off, elf.n);
	*ret = (struct cb_bytes){ elf.p + (size_t)off, (size_t)size };
	return 0;
}

/* The text at byte `at` up to its NUL; empty when there is none. */
static struct cb_str text_at(struct cb_bytes b, size_t at)
{
	struct cb_str s = { (const char *)b.p, b.n };

	s = cb_str_sub(s, at, SIZE_MAX);
	size_t end = cb_str_chr(s, '\0');

	return end == SIZE_MAX ? (struct cb_str){ NULL, 0 } : cb_str_sub(s, 0, end);
}

static void take_pair(struct cb_kmod *m, struct cb_str pair)
{
	static const char *const keys[] = { "name", "depends", "softdep", "vermagic" };
	struct cb_str *const to[] = { &m->name, &m->depends, &m->softdep, &m->vermagic };
	size_t eq = cb_str_chr(pair, '=');

	if (eq == SIZE_MAX)
		return;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (to[i]->n == 0 && cb_str_eq(cb_str_sub(pair, 0, eq), cb_str_c(keys[i])))
			*to[i] = cb_str_sub(pair, eq + 1, SIZE_MAX);
}

/* The section of that name. */
static int find(struct cb_env *env, struct cb_bytes elf, const struct ehdr *h, struct cb_str name,
		struct cb_bytes *ret)
{
	const struct shdr *s;
	struct cb_bytes names;
	int r = header(env, elf, h, cb_get_le16(h->shstrndx), &s);

	if (r == 0)
		r = body(env, elf, s, &names);
	for (unsigned i = 1; r == 0 && i < cb_get_le16(h->shnum); i++) {
		r = header(env, elf, h, i, &s);
		if (r == 0 && cb_str_eq(text_at(names, cb_get_le32(s->name)), name))
			return body(env, elf, s, ret);
	}
	return r < 0 ? r : cb_fail(env, CB_ECORRUPT, "module: no section %.*s", CB_STR_ARG(name));
}

int cb_kmod_parse(struct cb_env *env, struct cb_bytes elf, struct cb_kmod *ret)
{
	const struct ehdr *h = cb_view(struct ehdr, elf, 0);
	struct cb_bytes info;

	if (h == NULL || memcmp(h->magic, "\177ELF", 4) != 0)
		return cb_fail(env, CB_ENOTMINE, "module: not an ELF file");
	if (h->class != CLASS_64 || h->data != DATA_LE ||
	    cb_get_le16(h->shentsize) != sizeof(struct shdr))
		return cb_fail(env, CB_EUNSUP, "module: ELF class %u, data %u, section headers of %u "
			       "bytes", h->class, h->data, cb_get_le16(h->shentsize));

	int r = find(env, elf, h, CB_STR(".modinfo"), &info);

	if (r < 0)
		return r;

	struct cb_str all = { (const char *)info.p, info.n }, pair;
	struct cb_kmod m = { 0 };

	while (cb_str_next(&all, '\0', &pair))
		take_pair(&m, pair);
	*ret = m;
	return 0;
}

bool cb_kmod_same(struct cb_str a, struct cb_str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if ((a.p[i] == '-' ? '_' : a.p[i]) != (b.p[i] == '-' ? '_' : b.p[i]))
			return false;
	return true;
}

struct cb_str cb_kmod_file_name(struct cb_str path)
{
	size_t slash = cb_str_rchr(path, '/');

	if (slash != SIZE_MAX)
		path = cb_str_sub(path, slash + 1, SIZE_MAX);
	return cb_str_sub(path, 0, cb_str_find(path, CB_STR(".ko")));
}

/* True when every dependency of m that is among the n modules is placed. */
static bool ready(const struct cb_kmod *mods, size_t n, const bool *placed, const struct cb_kmod *m)
{
	struct cb_str deps = m->depends, dep;

	while (cb_str_next(&deps, ',', &dep))
		for (size_t i = 0; i < n; i++)
			if (!placed[i] && &mods[i] != m && cb_kmod_same(mods[i].name, dep))
				return false;
	return true;
}

int cb_kmod_order(struct cb_env *env, const struct cb_kmod *mods, size_t n, size_t *ret_order)
{
	size_t at = 0;

	if (n > CB_MAX_KMODS)
		return cb_fail(env, CB_ELIMIT, "%zu kernel modules, %u are the most", n, CB_MAX_KMODS);

	bool *placed = cb_alloc(env, n + 1);

	if (placed == NULL)
		return CB_ENOMEM;
	/* Each round places at least one module, or the rest depend on each other. */
	for (size_t before = SIZE_MAX; at != before && at < n;) {
		before = at;
		for (size_t i = 0; i < n; i++)
			if (!placed[i] && ready(mods, n, placed, &mods[i])) {
				placed[i] = true;
				ret_order[at++] = i;
			}
	}
	for (size_t i = 0; i < n; i++)
		if (!placed[i])
			ret_order[at++] = i;
	cb_free(env, placed, n + 1);
	return 0;
}
