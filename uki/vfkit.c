/* uki/vfkit.c - which devices, in which order. */
#include "uki/vfkit.h"

#include <string.h>

#include "uki/qemu.h"
#include "uki/words.h"

/* vfkit parts an option's words by commas, and knows no way to quote one. */
static int check_name(struct cb_host *h, const char *path)
{
	if (strchr(path, ',') == NULL)
		return 0;
	(void)cb_fail(&h->env, CB_EINVAL, "%s: vfkit can't be given a name with a comma", path);
	return cb_host_advise(h, CB_EINVAL, CB_REPORT_INPUT, "rename it, or give a link to it");
}

static int check_disk(struct cb_host *h, const char *path)
{
	const char *format = cb_qemu_format(path);

	if (strcmp(format, "raw") == 0)
		return check_name(h, path);
	(void)cb_fail(&h->env, CB_EINVAL, "%s: vfkit reads raw images, this is %s", path, format);
	return cb_host_advise(h, CB_EINVAL, CB_REPORT_INPUT, "qemu-img convert -O raw %s disk.raw", path);
}

static int check(struct cb_host *h, const struct cb_vfkit_plan *plan)
{
	int r = check_name(h, plan->boot);

	if (r == 0 && plan->cache != NULL)
		r = check_name(h, plan->cache);
	if (r == 0)
		r = check_name(h, plan->vars);
	for (size_t i = 0; r == 0 && i < plan->disks.n; i++)
		r = check_disk(h, plan->disks.v[i]);
	return r;
}

/* "2G", "512M", "2048": vfkit counts MiB, and so does QEMU without a letter. */
static int mebibytes(struct cb_host *h, const char *mem, uint64_t *ret)
{
	struct cb_str s = cb_str_c(mem);
	char unit = s.n > 0 ? cb_to_lower(s.p[s.n - 1]) : '\0';
	bool gibi = unit == 'g';

	if (gibi || unit == 'm')
		s.n--;
	if (!cb_str_u64(s, 10, ret) || *ret == 0 || *ret > UINT32_MAX)
		return cb_host_usage(h, "--mem %s: give it as 512M or 2G", mem);
	*ret <<= gibi ? 10 : 0;
	return 0;
}

static void add_disk(struct cb_words *w, const char *path, const char *options)
{
	cb_words_add2(w, "--device", cb_host_text(w->h, "virtio-blk,path=%s%s", path, options));
}

int cb_vfkit_words(struct cb_host *h, const struct cb_vfkit_plan *plan, const char *const **ret)
{
	struct cb_words w;
	uint64_t mem = 0;
	int r = check(h, plan);

	if (r == 0 && plan->mem != NULL)
		r = mebibytes(h, plan->mem, &mem);
	if (r < 0)
		return r;
	cb_words_init(&w, h);
	cb_words_add(&w, "vfkit");
	if (plan->smp != NULL)
		cb_words_add2(&w, "--cpus", plan->smp);
	if (mem > 0)
		cb_words_add2(&w, "--memory", cb_host_text(h, "%llu", (unsigned long long)mem));
	cb_words_add2(&w, "--bootloader", cb_host_text(h, "efi,variable-store=%s%s", plan->vars,
						       plan->create_vars ? ",create" : ""));
	add_disk(&w, plan->boot, plan->boot_writable ? "" : ",readonly");
	if (plan->cache != NULL)
		add_disk(&w, plan->cache, "");
	for (size_t i = 0; i < plan->disks.n; i++)
		add_disk(&w, plan->disks.v[i], "");
	cb_words_add2(&w, "--device", cb_host_text(h, "virtio-net,nat%s%s", plan->mac != NULL ? ",mac=" : "",
						   plan->mac != NULL ? plan->mac : ""));
	if (plan->serial)
		cb_words_add2(&w, "--device", "virtio-serial,stdio");
	cb_words_list(&w, &plan->extra);
	if (plan->gui) {
		/* A window needs a display to show and devices to type into: none are there by themselves. */
		cb_words_add2(&w, "--device", "virtio-gpu,width=1280,height=800");
		cb_words_add2(&w, "--device", "virtio-input,keyboard");
		cb_words_add2(&w, "--device", "virtio-input,pointing");
		cb_words_add(&w, "--gui");
	}
	return cb_words_take(&w, ret);
}
