/* posix/posix.c - platform services from the C library. */
#include "posix/posix.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "core/err.h"

static void *posix_alloc(void *ctx, size_t n, size_t align)
{
	void *p;

	(void)ctx;
	if (align < sizeof(void *))
		align = sizeof(void *);
	return posix_memalign(&p, align, n) == 0 ? p : NULL;
}

static void posix_free(void *ctx, void *p, size_t n)
{
	(void)ctx;
	(void)n;
	free(p);
}

static void posix_log(void *ctx, enum cb_log_level level, const char *line, size_t n)
{
	static const char *const names[] = { "error: ", "warning: ", "", "debug: " };

	(void)ctx;
	fprintf(stderr, "%s%.*s\n", names[level], (int)n, line);
}

static uint64_t posix_now(void *ctx)
{
	struct timespec ts;

	(void)ctx;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* can't fail with this clock */
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int posix_entropy(void *ctx, void *buf, size_t n)
{
	unsigned char *p = buf;

	(void)ctx;
	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return CB_EIO;
		p += got;
		n -= (size_t)got;
	}
	return 0;
}

const struct cb_platform cb_posix_platform = {
	.alloc = posix_alloc, .free = posix_free, .log = posix_log, .now_ns = posix_now,
	.entropy = posix_entropy,
};
