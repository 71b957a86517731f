/* uki/sign.c - sbsign, and its certificate table (PE Format, "The Attribute Certificate Table") made as
 * long as a disk needs. */
#include "uki/sign.h"

#include <fcntl.h>
#include <unistd.h>

#include "image/pe.h"
#include "uki/files.h"
#include "uki/proc.h"

#define SECTOR 512u

int cb_sign_image(struct cb_host *h, const char *key, const char *cert, const char *from, const char *to)
{
	const char *const argv[] = {
		"sbsign", "--key", key, "--cert", cert, "--output", to, from, NULL
	};
	int r = cb_proc_run(h, argv, NULL);

	return cb_host_advise(h, r, CB_REPORT_TOOL, "--sign-key and --sign-cert take PEM files that "
			      "belong together");
}

/* Bytes to add, and where the two lengths stand that count them. */
struct pad {
	uint32_t n, size;
	uint64_t end, size_at[2];
};

static int find_pad(struct cb_host *h, const char *path, struct pad *ret)
{
	struct cb_hostfile f = { 0 };
	struct cb_pe *pe = NULL;
	int r = cb_hostfile_open(h, path, &f);

	if (r == 0)
		r = cb_pe_open(&h->env, &f.in, &pe);
	if (r == 0 && (pe->cert_size == 0 || pe->cert_off + (uint64_t)pe->cert_size != f.in.size))
		r = cb_fail(&h->env, CB_ECORRUPT, "the signature is not at the end");
	if (r == 0) {
		ret->n = (uint32_t)((SECTOR - f.in.size % SECTOR) % SECTOR);
		ret->size = pe->cert_size + ret->n;
		ret->end = f.in.size;
		ret->size_at[0] = pe->cert_dir_off + 4;
		ret->size_at[1] = pe->cert_off;
	}
	cb_pe_close(pe);
	cb_hostfile_close(&f);
	return r < 0 ? cb_wrap(&h->env, r, "%s", path) : 0;
}

/* One certificate, which grows: zeros after the signature itself. None of this is hashed. */
static int add_pad(struct cb_host *h, const char *path, const struct pad *pad)
{
	static const uint8_t zeros[SECTOR];
	const cb_le32 size = cb_put_le32(pad->size);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && pwrite(fd, zeros, pad->n, (off_t)pad->end) == (ssize_t)pad->n;

	for (size_t i = 0; ok && i < 2; i++)
		ok = pwrite(fd, &size, sizeof(size), (off_t)pad->size_at[i]) == (ssize_t)sizeof(size);

	int r = ok ? 0 : cb_host_errno(h, "writing %s", path);

	if (fd >= 0 && close(fd) < 0 && r == 0)
		r = cb_host_errno(h, "writing %s", path);
	return cb_host_advise(h, r, CB_REPORT_OUTPUT, "make room");
}

int cb_sign_disk(struct cb_host *h, const char *key, const char *cert, const char *from, const char *to)
{
	struct pad pad = { 0 };
	int r = cb_sign_image(h, key, cert, from, to);

	if (r == 0)
		r = find_pad(h, to, &pad);
	return r == 0 && pad.n > 0 ? add_pad(h, to, &pad) : r;
}
