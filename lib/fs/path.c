/* fs/path.c - from a path to a node: names, ".", "..", symbolic links, as path_resolution(7). */
#include "fs/fs.h"

#include "core/limits.h"
#include "core/str.h"

#define SHOWN 200u            /* bytes of a path in a report of 512 */

/* The directories from the root to where we are, and the text still to follow. */
struct resolve {
	struct cb_fs *fs;
	struct cb_node dirs[CB_MAX_DEPTH + 1];
	unsigned depth;            /* dirs[depth] is where we are */
	unsigned links;
	char rest[CB_MAX_PATH];
	size_t at, n;              /* rest[at..n) is left */
};

/* The next name; slashes round it are consumed. Empty at the end. */
static struct cb_str next_name(struct resolve *s, bool *ret_last, bool *ret_slash)
{
	while (s->at < s->n && s->rest[s->at] == '/')
		s->at++;

	struct cb_str name = { s->rest + s->at, 0 };

	while (s->at < s->n && s->rest[s->at] != '/') {
		s->at++;
		name.n++;
	}
	*ret_slash = s->at < s->n;
	while (s->at < s->n && s->rest[s->at] == '/')
		s->at++;
	*ret_last = s->at == s->n;
	return name;
}

/* Put the link's text before what is left. */
static int follow(struct resolve *s, const struct cb_node *link)
{
	struct cb_env *env = s->fs->env;
	struct cb_buf text;
	size_t left = s->n - s->at;

	if (++s->links > CB_MAX_LINKS)
		return cb_fail(env, CB_ELOOP, "more than %u symbolic links", CB_MAX_LINKS);
	cb_buf_init(&text, env, CB_MAX_PATH - 1);

	int r = s->fs->ops->readlink(s->fs, link, &text);

	if (r == 0)
		r = cb_buf_status(&text);
	if (r == 0 && text.n == 0)
		r = cb_fail(env, CB_ENOENT, "an empty symbolic link");
	if (r == 0 && text.n + 1 + left > sizeof(s->rest))
		r = cb_fail(env, CB_ELIMIT, "symbolic links make a path over %u bytes", CB_MAX_PATH);
	if (r == 0) {
		memmove(s->rest + text.n + 1, s->rest + s->at, left);
		memcpy(s->rest, text.p, text.n);
		s->rest[text.n] = '/';
		s->at = 0;
		s->n = text.n + 1 + left;
		if (text.p[0] == '/')
			s->depth = 0;
	}
	cb_buf_fini(&text);
	return r;
}

static int enter(struct resolve *s, struct cb_str name, const struct cb_node *dir)
{
	if (dir->type != CB_FT_DIR)
		return cb_fail(s->fs->env, CB_ENOTDIR, "\"%.*s\" is not a directory",
			       CB_STR_ARG(name));
	if (s->depth == CB_MAX_DEPTH)
		return cb_fail(s->fs->env, CB_ELIMIT, "more than %u directories deep", CB_MAX_DEPTH);
	s->dirs[++s->depth] = *dir;
	return 0;
}

/* Until the text is used up; a final link is followed when asked, or when a '/' follows it. */
static int resolve(struct resolve *s, bool follow_last, struct cb_node *ret)
{
	struct cb_env *env = s->fs->env;

	for (;;) {
		bool last, slash;
		struct cb_str name = next_name(s, &last, &slash);
		struct cb_node node;

		if (name.n == 0)
			break;
		if (cb_str_eq(name, CB_STR(".")))
			continue;
		if (cb_str_eq(name, CB_STR(".."))) {
			s->depth -= s->depth > 0;
			continue;
		}
		if (name.n > CB_MAX_NAME)
			return cb_fail(env, CB_ENOENT, "a name of %zu bytes, over %u", name.n,
				       CB_MAX_NAME);

		int r = s->fs->ops->lookup(s->fs, &s->dirs[s->depth], name, &node);

		if (r < 0)
			return r;
		if (node.type == CB_FT_LINK && (!last || slash || follow_last)) {
			size_t had = s->n - s->at;

			r = follow(s, &node);
			if (r < 0)
				return cb_wrap(env, r, "link %.*s", CB_STR_ARG(name));
			/* The '/' that follow() adds must not ask for a directory by itself. */
			if (had == 0 && !slash)
				s->n--;
			continue;
		}
		if (last && !slash) {
			*ret = node;
			return 0;
		}
		r = enter(s, name, &node);
		if (r < 0)
			return r;
	}
	*ret = s->dirs[s->depth];
	return 0;
}

static int open_path(struct cb_fs *fs, struct cb_str path, bool follow_last, struct cb_node *ret)
{
	if (path.n > sizeof(((struct resolve *)0)->rest))
		return cb_fail(fs->env, CB_ELIMIT, "a path of %zu bytes, over %u", path.n, CB_MAX_PATH);

	struct resolve *s = cb_alloc_aligned(fs->env, sizeof(*s), _Alignof(struct resolve));

	if (s == NULL)
		return CB_ENOMEM;
	s->fs = fs;
	s->depth = s->links = 0;
	s->at = 0;
	s->n = path.n;
	if (path.n > 0)
		memcpy(s->rest, path.p, path.n);

	struct cb_node node;
	int r = fs->ops->root(fs, &s->dirs[0]);

	if (r == 0)
		r = resolve(s, follow_last, &node);
	cb_free(fs->env, s, sizeof(*s));
	if (r < 0)
		return cb_wrap(fs->env, r, "%.*s%s", (int)cb_min(path.n, SHOWN), path.p,
			       path.n > SHOWN ? "..." : "");
	*ret = node;
	return 0;
}

int cb_fs_open(struct cb_fs *fs, struct cb_str path, struct cb_node *ret)
{
	return open_path(fs, path, true, ret);
}

int cb_fs_lopen(struct cb_fs *fs, struct cb_str path, struct cb_node *ret)
{
	return open_path(fs, path, false, ret);
}
