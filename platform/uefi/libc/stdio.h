/* stdio.h - for third-party code in firmware: there are no files, and opening one says so. */
#ifndef CB_UEFI_LIBC_STDIO_H
#define CB_UEFI_LIBC_STDIO_H

#include <stddef.h>

typedef struct cb_no_file FILE;

#define SEEK_SET 0
#define SEEK_END 2

static inline FILE *fopen(const char *path, const char *mode)
{
	(void)path, (void)mode;
	return NULL;
}
static inline int fclose(FILE *f) { (void)f; return 0; }
static inline int fseek(FILE *f, int off, int whence) { (void)f, (void)off, (void)whence; return -1; }
static inline int ftell(FILE *f) { (void)f; return -1; }
static inline size_t fread(void *p, size_t size, size_t n, FILE *f)
{
	(void)p, (void)size, (void)n, (void)f;
	return 0;
}
static inline size_t fwrite(const void *p, size_t size, size_t n, FILE *f)
{
	(void)p, (void)size, (void)n, (void)f;
	return 0;
}

#endif
