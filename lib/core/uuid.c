/* core/uuid.c - UUID text and byte orders. */
#include "core/uuid.h"

#include "core/str.h"

static const uint8_t guid_order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

static bool dash_before(size_t byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

struct cb_uuid cb_uuid_from_guid(const uint8_t guid[16])
{
	struct cb_uuid u;

	for (size_t i = 0; i < 16; i++)
		u.b[i] = guid[guid_order[i]];
	return u;
}

void cb_uuid_to_guid(struct cb_uuid u, uint8_t ret_guid[16])
{
	for (size_t i = 0; i < 16; i++)
		ret_guid[guid_order[i]] = u.b[i];
}

void cb_uuid_text(struct cb_uuid u, char ret[CB_UUID_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < 16; i++) {
		if (dash_before(i))
			*ret++ = '-';
		*ret++ = digits[u.b[i] >> 4];
		*ret++ = digits[u.b[i] & 15];
	}
	*ret = '\0';
}

bool cb_uuid_parse(struct cb_str s, struct cb_uuid *ret)
{
	struct cb_uuid u;
	size_t at = 0;

	if (s.n != CB_UUID_TEXT - 1)
		return false;
	for (size_t i = 0; i < 16; i++) {
		uint64_t v;

		if (dash_before(i) && s.p[at++] != '-')
			return false;
		if (!cb_str_u64(cb_str_sub(s, at, 2), 16, &v))
			return false;
		u.b[i] = (uint8_t)v;
		at += 2;
	}
	*ret = u;
	return true;
}

bool cb_uuid_is_nil(struct cb_uuid u)
{
	uint8_t any = 0;

	for (size_t i = 0; i < 16; i++)
		any |= u.b[i];
	return any == 0;
}
