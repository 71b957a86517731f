/* fs/ext4/inline.c - inline_data: a small file's bytes in i_block and in the inode's own
 * extended attribute "system.data". */
#include "fs/ext4/ext4_priv.h"

#include "core/str.h"

#define ATTR_MAGIC   0xea020000u
#define INDEX_SYSTEM 7u
#define GOOD_OLD     128u

struct disk_attr {
	uint8_t name_len, index;
	cb_le16 value_at;
	cb_le32 value_ino, value_size, hash;
};
_Static_assert(sizeof(struct disk_attr) == 16, "extended attribute entry");

/* Find "system.data" among the entries; values are addressed from the first entry on. */
static int find_data(struct ext4 *m, const struct ext4_inode *in, struct cb_bytes attrs,
		     struct cb_bytes *ret)
{
	size_t at = 0;

	while (cb_in_range(at, 4, attrs.n)) {
		const struct disk_attr *a = cb_view(struct disk_attr, attrs, at);
		static const uint8_t end[4];

		if (memcmp(attrs.p + at, end, 4) == 0)
			break;
		if (a == NULL || !cb_in_range(at + sizeof(*a), a->name_len, attrs.n))
			return cb_fail(m->fs.env, CB_ECORRUPT, "inode %u: attribute entry at %zu of %zu",
				       in->ino, at, attrs.n);

		struct cb_str name = { (const char *)(a + 1), a->name_len };

		at += (sizeof(*a) + a->name_len + 3) & ~(size_t)3;
		if (a->index != INDEX_SYSTEM || !cb_str_eq(name, CB_STR("data")))
			continue;
		if (cb_get_le32(a->value_ino) != 0 ||
		    !cb_in_range(cb_get_le16(a->value_at), cb_get_le32(a->value_size), attrs.n))
			return cb_fail(m->fs.env, CB_ECORRUPT,
				       "inode %u: inline data, %u bytes at %u of %zu", in->ino,
				       cb_get_le32(a->value_size), cb_get_le16(a->value_at), attrs.n);
		ret->p = attrs.p + cb_get_le16(a->value_at);
		ret->n = cb_get_le32(a->value_size);
		return 0;
	}
	return cb_fail(m->fs.env, CB_ECORRUPT, "inode %u: inline data without its attribute", in->ino);
}

int cb_ext4_inline_rest(struct ext4 *m, const struct ext4_inode *in, struct cb_bytes *ret)
{
	struct cb_bytes raw = { .n = m->s.inode_size };
	bool from_disk;
	int r = cb_ext4_inode_raw(m, in->ino, in->fc, &raw.p, &from_disk);

	if (r < 0)
		return r;

	const cb_le16 *extra = cb_view(cb_le16, raw, GOOD_OLD);
	size_t at = GOOD_OLD + (extra != NULL ? cb_get_le16(*extra) : 0u);
	const cb_le32 *magic = cb_view(cb_le32, raw, at);

	if (magic == NULL || cb_get_le32(*magic) != ATTR_MAGIC) {
		*ret = (struct cb_bytes){ raw.p, 0 };
		return 0;
	}
	at += sizeof(*magic);
	return find_data(m, in, (struct cb_bytes){ raw.p + at, raw.n - at }, ret);
}
