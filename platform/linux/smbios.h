/* linux/smbios.h - which machine this is, by what its firmware says (SMBIOS through sysfs). */
#ifndef CB_LINUX_SMBIOS_H
#define CB_LINUX_SMBIOS_H

#include <stdbool.h>

/* A guest of Apple's Virtualization.framework, as vfkit starts them. */
bool cb_smbios_is_apple_vz(void);

#endif
