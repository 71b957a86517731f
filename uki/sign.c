/* uki/sign.c - sbsign, and its certificate table (PE Format, "The Attribute Certificate Table") made so long
 * that a disk's backup GPT lies in its end: the table must end the file, and that GPT the disk. */
#include "uki/sign.h"

#include <fcntl.h>
#include <unistd.h>

#include "image/pe.h"
#include "uki/files.h"
#include "uki/proc.h"

#define SECTOR 512u
#define SLACK 64u         /* ECDSA signatures of one key differ in length */

int cb_sign_image(struct cb_host *h, const char *key, const char *cert, const char *from, const char *to)
{
	const char *const argv[] = {
		"sbsign", "--key", key, "--cert", cert, "--output", to, from, NULL
	};
	int r = cb_proc_run(h, argv, NULL);

	return cb_host_advise(h, r, CB_REPORT_TOOL, "--sign-key and --sign-cert take PEM files that "
			      "belong together");
}

/* The certificate table of a signed image. */
struct table {
	uint32_t off, size;
	uint64_t size_at[2];             /* where the two lengths stand that count it */
};

static int find_table(struct cb_host *h, const char *path, struct table *ret)
{
	struct cb_hostfile f = { 0 };
	struct cb_pe *pe = NULL;
	int r = cb_hostfile_open(h, path, &f);

	if (r == 0)
		r = cb_pe_open(&h->env, &f.in, &pe);
	if (r == 0 && (pe->cert_size == 0 || pe->cert_off + (uint64_t)pe->cert_size != f.in.size))
		r = cb_fail(&h->env, CB_ECORRUPT, "the signature is not at the end");
	if (r == 0)
		*ret = (struct table){ pe->cert_off, pe->cert_size,
				       { pe->cert_dir_off + 4, pe->cert_off } };
	cb_pe_close(pe);
	cb_hostfile_close(&f);
	return r < 0 ? cb_wrap(&h->env, r, "%s", path) : 0;
}

int cb_sign_room(struct cb_host *h, const char *path, uint32_t *ret)
{
	struct table t;
	int r = find_table(h, path, &t);

	if (r == 0)
		*ret = (t.size + SLACK + SECTOR - 1) / SECTOR * SECTOR;
	return r;
}

/* One certificate, which grows: zeros and the tail after the signature itself. None of this is hashed. */
static int grow(struct cb_host *h, const char *path, const struct table *t, uint32_t room,
		struct cb_bytes tail)
{
	const cb_le32 size = cb_put_le32(room + (uint32_t)tail.n);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && pwrite(fd, tail.p, tail.n, (off_t)t->off + room) == (ssize_t)tail.n;

	for (size_t i = 0; ok && i < 2; i++)
		ok = pwrite(fd, &size, sizeof(size), (off_t)t->size_at[i]) == (ssize_t)sizeof(size);

	int r = ok ? 0 : cb_host_errno(h, "writing %s", path);

	if (fd >= 0 && close(fd) < 0 && r == 0)
		r = cb_host_errno(h, "writing %s", path);
	return cb_host_advise(h, r, CB_REPORT_OUTPUT, "make room");
}

int cb_sign_disk(struct cb_host *h, const struct cb_sign_disk *d, const char *from, const char *to)
{
	struct table t;
	int r = cb_sign_image(h, d->key, d->cert, from, to);

	if (r == 0)
		r = find_table(h, to, &t);
	if (r < 0)
		return r;
	if (t.size > d->room)
		return cb_fail(&h->env, CB_ELIMIT, "%s: a signature of %u bytes > %u", to, t.size, d->room);
	return grow(h, to, &t, d->room, d->tail);
}
