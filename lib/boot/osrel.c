/* boot/osrel.c - os-release(5): lines KEY=value, the value maybe in quotes. */
#include "boot/chooser_priv.h"
#include "core/str.h"

struct cb_str cb_osrel_get(struct cb_str text, struct cb_str key)
{
	struct cb_str line, value = { "", 0 };

	while (cb_str_line(&text, &line)) {
		line = cb_str_trim(line);
		if (!cb_str_starts(line, key) || line.n <= key.n || line.p[key.n] != '=')
			continue;
		value = cb_str_sub(line, key.n + 1, SIZE_MAX);
		if (value.n > 1 && (value.p[0] == '"' || value.p[0] == '\'') &&
		    value.p[value.n - 1] == value.p[0])
			value = cb_str_sub(value, 1, value.n - 2);
	}
	return value;
}
