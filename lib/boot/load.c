/* boot/load.c - a candidate's files into memory, unwrapped for whoever starts the kernel. */
#include "boot/chooser_priv.h"

#include "core/fmt.h"
#include "core/str.h"
#include "image/linux.h"
#include "image/uki.h"

#define DEVICETREE_MAX (2u << 20)   /* arm64 booting.rst: at most 2 MiB */

void cb_boot_image_fini(struct cb_boot_image *img)
{
	cb_buf_fini(&img->kernel);
	cb_buf_fini(&img->initrd);
	cb_buf_fini(&img->devicetree);
}

/* Append in to b, which was made with room for it. */
static int append(struct cb_env *env, const struct cb_input *in, struct cb_buf *b)
{
	void *to = cb_buf_reserve(b, (size_t)in->size);
	int r;

	if (to == NULL)
		return cb_buf_status(b);
	r = in->size > 0 ? cb_input_read(env, in, 0, to, (size_t)in->size) : 0;
	if (r == 0)
		cb_buf_commit(b, (size_t)in->size);
	return r;
}

/* The whole of in, at most max bytes, as the only content of b. */
static int read_all(struct cb_env *env, const struct cb_input *in, uint64_t max, struct cb_buf *b)
{
	if (in->size > max)
		return cb_fail(env, CB_ELIMIT, "%llu bytes, over the limit of %llu",
			       (unsigned long long)in->size, (unsigned long long)max);
	cb_buf_init(b, env, (size_t)in->size + 1);
	return append(env, in, b);
}

static int open_file(struct cb_boot_plan *p, const struct cb_boot_file *f,
		     struct cb_look_input *ret)
{
	struct cb_node node;
	int r = cb_volume_mount(p->vs, f->volume);

	if (r == 0)
		r = cb_look_file(f->volume, f->path, &node);
	if (r == 0)
		*ret = (struct cb_look_input){ f->volume->fs, node };
	return r;
}

static int in_file(struct cb_boot_plan *p, const struct cb_boot_file *f, int r)
{
	char where[CB_VOLUME_TEXT];

	return cb_wrap(p->vs->env, r, "%.*s on %s", CB_STR_ARG(f->path),
		       cb_volume_text(f->volume, where));
}

static int read_file(struct cb_boot_plan *p, const struct cb_boot_file *f, uint64_t max,
		     struct cb_buf *b)
{
	struct cb_look_input file;
	int r = open_file(p, f, &file);

	if (r == 0) {
		struct cb_input in = cb_look_as_input(&file);

		r = read_all(p->vs->env, &in, max, b);
	}
	return r < 0 ? in_file(p, f, r) : 0;
}

/* Documentation/driver-api/early-userspace/buffer-format.rst: archives follow each other, and zeros
 * between them are skipped; four bytes is how cpio aligns. */
static void pad(struct cb_buf *b)
{
	static const uint8_t zeros[4];

	cb_buf_add(b, zeros, (4 - b->n % 4) % 4);
}

/* All inputs one after the other, each padded. */
static int join(struct cb_env *env, const struct cb_input *in, size_t n, struct cb_buf *b)
{
	uint64_t total = 0;
	int r = 0;

	for (size_t i = 0; i < n; i++)
		if (in[i].size > CB_MAX_INITRD ||
		    (total += (in[i].size + 3) & ~UINT64_C(3)) > CB_MAX_INITRD)
			return cb_fail(env, CB_ELIMIT, "initrds of more than %u bytes",
				       CB_MAX_INITRD);
	cb_buf_init(b, env, (size_t)total + 1);
	if (total > 0 && cb_buf_reserve(b, (size_t)total) == NULL)
		return cb_buf_status(b);
	for (size_t i = 0; i < n && r == 0; i++) {
		r = append(env, &in[i], b);
		pad(b);
	}
	return r == 0 ? cb_buf_status(b) : r;
}

/* What goes into the initrd: parts of a UKI, then files. */
struct initrds {
	struct cb_look_input files[CB_MAX_INITRDS];
	struct cb_input in[CB_MAX_INITRDS + 2];
	size_t n;
};

static int add_files(struct cb_boot_plan *p, const struct cb_candidate *c, struct initrds *l)
{
	for (size_t i = 0; i < c->initrds_n; i++) {
		int r = open_file(p, &c->initrds[i], &l->files[i]);

		if (r < 0)
			return in_file(p, &c->initrds[i], r);
		l->in[l->n++] = cb_look_as_input(&l->files[i]);
	}
	return 0;
}

/* u may be NULL: a kernel file. */
static int read_initrds(struct cb_boot_plan *p, const struct cb_candidate *c,
			const struct cb_uki *u, struct cb_buf *b)
{
	struct initrds *l = cb_alloc(p->vs->env, sizeof(*l));
	int r;

	if (l == NULL)
		return CB_ENOMEM;
	/* Microcode is looked for at the very beginning. */
	l->n += u != NULL && cb_uki_get(u, CB_UKI_UCODE, &l->in[l->n]);
	l->n += u != NULL && cb_uki_get(u, CB_UKI_INITRD, &l->in[l->n]);
	r = add_files(p, c, l);
	if (r == 0) {
		r = join(p->vs->env, l->in, l->n, b);
		if (r < 0)
			r = cb_wrap(p->vs->env, r, "initrd");
	}
	cb_free(p->vs->env, l, sizeof(*l));
	return r;
}

/* The bytes in img->kernel, replaced by what is inside their wrappers. */
static int unwrap(struct cb_env *env, struct cb_boot_image *img, enum cb_arch arch,
		  uint32_t *ret_cmdline_max)
{
	struct cb_linux_kernel k;
	int r = cb_linux_unwrap(env, cb_buf_bytes(&img->kernel), arch, CB_MAX_KERNEL, &k);

	if (r < 0)
		return r;
	img->arch = k.info.arch;
	*ret_cmdline_max = k.info.cmdline_max;
	(void)cb_fmt(img->format, sizeof(img->format), "%s", k.name); /* a long one is cut */
	if (k.image.p == img->kernel.p && k.image.n == img->kernel.n)
		return 0;
	if (k.image.p != k.own.p || k.image.n != k.own.n) {
		/* A part of what was unpacked, or of the file. */
		struct cb_input in = cb_input_mem(k.image);
		struct cb_buf part;

		cb_buf_init(&part, env, 1);

		r = read_all(env, &in, CB_MAX_KERNEL, &part);
		cb_linux_kernel_fini(&k);
		k.own = part;
	}
	cb_buf_fini(&img->kernel);
	img->kernel = k.own;
	return r;
}

/* For firmware: what it can start as it is stays wrapped, and signed. */
static int prepare_efi(struct cb_env *env, struct cb_boot_image *img, enum cb_arch arch,
		       uint32_t *ret_cmdline_max)
{
	struct cb_bytes all = cb_buf_bytes(&img->kernel);
	struct cb_bytes head = { all.p, (size_t)cb_min(all.n, CB_LINUX_HEAD) };
	struct cb_linux_info info;
	int r = cb_linux_identify(env, head, all.n, &info);

	if (r < 0)
		return r;
	if (info.format == CB_LINUX_COMPRESSED) {
		r = unwrap(env, img, arch, ret_cmdline_max);
		if (r < 0)
			return r;
		all = cb_buf_bytes(&img->kernel);
		head = (struct cb_bytes){ all.p, (size_t)cb_min(all.n, CB_LINUX_HEAD) };
		r = cb_linux_identify(env, head, all.n, &info);
		if (r < 0)
			return r;
	} else {
		cb_linux_name(&info, img->format, sizeof(img->format));
	}
	img->arch = info.arch;
	*ret_cmdline_max = info.cmdline_max;
	if (!info.efi)
		return cb_fail(env, CB_EUNSUP, "%s: firmware can't start it", img->format);
	return 0;
}

int cb_boot_image_prepare(struct cb_env *env, struct cb_boot_image *img, enum cb_arch arch,
			  enum cb_hand hand)
{
	uint32_t cmdline_max = 0;
	int r = hand == CB_HAND_KEXEC ? unwrap(env, img, arch, &cmdline_max) :
					prepare_efi(env, img, arch, &cmdline_max);

	if (r == 0 && cmdline_max > 0 && img->cmdline.n > cmdline_max)
		r = cb_fail(env, CB_ELIMIT, "the command line has %zu bytes, this kernel takes %u",
			    img->cmdline.n, cmdline_max);
	return r;
}

static int load_linux(struct cb_boot_plan *p, const struct cb_candidate *c,
		      struct cb_boot_image *img)
{
	int r = read_file(p, &c->kernel, CB_MAX_KERNEL, &img->kernel);

	if (r < 0)
		return r;
	r = cb_boot_image_prepare(p->vs->env, img, p->request.arch, p->request.hand);
	if (r < 0)
		return in_file(p, &c->kernel, r);
	return read_initrds(p, c, NULL, &img->initrd);
}

static int take_apart(struct cb_boot_plan *p, const struct cb_candidate *c, const struct cb_uki *u,
		      struct cb_boot_image *img)
{
	struct cb_env *env = p->vs->env;
	struct cb_input in;
	uint32_t cmdline_max;
	int r;

	if (!cb_uki_get(u, CB_UKI_LINUX, &in))
		return cb_fail(env, CB_EUNSUP, "no UKI: it has no .linux section");
	r = read_all(env, &in, CB_MAX_KERNEL, &img->kernel);
	if (r == 0)
		r = unwrap(env, img, p->request.arch, &cmdline_max);
	if (r < 0)
		return cb_wrap(env, r, ".linux");
	r = read_initrds(p, c, u, &img->initrd);
	if (r < 0)
		return r;
	if (!cb_uki_get(u, CB_UKI_DTB, &in))
		return 0;
	r = read_all(env, &in, DEVICETREE_MAX, &img->devicetree);
	return r < 0 ? cb_wrap(env, r, ".dtb") : 0;
}

static int load_uki(struct cb_boot_plan *p, const struct cb_candidate *c, struct cb_boot_image *img)
{
	struct cb_look_input file;
	struct cb_uki u;
	int r = open_file(p, &c->kernel, &file);

	if (r == 0) {
		struct cb_input in = cb_look_as_input(&file);

		r = cb_uki_open(p->vs->env, &in, &u);
		if (r == 0) {
			r = take_apart(p, c, &u, img);
			cb_uki_close(&u);
		}
	}
	return r < 0 ? in_file(p, &c->kernel, r) : 0;
}

/* Firmware starts it as it is: the stub inside finds its own initrd and command line. */
static int load_whole(struct cb_boot_plan *p, const struct cb_candidate *c,
		      struct cb_boot_image *img)
{
	int r = read_file(p, &c->kernel, CB_MAX_KERNEL, &img->kernel);

	img->kind = c->kind;
	img->arch = c->arch;
	(void)cb_fmt(img->format, sizeof(img->format), "%s",
		     c->kind == CB_BOOT_UKI ? "UKI" : "EFI program");
	if (c->kind == CB_BOOT_UKI && cb_str_eq(c->cmdline_from, CB_STR("the UKI")))
		img->cmdline = (struct cb_str){ "", 0 };
	return r;
}

static int load(struct cb_boot_plan *p, const struct cb_candidate *c, struct cb_boot_image *img)
{
	bool whole = p->request.hand == CB_HAND_EFI && c->kind != CB_BOOT_LINUX;
	int r;

	if (c->status < 0)
		return cb_fail(p->vs->env, c->status, "%.*s", CB_STR_ARG(c->why));
	img->cmdline = c->cmdline;
	if (whole)
		return load_whole(p, c, img);
	if (c->kind == CB_BOOT_EFI)
		return in_file(p, &c->kernel,
			       cb_fail(p->vs->env, CB_EUNSUP, "only firmware can start it"));
	r = c->kind == CB_BOOT_UKI ? load_uki(p, c, img) : load_linux(p, c, img);
	if (r == 0 && c->devicetree.volume != NULL)
		r = read_file(p, &c->devicetree, DEVICETREE_MAX, &img->devicetree);
	return r;
}

int cb_boot_load(struct cb_boot_plan *p, struct cb_candidate *c, struct cb_boot_image *ret)
{
	struct cb_env *env = p->vs->env;
	struct cb_boot_image img = { .kind = CB_BOOT_LINUX, .cmdline = { "", 0 } };
	int r;

	cb_buf_init(&img.kernel, env, 1);
	cb_buf_init(&img.initrd, env, 1);
	cb_buf_init(&img.devicetree, env, 1);
	r = load(p, c, &img);
	if (r == 0) {
		*ret = img;
		return 0;
	}
	cb_boot_image_fini(&img);
	if (c->status == 0 && cb_part_may_skip(r)) {
		struct cb_str why = cb_arena_str(
			&p->arena, (struct cb_str){ env->diag->text, env->diag->len });

		if (why.p == NULL)
			return env->diag->code;
		c->why = why;
		c->status = r;
	}
	return r;
}
