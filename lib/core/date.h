/* core/date.h - dates as seconds. */
#ifndef CB_CORE_DATE_H
#define CB_CORE_DATE_H

#include <stdint.h>

/* Seconds since 1970-01-01 00:00 UTC of a date in the Gregorian calendar, month 1 to 12, day 1 to 31. */
int64_t cb_date_seconds(int year, int month, int day, int hour, int minute, int second);

#endif
