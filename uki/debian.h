/* uki/debian.h - packages of Debian, for any architecture, unpacked once into the cache.
 *
 * What is unpacked is named by the package file's sha256; a small record says which one a name means,
 * so that with a warm cache no other program is started and no network is needed. */
#ifndef CB_UKI_DEBIAN_H
#define CB_UKI_DEBIAN_H

#include "core/arch.h"
#include "uki/host.h"

struct cb_debian {
	enum cb_arch arch;
	const char *suite;       /* NULL: this machine's */
	bool refresh;            /* ask the archive again */
};

struct cb_package {
	const char *name, *version;
	const char *dir;         /* its files, as below / */
};

/* The package `name`. When it only stands for another one (a meta-package), that one: the first of its
 * dependencies whose name starts with `follow`, unless follow is NULL. */
CB_MUST int cb_debian_get(struct cb_host *h, const struct cb_debian *from, const char *name,
			  const char *follow, struct cb_package *ret);

#endif
