/* uki/cache_disk.h - the disk that path C stages on: one ESP, found by its name (SPEC 7.2). */
#ifndef CB_UKI_CACHE_DISK_H
#define CB_UKI_CACHE_DISK_H

#include "core/uuid.h"
#include "uki/host.h"

#define CB_CACHE_NAME  "cloud-boot-cache"
/* What of the name fits into the 11 capitals of a FAT label; boot.efi's volume is CLOUD-BOOT. */
#define CB_CACHE_LABEL "CLOUD-BOOT-"
#define CB_CACHE_MIB   256u                /* when nobody says how large */

struct cb_cache_plan {
	const char *path;                  /* of a file, or of a block device */
	uint64_t mib;                      /* 0: CB_CACHE_MIB, or whatever is there */
	uint32_t sector;                   /* bytes: 512 or 4096; 0: 512, or whatever is there */
	const char *seed;                  /* of the GUIDs; NULL: random */
	bool force;                        /* replace what else is there */
};

struct cb_cache_disk {
	const char *path;
	bool made;                         /* false: it was there */
	uint64_t size;                     /* of the disk, bytes */
	uint32_t sector;
	unsigned bits;                     /* FAT16, FAT32 */
	char uuid[CB_UUID_TEXT], partuuid[CB_UUID_TEXT];
	struct cb_list staged;             /* names in \EFI\Linux */
};

/* Make the disk, or find that it is there: then it stays as it is. Anything else under that name is
 * refused, and so is a cache disk of another size or sector than plan asks for. */
CB_MUST int cb_cache_disk_make(struct cb_host *h, const struct cb_cache_plan *plan,
			       struct cb_cache_disk *ret);

#endif
