/* uki/state.c - paths by the disks of a machine; variable stores by the firmware's template. */
#include "uki/state.h"

#include <stdlib.h>
#include <unistd.h>

#include "codec/hash.h"
#include "codec/hex.h"
#include "uki/files.h"
#include "uki/parts.h"

#define HOLE 4096u

int cb_state_path(struct cb_host *h, const struct cb_list *disks, const char *kind, const char *ext,
		  const char **ret)
{
	uint8_t digest[CB_HASH_MAX];
	struct cb_hash hash;
	char hex[17];
	const char *dir = NULL;

	cb_hash_init(&hash, CB_HASH_SHA256);
	for (size_t i = 0; i < disks->n; i++) {
		char *path = realpath(disks->v[i], NULL);
		struct cb_str key = cb_str_c(path != NULL ? path : disks->v[i]);

		if (i > 0)
			cb_hash_add(&hash, "", 1);     /* a byte that no path has */
		cb_hash_add(&hash, key.p, key.n);
		free(path);
	}
	(void)cb_hash_fini(&hash, digest); /* 32 bytes */
	cb_hex(hex, digest, 8);

	int r = cb_parts_cache(h, "run", &dir);

	if (r < 0)
		return r;
	*ret = cb_host_text(h, "%s/%s-%s.%s", dir, kind, hex, ext);
	return *ret != NULL ? 0 : CB_ENOMEM;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

/* AAVMF's store is 64 MiB, of which under one is in use. */
static void add_sparsely(struct cb_pieces *l, const uint8_t *p, size_t n)
{
	size_t at = 0;

	while (at < n) {
		size_t now = cb_min(HOLE, n - at), end = at + now;
		bool zero = is_zero(p + at, now);

		while (end < n && is_zero(p + end, cb_min(HOLE, n - end)) == zero)
			end += cb_min(HOLE, n - end);
		if (zero) {
			cb_pieces_zeros(l, end - at);
		} else {
			const struct cb_input in = cb_input_mem((struct cb_bytes){ p + at, end - at });

			cb_pieces_add(l, &in);
		}
		at = end;
	}
}

int cb_state_vars(struct cb_host *h, const char *path, const char *template)
{
	struct cb_pieces l;
	struct cb_buf b;
	int r;

	if (access(path, R_OK | W_OK) == 0)
		return 0;
	cb_buf_init(&b, &h->env, CB_HOSTFILE_MAX);
	cb_pieces_init(&l, &h->env);
	r = cb_hostfile_slurp(h, template, &b);
	if (r == 0) {
		add_sparsely(&l, b.p, b.n);
		r = cb_hostfile_write(h, path, &l, NULL);
	}
	cb_pieces_fini(&l);
	cb_buf_fini(&b);
	return r;
}
