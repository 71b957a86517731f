/* image/devpath.c - EFI device paths (UEFI 2.10, chapter 10). */
#include "image/devpath.h"

#include "core/str.h"
#include "core/utf.h"

#define END_ENTIRE   0xffu

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

enum { MEDIA_HD = 1, MEDIA_CDROM = 2, MEDIA_VENDOR = 3, MEDIA_FILE = 4, MEDIA_FV_FILE = 6, MEDIA_FV = 7 };
enum { SIGNATURE_MBR = 1, SIGNATURE_GUID = 2 };

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
		if (n.type == CB_DEVPATH_END && n.subtype == END_ENTIRE && path.n > 0)
			return cb_fail(env, CB_ECORRUPT, "device path: %zu bytes after its end", path.n);
	}
	if (n.type != CB_DEVPATH_END || n.subtype != END_ENTIRE)
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

bool cb_devpath_is_file(const struct cb_devnode *n)
{
	return n->type == CB_DEVPATH_MEDIA && n->subtype == MEDIA_FILE;
}

static void print_guid(struct cb_buf *b, const uint8_t guid[16])
{
	char text[CB_UUID_TEXT];

	cb_uuid_text(cb_uuid_from_guid(guid), text);
	cb_buf_fmt(b, "%s", text);
}

static void print_hex(struct cb_buf *b, struct cb_bytes s)
{
	for (size_t i = 0; i < s.n; i++)
		cb_buf_fmt(b, "%02x", s.p[i]);
}

static void print_hd(struct cb_buf *b, const struct cb_devpath_hd *h)
{
	static const char *const formats[] = { "0", "MBR", "GPT" };
	struct cb_cur c = cb_cur((struct cb_bytes){ h->signature, sizeof(h->signature) });

	cb_buf_fmt(b, "HD(%u,%s,", h->part, h->format <= CB_DEVPATH_GPT ? formats[h->format] : "?");
	if (h->signature_type == SIGNATURE_GUID)
		print_guid(b, h->signature);
	else
		cb_buf_fmt(b, "0x%08x", cb_cur_le32(&c));
	cb_buf_fmt(b, ",0x%llx,0x%llx)", (unsigned long long)h->first, (unsigned long long)h->nblocks);
}

static bool print_media(struct cb_buf *b, const struct cb_devnode *n)
{
	struct cb_cur c = cb_cur(n->body);
	struct cb_devpath_hd h;

	if (cb_devpath_get_hd(n, &h)) {
		print_hd(b, &h);
		return true;
	}
	switch (n->subtype) {
	case MEDIA_CDROM: {
		uint32_t entry = cb_cur_le32(&c);
		uint64_t first = cb_cur_le64(&c), count = cb_cur_le64(&c);

		if (!cb_cur_ok(&c))
			return false;
		cb_buf_fmt(b, "CDROM(%u,0x%llx,0x%llx)", entry, (unsigned long long)first,
			   (unsigned long long)count);
		return true;
	}
	case MEDIA_FILE:
		cb_utf16_to_utf8(b, n->body);
		return true;
	case MEDIA_VENDOR:
	case MEDIA_FV_FILE:
	case MEDIA_FV:
		if (n->body.n < 16)
			return false;
		cb_buf_fmt(b, n->subtype == MEDIA_VENDOR ? "VenMedia(" :
			      n->subtype == MEDIA_FV ? "Fv(" : "FvFile(");
		print_guid(b, n->body.p);
		if (n->body.n > 16) {
			cb_buf_fmt(b, ",");
			print_hex(b, (struct cb_bytes){ n->body.p + 16, n->body.n - 16 });
		}
		cb_buf_fmt(b, ")");
		return true;
	default:
		return false;
	}
}

static bool print_hardware(struct cb_buf *b, const struct cb_devnode *n)
{
	struct cb_cur c = cb_cur(n->body);

	if (n->subtype == 1) {
		unsigned function = cb_cur_u8(&c), device = cb_cur_u8(&c);

		cb_buf_fmt(b, "Pci(0x%x,0x%x)", device, function);
	} else if (n->subtype == 3) {
		uint32_t type = cb_cur_le32(&c);
		uint64_t start = cb_cur_le64(&c), end = cb_cur_le64(&c);

		cb_buf_fmt(b, "MemoryMapped(0x%x,0x%llx,0x%llx)", type, (unsigned long long)start,
			   (unsigned long long)end);
	} else if (n->subtype == 4 && n->body.n >= 16) {
		cb_buf_fmt(b, "VenHw(");
		print_guid(b, n->body.p);
		if (n->body.n > 16) {
			cb_buf_fmt(b, ",");
			print_hex(b, (struct cb_bytes){ n->body.p + 16, n->body.n - 16 });
		}
		cb_buf_fmt(b, ")");
		return true;
	} else if (n->subtype == 5) {
		cb_buf_fmt(b, "Ctrl(0x%x)", cb_cur_le32(&c));
	} else {
		return false;
	}
	return cb_cur_ok(&c);
}

static bool print_acpi(struct cb_buf *b, const struct cb_devnode *n)
{
	struct cb_cur c = cb_cur(n->body);

	if (n->subtype != 1)
		return false;

	uint32_t hid = cb_cur_le32(&c), uid = cb_cur_le32(&c);

	if (!cb_cur_ok(&c))
		return false;
	if (hid == 0x0a0341d0)
		cb_buf_fmt(b, "PciRoot(0x%x)", uid);
	else if (hid == 0x0a0841d0)
		cb_buf_fmt(b, "PcieRoot(0x%x)", uid);
	else if ((hid & 0xffff) == 0x41d0)
		cb_buf_fmt(b, "Acpi(PNP%04X,0x%x)", hid >> 16, uid);
	else
		cb_buf_fmt(b, "Acpi(0x%08x,0x%x)", hid, uid);
	return true;
}

static bool print_mac(struct cb_buf *b, struct cb_cur *c)
{
	struct cb_bytes mac = cb_cur_take(c, 32);
	unsigned type = cb_cur_u8(c);

	if (!cb_cur_ok(c))
		return false;
	cb_buf_fmt(b, "MAC(");
	print_hex(b, (struct cb_bytes){ mac.p, type <= 1 ? 6 : 32 });
	cb_buf_fmt(b, ",0x%x)", type);
	return true;
}

/* SCSI 2, USB 5, MAC 11, SATA 18, NVMe 23, URI 24 are what disks and NICs of our machines have. */
static bool print_messaging(struct cb_buf *b, const struct cb_devnode *n)
{
	struct cb_cur c = cb_cur(n->body);
	unsigned x, y;

	switch (n->subtype) {
	case 2:
		x = cb_cur_le16(&c);
		y = cb_cur_le16(&c);
		cb_buf_fmt(b, "Scsi(0x%x,0x%x)", x, y);
		return cb_cur_ok(&c);
	case 5:
		x = cb_cur_u8(&c);
		y = cb_cur_u8(&c);
		cb_buf_fmt(b, "USB(0x%x,0x%x)", x, y);
		return cb_cur_ok(&c);
	case 11:
		return print_mac(b, &c);
	case 18:
		x = cb_cur_le16(&c);
		y = cb_cur_le16(&c);
		cb_buf_fmt(b, "Sata(0x%x,0x%x,0x%x)", x, y, cb_cur_le16(&c));
		return cb_cur_ok(&c);
	case 23:
		x = cb_cur_le32(&c);
		cb_buf_fmt(b, "NVMe(0x%x,", x);
		for (size_t i = 8; i > 0 && n->body.n >= 12; i--)
			cb_buf_fmt(b, "%02X%s", n->body.p[3 + i], i > 1 ? "-" : ")");
		return n->body.n >= 12;
	case 24:
		cb_buf_fmt(b, "Uri(");
		cb_str_escape(b, (struct cb_str){ (const char *)n->body.p, n->body.n });
		cb_buf_fmt(b, ")");
		return true;
	default:
		return false;
	}
}

static void print_node(struct cb_buf *b, const struct cb_devnode *n)
{
	size_t mark = b->n;
	bool known = n->type == CB_DEVPATH_HARDWARE ? print_hardware(b, n) :
		     n->type == CB_DEVPATH_ACPI ? print_acpi(b, n) :
		     n->type == CB_DEVPATH_MESSAGING ? print_messaging(b, n) :
		     n->type == CB_DEVPATH_MEDIA ? print_media(b, n) : false;

	if (known)
		return;
	b->n = mark;          /* a short body: what was begun is taken back */
	cb_buf_fmt(b, "Path(%u,%u", n->type, n->subtype);
	if (n->body.n > 0) {
		cb_buf_fmt(b, ",");
		print_hex(b, n->body);
	}
	cb_buf_fmt(b, ")");
}

void cb_devpath_print(struct cb_env *env, struct cb_bytes path, struct cb_buf *ret)
{
	bool first = true;
	struct cb_devnode n;

	while (path.n > 0) {
		if (cb_devpath_next(env, &path, &n) < 0) {
			cb_clear(env);
			cb_buf_fmt(ret, "/?");
			return;
		}
		if (n.type == CB_DEVPATH_END) {
			if (path.n == 0)
				return;
			cb_buf_fmt(ret, ",");
			first = true;
			continue;
		}
		if (!first)
			cb_buf_fmt(ret, "/");
		first = false;
		print_node(ret, &n);
	}
}

static void add_header(struct cb_buf *b, uint8_t type, uint8_t subtype, size_t body)
{
	struct header h = { type, subtype, cb_put_le16((uint16_t)(sizeof(h) + body)) };

	if (body > UINT16_MAX - sizeof(h))
		b->status = cb_fail(b->env, CB_ELIMIT, "device path: a node of %zu bytes", body);
	else
		cb_buf_add(b, &h, sizeof(h));
}

void cb_devpath_add_hd(struct cb_buf *b, uint32_t part, uint64_t first, uint64_t nblocks,
		       struct cb_uuid partuuid)
{
	struct hd h = { .part = cb_put_le32(part), .first = cb_put_le64(first),
			.nblocks = cb_put_le64(nblocks), .format = CB_DEVPATH_GPT,
			.signature_type = SIGNATURE_GUID };

	cb_uuid_to_guid(partuuid, h.signature);
	add_header(b, CB_DEVPATH_MEDIA, MEDIA_HD, sizeof(h));
	cb_buf_add(b, &h, sizeof(h));
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
	if (cb_buf_status(&text) < 0) {
		b->status = cb_buf_status(&text);
	} else {
		add_header(b, CB_DEVPATH_MEDIA, MEDIA_FILE, text.n);
		cb_buf_add(b, text.p, text.n);
	}
	cb_buf_fini(&text);
}

void cb_devpath_add_end(struct cb_buf *b)
{
	add_header(b, CB_DEVPATH_END, END_ENTIRE, 0);
}
