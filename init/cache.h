/* init/cache.h - the cache partition, as path C uses it. */
#ifndef CB_INIT_CACHE_H
#define CB_INIT_CACHE_H

#include "image/bootvars.h"
#include "init/init.h"
#include "posix/folder.h"

struct cache {
	struct cb_init *in;
	struct cb_volume *volume;
	struct cb_posix_folder folder;
	bool mounted;
	uint64_t before;                  /* bytes written to it since the machine started */
};

/* What cloudboot.cache names, else the first partition named cloud-boot-cache. CB_ENOENT: none came. */
CB_MUST int cache_find(struct cb_init *in, struct cb_volume **ret);
/* One that cache_find() would take is there now. */
bool cache_is_there(struct cb_init *in);
/* The partition's part of a boot entry. */
CB_MUST int cache_place(struct cb_init *in, const struct cb_volume *v, struct cb_boot_entry *ret);
/* Mount it, read-only until the folder's unlock(). cache_close() also after a failure; the folder points
 * to ret. */
CB_MUST int cache_open(struct cb_init *in, struct cb_volume *v, struct cache *ret);
/* Unmount; says at debug level how much was written. Twice is fine. */
CB_MUST int cache_close(struct cache *c);

#endif
