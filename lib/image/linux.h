/* image/linux.h - Linux kernel files: what one is, whether it is whole, and taking off what it is wrapped
 * in, down to what kexec takes on a machine. docs/kernels.md lists the formats. */
#ifndef CB_IMAGE_LINUX_H
#define CB_IMAGE_LINUX_H

#include "codec/decomp.h"
#include "core/arch.h"
#include "core/input.h"

/* What cb_linux_identify() likes to see of a file: fewer bytes only when the file has no more. */
#define CB_LINUX_HEAD ((size_t)64 << 10)
#define CB_LINUX_VERSION 65              /* UTS_RELEASE and a NUL */

enum cb_linux_format {
	CB_LINUX_BZIMAGE,                /* x86: Documentation/arch/x86/boot.rst */
	CB_LINUX_IMAGE,                  /* arm64, riscv: their booting.rst */
	CB_LINUX_EFI,                    /* an EFI stub kernel that is neither: loongarch64 */
	CB_LINUX_ELF,                    /* vmlinux */
	CB_LINUX_COMPRESSED,             /* any of these in a compressed file */
	CB_LINUX_ZBOOT,                  /* an EFI program with a compressed kernel in it */
	CB_LINUX_UKI,                    /* image/uki.h */
};

struct cb_linux_info {
	enum cb_linux_format format;
	enum cb_arch arch;               /* CB_ARCH_NONE: not known before it is unpacked */
	bool efi;                        /* firmware can start it as it is */
	bool relocatable, entry64;       /* bzImage: as kexec needs it */
	uint16_t protocol;               /* bzImage: 0x20f is 2.15 */
	uint32_t cmdline_max;            /* bzImage: bytes without the NUL; 0: not known */
	uint64_t memory;                 /* bytes it takes when started, 0: not known */
	uint64_t payload_off, payload_size;   /* COMPRESSED, ZBOOT, UKI: what is inside */
	enum cb_decomp_kind compression;      /* COMPRESSED, ZBOOT */
	char version[CB_LINUX_VERSION];  /* bzImage: "6.12.1-amd64"; empty: the header has none */
};

/* head: the first bytes of a file of `size` bytes. CB_ENOTMINE: no kernel. CB_EUNSUP: one that nothing
 * here can start, named. CB_ECORRUPT: the file is shorter than its headers say. */
CB_MUST int cb_linux_identify(struct cb_env *env, struct cb_bytes head, uint64_t size,
			      struct cb_linux_info *ret);
/* "bzImage", "arm64 Image", "EFI zboot (zstd)": for a log line, cut to room. */
void cb_linux_name(const struct cb_linux_info *info, char *ret, size_t room);

struct cb_linux_kernel {
	struct cb_bytes image;           /* of the file, or of own */
	struct cb_buf own;               /* what was unpacked */
	struct cb_linux_info info;       /* of image */
	char name[96];                   /* "arm64 Image in EFI zboot (gzip)" */
};

/* Take off wrappers, at most 4, until kexec on `arch` takes what is left; with CB_ARCH_NONE, on whichever
 * machine it is for. CB_EUNSUP: it is for another one, or of a kind that can't be started. At most max
 * bytes come out. file is borrowed until cb_linux_kernel_fini(). */
CB_MUST int cb_linux_unwrap(struct cb_env *env, struct cb_bytes file, enum cb_arch arch, size_t max,
			    struct cb_linux_kernel *ret);
void cb_linux_kernel_fini(struct cb_linux_kernel *k);

/* `uname -r` of an unwrapped kernel: a bzImage's header has it, elsewhere the text "Linux version " is
 * looked for. Empty when there is none; what follows it is cut at the first blank. */
CB_MUST int cb_linux_version(struct cb_env *env, const struct cb_input *in,
			     char ret[CB_LINUX_VERSION]);

#endif
