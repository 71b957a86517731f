/* uki/images.h - disk images as the disks of one machine, and the volume that a command is about. */
#ifndef CB_UKI_IMAGES_H
#define CB_UKI_IMAGES_H

#include "boot/devspec.h"
#include "uki/host.h"

/* How --partition, --device and --fs name a volume. */
struct cb_which {
	const char *partition, *device, *fs;
};

/* Open raw and qcow2 files and devices, the first as vda, the second as vdb, ... */
CB_MUST int cb_images_open(struct cb_host *h, const struct cb_list *paths, struct cb_volumes *ret);

/* The one volume that `which` means, mounted; without any of it, the only one with a file system. */
CB_MUST int cb_images_mount(struct cb_host *h, struct cb_volumes *vs, const struct cb_which *which,
			    struct cb_volume **ret);

#endif
