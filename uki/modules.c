/* uki/modules.c - picks kernel modules by name and follows what their .modinfo asks for. */
#include "uki/modules.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "codec/decomp.h"
#include "uki/files.h"

#define FILES_MAX  32768u
#define MODULE_MAX (64u << 20)

/* A kernel that has one of these built in, or hasn't got it at all, is as good. */
static const char *const wanted[] = {
	"virtio_pci", "virtio_mmio", "virtio_blk", "virtio_scsi", "virtio_net", "virtio_console",
	"virtio_rng", "virtio_input", "nvme", "ahci", "ata_piix", "sd_mod", "sr_mod", "vmw_pvscsi",
	"xhci_pci", "usb_storage", "uas", "fat", "vfat", "nls_cp437", "nls_ascii", "efivarfs",
	"simpledrm",
};

int cb_modules_read(struct cb_host *h, const struct cb_module *m, struct cb_buf *ret)
{
	enum cb_decomp_kind kind;
	struct cb_buf raw;

	cb_buf_init(&raw, &h->env, MODULE_MAX);

	int r = cb_hostfile_slurp(h, m->path, &raw);

	if (r == 0 && cb_decomp_detect(cb_buf_bytes(&raw), &kind)) {
		r = cb_decomp_all(&h->env, kind, cb_buf_bytes(&raw), MODULE_MAX, ret, NULL);
		if (r < 0)
			r = cb_wrap(&h->env, r, "%s", m->path);
	} else if (r == 0) {
		cb_buf_add(ret, raw.p, raw.n);
		r = cb_buf_status(ret);
	}
	cb_buf_fini(&raw);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct cb_module *)a)->name, ((const struct cb_module *)b)->name);
}

static int by_path(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int add(struct cb_host *h, struct cb_modules *l, const char *path)
{
	struct cb_str name = cb_kmod_file_name(cb_str_c(path));

	if (l->n == FILES_MAX)
		return cb_fail(&h->env, CB_ELIMIT, "over %u kernel modules", FILES_MAX);
	l->v[l->n] = (struct cb_module){
		.name = cb_host_text(h, "%.*s", CB_STR_ARG(name)), .path = cb_host_text(h, "%s", path),
	};
	return l->v[l->n].name != NULL && l->v[l->n++].path != NULL ? 0 : CB_ENOMEM;
}

static bool is_module(const char *name)
{
	const char *ext = strstr(name, ".ko");

	return ext != NULL && (ext[3] == '\0' || strcmp(ext + 3, ".xz") == 0 ||
			       strcmp(ext + 3, ".zst") == 0 || strcmp(ext + 3, ".gz") == 0);
}

static int list(struct cb_host *h, const char *dir, struct cb_modules *l)
{
	char *const roots[] = { (char *)dir, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, by_path);
	const FTSENT *e;
	int r = 0;

	if (fts == NULL)
		return cb_host_errno(h, "%s", dir);
	while (r == 0 && (errno = 0, e = fts_read(fts)) != NULL) {
		if (e->fts_info == FTS_ERR || e->fts_info == FTS_DNR ||
		    (e->fts_info == FTS_NS && e->fts_level == 0)) {
			errno = e->fts_errno;
			r = cb_host_errno(h, "%s", e->fts_path);
		} else if (e->fts_info != FTS_D && e->fts_info != FTS_DP && is_module(e->fts_name)) {
			r = add(h, l, e->fts_path);
		}
	}
	if (r == 0 && errno != 0)
		r = cb_host_errno(h, "%s", dir);
	(void)fts_close(fts); /* read only */
	return r;
}

static struct cb_module *find(struct cb_modules *l, struct cb_str name)
{
	for (size_t i = 0; i < l->n; i++)
		if (cb_kmod_same(cb_str_c(l->v[i].name), name))
			return &l->v[i];
	return NULL;
}

/* Pick m and put what it depends on, not picked so far, into the queue. */
static int pick(struct cb_host *h, struct cb_modules *l, struct cb_module *m, struct cb_module **queue,
		size_t *queue_n)
{
	struct cb_str deps, dep;
	struct cb_kmod info;
	struct cb_buf b;

	cb_buf_init(&b, &h->env, MODULE_MAX);

	int r = cb_modules_read(h, m, &b);

	if (r == 0)
		r = cb_kmod_parse(&h->env, cb_buf_bytes(&b), &info);
	for (deps = r == 0 ? info.depends : (struct cb_str){ NULL, 0 };
	     cb_str_next(&deps, ',', &dep);) {
		struct cb_module *d = find(l, dep);

		if (d == NULL || d->picked)
			continue;
		d->picked = true;
		queue[(*queue_n)++] = d;
	}
	if (r == 0 && l->release == NULL) {
		struct cb_str release = { NULL, 0 }, magic = info.vermagic;

		if (cb_str_word(&magic, &release))
			l->release = cb_host_text(h, "%.*s", CB_STR_ARG(release));
	}
	cb_buf_fini(&b);
	return r < 0 ? cb_wrap(&h->env, r, "%s", m->path) : 0;
}

int cb_modules_pick(struct cb_host *h, const char *dir, struct cb_modules *ret)
{
	struct cb_modules l = { .v = cb_new(&h->arena, struct cb_module, FILES_MAX) };
	int r = l.v != NULL ? list(h, dir, &l) : CB_ENOMEM;

	if (r == 0 && l.n == 0)
		r = cb_fail(&h->env, CB_ENOENT, "%s: no kernel modules (*.ko) in it", dir);
	if (r < 0)
		return cb_host_advise(h, r, CB_REPORT_INPUT,
				      "--modules takes the folder /lib/modules/RELEASE of the kernel");
	qsort(l.v, l.n, sizeof(l.v[0]), by_name);

	struct cb_module **queue = cb_new(&h->arena, struct cb_module *, l.n);
	size_t n = 0;

	if (queue == NULL)
		return CB_ENOMEM;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		struct cb_module *m = find(&l, cb_str_c(wanted[i]));

		if (m != NULL && !m->picked) {
			m->picked = true;
			queue[n++] = m;
		}
	}
	for (size_t i = 0; i < n; i++) {
		r = pick(h, &l, queue[i], queue, &n);
		if (r < 0)
			return cb_host_advise(h, r, CB_REPORT_INPUT,
					      "the modules must be those of the kernel, undamaged");
	}
	l.picked = n;
	*ret = l;
	return 0;
}
