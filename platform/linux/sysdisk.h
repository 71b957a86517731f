/* linux/sysdisk.h - the disks that the kernel knows, from /sys/block: names, serial numbers, and the
 * links that udev would make below /dev/disk/by-id and by-path. */
#ifndef CB_LINUX_SYSDISK_H
#define CB_LINUX_SYSDISK_H

#include "core/mem.h"

struct cb_sysdisk {
	struct cb_str name;       /* "vda"; NUL after it */
	struct cb_str serial;     /* empty: none */
	struct cb_str *links;     /* "by-path/pci-0000:00:04.0" */
	size_t links_n;
	uint64_t size;            /* bytes */
};

/* Disks in the order in which they are to be searched: fixed ones, removable ones, CD-ROMs; in each
 * group vda, vdb, ... vdaa. Loop devices, RAM disks and what device mapper and md have put together
 * are none. An array in the arena. */
CB_MUST int cb_sysdisk_list(struct cb_arena *a, struct cb_sysdisk **ret, size_t *ret_n);

/* linux/disklinks.c: what the links are made from; empty text where there is none. */
struct cb_disk_facts {
	struct cb_str name;       /* "sda" */
	struct cb_str path;       /* "/sys/devices/pci0000:00/0000:00:04.0/virtio1" */
	struct cb_str serial, vendor, model;
	struct cb_str wwid;       /* "naa.5000c500...", "eui.0025..." */
	uint64_t nsid;            /* of an NVMe namespace */
	uint64_t ata_port;        /* from 1; 0: no ATA device */
};
#define CB_DISK_LINKS 6u
CB_MUST int cb_disk_links(struct cb_arena *a, const struct cb_disk_facts *f, struct cb_str **ret,
			  size_t *ret_n);

#endif
