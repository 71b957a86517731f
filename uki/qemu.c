/* uki/qemu.c - which firmware, which processor flags, which drives. */
#include "uki/qemu.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/hash.h"
#include "codec/hex.h"
#include "uki/files.h"
#include "uki/kvm.h"
#include "uki/parts.h"

#define WORDS_MAX 512u

/* In order of preference: Debian and Ubuntu, Fedora, Arch. */
static const struct {
	enum cb_arch arch;
	struct cb_firmware files;
} firmwares[] = {
	{ CB_ARCH_X86_64,
	  { "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd" } },
	{ CB_ARCH_X86_64,
	  { "/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd" } },
	{ CB_ARCH_X86_64,
	  { "/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd" } },
	{ CB_ARCH_X86_64,
	  { "/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd" } },
	{ CB_ARCH_AARCH64, { "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd", NULL } },
	{ CB_ARCH_AARCH64, { "/usr/share/edk2/aarch64/QEMU_EFI.fd", NULL } },
};

const char *cb_qemu_program(enum cb_arch arch)
{
	return arch == CB_ARCH_X86_64 ? "qemu-system-x86_64" :
		arch == CB_ARCH_AARCH64 ? "qemu-system-aarch64" : NULL;
}

int cb_qemu_firmware(struct cb_host *h, enum cb_arch arch, struct cb_firmware *ret)
{
	for (size_t i = 0; i < sizeof(firmwares) / sizeof(firmwares[0]); i++) {
		const struct cb_firmware *f = &firmwares[i].files;

		if (firmwares[i].arch == arch && access(f->code, R_OK) == 0 &&
		    (f->vars == NULL || access(f->vars, R_OK) == 0)) {
			*ret = *f;
			return 0;
		}
	}
	(void)cb_fail(&h->env, CB_ENOENT, "no UEFI firmware for %s on this host", cb_arch_name(arch));
	return cb_host_advise(h, CB_ENOENT, CB_REPORT_TOOL,
			      "install it: apt-get install %s; or name it with "
			      "--firmware",
			      arch == CB_ARCH_X86_64 ? "ovmf" : "qemu-efi-aarch64");
}

struct words {
	struct cb_host *h;
	const char **v;
	size_t n;
	int status;
};

static void add(struct words *w, const char *word)
{
	if (word == NULL)
		w->status = CB_ENOMEM;
	else if (w->n == WORDS_MAX)
		w->status = cb_fail(&w->h->env, CB_ELIMIT, "over %u words for QEMU", WORDS_MAX);
	else if (w->status == 0)
		w->v[w->n++] = word;
}

static void add2(struct words *w, const char *option, const char *value)
{
	add(w, option);
	add(w, value);
}

/* A file name inside a -drive value: QEMU wants commas doubled. */
static const char *escaped(struct cb_host *h, const char *path)
{
	size_t n = strlen(path);
	char *out = cb_arena_alloc(&h->arena, 2 * n + 1, 1, 1), *p = out;

	for (; out != NULL && *path != '\0'; path++) {
		if (*path == ',')
			*p++ = ',';
		*p++ = *path;
	}
	return out;
}

/* The format of a disk, from its first bytes: QEMU's own guess would let a guest choose it. */
static const char *format(const char *path)
{
	static const struct { const char *magic, *name; } known[] = {
		{ "QFI\xfb", "qcow2" }, { "KDMV", "vmdk" }, { "vhdxfile", "vhdx" },
	};
	char head[8] = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? pread(fd, head, sizeof(head), 0) : -1;

	if (fd >= 0)
		(void)close(fd); /* read only */
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (n == sizeof(head) && memcmp(head, known[i].magic, strlen(known[i].magic)) == 0)
			return known[i].name;
	return "raw";
}

/* One variable store a virtual machine, found again by its first disk: boot entries last. */
static const char *vars_copy(struct cb_host *h, const struct cb_qemu_plan *plan, const char *template)
{
	uint8_t digest[CB_HASH_MAX];
	char *disk = plan->disks.n > 0 ? realpath(plan->disks.v[0], NULL) : NULL;
	struct cb_str key = cb_str_c(disk != NULL ? disk : "");
	char hex[17];
	const char *dir, *path;
	struct cb_buf b;

	(void)cb_hash_bytes(CB_HASH_SHA256, (struct cb_bytes){ (const uint8_t *)key.p, key.n }, digest);
	free(disk);
	cb_hex(hex, digest, 8);
	if (cb_parts_cache(h, "run", &dir) < 0)
		return NULL;
	path = cb_host_text(h, "%s/vars-%s.fd", dir, hex);
	if (path == NULL || access(path, R_OK | W_OK) == 0)
		return path;
	cb_buf_init(&b, &h->env, 64u << 20);

	int r = cb_hostfile_slurp(h, template, &b);

	if (r == 0)
		r = cb_hostfile_put(h, path, cb_buf_bytes(&b));
	cb_buf_fini(&b);
	return r == 0 ? path : NULL;
}

static void add_firmware(struct words *w, const struct cb_qemu_plan *plan)
{
	struct cb_firmware fw = { plan->firmware, NULL };
	struct cb_host *h = w->h;

	if (fw.code == NULL && w->status == 0)
		w->status = cb_qemu_firmware(h, plan->arch, &fw);
	if (w->status < 0)
		return;
	if (fw.vars == NULL) {
		add2(w, "-bios", fw.code);
		return;
	}

	const char *vars = vars_copy(h, plan, fw.vars);

	if (vars == NULL) {
		w->status = h->diag.code;
		return;
	}
	add2(w, "-drive", cb_host_text(h, "if=pflash,format=raw,unit=0,readonly=on,file=%s",
				       escaped(h, fw.code)));
	add2(w, "-drive", cb_host_text(h, "if=pflash,format=raw,unit=1,file=%s", escaped(h, vars)));
}

static void add_machine(struct words *w, const struct cb_qemu_plan *plan)
{
	const char *problem = plan->accel == NULL ? cb_kvm_problem(plan->arch) : NULL;
	bool kvm = plan->accel != NULL ? strcmp(plan->accel, "kvm") == 0 : problem == NULL;

	if (problem != NULL)
		cb_host_say(w->h, "note: emulating the processor, which is slow: %s", problem);
	/* Firmware tries disks by PCI slot, and the image has a boot loader of its own: a plain -drive is
	 * an IDE disk on x86, which comes before virtio on pc and behind it on q35. */
	add2(w, "-machine", plan->arch == CB_ARCH_X86_64 ? "pc" : "virt");
	/* Emulated: pointer authentication costs time, LPA2 stops kexec in Linux 6.12, and CMPXCHG16B
	 * of QEMU 7.2 is not atomic. */
	add2(w, "-cpu", kvm ? "max" : plan->arch == CB_ARCH_X86_64 ? "max,cx16=off" :
	     "max,pauth-impdef=on,lpa2=off");
	add2(w, "-accel", kvm ? "kvm" : "tcg,thread=multi");
	add2(w, "-m", plan->mem);
	if (plan->smp != NULL)
		add2(w, "-smp", plan->smp);
	if (plan->arch == CB_ARCH_AARCH64)
		add2(w, "-boot", "menu=on,splash-time=0");
}

static void add_drives(struct words *w, const struct cb_qemu_plan *plan)
{
	const char *boot = escaped(w->h, plan->boot), *snapshot = plan->snapshot ? ",snapshot=on" : "";

	if (boot == NULL)
		w->status = CB_ENOMEM;
	else if (plan->media == CB_MEDIA_CDROM)
		add2(w, "-cdrom", plan->boot);
	else
		add2(w, "-drive", cb_host_text(w->h, "file=%s,format=raw", boot));
	for (size_t i = 0; i < plan->disks.n && w->status == 0; i++) {
		const char *disk = escaped(w->h, plan->disks.v[i]);

		if (disk == NULL)
			w->status = CB_ENOMEM;
		else
			add2(w, "-drive", cb_host_text(w->h, "file=%s,if=virtio,format=%s%s", disk,
						       format(plan->disks.v[i]), snapshot));
	}
}

int cb_qemu_words(struct cb_host *h, const struct cb_qemu_plan *plan, const char *const **ret)
{
	struct words w = { .h = h, .v = cb_new(&h->arena, const char *, WORDS_MAX + 1) };

	if (w.v == NULL)
		return CB_ENOMEM;
	add(&w, cb_qemu_program(plan->arch));
	add_machine(&w, plan);
	add_firmware(&w, plan);
	add_drives(&w, plan);
	add2(&w, "-netdev", "user,id=net0");
	add2(&w, "-device", "virtio-net-pci,netdev=net0,romfile=");
	add2(&w, "-device", "virtio-rng-pci");
	add(&w, "-nographic");
	for (size_t i = 0; i < plan->extra.n; i++)
		add(&w, plan->extra.v[i]);
	if (w.status < 0)
		return w.status;
	*ret = w.v;
	return 0;
}
