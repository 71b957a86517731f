/* math.h - for yyjson in firmware: it compares with one constant and calls nothing. */
#ifndef CB_UEFI_LIBC_MATH_H
#define CB_UEFI_LIBC_MATH_H

#define HUGE_VAL __builtin_huge_val()

#endif
