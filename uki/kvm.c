/* uki/kvm.c - runs three instructions under KVM: where nested virtualisation is half there, FNINIT,
 * which every firmware starts with, ends in KVM_EXIT_INTERNAL_ERROR. */
#include "uki/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#define KVM_API   12
#define GUEST_AT  0x1000u
#define GUEST_RAM 0x1000u

enum cb_arch cb_kvm_host_arch(void)
{
	enum cb_arch arch;
	struct utsname u;

	if (uname(&u) < 0 || !cb_arch_parse(cb_str_c(u.machine), &arch))
		return CB_ARCH_NONE;
	return arch;
}

struct guest {
	int kvm, vm, cpu;
	void *ram;
	struct kvm_run *run;
	size_t run_size;
};

static void guest_fini(struct guest *g)
{
	if (g->run != MAP_FAILED)
		(void)munmap(g->run, g->run_size); /* nothing to be done */
	if (g->ram != MAP_FAILED)
		(void)munmap(g->ram, GUEST_RAM);
	if (g->cpu >= 0)
		(void)close(g->cpu);
	if (g->vm >= 0)
		(void)close(g->vm);
	if (g->kvm >= 0)
		(void)close(g->kvm);
}

static const char *guest_init(struct guest *g)
{
	g->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (g->kvm < 0)
		return errno == ENOENT ? "there is no /dev/kvm" :
			errno == EACCES ? "/dev/kvm is not ours to use (join the group kvm)" :
			"/dev/kvm can't be opened";
	if (ioctl(g->kvm, KVM_GET_API_VERSION, 0) != KVM_API)
		return "/dev/kvm speaks another version";
	g->vm = ioctl(g->kvm, KVM_CREATE_VM, 0);
	if (g->vm < 0)
		return "KVM makes no virtual machine";
	g->cpu = ioctl(g->vm, KVM_CREATE_VCPU, 0);
	if (g->cpu < 0)
		return "KVM makes no virtual CPU";
	return NULL;
}

#ifdef __x86_64__

static const uint8_t program[] = { 0x9b, 0xdb, 0xe3, 0xf4 };   /* fwait; fninit; hlt */

static const char *guest_run(struct guest *g)
{
	struct kvm_userspace_memory_region at = {
		.guest_phys_addr = GUEST_AT, .memory_size = GUEST_RAM,
	};
	struct kvm_regs regs = { .rip = GUEST_AT, .rflags = 2 };
	struct kvm_sregs sregs;
	int size = ioctl(g->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	g->ram = mmap(NULL, GUEST_RAM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (size < (int)sizeof(*g->run) || g->ram == MAP_FAILED)
		return "KVM gives no memory";
	g->run_size = (size_t)size;
	g->run = mmap(NULL, g->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, g->cpu, 0);
	if (g->run == MAP_FAILED)
		return "KVM gives no memory";
	memcpy(g->ram, program, sizeof(program));
	at.userspace_addr = (uintptr_t)g->ram;
	if (ioctl(g->vm, KVM_SET_USER_MEMORY_REGION, &at) < 0 ||
	    ioctl(g->cpu, KVM_GET_SREGS, &sregs) < 0)
		return "KVM takes no memory";
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (ioctl(g->cpu, KVM_SET_SREGS, &sregs) < 0 || ioctl(g->cpu, KVM_SET_REGS, &regs) < 0)
		return "KVM takes no registers";
	if (ioctl(g->cpu, KVM_RUN, 0) < 0 || g->run->exit_reason != KVM_EXIT_HLT)
		return "guests die in KVM here (nested virtualisation?)";
	return NULL;
}

#else

static const char *guest_run(struct guest *g)
{
	(void)g;
	return NULL;
}

#endif

const char *cb_kvm_problem(enum cb_arch arch)
{
	struct guest g = { .kvm = -1, .vm = -1, .cpu = -1, .ram = MAP_FAILED, .run = MAP_FAILED };
	const char *problem;

	if (arch != cb_kvm_host_arch())
		return "the guest is of another architecture";
	problem = guest_init(&g);
	if (problem == NULL)
		problem = guest_run(&g);
	guest_fini(&g);
	return problem;
}
