/* boot/check.c - a kernel's first bytes, before the rest is read: is it one, is it whole, is it
 * for this machine? */
#include "boot/chooser_priv.h"
#include "core/str.h"
#include "image/linux.h"

static int identify(struct cb_chooser *ch, const struct cb_found *f, struct cb_linux_info *ret)
{
	struct cb_env *env = ch->vs->env;
	size_t n = (size_t)cb_min(f->node.size, CB_LINUX_HEAD);
	uint8_t *head;
	int r;

	if (n == 0)
		return cb_fail(env, CB_ECORRUPT, "the file is empty");
	head = cb_alloc_aligned(env, CB_LINUX_HEAD, 4096);
	if (head == NULL)
		return CB_ENOMEM;
	r = cb_fs_pread(f->c.kernel.volume->fs, &f->node, 0, head, n);
	if (r == 0)
		r = cb_linux_identify(env, (struct cb_bytes){ head, n }, f->node.size, ret);
	cb_free(env, head, CB_LINUX_HEAD);
	return r;
}

static int check_arch(struct cb_chooser *ch, enum cb_arch arch)
{
	if (arch == CB_ARCH_NONE || ch->req->arch == CB_ARCH_NONE || arch == ch->req->arch)
		return 0;
	return cb_fail(ch->vs->env, CB_EUNSUP, "it is for %s, this machine is %s",
		       cb_arch_name(arch), cb_arch_name(ch->req->arch));
}

/* What kexec or the firmware is known to refuse; unwrapping finds the rest. */
static int check_hand(struct cb_chooser *ch, const struct cb_linux_info *info)
{
	char name[48];

	cb_linux_name(info, name, sizeof(name));
	if (info->format == CB_LINUX_ELF &&
	    (info->arch == CB_ARCH_X86_64 || info->arch == CB_ARCH_AARCH64))
		return cb_fail(ch->vs->env, CB_EUNSUP,
			       "%s: a kernel for debuggers, not for booting", name);
	if (ch->req->hand == CB_HAND_EFI && !info->efi && info->format != CB_LINUX_COMPRESSED)
		return cb_fail(ch->vs->env, CB_EUNSUP, "%s: firmware can't start it", name);
	return 0;
}

/* A name like vmlinuz-virt says nothing of the version; the header may. */
static int set_version(struct cb_chooser *ch, struct cb_found *f, const struct cb_linux_info *info)
{
	struct cb_str known = f->c.version;

	if (info->version[0] == '\0' || (known.n > 0 && cb_is_digit(known.p[0])))
		return 0;
	if (f->entry.id.n > 0 && known.n > 0)
		return 0;           /* the entry's own `version` stands */
	f->c.version = cb_arena_str(ch->a, cb_str_c(info->version));
	return f->c.version.p != NULL ? 0 : ch->vs->env->diag->code;
}

static int check(struct cb_chooser *ch, struct cb_found *f)
{
	struct cb_linux_info info;
	int r = identify(ch, f, &info);

	if (r < 0)
		return r;
	f->c.arch = info.arch;
	r = check_arch(ch, info.arch);
	if (r < 0)
		return r;
	if (info.format == CB_LINUX_UKI)
		return cb_uki_describe(ch, f);
	if (f->c.kind == CB_BOOT_UKI)
		return cb_fail(ch->vs->env, CB_EUNSUP, "no UKI: it has no .linux section");
	r = check_hand(ch, &info);
	return r == 0 ? set_version(ch, f, &info) : r;
}

int cb_check_kernel(struct cb_chooser *ch, struct cb_found *f)
{
	int r = check(ch, f);

	return r < 0 ? cb_found_bad(ch, f, r) : 0;
}
