/* no_strtod.h - force-included in yyjson: lib/codec/json.c has it keep numbers as text.
 *
 * Its number conversion is 36 KB of code and tables that nothing would reach. Built to use libc's
 * strtod() instead, and given this one, it reports an error if it ever tries to convert. */
#ifndef CB_DEPS_YYJSON_NO_STRTOD_H
#define CB_DEPS_YYJSON_NO_STRTOD_H

static inline double cb_no_strtod(const char *s, char **ret_end)
{
	*ret_end = (char *)s;
	return 0;
}
#define strtod cb_no_strtod

#endif
