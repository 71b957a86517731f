/* image/devpath.c - EFI device paths (UEFI 2.10, chapter 10). */
#include "image/devpath.h"

#include "core/str.h"
#include "core/utf.h"

struct header {
	uint8_t type, subtype;
	cb_le16 size;                 /* of the node, these four bytes included */
};
_Static_assert(sizeof(struct header) == 4, "EFI_DEVICE_PATH_PROTOCOL");

/* Media, hard drive (10.3.5.1). */
struct hd {
	cb_le32 part;
	cb_le64 first, nblocks;
	uint8_t signature[16];
	uint8_t format, signature_type;
};
_Static_assert(sizeof(struct hd) == 38, "HARDDRIVE_DEVICE_PATH without header");

enum { MEDIA_HD = 1, MEDIA_FILE = 4 };
enum { SIGNATURE_GUID = 2 };

int cb_devpath_next(struct cb_env *env, struct cb_bytes *path, struct cb_devnode *ret)
{
	const struct header *h = cb_view(struct header, *path, 0);
	size_t size = h != NULL ? cb_get_le16(h->size) : 0;

	if (size < sizeof(*h) || size > path->n)
		return cb_fail(env, CB_ECORRUPT, "device path: a node of %zu bytes where %zu are left", size,
			       path->n);
	*ret = (struct cb_devnode){ h->type, h->subtype,
				    { path->p + sizeof(*h), size - sizeof(*h) } };
	*path = (struct cb_bytes){ path->p + size, path->n - size };
	return 0;
}

int cb_devpath_check(struct cb_env *env, struct cb_bytes path)
{
	struct cb_devnode n = { 0 };

	while (path.n > 0) {
		int r = cb_devpath_next(env, &path, &n);

		if (r < 0)
			return r;
		if (n.type == CB_DEVPATH_END && n.subtype == CB_DEVPATH_END_ENTIRE && path.n > 0)
			return cb_fail(env, CB_ECORRUPT, "device path: %zu bytes after its end", path.n);
	}
	if (n.type != CB_DEVPATH_END || n.subtype != CB_DEVPATH_END_ENTIRE)
		return cb_fail(env, CB_ECORRUPT, "device path without an end");
	return 0;
}

bool cb_devpath_get_hd(const struct cb_devnode *n, struct cb_devpath_hd *ret)
{
	if (n->type != CB_DEVPATH_MEDIA || n->subtype != MEDIA_HD || n->body.n != sizeof(struct hd))
		return false;

	const struct hd *h = cb_view(struct hd, n->body, 0);

	*ret = (struct cb_devpath_hd){ .part = cb_get_le32(h->part), .first = cb_get_le64(h->first),
				       .nblocks = cb_get_le64(h->nblocks), .format = h->format,
				       .signature_type = h->signature_type };
	memcpy(ret->signature, h->signature, sizeof(ret->signature));
	return true;
}

bool cb_devpath_partuuid(struct cb_env *env, struct cb_bytes path, char ret[CB_UUID_TEXT])
{
	struct cb_devpath_hd hd = { .part = 0 };
	struct cb_devnode n = { 0 };
	bool found = false;

	while (path.n > 0 && cb_devpath_next(env, &path, &n) == 0)
		if (cb_devpath_get_hd(&n, &hd) && hd.format == CB_DEVPATH_GPT) {
			cb_uuid_text(cb_uuid_from_guid(hd.signature), ret);
			found = true;
		}
	cb_clear(env); /* what makes no sense goes through no partition */
	return found;
}

bool cb_devpath_is_file(const struct cb_devnode *n)
{
	return n->type == CB_DEVPATH_MEDIA && n->subtype == MEDIA_FILE;
}

bool cb_devpath_starts(struct cb_bytes path, struct cb_bytes base)
{
	const size_t end = sizeof(struct header);

	/* Equal bytes have their nodes' ends at the same places. */
	return base.n > end && path.n >= base.n && memcmp(path.p, base.p, base.n - end) == 0;
}

bool cb_devpath_file(struct cb_env *env, struct cb_bytes path, struct cb_buf *ret)
{
	struct cb_devnode n = { 0 };
	bool found = false;

	while (path.n > 0 && cb_devpath_next(env, &path, &n) == 0) {
		size_t before = ret->n;

		if (!cb_devpath_is_file(&n))
			continue;
		cb_utf16_to_utf8(ret, n.body);
		/* Nodes follow each other with or without a '\\' of their own. */
		if (before > 0 && ret->n > before && ret->p[before] != '\\' && ret->p[before - 1] != '\\') {
			cb_buf_add(ret, "\\", 1);
			if (cb_buf_status(ret) < 0)
				break;
			memmove(ret->p + before + 1, ret->p + before, ret->n - 1 - before);
			ret->p[before] = '\\';
		}
		found = true;
	}
	cb_clear(env); /* what makes no sense names no file */
	return found && cb_buf_status(ret) == 0;
}

void cb_devpath_add(struct cb_buf *b, uint8_t type, uint8_t subtype, struct cb_bytes body,
		    struct cb_bytes more)
{
	struct header h = { type, subtype, cb_put_le16((uint16_t)(sizeof(h) + body.n + more.n)) };

	if (body.n > UINT16_MAX - sizeof(h) || more.n > UINT16_MAX - sizeof(h) - body.n) {
		b->status = cb_fail(b->env, CB_ELIMIT, "device path: a node of over %u bytes", UINT16_MAX);
		return;
	}
	cb_buf_add(b, &h, sizeof(h));
	cb_buf_add(b, body.p, body.n);
	cb_buf_add(b, more.p, more.n);
}

void cb_devpath_add_hd(struct cb_buf *b, uint32_t part, uint64_t first, uint64_t nblocks,
		       struct cb_uuid partuuid)
{
	struct hd h = { .part = cb_put_le32(part), .first = cb_put_le64(first),
			.nblocks = cb_put_le64(nblocks), .format = CB_DEVPATH_GPT,
			.signature_type = SIGNATURE_GUID };

	cb_uuid_to_guid(partuuid, h.signature);
	cb_devpath_add(b, CB_DEVPATH_MEDIA, MEDIA_HD, (struct cb_bytes){ (const uint8_t *)&h, sizeof(h) },
		       (struct cb_bytes){ NULL, 0 });
}

void cb_devpath_add_file(struct cb_buf *b, struct cb_str path)
{
	struct cb_buf text;
	static const uint8_t nul[2];

	cb_buf_init(&text, b->env, UINT16_MAX);
	cb_utf8_to_utf16(&text, path);
	for (size_t i = 0; i + 1 < text.n; i += 2)
		if (text.p[i] == '/' && text.p[i + 1] == 0)
			text.p[i] = '\\';
	cb_buf_add(&text, nul, sizeof(nul));
	if (cb_buf_status(&text) < 0)
		b->status = cb_buf_status(&text);
	else
		cb_devpath_add(b, CB_DEVPATH_MEDIA, MEDIA_FILE, cb_buf_bytes(&text),
			       (struct cb_bytes){ NULL, 0 });
	cb_buf_fini(&text);
}

void cb_devpath_add_end(struct cb_buf *b)
{
	cb_devpath_add(b, CB_DEVPATH_END, CB_DEVPATH_END_ENTIRE, (struct cb_bytes){ NULL, 0 },
		       (struct cb_bytes){ NULL, 0 });
}
