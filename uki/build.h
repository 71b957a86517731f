/* uki/build.h - from a kernel, its modules and our init to boot.efi and boot.iso. */
#ifndef CB_UKI_BUILD_H
#define CB_UKI_BUILD_H

#include "core/arch.h"
#include "uki/files.h"
#include "uki/modules.h"

/* What the firmware starts: \EFI\BOOT\BOOT<ARCH>.EFI. */
enum cb_front {
	CB_FRONT_UKI,
	CB_FRONT_LOADER,              /* loader.efi; the UKI is \EFI\cloud-boot\menu.efi beside it */
	CB_FRONT_LOADER_ONLY,         /* path B alone: no kernel of ours */
};

struct cb_build_plan {
	enum cb_arch arch;
	enum cb_front front;
	const char *cmdline;          /* text, or "@file"; NULL: none */
	const char *kernel, *modules; /* kernel NULL: Debian's cloud kernel, with its modules */
	const char *stub, *osrel;     /* NULL: systemd's; our own */
	const char *suite;            /* Debian's, for what is fetched; NULL: this machine's */
	struct cb_list initrd_add;
	const char *ca;               /* certificates for the loader, PEM or DER; NULL: this host's */
	const char *sign_key, *sign_cert;
	bool refresh;
};

struct cb_build_file {
	struct cb_hostfile file;
	struct cb_build_file *next;
};

/* Everything that goes into the UKI, resolved. */
struct cb_build {
	struct cb_host *h;
	const struct cb_build_plan *plan;
	struct cb_build_file kernel, stub, loader;   /* path NULL: not needed */
	struct cb_build_file *add;    /* --initrd-add, in order */
	const char *init;             /* path of cloud-boot-init */
	const char *from;             /* where the kernel comes from, for people */
	const char *release;          /* its `uname -r` */
	struct cb_str cmdline, osrel;
	struct cb_buf ca;             /* DER, one behind the other; empty: none */
	const char *ca_from;          /* NULL: none */
	size_t ca_n;
	struct cb_modules modules;    /* n 0: none */
	int64_t epoch;                /* time stamp of all that is written */
};

/* Find and open all inputs; fetch what is not there. ret must stay where it is. */
CB_MUST int cb_build_open(struct cb_host *h, const struct cb_build_plan *plan, struct cb_build *ret);
void cb_build_close(struct cb_build *b);

/* What was made. */
struct cb_build_made {
	const char *path;
	uint64_t size;
	char sha256[65];
};
struct cb_build_report {
	struct cb_build_made efi, iso;     /* path NULL: not made */
	uint64_t uki_size, initramfs_size, loader_size;   /* 0: not there */
};
/* efi, iso: where to, or NULL. */
CB_MUST int cb_build_write(struct cb_build *b, const char *efi, const char *iso,
			   struct cb_build_report *ret);

/* The systemd stub of this host's own package, or NULL. */
const char *cb_build_installed_stub(struct cb_host *h, enum cb_arch arch);
/* Digits that change when anything changes that goes in: a name for a cached result. */
CB_MUST int cb_build_key(const struct cb_build *b, char ret[17]);

#endif
