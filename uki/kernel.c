/* uki/kernel.c - is this file a kernel that a UEFI stub can start on that machine? */
#include "uki/kernel.h"

#include "image/linux.h"

static int unfit(struct cb_host *h, const struct cb_linux_info *info, enum cb_arch arch)
{
	char name[64];

	cb_linux_name(info, name, sizeof(name));
	if (info->format == CB_LINUX_UKI)
		return cb_fail(&h->env, CB_EINVAL, "it is a UKI already");
	if (!info->efi)
		return cb_fail(&h->env, CB_EINVAL, "%s: UEFI firmware can't start it as it is", name);
	if (info->arch != arch)
		return cb_fail(&h->env, CB_EINVAL, "%s: it is for %s, not for %s", name,
			       cb_arch_name(info->arch), cb_arch_name(arch));
	return 0;
}

static int look(struct cb_host *h, const struct cb_input *in, enum cb_arch arch, uint8_t *head,
		size_t n, const char **ret_release)
{
	struct cb_linux_info info;
	int r = cb_input_read(&h->env, in, 0, head, n);

	if (r == 0)
		r = cb_linux_identify(&h->env, (struct cb_bytes){ head, n }, in->size, &info);
	if (r == 0)
		r = unfit(h, &info, arch);
	if (r == 0 && info.version[0] == '\0')
		r = cb_linux_version(&h->env, in, info.version);
	if (r == 0 && info.version[0] != '\0') {
		*ret_release = cb_host_text(h, "%s", info.version);
		r = *ret_release != NULL ? 0 : CB_ENOMEM;
	}
	return r;
}

int cb_kernel_look(struct cb_host *h, const struct cb_input *in, enum cb_arch arch,
		   const char **ret_release)
{
	size_t n = (size_t)cb_min(CB_LINUX_HEAD, in->size);
	uint8_t *head;
	int r;

	*ret_release = NULL;
	if (n == 0)
		return cb_fail(&h->env, CB_EINVAL, "it is empty");
	head = cb_alloc(&h->env, n);
	r = head != NULL ? look(h, in, arch, head, n, ret_release) : CB_ENOMEM;
	cb_free(&h->env, head, n);
	return r;
}
