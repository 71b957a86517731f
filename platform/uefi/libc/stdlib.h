/* stdlib.h - for third-party code in firmware. No allocator: deps/no_malloc.h says why. */
#ifndef CB_UEFI_LIBC_STDLIB_H
#define CB_UEFI_LIBC_STDLIB_H

#include <stddef.h>

#endif
