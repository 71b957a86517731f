/* uki/parts.c - the command finds its parts from where it is itself, so that a tree and an installation
 * can both be moved. */
#include "uki/parts.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The directory of the running program. */
static const char *own_dir(struct cb_host *h)
{
	char *path = cb_arena_alloc(&h->arena, PATH_MAX, 1, 1);
	ssize_t n = path != NULL ? readlink("/proc/self/exe", path, PATH_MAX) : -1;
	struct cb_str s = { path, n > 0 ? (size_t)n : 0 };
	size_t slash = cb_str_rchr(s, '/');

	if (slash == SIZE_MAX)
		return NULL;
	return cb_host_text(h, "%.*s", (int)slash, path);
}

/* Where `installed` is below libexec, or `built` below the tree's root. */
static int find(struct cb_host *h, const char *installed, const char *built, const char *what,
		const char **ret)
{
	const char *libexec = getenv("CLOUD_BOOT_LIBEXEC"), *dir = own_dir(h);
	const char *tries[3] = { NULL, NULL, NULL };

	if (libexec != NULL && libexec[0] != '\0') {
		tries[0] = cb_host_text(h, "%s/%s", libexec, installed);
	} else if (dir != NULL) {
		tries[0] = cb_host_text(h, "%s/../libexec/cloud-boot/%s", dir, installed);
		tries[1] = cb_host_text(h, "%s/../../%s", dir, built);
	}
	for (size_t i = 0; tries[i] != NULL; i++)
		if (access(tries[i], R_OK) == 0) {
			*ret = tries[i];
			return 0;
		}
	(void)cb_fail(&h->env, CB_ENOENT, "%s: not in %s", what,
		      tries[0] != NULL ? tries[0] : "any place");
	return cb_host_advise(h, CB_ENOENT, CB_REPORT_PARTS,
			      "build it with 'make' (which makes it for x86_64 and aarch64), install "
			      "with 'make install', or name its folder in CLOUD_BOOT_LIBEXEC");
}

int cb_parts_init(struct cb_host *h, enum cb_arch arch, const char **ret)
{
	const char *a = cb_arch_name(arch);

	return find(h, cb_host_text(h, "init-%s/cloud-boot-init", a),
		    cb_host_text(h, "out/init-%s/cloud-boot-init", a),
		    cb_host_text(h, "cloud-boot-init for %s", a), ret);
}

/* "x64", as the build names its targets. */
const char *cb_parts_efi_name(struct cb_host *h, enum cb_arch arch)
{
	char *name = (char *)cb_host_text(h, "%s", cb_arch_efi(arch));

	for (size_t i = 0; name != NULL && name[i] != '\0'; i++)
		name[i] = cb_to_lower(name[i]);
	return name;
}

int cb_parts_loader(struct cb_host *h, enum cb_arch arch, const char **ret)
{
	const char *a = cb_parts_efi_name(h, arch);

	return find(h, cb_host_text(h, "efi-%s/loader.efi", a),
		    cb_host_text(h, "out/efi-%s/loader.efi", a),
		    cb_host_text(h, "loader.efi for %s", cb_arch_name(arch)), ret);
}

int cb_parts_apt(struct cb_host *h, const char **ret)
{
	return find(h, "debian-apt.sh", "tools/debian-apt.sh", "the package fetcher, debian-apt.sh",
		    ret);
}

int cb_parts_mkdirs(struct cb_host *h, const char *path)
{
	size_t n = strlen(path);
	char *part = cb_arena_alloc(&h->arena, n + 1, 1, 1);

	if (part == NULL)
		return CB_ENOMEM;
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0777) < 0 && errno != EEXIST)
			return cb_host_advise(h, cb_host_errno(h, "making the directory %s", part),
					      CB_REPORT_OUTPUT,
					      "make it writable, or choose another place");
	}
	return 0;
}

int cb_parts_cache(struct cb_host *h, const char *name, const char **ret)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	const char *path;

	if (cache != NULL && cache[0] == '/')
		path = cb_host_text(h, "%s/cloud-boot/%s", cache, name);
	else if (home != NULL && home[0] == '/')
		path = cb_host_text(h, "%s/.cache/cloud-boot/%s", home, name);
	else
		return cb_host_advise(h, cb_fail(&h->env, CB_EINVAL, "no place for the cache"),
				      CB_REPORT_OUTPUT,
				      "set HOME or XDG_CACHE_HOME to an absolute path");
	if (path == NULL)
		return CB_ENOMEM;

	int r = cb_parts_mkdirs(h, path);

	if (r < 0)
		return cb_wrap(&h->env, r, "the cache");
	*ret = path;
	return 0;
}
