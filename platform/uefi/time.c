/* uefi/time.c - the machine's clock (UEFI 2.10, 8.3). */
#include "core/date.h"
#include "uefi/env.h"

#define UNSPECIFIED 0x7ff          /* EFI_UNSPECIFIED_TIMEZONE: local time, which clouds keep as UTC */
#define ZONE_MAX    1440           /* minutes */

int64_t cb_uefi_time(struct cb_uefi *u)
{
	struct efi_time t = { .year = 0 };
	int zone;

	if (EFI_IS_ERROR(u->st->rt->get_time(&t, NULL)) || t.year < 1900 || t.year > 9999 ||
	    t.month < 1 || t.month > 12 || t.day < 1 || t.day > 31 || t.hour > 23 || t.minute > 59 || t.second > 59)
		return CB_UEFI_NO_TIME;
	zone = t.time_zone >= -ZONE_MAX && t.time_zone <= ZONE_MAX && t.time_zone != UNSPECIFIED ? t.time_zone : 0;
	/* LocalTime = UTC - TimeZone. */
	return cb_date_seconds(t.year, t.month, t.day, t.hour, t.minute, t.second) + zone * 60;
}
