/* image/kmod.h - what a kernel module says about itself, and the order in which modules load.
 *
 * Reads the .modinfo section of an uncompressed 64-bit little-endian ELF object. */
#ifndef CB_IMAGE_KMOD_H
#define CB_IMAGE_KMOD_H

#include "core/mem.h"

/* All views are into the file's bytes. */
struct cb_kmod {
	struct cb_str name;       /* "virtio_pci"; empty in kernels before 4.13 */
	struct cb_str depends;    /* "virtio_ring,virtio"; these must be loaded first */
	struct cb_str softdep;    /* "pre: a b post: c", as modprobe.d(5) has it */
	struct cb_str vermagic;   /* "6.1.0-18-cloud-amd64 SMP ..." */
};

/* CB_ENOTMINE when it is no ELF file (a compressed one, say). */
CB_MUST int cb_kmod_parse(struct cb_env *env, struct cb_bytes elf, struct cb_kmod *ret);

/* True when a and b name the same module: '-' and '_' are one character to the kernel. */
bool cb_kmod_same(struct cb_str a, struct cb_str b);
/* The module's name in a file name or path: without directories, ".ko" and what follows. */
struct cb_str cb_kmod_file_name(struct cb_str path);

/* Indexes of the n modules such that each comes after those of its depends that are among them.
 * Otherwise the given order is kept; modules in a cycle come last. ret_order has n elements. */
CB_MUST int cb_kmod_order(struct cb_env *env, const struct cb_kmod *mods, size_t n,
			  size_t *ret_order);

#endif
