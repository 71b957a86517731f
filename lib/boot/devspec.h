/* boot/devspec.h - the device specifications of SPEC 6.1, and the volumes that they mean. */
#ifndef CB_BOOT_DEVSPEC_H
#define CB_BOOT_DEVSPEC_H

#include "boot/volume.h"

enum cb_devspec_kind {
	CB_DEVSPEC_ANY,         /* empty: every disk */
	CB_DEVSPEC_NAME,        /* /dev/vda2: value "vda2" */
	CB_DEVSPEC_LABEL,       /* LABEL=, /dev/disk/by-label/ */
	CB_DEVSPEC_UUID,        /* UUID=, /dev/disk/by-uuid/ */
	CB_DEVSPEC_PARTLABEL,   /* PARTLABEL=, /dev/disk/by-partlabel/ */
	CB_DEVSPEC_PARTUUID,    /* PARTUUID=, /dev/disk/by-partuuid/ */
	CB_DEVSPEC_SERIAL,      /* ID=serial */
	CB_DEVSPEC_LINK,        /* /dev/disk/by-id/..., by-path/...: value "by-id/..." */
	CB_DEVSPEC_DATASET,     /* pool/dataset of ZFS */
};

struct cb_devspec {
	enum cb_devspec_kind kind;
	unsigned part;          /* of SERIAL and LINK: "-part3" was at the end; 0: none */
	struct cb_str value;    /* in the arena, \xNN of udev undone */
};

/* Keys fold case, blanks round the text are dropped. CB_EINVAL: it is none of these. */
CB_MUST int cb_devspec_parse(struct cb_arena *a, struct cb_str text, struct cb_devspec *ret);

/* The volumes that a specification means: one, or all those of a disk, or all. In the arena of
 * vs. */
struct cb_selection {
	struct cb_volume **v;
	size_t n;
	struct cb_str note;     /* "LABEL=root is on vda1 and vdb1: vda1 was taken", or empty */
};

/* A disk with a partition table stands for its partitions. Of several matches the first in disk
 * order is taken, with a note. CB_ENOENT: nothing matches (yet); the report lists what there is
 * of that kind. CB_EUNSUP: it can't match with the drivers at hand. */
CB_MUST int cb_devspec_resolve(struct cb_volumes *vs, const struct cb_devspec *spec,
			       struct cb_selection *ret);

#endif
