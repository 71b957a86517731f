/* init/modules.c - drivers of a modular kernel: every file below /lib/modules/RELEASE, each after what
 * it needs (docs/initramfs.md). */
#include <dirent.h>
#include <sys/utsname.h>

#include "codec/decomp.h"
#include "core/fmt.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/str.h"
#include "image/kmod.h"
#include "init/init.h"
#include "linux/modload.h"
#include "linux/os.h"

#define MODULE_MAX  (64u << 20)   /* bytes of one; the largest of Debian's has 20 MB */
#define PATH_ROOM   512u

struct module {
	struct cb_str file;           /* name in the directory */
	struct cb_buf elf;
};

struct modules {
	struct cb_init *in;
	struct cb_arena arena;
	struct module *v;
	struct cb_kmod *info;
	size_t *order, n;
	char dir[128];
};

static bool is_module(struct cb_str name)
{
	static const char *const endings[] = { ".ko", ".ko.xz", ".ko.gz", ".ko.zst" };

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (cb_str_ends(name, cb_str_c(endings[i])))
			return true;
	return false;
}

/* The file, uncompressed. */
static int read_module(struct modules *m, struct cb_str file, struct cb_buf *ret)
{
	struct cb_env *env = &m->in->env;
	enum cb_decomp_kind kind;
	char path[PATH_ROOM];
	struct cb_buf raw;
	int r;

	if (cb_fmt(path, sizeof(path), "%s/%.*s", m->dir, CB_STR_ARG(file)) >= sizeof(path))
		return cb_fail(env, CB_ELIMIT, "%.*s: the name is too long", CB_STR_ARG(file));
	cb_buf_init(&raw, env, MODULE_MAX);
	r = cb_os_read(env, path, MODULE_MAX, &raw);
	if (r == 0 && cb_decomp_detect(cb_buf_bytes(&raw), &kind)) {
		r = cb_decomp_all(env, kind, cb_buf_bytes(&raw), MODULE_MAX, ret, NULL);
	} else if (r == 0) {
		*ret = raw;
		return 0;
	}
	cb_buf_fini(&raw);
	return r;
}

/* depends, and after it the names of softdep's "pre:" part: those may be absent, and so may be the
 * others, because a driver that is built in is nobody's file. */
static struct cb_str all_depends(struct cb_arena *a, const struct cb_kmod *k)
{
	struct cb_str soft = k->softdep, word, all = k->depends;
	bool pre = false;

	if (all.p == NULL)
		all = CB_STR("");

	while (all.p != NULL && cb_str_word(&soft, &word)) {
		if (cb_str_ends(word, CB_STR(":")))
			pre = cb_str_eq(word, CB_STR("pre:"));
		else if (pre)
			all = cb_arena_fmt(a, "%.*s,%.*s", CB_STR_ARG(all), CB_STR_ARG(word));
	}
	return all;
}

static int add_module(struct modules *m, struct cb_str name)
{
	struct cb_env *env = &m->in->env;
	struct module *mod = &m->v[m->n];
	struct cb_kmod *info = &m->info[m->n];
	int r;

	mod->file = cb_arena_str(&m->arena, name);
	if (mod->file.p == NULL)
		return CB_ENOMEM;
	cb_buf_init(&mod->elf, env, MODULE_MAX);
	r = read_module(m, mod->file, &mod->elf);
	if (r == 0)
		r = cb_kmod_parse(env, cb_buf_bytes(&mod->elf), info);
	if (r < 0) {
		cb_buf_fini(&mod->elf);
		return r;
	}
	if (info->name.n == 0)
		info->name = cb_kmod_file_name(mod->file);
	m->n++;
	info->depends = all_depends(&m->arena, info);
	return info->depends.p != NULL ? 0 : CB_ENOMEM;
}

/* Names are added in the directory's order; cb_kmod_order() makes the order that counts. */
static int collect(struct modules *m, DIR *dir)
{
	const struct dirent *e;

	while (m->n < CB_MAX_KMODS && (e = readdir(dir)) != NULL) {
		struct cb_str name = cb_str_c(e->d_name);
		int r = is_module(name) ? add_module(m, name) : 0;

		if (r == CB_ENOMEM)
			return r;
		if (r < 0)
			warn(m->in, "%s: %.*s is not loaded", m->in->diag.text, CB_STR_ARG(name));
		cb_clear(&m->in->env);
	}
	return 0;
}

static int load_all(struct modules *m)
{
	struct cb_env *env = &m->in->env;
	int r = cb_kmod_order(env, m->info, m->n, m->order);

	for (size_t i = 0; i < m->n && r == 0; i++) {
		struct module *mod = &m->v[m->order[i]];

		/* Only a warning: what the driver was for may not be here at all. */
		if (cb_module_load(env, mod->file.p, cb_buf_bytes(&mod->elf)) < 0)
			warn(m->in, "%s", m->in->diag.text);
		else
			cb_log(env, CB_LOG_DEBUG, "module %.*s", CB_STR_ARG(mod->file));
		cb_clear(env);
		cb_buf_fini(&mod->elf);
		(void)wait_for_devices(m->in, 0); /* to know when devices came, and for signals */
	}
	return r;
}

void load_modules(struct cb_init *in)
{
	struct modules m = { .in = in };
	struct utsname u;
	DIR *dir;
	int r = 0;

	if (uname(&u) != 0 || cb_fmt(m.dir, sizeof(m.dir), "/lib/modules/%s", u.release) >= sizeof(m.dir))
		return;
	dir = opendir(m.dir);
	if (dir == NULL)
		return;               /* everything is built in */
	cb_arena_init(&m.arena, &in->env, 16u << 20);
	m.v = cb_new(&m.arena, struct module, CB_MAX_KMODS);
	m.info = cb_new(&m.arena, struct cb_kmod, CB_MAX_KMODS);
	m.order = cb_new(&m.arena, size_t, CB_MAX_KMODS);
	if (m.v == NULL || m.info == NULL || m.order == NULL)
		r = CB_ENOMEM;
	if (r == 0)
		r = collect(&m, dir);
	(void)closedir(dir); /* nothing was written */
	if (r == 0)
		r = load_all(&m);
	if (r < 0)
		warn(in, "kernel modules: %s", in->diag.text);
	cb_clear(&in->env);
	for (size_t i = 0; i < m.n; i++)
		cb_buf_fini(&m.v[i].elf);
	cb_arena_fini(&m.arena);
}
