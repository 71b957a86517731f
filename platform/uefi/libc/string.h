/* string.h - for third-party code in firmware: the four that compilers call, and what is used besides. */
#ifndef CB_UEFI_LIBC_STRING_H
#define CB_UEFI_LIBC_STRING_H

#include <stddef.h>

void *memcpy(void *restrict d, const void *restrict s, size_t n);
void *memmove(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

static inline size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n] != 0)
		n++;
	return n;
}

static inline int strcmp(const char *a, const char *b)
{
	while (*a != 0 && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

static inline char *strchr(const char *s, int c)
{
	while (*s != (char)c && *s != 0)
		s++;
	return *s == (char)c ? (char *)(__UINTPTR_TYPE__)s : NULL;
}

#endif
