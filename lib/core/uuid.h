/* core/uuid.h - RFC 9562 UUIDs and their mixed-endian form in GPT and UEFI ("GUID"). */
#ifndef CB_CORE_UUID_H
#define CB_CORE_UUID_H

#include "core/mem.h"

#define CB_UUID_TEXT 37            /* 36 characters and a NUL */

/* Bytes in text order. */
struct cb_uuid { uint8_t b[16]; };

/* As on disk in GPT: the first three fields little-endian. */
struct cb_uuid cb_uuid_from_guid(const uint8_t guid[16]);
void cb_uuid_to_guid(struct cb_uuid u, uint8_t ret_guid[16]);
/* Lower case, as Linux and UAPI print them. */
void cb_uuid_text(struct cb_uuid u, char ret[CB_UUID_TEXT]);
/* Either case, dashes in their places. */
bool cb_uuid_parse(struct cb_str s, struct cb_uuid *ret);
static inline bool cb_uuid_eq(struct cb_uuid a, struct cb_uuid b) { return memcmp(&a, &b, 16) == 0; }
bool cb_uuid_is_nil(struct cb_uuid u);

#endif
