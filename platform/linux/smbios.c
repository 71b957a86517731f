/* linux/smbios.c - /sys/class/dmi/id. */
#include "linux/smbios.h"

#include "core/str.h"
#include "linux/os.h"

bool cb_smbios_is_apple_vz(void)
{
	char vendor[64], product[64];

	(void)cb_os_text("/sys/class/dmi/id/sys_vendor", vendor, sizeof(vendor)); /* empty without SMBIOS */
	(void)cb_os_text("/sys/class/dmi/id/product_name", product, sizeof(product)); /* the same */
	return cb_str_starts(cb_str_c(vendor), CB_STR("Apple")) &&
	       cb_str_find(cb_str_c(product), CB_STR("Virtualization")) != SIZE_MAX;
}
