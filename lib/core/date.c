/* core/date.c - dates as seconds. */
#include "core/date.h"

#define DAY         86400
#define DAYS_TO_1970 719468      /* from 1 March of year 0 */

int64_t cb_date_seconds(int year, int month, int day, int hour, int minute, int second)
{
	/* Years begin in March here: then the leap day is the last one, and months are 153 days in 5. */
	int64_t y = month > 2 ? year : year - 1, m = (month + 9) % 12;
	int64_t days = y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - DAYS_TO_1970;

	return days * DAY + hour * 3600 + minute * 60 + second;
}
