/* platform/uefi/libc.c - the functions that compilers call by themselves, where no libc is. */
#include <stddef.h>
#include <stdint.h>

#include "core/mem.h"

/* Floating point is used nowhere; the linker of PE images wants the symbol all the same. */
int _fltused;

typedef uint64_t __attribute__((may_alias, aligned(1))) word;

void *memcpy(void *restrict d, const void *restrict s, size_t n)
{
	uint8_t *a = d;
	const uint8_t *b = s;

	for (; n >= sizeof(word); n -= sizeof(word), a += sizeof(word), b += sizeof(word))
		*(word *)(void *)a = *(const word *)(const void *)b;
	while (n-- > 0)
		*a++ = *b++;
	return d;
}

void *memmove(void *d, const void *s, size_t n)
{
	uint8_t *a = d;
	const uint8_t *b = s;

	if ((uintptr_t)a - (uintptr_t)b >= n)
		return memcpy(d, s, n);
	while (n-- > 0)
		a[n] = b[n];
	return d;
}

void *memset(void *d, int c, size_t n)
{
	uint8_t *a = d;
	word w = (uint8_t)c * UINT64_C(0x0101010101010101);

	for (; n >= sizeof(word); n -= sizeof(word), a += sizeof(word))
		*(word *)(void *)a = w;
	while (n-- > 0)
		*a++ = (uint8_t)c;
	return d;
}

int memcmp(const void *x, const void *y, size_t n)
{
	const uint8_t *a = x, *b = y;

	for (; n > 0; n--, a++, b++)
		if (*a != *b)
			return *a - *b;
	return 0;
}
