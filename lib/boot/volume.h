/* boot/volume.h - disks, and the volumes on them: partitions, whole disks, later what is inside LUKS,
 * RAID and LVM. Each is looked at once, mounted when first needed, and stays mounted.
 *
 * What is wrong with one disk or volume is kept with it (status, why) and stops no other. */
#ifndef CB_BOOT_VOLUME_H
#define CB_BOOT_VOLUME_H

#include "block/part.h"
#include "core/arch.h"
#include "fs/fs.h"

/* A disk as the program knows it. Text is copied, a reference on blk is taken. */
struct cb_disk_desc {
	struct cb_blk *blk;
	struct cb_str name;             /* as Linux names it, without /dev/: "vda", "nvme0n1" */
	struct cb_str serial;           /* empty: none */
	const struct cb_str *links;     /* other names, below /dev/disk/: "by-path/pci-0000:00:04.0" */
	size_t links_n;
};

struct cb_disk {
	struct cb_disk *next;
	struct cb_blk *blk;
	struct cb_str name, serial;
	struct cb_str *links;
	size_t links_n;
	unsigned index;                 /* in the order of cb_volumes_add_disk(), from 0 */
	struct cb_part_table table;     /* its notes say what was repaired */
	size_t left_out;                /* partitions that are no volumes: CB_MAX_VOLUMES */
	int status;                     /* negative: the table can't be read, and why */
	struct cb_str why;
};

/* What the partition is for, from its type. */
enum cb_role {
	CB_ROLE_OTHER,
	CB_ROLE_ESP,                    /* EFI system partition (GPT type, MBR 0xef) */
	CB_ROLE_XBOOTLDR,               /* UAPI.1 extended boot loader partition (GPT type, MBR 0xea) */
	CB_ROLE_ROOT,                   /* UAPI.2 root partition of arch */
	CB_ROLE_CACHE,                  /* PARTLABEL=cloud-boot-cache: what path C staged */
};

struct cb_volume {
	struct cb_volume *next;
	struct cb_disk *disk;
	struct cb_volume *below;        /* the volume that this one was opened from; NULL: the disk */
	struct cb_blk *blk;
	struct cb_str name;             /* "vda2", "nvme0n1p2"; "vda" for a whole disk */
	unsigned part;                  /* partition number, 0: the whole disk */
	enum cb_role role;
	enum cb_arch arch;              /* of a CB_ROLE_ROOT */
	struct cb_str partlabel;        /* UTF-8 */
	struct cb_str partuuid;         /* as Linux writes it: 36 characters, or "1234abcd-02" (MBR) */
	struct cb_str type;             /* partition type: GUID text, or "0x83" */
	struct cb_str fs_type;          /* "ext4", "vfat"; empty: no file system that we know */
	struct cb_str label, uuid;      /* of the file system; uuid as blkid writes it */
	const struct cb_fs_driver *driver;
	struct cb_fs *fs;               /* NULL before cb_volume_mount() */
	int status;                     /* negative: the file system can't be read, and why */
	struct cb_str why;
};

/* All text below is the arena's; everything is freed by cb_volumes_fini(). */
struct cb_volumes {
	struct cb_env *env;
	const struct cb_fs_driver *const *drivers;   /* NULL-terminated, borrowed */
	struct cb_arena arena;
	struct cb_disk *disks;          /* in the order they were added */
	struct cb_volume *volumes;      /* by disk, then by partition number */
	unsigned disks_n, volumes_n;
};

/* drivers: cb_fs_drivers of the program. */
void cb_volumes_init(struct cb_volumes *vs, struct cb_env *env,
		     const struct cb_fs_driver *const *drivers);
/* Unmounts all, gives every reference back. */
void cb_volumes_fini(struct cb_volumes *vs);

/* Read the partition table, probe every partition; without a table, probe the whole disk. A broken
 * table or volume is recorded and is no failure: that is want of memory, CB_ECANCELED, or CB_ELIMIT for
 * more disks than CB_MAX_DISKS. */
CB_MUST int cb_volumes_add_disk(struct cb_volumes *vs, const struct cb_disk_desc *desc);

/* Add a device that is not a partition, and probe it: a layer opened from `below`. A reference on blk
 * is taken. What add_disk does with each partition; drivers of layers call it the same way. */
CB_MUST int cb_volumes_add(struct cb_volumes *vs, struct cb_volume *below, struct cb_blk *blk,
			   struct cb_str name, struct cb_volume **ret);

/* v->fs is set after success. The first failure is remembered and reported again each time. */
CB_MUST int cb_volume_mount(struct cb_volumes *vs, struct cb_volume *v);
/* Gives up mounts and caches but keeps the volumes: before memory is handed to another kernel. */
void cb_volumes_unmount(struct cb_volumes *vs);

/* "vda2 (ext4, LABEL=root)": how reports and explain name a volume. ret is NUL-terminated, cut when
 * it doesn't fit, and returned. Control bytes in names are not escaped. */
#define CB_VOLUME_TEXT 160
const char *cb_volume_text(const struct cb_volume *v, char ret[CB_VOLUME_TEXT]);

#endif
