/* uki/debian.c - packages through the machine's own apt (debian-apt.sh), into the cache. */
#include "uki/debian.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "uki/files.h"
#include "uki/parts.h"
#include "uki/proc.h"

#define SHOW_MAX   (1u << 20)
#define RECORD_MAX 1024u

/* One package in one suite, as we go. */
struct job {
	struct cb_host *h;
	const char *apt, *suite, *arch;
	const char *dir;          /* of the cache: "packages" */
	const char *name, *version, *sha256;
	uint64_t size;
};

static int own_suite(struct cb_host *h, const char **ret)
{
	struct cb_str rest, line;
	struct cb_buf b;

	cb_buf_init(&b, &h->env, 64u << 10);
	*ret = NULL;

	int r = cb_hostfile_slurp(h, "/etc/os-release", &b);

	rest = (struct cb_str){ (const char *)b.p, b.n };
	while (r == 0 && cb_str_line(&rest, &line))
		if (cb_str_starts(line, CB_STR("VERSION_CODENAME=")))
			*ret = cb_host_text(h, "%.*s", CB_STR_ARG(cb_str_sub(line, 17, SIZE_MAX)));
	cb_buf_fini(&b);
	if (r < 0)
		return r;
	if (*ret == NULL)
		return cb_host_advise(h, cb_fail(&h->env, CB_ENOENT, "/etc/os-release names no suite"),
				      CB_REPORT_FETCH, "choose one with --suite, or give --kernel "
				      "and --modules");
	return 0;
}

/* "Key: value" of the first paragraph; empty when it isn't there. */
static struct cb_str field(struct cb_str text, struct cb_str key)
{
	struct cb_str line;

	while (cb_str_line(&text, &line) && line.n > 0)
		if (cb_str_starts(line, key) && line.n > key.n && line.p[key.n] == ':')
			return cb_str_trim(cb_str_sub(line, key.n + 1, SIZE_MAX));
	return (struct cb_str){ NULL, 0 };
}

/* What apt knows of j->name; *ret_depends is in the arena. */
static int show(struct job *j, const char **ret_depends)
{
	const char *const argv[] = { j->apt, j->suite, j->arch, "exec", "apt-cache", "show",
				     "--no-all-versions", j->name, NULL };
	struct cb_buf b;

	cb_buf_init(&b, &j->h->env, SHOW_MAX);

	int r = cb_proc_run(j->h, argv, &b);
	struct cb_str text = { (const char *)b.p, b.n }, sha = field(text, CB_STR("SHA256"));

	if (r == 0 && (sha.n != 64 || !cb_str_u64(field(text, CB_STR("Size")), 10, &j->size)))
		r = cb_fail(&j->h->env, CB_ENOENT, "apt knows no package %s", j->name);
	if (r == 0) {
		j->sha256 = cb_host_text(j->h, "%.*s", CB_STR_ARG(sha));
		j->version = cb_host_text(j->h, "%.*s", CB_STR_ARG(field(text, CB_STR("Version"))));
		*ret_depends = cb_host_text(j->h, "%.*s", CB_STR_ARG(field(text, CB_STR("Depends"))));
		if (j->sha256 == NULL || j->version == NULL || *ret_depends == NULL)
			r = CB_ENOMEM;
	}
	cb_buf_fini(&b);
	return r;
}

/* The first of "a (= 1), b | c" that starts with prefix. */
static const char *follow_depends(struct cb_host *h, const char *depends, const char *prefix)
{
	struct cb_str rest = cb_str_c(depends), one, name;

	while (cb_str_next(&rest, ',', &one))
		if (cb_str_word(&one, &name) && cb_str_starts(name, cb_str_c(prefix)))
			return cb_host_text(h, "%.*s", CB_STR_ARG(name));
	return NULL;
}

/* The files of a .deb, in a folder that appears whole or not at all. */
static int unpack(struct job *j, const char *deb, const char *tmp, const char *to)
{
	const char *files = cb_host_text(j->h, "%s/files", tmp);
	const char *const argv[] = { "dpkg-deb", "-x", deb, files, NULL };

	if (files == NULL)
		return CB_ENOMEM;

	int r = cb_proc_run(j->h, argv, NULL);

	if (r == 0 && rename(files, to) < 0 && errno != EEXIST && errno != ENOTEMPTY)
		r = cb_host_errno(j->h, "%s", to);
	return r;
}

static int download(struct job *j, const char *to)
{
	char *tmp = cb_host_template(j->h, cb_host_text(j->h, "%s/tmp", j->dir));
	struct cb_buf b;

	if (tmp == NULL)
		return CB_ENOMEM;
	if (mkdtemp(tmp) == NULL)
		return cb_host_advise(j->h, cb_host_errno(j->h, "%s", tmp), CB_REPORT_OUTPUT,
				      "make room");
	cb_host_say(j->h, "fetching %s %s, %llu KiB", j->name, j->version,
		   (unsigned long long)(j->size >> 10));
	cb_buf_init(&b, &j->h->env, RECORD_MAX);

	const char *wanted = cb_host_text(j->h, "%s=%s", j->name, j->version);
	const char *const argv[] = { j->apt, j->suite, j->arch, "download", tmp, wanted, NULL };
	int r = cb_proc_run(j->h, argv, &b);
	struct cb_str path = cb_str_trim((struct cb_str){ (const char *)b.p, b.n });

	if (r == 0)
		r = unpack(j, cb_host_text(j->h, "%.*s", CB_STR_ARG(path)), tmp, to);
	cb_buf_fini(&b);
	cb_hostfile_remove_tree(tmp);
	return r;
}

/* Ask apt what the name means now. */
static int resolve(struct job *j, const struct cb_debian *from, const char *follow)
{
	const char *const update[] = { j->apt, j->suite, j->arch, "update", NULL };
	const char *depends, *next;
	int r = from->refresh ? cb_proc_run(j->h, update, NULL) : 0;

	if (r == 0)
		r = show(j, &depends);
	if (r < 0 || follow == NULL)
		return r;
	next = follow_depends(j->h, depends, follow);
	if (next == NULL)
		return 0;
	j->name = next;
	return show(j, &depends);
}

/* The record: "name version sha256". False when there is none. */
static bool read_record(struct job *j, const char *path)
{
	struct cb_str rest, name, version, sha;
	struct cb_buf b;

	cb_buf_init(&b, &j->h->env, RECORD_MAX);

	int r = cb_hostfile_slurp(j->h, path, &b);

	rest = (struct cb_str){ (const char *)b.p, b.n };

	bool ok = r == 0 && cb_str_word(&rest, &name) && cb_str_word(&rest, &version) &&
		cb_str_word(&rest, &sha) && sha.n == 64 && cb_str_chr(sha, '/') == SIZE_MAX;

	if (ok) {
		j->name = cb_host_text(j->h, "%.*s", CB_STR_ARG(name));
		j->version = cb_host_text(j->h, "%.*s", CB_STR_ARG(version));
		j->sha256 = cb_host_text(j->h, "%.*s", CB_STR_ARG(sha));
		ok = j->name != NULL && j->version != NULL && j->sha256 != NULL;
	}
	cb_buf_fini(&b);
	cb_host_forget(j->h); /* no record is no failure */
	return ok;
}

static int get(struct job *j, const struct cb_debian *from, const char *follow, const char *record,
	       struct cb_package *ret)
{
	struct stat st;
	bool known = !from->refresh && read_record(j, record);
	int r = known ? 0 : resolve(j, from, follow);

	if (r < 0)
		return r;

	const char *to = cb_host_text(j->h, "%s/%s", j->dir, j->sha256);

	if (to == NULL)
		return CB_ENOMEM;
	if (stat(to, &st) < 0) {
		/* The archive may have moved on since the record was written. */
		r = known ? resolve(j, from, follow) : 0;
		to = cb_host_text(j->h, "%s/%s", j->dir, j->sha256);
		if (r == 0)
			r = to != NULL ? download(j, to) : CB_ENOMEM;
		known = false;
	}
	if (r == 0 && !known) {
		struct cb_str text = cb_str_c(cb_host_text(j->h, "%s %s %s\n", j->name, j->version,
							   j->sha256));

		r = cb_hostfile_put(j->h, record, (struct cb_bytes){ (const uint8_t *)text.p, text.n });
	}
	if (r == 0)
		*ret = (struct cb_package){ j->name, j->version, to };
	return r;
}

int cb_debian_get(struct cb_host *h, const struct cb_debian *from, const char *name, const char *follow,
		  struct cb_package *ret)
{
	struct job j = {
		.h = h, .suite = from->suite, .arch = cb_arch_debian(from->arch), .name = name,
	};
	int r = j.suite != NULL ? 0 : own_suite(h, &j.suite);

	if (r == 0)
		r = cb_parts_apt(h, &j.apt);
	if (r == 0)
		r = cb_parts_cache(h, "packages", &j.dir);
	if (r < 0)
		return r;

	const char *record = cb_host_text(h, "%s/%s-%s-%s", j.dir, j.suite, j.arch, name);

	if (record == NULL)
		return CB_ENOMEM;
	r = get(&j, from, follow, record, ret);
	if (r < 0) {
		(void)cb_host_advise(h, r, CB_REPORT_FETCH,
				     "connect this machine to its Debian archive once, or "
				     "point CLOUD_BOOT_DEBIAN_URI at one that has it; 'cloud-boot "
				     "doctor' looks at the rest");
		return cb_wrap(&h->env, r, "package %s of Debian %s for %s", name, j.suite, j.arch);
	}
	return 0;
}
