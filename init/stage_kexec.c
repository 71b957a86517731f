/* init/stage_kexec.c - path A: give the chosen kernel to the running one, and go. A kernel that is
 * broken, or that the running kernel doesn't take, makes way for the next candidate. */
#include <unistd.h>

#include "boot/explain.h"
#include "codec/cpio.h"
#include "core/log.h"
#include "core/str.h"
#include "init/cache.h"
#include "linux/kexec_load.h"
#include "linux/os.h"

#define MEMORY_SPARE (16u << 20)
#define SHORT_MAX    (16u << 10)
#define EMPTY_MAX    4096u

/* A kernel on EFI that is given no initrd looks for one where the first kernel's was: it would find
 * what is left of us. An archive without files says that there is none. */
static int no_initrd(struct cb_init *in, struct cb_buf *initrd)
{
	struct cb_cpio c;
	int r;

	cb_buf_fini(initrd);
	cb_buf_init(initrd, &in->env, EMPTY_MAX);
	cb_cpio_init(&c, &in->env, cb_sink_buf, initrd);
	r = cb_cpio_end(&c);
	return r == 0 ? cb_buf_status(initrd) : r;
}

/* Memory is short with two kernels in it: each buffer goes as soon as its copy is made. */
static int file_of(struct cb_init *in, const char *name, struct cb_buf *data, int *ret_fd)
{
	int r = cb_kexec_file(&in->env, name, cb_buf_bytes(data), ret_fd);

	cb_buf_fini(data);
	return r;
}

static int load_by_file(struct cb_init *in, struct cb_boot_image *img)
{
	int kernel = -1, initrd = -1;
	int r = file_of(in, "kernel", &img->kernel, &kernel);

	if (r == 0)
		r = file_of(in, "initrd", &img->initrd, &initrd);
	if (r == 0)
		r = cb_kexec_file_load(&in->env, kernel, initrd, img->cmdline);
	if (kernel >= 0)
		(void)close(kernel); /* the running kernel has its own copy */
	if (initrd >= 0)
		(void)close(initrd); /* the same */
	return r;
}

/* Empty calls: a kernel that has them finds something wrong, or nothing to do. */
static bool has_file_load(struct cb_init *in)
{
	int r = cb_kexec_file_load(&in->env, -1, -1, CB_STR(""));

	cb_clear(&in->env);
	return r != CB_EUNSUP;
}

static bool has_plain_load(struct cb_init *in)
{
	int r = in->arch == CB_ARCH_AARCH64 ? cb_kexec_load(&in->env, NULL, 0, 0) : CB_EUNSUP;

	cb_clear(&in->env);
	return r != CB_EUNSUP;
}

bool kexec_is_there(struct cb_init *in)
{
	return has_file_load(in) || has_plain_load(in);
}

/* The kernel copies while it holds its own memory; when it runs out there is nobody to end but us, and
 * that is a panic. copies: of kernel and initrd together, while the call runs. */
static int need_memory(struct cb_init *in, const struct cb_boot_image *img, unsigned copies)
{
	uint64_t need = copies * ((uint64_t)img->kernel.n + img->initrd.n) + MEMORY_SPARE;
	struct cb_str text, line, value = CB_STR("");
	struct cb_buf b;
	uint64_t kb = 0;
	int r;

	cb_buf_init(&b, &in->env, 64u << 10);
	r = cb_os_read(&in->env, "/proc/meminfo", 32u << 10, &b);
	text = (struct cb_str){ (const char *)b.p, b.n };
	while (r == 0 && cb_str_line(&text, &line))
		if (cb_str_starts(line, CB_STR("MemAvailable:")))
			value = cb_str_sub(line, 13, SIZE_MAX);
	if (r == 0 && cb_str_word(&value, &line) && cb_str_u64(line, 10, &kb) && kb * 1024 < need)
		r = cb_fail(&in->env, CB_ENOMEM, "starting it needs %llu MB of memory, %llu MB are free",
			    (unsigned long long)(need / 1000000), (unsigned long long)(kb * 1024 / 1000000));
	cb_buf_fini(&b);
	return r;
}

/* What another kernel would meet just the same, or none that this machine trusts. */
static bool is_refusal(int r)
{
	return r == CB_EAUTH || r == CB_EUNSUP || r == CB_EINVAL;
}

static int hand_over(struct cb_init *in, struct cb_boot_image *img, bool *ret_refused)
{
	bool by_file = has_file_load(in);
	int r = 0;

	if (!by_file && !has_plain_load(in)) {
		r = cb_fail(&in->env, CB_EUNSUP, "the running kernel has no kexec call");
		return ret_refused == NULL ? fail_with(in, r, REPORT_NO_KEXEC) : (*ret_refused = true, r);
	}
	/* By file: the file in memory, what the kernel reads from it, and the pages that wait for the
	 * start; our buffer is gone by then. */
	r = need_memory(in, img, by_file ? 2 : 1);
	if (r < 0)
		return r;
	r = by_file ? load_by_file(in, img) : kexec_arm64(in, img);
	if (ret_refused != NULL)
		*ret_refused = *ret_refused || is_refusal(r);
	else if (r == CB_EAUTH && cb_kexec_forbidden() != NULL)
		return fail_with(in, r, REPORT_FORBIDDEN);
	return r;
}

/* The next kernel finds the disks closed. */
static int start(struct cb_init *in)
{
	int r;

	close_all(in);
	r = cb_pid1_end(&in->env, CB_END_KEXEC);
	return fail_with(in, cb_wrap(&in->env, r, "starting the loaded kernel"), REPORT_NOT_STARTED);
}

/* *ret_refused stays true: one refusal is reason enough to look for another way. */
static int boot_one(struct cb_init *in, struct cb_candidate *c, bool *ret_refused)
{
	struct cb_boot_image img;
	uint64_t began = cb_now_ns(&in->env);
	char kernel[SIZE_TEXT], initrd[SIZE_TEXT];
	int r;

	meter_start(in, "reading");
	r = cb_boot_load(in->plan, c, &img);
	meter_stop(in);
	if (r < 0)
		return r;
	say(in, "loaded", "%s, %s, initrd %s, in %llu ms", img.format, size_text(img.kernel.n, kernel),
	    size_text(img.initrd.n, initrd), (unsigned long long)((cb_now_ns(&in->env) - began) / 1000000));
	r = img.initrd.n == 0 ? no_initrd(in, &img.initrd) : 0;
	if (r == 0)
		r = hand_over(in, &img, ret_refused);
	cb_boot_image_fini(&img);
	return r < 0 ? r : start(in);
}

void skip_candidate(struct cb_init *in, struct cb_candidate *c, int r)
{
	struct cb_buf text;

	cb_buf_init(&text, &in->env, SHORT_MAX);
	cb_explain_short(c, &text);
	warn(in, "%.*s is skipped: %s", (int)text.n, (const char *)text.p, in->diag.text);
	cb_buf_fini(&text);
	cb_boot_reject(in->plan, c, r);
}

int sink_kexec(struct cb_init *in, bool *ret_refused)
{
	struct cb_candidate *c = NULL;
	unsigned tried = 0;
	bool memory = false;
	int r;

	while ((r = cb_boot_next(in->plan, c, &c)) == 0) {
		tried++;
		r = boot_one(in, c, ret_refused);
		if (in->report != REPORT_NONE || (ret_refused != NULL && *ret_refused && cache_is_there(in)))
			return cb_wrap(&in->env, r, "handing the kernel over");
		memory = memory || r == CB_ENOMEM;
		skip_candidate(in, c, r); /* the next one may do better */
	}
	r = cb_wrap(&in->env, r, "%u candidate%s tried", tried, tried == 1 ? "" : "s");
	if (ret_refused != NULL && *ret_refused)
		return r;
	return fail_with(in, r, memory ? REPORT_MEMORY : REPORT_ALL_BROKEN);
}
