/* boot/chooser.c - the chain of rules: who searches, the order of what they find, what was
 * passed over. */
#include "boot/chooser_priv.h"

#include "boot/cmdline.h"
#include "core/fmt.h"
#include "core/log.h"
#include "core/str.h"

#define ARENA_CAP (32u << 20)
#define ARENA_FULL (16u << 20)   /* no more finds; what is there can still be completed */
#define NOTES_MAX 128u

/* In the order of SPEC 6.4: what comes first is tried first. A rule searches one mounted volume;
 * with `finish` it then looks at each once more; cmp orders its finds on one disk. */
struct rule {
	bool asked;                     /* it answers a request for a path, and only that */
	int (*find)(struct cb_chooser *ch, struct cb_volume *v);
	int (*finish)(struct cb_chooser *ch, struct cb_volume *v);
	int (*cmp)(const struct cb_found *a, const struct cb_found *b);
};

static const struct rule rules[] = {
	{ true, cb_rule_path, NULL, NULL },
	{ false, cb_rule_entries, cb_rule_entries_defaults, cb_rule_entries_cmp },
	{ false, cb_rule_files, NULL, cb_rule_files_cmp },
};
#define RULES (sizeof(rules) / sizeof(rules[0]))

static int no_memory(const struct cb_chooser *ch)
{
	return ch->vs->env->diag->code;
}

static int add_note(struct cb_chooser *ch, const struct cb_volume *v, struct cb_str text)
{
	struct cb_boot_note *n;

	if (ch->notes_n >= NOTES_MAX)
		return 0;
	n = cb_new(ch->a, struct cb_boot_note, 1);
	if (n == NULL)
		return no_memory(ch);
	n->volume = v;
	n->text = ++ch->notes_n == NOTES_MAX ? CB_STR("more was passed over than is listed here") :
					       cb_arena_str(ch->a, text);
	if (n->text.p == NULL)
		return no_memory(ch);
	*ch->last_note = n;
	ch->last_note = &n->next;
	return 0;
}

int cb_note(struct cb_chooser *ch, const struct cb_volume *v, const char *fmt, ...)
{
	char text[CB_DIAG_TEXT];
	va_list ap;

	va_start(ap, fmt);
	size_t n = cb_vfmt(text, sizeof(text), fmt, ap);
	va_end(ap);
	return add_note(ch, v, (struct cb_str){ text, n < sizeof(text) ? n : sizeof(text) - 1 });
}

int cb_note_failure(struct cb_chooser *ch, const struct cb_volume *v, int r)
{
	const struct cb_diag *d = ch->vs->env->diag;
	int kept;

	if (!cb_part_may_skip(r))
		return r;
	kept = add_note(ch, v, (struct cb_str){ d->text, d->len });
	if (kept == 0)
		cb_clear(ch->vs->env);
	return kept;
}

int cb_note_unless_absent(struct cb_chooser *ch, const struct cb_volume *v, int r)
{
	if (!cb_look_absent(r))
		return cb_note_failure(ch, v, r);
	cb_clear(ch->vs->env);
	return 0;
}

/* Every disk leaves something to those after it: half of all memory is shared out evenly. */
bool cb_found_full(const struct cb_chooser *ch, const struct cb_volume *v)
{
	unsigned later = ch->vs->disks_n - 1 - v->disk->index;

	return ch->found_n >= CB_MAX_BOOT_ENTRIES - later * CB_KEEP_BOOT_ENTRIES ||
	       ch->a->used > ARENA_FULL - later * (ARENA_FULL / 2 / ch->vs->disks_n);
}

int cb_note_full(struct cb_chooser *ch, const struct cb_volume *v)
{
	return cb_note(ch, v, "more candidates than are looked at: %u were kept", ch->found_n);
}

int cb_found_add(struct cb_chooser *ch, const char *rule, struct cb_volume *v,
		 struct cb_found **ret)
{
	struct cb_found *f;

	*ret = NULL;
	if (cb_found_full(ch, v))
		return cb_note_full(ch, v);
	f = cb_new(ch->a, struct cb_found, 1);
	if (f == NULL)
		return no_memory(ch);
	f->c.rule = rule;
	f->c.kernel.volume = v;
	f->c.tries_left = -1;
	f->entry.tries.left = -1;
	f->rule = ch->rule;
	f->order = ch->found_n;
	ch->found[ch->found_n++] = f;
	*ret = f;
	return 0;
}

int cb_found_kernel(struct cb_chooser *ch, const char *rule, struct cb_volume *v, struct cb_str path,
		    struct cb_found **ret)
{
	struct cb_boot_file file;
	struct cb_found *f;
	struct cb_node node;
	int r = cb_look_boot_file(v, path, &file, &node);

	*ret = NULL;
	if (r < 0)
		return cb_note_failure(ch, v, r);
	r = cb_found_add(ch, rule, v, &f);
	if (r < 0 || f == NULL)
		return r;
	f->node = node;
	f->c.kernel = file;
	*ret = f;
	return 0;
}

int cb_found_bad(struct cb_chooser *ch, struct cb_found *f, int r)
{
	const struct cb_diag *d = ch->vs->env->diag;

	if (!cb_part_may_skip(r))
		return r;
	if (f->c.status == 0) {
		f->c.why = cb_arena_str(ch->a, (struct cb_str){ d->text, d->len });
		if (f->c.why.p == NULL)
			return no_memory(ch);
		f->c.status = r;
	}
	cb_clear(ch->vs->env);
	return 0;
}

static bool same_type(struct cb_str want, struct cb_str type)
{
	struct cb_str ext = CB_STR("ext");

	if (cb_str_eq(want, CB_STR("fat")) || cb_str_eq(want, CB_STR("msdos")))
		want = CB_STR("vfat");
	/* One driver reads ext2, ext3 and ext4, and says what it reads. */
	return cb_str_eq(want, type) ||
	       (cb_str_starts(want, ext) && cb_str_starts(type, ext) && want.n == 4 && type.n == 4);
}

static bool is_searched(const struct cb_chooser *ch, const struct cb_volume *v)
{
	const struct cb_boot_request *req = ch->req;

	if (v->driver == NULL || (req->fs.n > 0 && !same_type(req->fs, v->fs_type)))
		return false;
	/* What path C staged is cloud-boot's own, not an operating system's. */
	if (v->role == CB_ROLE_CACHE && ch->plan->where.n > 1)
		return false;
	return !(req->skip_esp && v->role == CB_ROLE_ESP);
}

static int search_volume(struct cb_chooser *ch, struct cb_volume *v)
{
	int r = cb_volume_mount(ch->vs, v);

	if (r < 0)
		return cb_note_failure(ch, v, r);
	if (v->fs->note[0] != '\0') {
		r = cb_note(ch, v, "%s", v->fs->note);
		if (r < 0)
			return r;
	}
	for (ch->rule = 0; ch->rule < RULES && r == 0; ch->rule++)
		if (rules[ch->rule].asked == (ch->req->kernel.n > 0))
			r = rules[ch->rule].find(ch, v);
	return r;
}

static int search(struct cb_chooser *ch)
{
	const struct cb_selection *where = &ch->plan->where;
	int r = 0;

	if (where->note.n > 0)
		r = cb_note(ch, NULL, "%.*s", CB_STR_ARG(where->note));
	for (size_t i = 0; i < where->n && r == 0; i++) {
		if (is_searched(ch, where->v[i]))
			r = search_volume(ch, where->v[i]);
		if (r == 0 && cb_poll(ch->vs->env))
			r = cb_fail(ch->vs->env, CB_ECANCELED, "stopped");
	}
	for (size_t i = 0; i < where->n && r == 0; i++)
		for (ch->rule = 0; ch->rule < RULES && r == 0; ch->rule++)
			if (rules[ch->rule].finish != NULL && where->v[i]->fs != NULL &&
			    is_searched(ch, where->v[i]))
				r = rules[ch->rule].finish(ch, where->v[i]);
	return r;
}

/* Below 0: a is tried first. */
static int before(const struct cb_found *a, const struct cb_found *b)
{
	unsigned disk_a = a->c.kernel.volume->disk->index, disk_b = b->c.kernel.volume->disk->index;
	int r = 0;

	if (a->c.last_resort != b->c.last_resort)
		return a->c.last_resort ? 1 : -1;
	if (disk_a != disk_b)
		return disk_a < disk_b ? -1 : 1;
	if (a->rule != b->rule)
		return a->rule < b->rule ? -1 : 1;
	if (rules[a->rule].cmp != NULL)
		r = rules[a->rule].cmp(a, b);
	return r != 0 ? r : a->order < b->order ? -1 : 1;
}

static void sort(struct cb_chooser *ch)
{
	for (unsigned i = 1; i < ch->found_n; i++) {
		struct cb_found *f = ch->found[i];
		unsigned at = i;

		for (; at > 0 && before(f, ch->found[at - 1]) < 0; at--)
			ch->found[at] = ch->found[at - 1];
		ch->found[at] = f;
	}
}

/* A kernel file that an entry or another name of the same file covers already. */
static bool is_repeated(const struct cb_chooser *ch, const struct cb_found *f, unsigned n)
{
	if (!cb_str_eq(cb_str_c(f->c.rule), CB_STR("files")))
		return false;
	for (unsigned i = 0; i < n; i++) {
		const struct cb_found *g = ch->found[i];

		if (g->c.status == 0 && g->c.kernel.volume == f->c.kernel.volume &&
		    g->node.id == f->node.id && g->node.aux == f->node.aux)
			return true;
	}
	return false;
}

/* UAPI.1: entries of one title are told apart by their versions. */
static int tell_apart(struct cb_chooser *ch)
{
	for (unsigned i = 0; i < ch->found_n; i++) {
		struct cb_candidate *c = &ch->found[i]->c;
		bool twice = false;

		for (unsigned j = 0; j < ch->found_n && !twice; j++)
			twice = j != i && cb_str_eq(ch->found[j]->c.title, c->title);
		if (!twice || c->version.n == 0 || cb_str_find(c->title, c->version) != SIZE_MAX)
			continue;
		c->title = cb_arena_fmt(ch->a, "%.*s (%.*s)", CB_STR_ARG(c->title),
					CB_STR_ARG(c->version));
		if (c->title.p == NULL)
			return no_memory(ch);
	}
	return 0;
}

static int rank(struct cb_chooser *ch)
{
	struct cb_candidate **end = &ch->plan->first;
	unsigned kept = 0;
	int r = 0;

	sort(ch);
	for (unsigned i = 0; i < ch->found_n && r == 0; i++) {
		struct cb_found *f = ch->found[i];

		if (is_repeated(ch, f, kept))
			continue;
		ch->found[kept++] = f;
		if (ch->req->initrds_n > 0 && f->c.kind == CB_BOOT_LINUX)
			r = cb_initrds_asked(ch, f);
		if (r == 0)
			r = cb_root_complete(ch, f);
		*end = &f->c;
		end = &f->c.next;
	}
	ch->found_n = ch->plan->candidates_n = kept;
	return r == 0 ? tell_apart(ch) : r;
}

/* Paths from texts that may hold several: a setting is one text. */
static int copy_initrds(struct cb_boot_plan *p, const struct cb_boot_request *req)
{
	struct cb_str *paths = cb_new(&p->arena, struct cb_str, CB_MAX_INITRDS);
	struct cb_str rest, path;
	size_t n = 0;

	if (paths == NULL)
		return p->vs->env->diag->code;
	for (size_t i = 0; i < req->initrds_n; i++) {
		rest = req->initrds[i];
		while (cb_str_next(&rest, ',', &path)) {
			path = cb_str_trim(path);
			if (path.n == 0)
				continue;
			if (n == CB_MAX_INITRDS)
				return cb_fail(p->vs->env, CB_ELIMIT, "more than %u initrds",
					       CB_MAX_INITRDS);
			paths[n] = cb_arena_str(&p->arena, path);
			if (paths[n++].p == NULL)
				return p->vs->env->diag->code;
		}
	}
	p->request.initrds = paths;
	p->request.initrds_n = n;
	return 0;
}

/* The request's texts, in the plan's own memory. */
static int copy_request(struct cb_boot_plan *p, const struct cb_boot_request *req)
{
	struct cb_boot_request *to = &p->request;

	*to = *req;
	to->device = cb_arena_str(&p->arena, req->device);
	to->fs = cb_arena_str(&p->arena, req->fs);
	to->kernel = cb_arena_str(&p->arena, req->kernel);
	to->console = cb_arena_str(&p->arena, req->console);
	if (req->cmdline.p != NULL)
		to->cmdline = cb_arena_str(&p->arena, req->cmdline);
	if (to->device.p == NULL || to->fs.p == NULL || to->kernel.p == NULL ||
	    to->console.p == NULL || (req->cmdline.p != NULL && to->cmdline.p == NULL))
		return p->vs->env->diag->code;
	return copy_initrds(p, req);
}

/* What can't be right whatever the disks hold. */
static int check_request(struct cb_boot_plan *p)
{
	struct cb_str line;
	int r;

	if (p->request.cmdline.p == NULL)
		return 0;
	r = cb_cmdline_finish(&p->arena, p->request.cmdline, p->request.console, &line);
	return r < 0 ? cb_wrap(p->vs->env, r, "%s", p->request.cmdline_from) : 0;
}

static int make(struct cb_chooser *ch)
{
	struct cb_boot_plan *p = ch->plan;
	struct cb_devspec spec;
	int r = check_request(p);

	if (r == 0)
		r = cb_devspec_parse(&p->arena, p->request.device, &spec);
	if (r == 0)
		r = cb_devspec_resolve(p->vs, &spec, &p->where);
	if (r == 0)
		r = search(ch);
	if (r == 0)
		r = rank(ch);
	if (r == 0 && p->request.kernel.n > 0 && p->first == NULL)
		r = cb_fail(p->vs->env, CB_ENOENT, "no file %.*s on %zu volume%s",
			    CB_STR_ARG(p->request.kernel), p->where.n, p->where.n == 1 ? "" : "s");
	return r;
}

int cb_boot_plan_make(struct cb_volumes *vs, const struct cb_boot_request *req,
		      struct cb_boot_plan **ret)
{
	struct cb_boot_plan *p = cb_alloc(vs->env, sizeof(*p));
	struct cb_chooser *ch = NULL;
	int r = CB_ENOMEM;

	if (p == NULL)
		return CB_ENOMEM;
	p->vs = vs;
	cb_arena_init(&p->arena, vs->env, ARENA_CAP);
	ch = cb_alloc(vs->env, sizeof(*ch));
	if (ch != NULL) {
		ch->plan = p;
		ch->vs = vs;
		ch->a = &p->arena;
		ch->req = &p->request;
		ch->last_note = &p->notes;
		r = copy_request(p, req);
		if (r == 0)
			r = make(ch);
		cb_free(vs->env, ch, sizeof(*ch));
	}
	if (r < 0)
		cb_boot_plan_free(p);
	else
		*ret = p;
	return r;
}

void cb_boot_plan_free(struct cb_boot_plan *p)
{
	if (p == NULL)
		return;

	struct cb_env *env = p->vs->env;

	cb_arena_fini(&p->arena);
	cb_free(env, p, sizeof(*p));
}

void cb_boot_reject(struct cb_boot_plan *p, struct cb_candidate *c, int status)
{
	const struct cb_diag *d = p->vs->env->diag;

	c->why = cb_arena_str(&p->arena, (struct cb_str){ d->text, d->len });
	if (c->why.p == NULL)
		c->why = CB_STR("it failed, and there was no memory to say why");
	c->status = status < 0 ? status : CB_EINVAL;
	cb_clear(p->vs->env);
}

/* The first volume that a kernel may lie on, had it been readable; NULL: none. */
static const struct cb_volume *unreadable(const struct cb_boot_plan *p)
{
	for (size_t i = 0; i < p->where.n; i++)
		if (p->where.v[i]->status < 0 && p->where.v[i]->why.n > 0)
			return p->where.v[i];
	return NULL;
}

/* Nobody had a kernel. A file system that can't be read is the likely place for the one that was meant. */
static int no_candidate(const struct cb_boot_plan *p)
{
	static const char *const none = "no kernel, no boot loader entry, no UKI";
	const struct cb_volume *v = unreadable(p);
	int r = v == NULL ? cb_fail(p->vs->env, CB_ENOENT, "%s", none) :
			    cb_fail(p->vs->env, CB_ENOENT, "%s; %.*s can't be read: %.*s", none,
				    CB_STR_ARG(v->name), CB_STR_ARG(v->why));

	return cb_wrap(p->vs->env, r, "nothing to boot on %zu volume%s of %u disk%s",
		       p->where.n, p->where.n == 1 ? "" : "s", p->vs->disks_n,
		       p->vs->disks_n == 1 ? "" : "s");
}

/* All that the user needs to see why nothing boots. */
static int nothing(const struct cb_boot_plan *p)
{
	struct cb_env *env = p->vs->env;
	const struct cb_candidate *c = p->first;
	int r;

	if (c == NULL)
		return no_candidate(p);
	r = cb_fail(env, CB_ENOENT, "%.*s on %.*s: %.*s", CB_STR_ARG(c->kernel.path),
		    CB_STR_ARG(c->kernel.volume->name), CB_STR_ARG(c->why));
	if (p->candidates_n > 1)
		return cb_wrap(env, r, "none of %u candidates can boot; the first",
			       p->candidates_n);
	return cb_wrap(env, r, "the only candidate can't boot");
}

int cb_boot_next(struct cb_boot_plan *p, const struct cb_candidate *after,
		 struct cb_candidate **ret)
{
	struct cb_candidate *c = after != NULL ? after->next : p->first;

	while (c != NULL && c->status < 0)
		c = c->next;
	if (c == NULL)
		return nothing(p);
	*ret = c;
	return 0;
}
