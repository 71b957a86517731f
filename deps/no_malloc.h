/* no_malloc.h - force-included in third-party code: memory comes from the caller's hooks or not at all.
 *
 * Each library falls back to malloc() where no allocator was given. By these names such a path
 * fails cleanly instead, and the archives name no libc allocator, which firmware lacks. Members
 * of the same names (yyjson_alc) are renamed along: only the spelling differs from the header's. */
#ifndef CB_DEPS_NO_MALLOC_H
#define CB_DEPS_NO_MALLOC_H

#include <stdlib.h>

static inline void *cb_no_malloc(size_t n) { (void)n; return NULL; }
static inline void *cb_no_calloc(size_t n, size_t m) { (void)n; (void)m; return NULL; }
static inline void *cb_no_realloc(void *p, size_t n) { (void)p; (void)n; return NULL; }
static inline void cb_no_free(void *p) { (void)p; }

#define malloc  cb_no_malloc
#define calloc  cb_no_calloc
#define realloc cb_no_realloc
#define free    cb_no_free

#endif
