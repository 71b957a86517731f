/* image/efidisk.h - the firmware's disks in the order, and under the names, that Linux gives them: so that
 * /dev/vda1 means the same disk to init and to the loader. */
#ifndef CB_IMAGE_EFIDISK_H
#define CB_IMAGE_EFIDISK_H

#include "image/devpath.h"

#define CB_EFIDISK_NAME 24u

struct cb_efidisk {
	struct cb_bytes path;        /* device path, borrowed */
	bool removable, cdrom;
	uint32_t tag;                /* the caller's own */
	char name[CB_EFIDISK_NAME];  /* filled in */
};

/* Sort: fixed disks, removable ones, CD-ROMs; in each group by kind (virtio, NVMe, SCSI and SATA and USB,
 * SD) and then as the PCI bus is walked. Then name: vda, nvme0n1, sda, mmcblk0, sr0; disk0 for a
 * path that says nothing. n is at most CB_MAX_DISKS. */
void cb_efidisk_order(struct cb_env *env, struct cb_efidisk *v, size_t n);

#endif
