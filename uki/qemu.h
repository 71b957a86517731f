/* uki/qemu.h - the QEMU command lines of the hypervisor page, for x86_64 and aarch64. */
#ifndef CB_UKI_QEMU_H
#define CB_UKI_QEMU_H

#include "core/arch.h"
#include "uki/host.h"

enum cb_media { CB_MEDIA_EFI, CB_MEDIA_ISO, CB_MEDIA_CDROM };

struct cb_qemu_plan {
	enum cb_arch arch;
	enum cb_media media;
	const char *boot;             /* boot.efi or boot.iso */
	bool keep_boot;               /* what the guest writes to it is dropped */
	const char *cache;            /* the cache disk of path C, then all disks are virtio; NULL: none */
	const char *vars;             /* the variable store, made when missing; NULL: the firmware forgets */
	struct cb_list disks;
	const char *mem, *smp;        /* as QEMU takes them */
	const char *firmware;         /* NULL: where distributions put it; with vars, the code half */
	const char *accel;            /* "kvm", "tcg"; NULL: kvm where it works */
	bool snapshot;
	struct cb_list extra;         /* QEMU's own words */
};

/* The words, NULL-terminated, in the arena. A note about the accelerator goes to stderr. */
CB_MUST int cb_qemu_words(struct cb_host *h, const struct cb_qemu_plan *plan, const char *const **ret);

/* "qemu-system-x86_64"; NULL for an architecture that we don't start. */
const char *cb_qemu_program(enum cb_arch arch);

/* Firmware files on this host. */
struct cb_firmware {
	const char *code;
	const char *vars;             /* NULL: code is for -bios */
};
/* CB_ENOENT, with the package to install, when there is none. lasting: one with a variable store. */
CB_MUST int cb_qemu_firmware(struct cb_host *h, enum cb_arch arch, bool lasting,
			     struct cb_firmware *ret);

/* The format of an image, from its first bytes: "raw", "qcow2", "vmdk", "vhdx". */
const char *cb_qemu_format(const char *path);

#endif
