/* uki/qemu.c - which firmware, which processor flags, which drives. */
#include "uki/qemu.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "uki/kvm.h"
#include "uki/state.h"
#include "uki/words.h"

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
	{ CB_ARCH_AARCH64,
	  { "/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd" } },
	{ CB_ARCH_AARCH64,
	  { "/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw",
	    "/usr/share/edk2/aarch64/vars-template-pflash.raw" } },
	{ CB_ARCH_AARCH64,
	  { "/usr/share/edk2/aarch64/QEMU_CODE.fd", "/usr/share/edk2/aarch64/QEMU_VARS.fd" } },
};

const char *cb_qemu_program(enum cb_arch arch)
{
	return arch == CB_ARCH_X86_64 ? "qemu-system-x86_64" :
		arch == CB_ARCH_AARCH64 ? "qemu-system-aarch64" : NULL;
}

int cb_qemu_firmware(struct cb_host *h, enum cb_arch arch, bool lasting, struct cb_firmware *ret)
{
	for (size_t i = 0; i < sizeof(firmwares) / sizeof(firmwares[0]); i++) {
		const struct cb_firmware *f = &firmwares[i].files;

		if (firmwares[i].arch == arch && access(f->code, R_OK) == 0 &&
		    (f->vars == NULL ? !lasting : access(f->vars, R_OK) == 0)) {
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

/* QEMU's own guess would let a guest choose it. */
const char *cb_qemu_format(const char *path)
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

static int add_firmware(struct cb_words *w, const struct cb_qemu_plan *plan)
{
	struct cb_firmware fw = { plan->firmware, NULL };
	struct cb_host *h = w->h;
	int r = 0;

	if (fw.code == NULL)
		r = cb_qemu_firmware(h, plan->arch, plan->vars != NULL, &fw);
	if (r < 0)
		return r;
	if (plan->vars == NULL) {
		cb_words_add2(w, "-bios", fw.code);
		return 0;
	}
	if (fw.vars != NULL)
		r = cb_state_vars(h, plan->vars, fw.vars);
	else if (access(plan->vars, R_OK | W_OK) < 0)
		r = cb_host_advise(h, cb_host_errno(h, "the variable store %s", plan->vars),
				   CB_REPORT_INPUT, "copy the one that came with %s", fw.code);
	if (r < 0)
		return r;
	cb_words_add2(w, "-drive", cb_host_text(h, "if=pflash,format=raw,unit=0,readonly=on,file=%s",
						escaped(h, fw.code)));
	cb_words_add2(w, "-drive", cb_host_text(h, "if=pflash,format=raw,unit=1,file=%s",
						escaped(h, plan->vars)));
	return 0;
}

static void add_machine(struct cb_words *w, const struct cb_qemu_plan *plan)
{
	const char *problem = plan->accel == NULL ? cb_kvm_problem(plan->arch) : NULL;
	bool kvm = plan->accel != NULL ? strcmp(plan->accel, "kvm") == 0 : problem == NULL;

	if (problem != NULL)
		cb_host_say(w->h, "note: emulating the processor, which is slow: %s", problem);
	/* Firmware tries disks by PCI slot, and the image has a boot loader of its own: a plain -drive is
	 * an IDE disk on x86, which comes before virtio on pc and behind it on q35. */
	cb_words_add2(w, "-machine", plan->arch == CB_ARCH_X86_64 ? "pc" : "virt");
	/* Emulated: pointer authentication costs time, LPA2 stops kexec in Linux 6.12, and CMPXCHG16B
	 * of QEMU 7.2 is not atomic. */
	cb_words_add2(w, "-cpu", kvm ? "max" : plan->arch == CB_ARCH_X86_64 ? "max,cx16=off" :
		      "max,pauth-impdef=on,lpa2=off");
	cb_words_add2(w, "-accel", kvm ? "kvm" : "tcg,thread=multi");
	cb_words_add2(w, "-m", plan->mem);
	if (plan->smp != NULL)
		cb_words_add2(w, "-smp", plan->smp);
	if (plan->arch == CB_ARCH_AARCH64)
		cb_words_add2(w, "-boot", "menu=on,splash-time=0");
}

static void add_disk(struct cb_words *w, const char *path, const char *options)
{
	const char *name = escaped(w->h, path);

	cb_words_add2(w, "-drive", name == NULL ? NULL :
		      cb_host_text(w->h, "file=%s,if=virtio,format=%s%s", name, cb_qemu_format(path),
				   options));
}

static void add_drives(struct cb_words *w, const struct cb_qemu_plan *plan)
{
	const char *boot = escaped(w->h, plan->boot);

	if (plan->media == CB_MEDIA_CDROM)
		cb_words_add2(w, "-cdrom", plan->boot);
	else
		cb_words_add2(w, "-drive", boot == NULL ? NULL :
			      cb_host_text(w->h, "file=%s,format=raw%s%s", boot,
					   plan->cache != NULL ? ",if=virtio,readonly=on" : "",
					   plan->keep_boot ? ",snapshot=on" : ""));
	if (plan->cache != NULL)
		add_disk(w, plan->cache, "");
	for (size_t i = 0; i < plan->disks.n; i++)
		add_disk(w, plan->disks.v[i], plan->snapshot ? ",snapshot=on" : "");
}

int cb_qemu_words(struct cb_host *h, const struct cb_qemu_plan *plan, const char *const **ret)
{
	struct cb_words w;
	int r;

	cb_words_init(&w, h);
	cb_words_add(&w, cb_qemu_program(plan->arch));
	add_machine(&w, plan);
	r = add_firmware(&w, plan);
	if (r < 0)
		return r;
	add_drives(&w, plan);
	cb_words_add2(&w, "-netdev", "user,id=net0");
	cb_words_add2(&w, "-device", "virtio-net-pci,netdev=net0,romfile=");
	cb_words_add2(&w, "-device", "virtio-rng-pci");
	cb_words_add(&w, "-nographic");
	cb_words_list(&w, &plan->extra);
	return cb_words_take(&w, ret);
}
