/* image/loadopt.c - boot options as the firmware keeps them. */
#include "image/loadopt.h"

struct head {
	cb_le32 attributes;
	cb_le16 path_size;
};
_Static_assert(sizeof(struct head) == 6, "EFI_LOAD_OPTION before its description");

/* Device paths back to back until the list is used up. */
static int check_list(struct cb_env *env, struct cb_bytes list)
{
	struct cb_bytes left = list;
	struct cb_devnode n = { 0 };

	while (left.n > 0) {
		int r = cb_devpath_next(env, &left, &n);

		if (r < 0)
			return r;
	}
	if (n.type != CB_DEVPATH_END)
		return cb_fail(env, CB_ECORRUPT, "device path of %zu bytes has no end", list.n);
	return 0;
}

int cb_load_option_parse(struct cb_env *env, struct cb_bytes value, struct cb_load_option *ret)
{
	struct cb_load_option o = { 0 };
	const struct head *h = cb_view(struct head, value, 0);
	size_t at = sizeof(*h);
	const cb_le16 *unit;

	if (h == NULL)
		return cb_fail(env, CB_ECORRUPT, "load option of %zu bytes, %zu is the least", value.n, at);
	o.attributes = cb_get_le32(h->attributes);
	o.description.p = value.p + at;
	while ((unit = cb_view(cb_le16, value, at)) != NULL && cb_get_le16(*unit) != 0)
		at += sizeof(*unit);
	if (unit == NULL)
		return cb_fail(env, CB_ECORRUPT, "load option: the description has no end");
	o.description.n = at - sizeof(*h);
	at += sizeof(*unit);

	size_t size = cb_get_le16(h->path_size);

	if (!cb_in_range(at, size, value.n))
		return cb_fail(env, CB_ECORRUPT,
			       "load option: device path of %zu bytes at %zu, there are %zu", size, at,
			       value.n);
	o.path = (struct cb_bytes){ value.p + at, size };
	o.data = (struct cb_bytes){ value.p + at + size, value.n - at - size };

	int r = check_list(env, o.path);

	if (r < 0)
		return cb_wrap(env, r, "load option");
	*ret = o;
	return 0;
}

int cb_load_option_write(struct cb_env *env, const struct cb_load_option *o, struct cb_buf *ret)
{
	static const uint8_t nul[2];

	if (o->path.n > UINT16_MAX)
		return cb_fail(env, CB_ELIMIT, "load option: device path of %zu bytes, 65535 is the most",
			       o->path.n);

	struct head h = { cb_put_le32(o->attributes), cb_put_le16((uint16_t)o->path.n) };

	cb_buf_add(ret, &h, sizeof(h));
	cb_buf_add(ret, o->description.p, o->description.n);
	cb_buf_add(ret, nul, sizeof(nul));
	cb_buf_add(ret, o->path.p, o->path.n);
	cb_buf_add(ret, o->data.p, o->data.n);
	return cb_buf_status(ret);
}

void cb_boot_order_edit(struct cb_bytes order, uint16_t number, bool front, struct cb_buf *ret)
{
	struct cb_cur c = cb_cur(order);
	cb_le16 unit = cb_put_le16(number);

	if (front)
		cb_buf_add(ret, &unit, sizeof(unit));
	while (c.left >= sizeof(unit)) {
		uint16_t have = cb_cur_le16(&c);

		if (have == number)
			continue;
		unit = cb_put_le16(have);
		cb_buf_add(ret, &unit, sizeof(unit));
	}
}
