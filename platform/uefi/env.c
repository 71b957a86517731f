/* uefi/env.c - platform services in firmware. */
#include "uefi/env.h"

#include "core/mem.h"
#include "core/utf.h"
#include "uefi/proto/rng.h"
#include "uefi/proto/text.h"

#define CALIBRATE_US 10000u
#define OUT_UNITS    128u
#define PAGE         4096u
/* Kernels and initrds: the pool would put them into its buckets and round them up. */
#define PAGES_FROM   (256u << 10)

static size_t pages(size_t n) { return n / PAGE + (n % PAGE != 0); }

static void *alloc_pages(struct cb_uefi *u, size_t n)
{
	uint64_t at = 0;

	if (EFI_IS_ERROR(u->st->bs->allocate_pages(EFI_ALLOCATE_ANY_PAGES, EFI_LOADER_DATA, pages(n), &at)))
		return NULL;
	u->memory += n;
	return (void *)(uintptr_t)at; /* both are 64 bits wide on the machines of these targets */
}

static void *uefi_alloc(void *ctx, size_t n, size_t align)
{
	size_t head = align > sizeof(void *) ? align : sizeof(void *);
	struct cb_uefi *u = ctx;
	void *pool;

	if (n >= PAGES_FROM)
		return alloc_pages(u, n);
	if (EFI_IS_ERROR(u->st->bs->allocate_pool(EFI_LOADER_DATA, n + 2 * head, &pool)))
		return NULL;
	u->memory += n;

	/* The pool's own pointer lies just below the aligned one. */
	uint8_t *p = (uint8_t *)(((uintptr_t)pool + sizeof(void *) + head - 1) & ~(uintptr_t)(head - 1));

	memcpy(p - sizeof(void *), &pool, sizeof(pool));
	return p;
}

static void uefi_free(void *ctx, void *p, size_t n)
{
	struct efi_boot_services *bs = ((struct cb_uefi *)ctx)->st->bs;
	void *pool;

	if (p == NULL)
		return;
	((struct cb_uefi *)ctx)->memory -= n;
	if (n >= PAGES_FROM) {
		(void)bs->free_pages((uint64_t)(uintptr_t)p, pages(n)); /* they came from allocate_pages */
		return;
	}
	memcpy(&pool, (uint8_t *)p - sizeof(void *), sizeof(pool));
	(void)bs->free_pool(pool); /* it came from allocate_pool */
}

void cb_uefi_print(struct cb_uefi *u, const char *p, size_t n)
{
	efi_char16 out[OUT_UNITS + 4];
	size_t fill = 0;

	for (size_t i = 0; i < n;) {
		uint32_t cp;
		size_t step = cb_utf8_get((struct cb_str){ p + i, n - i }, &cp);

		if (step == 0) {
			cp = 0xfffd;
			step = 1;
		}
		i += step;
		if (cp == '\n')
			out[fill++] = '\r';
		out[fill++] = cp < 0x10000 ? (efi_char16)cp : 0xfffd; /* ConOut is UCS-2 */
		if (fill >= OUT_UNITS || i == n) {
			out[fill] = 0;
			(void)u->st->con_out->output_string(u->st->con_out, out); /* nowhere to say so */
			fill = 0;
		}
	}
}

static void put(struct cb_uefi *u, const char *p, size_t n)
{
	cb_uefi_print(u, p, n);
	for (size_t i = 0; i < n; i++)
		u->log[u->log_n++ % CB_UEFI_LOG] = p[i];
}

static void uefi_log(void *ctx, enum cb_log_level level, const char *line, size_t n)
{
	if (level == CB_LOG_WARN)
		put(ctx, "warning: ", 9);
	put(ctx, line, n);
	put(ctx, "\n", 1);
}

void cb_uefi_log_lines(const struct cb_uefi *u, struct cb_buf *ret)
{
	uint64_t at = u->log_n > CB_UEFI_LOG ? u->log_n - CB_UEFI_LOG : 0;

	/* The first of them was cut. */
	while (u->log_n > CB_UEFI_LOG && at < u->log_n && u->log[at++ % CB_UEFI_LOG] != '\n')
		;
	for (; at < u->log_n; at++)
		cb_buf_add(ret, &u->log[at % CB_UEFI_LOG], 1);
}

static uint64_t uefi_now(void *ctx)
{
	const struct cb_uefi *u = ctx;
	uint64_t t = cb_uefi_ticks(), rate = u->ticks_per_second;

	return t / rate * 1000000000u + t % rate * 1000000000u / rate;
}

static int from_cpu(uint8_t *p, size_t n)
{
	while (n > 0) {
		size_t part = n < sizeof(uint64_t) ? n : sizeof(uint64_t);
		uint64_t v;

		if (!cb_uefi_cpu_random(&v))
			return CB_EUNSUP;
		memcpy(p, &v, part);
		p += part;
		n -= part;
	}
	return 0;
}

static int uefi_entropy(void *ctx, void *buf, size_t n)
{
	static const struct efi_guid guid = EFI_RNG_GUID;
	struct efi_boot_services *bs = ((struct cb_uefi *)ctx)->st->bs;
	void *rng;

	if (!EFI_IS_ERROR(bs->locate_protocol(&guid, NULL, &rng)) &&
	    !EFI_IS_ERROR(((struct efi_rng *)rng)->get_rng(rng, NULL, n, buf)))
		return 0;
	return from_cpu(buf, n);
}

const struct cb_platform cb_uefi_platform = {
	.alloc = uefi_alloc, .free = uefi_free, .log = uefi_log, .now_ns = uefi_now,
	.entropy = uefi_entropy,
};

void cb_uefi_init(struct cb_uefi *u, efi_handle image, struct efi_system_table *st)
{
	*u = (struct cb_uefi){ .image = image, .st = st, .ticks_per_second = cb_uefi_tick_rate() };
	(void)st->bs->set_watchdog_timer(0, 0, 0, NULL); /* firmware without one has none to stop */
	if (u->ticks_per_second != 0)
		return;

	uint64_t before = cb_uefi_ticks();

	(void)st->bs->stall(CALIBRATE_US); /* always succeeds */
	u->ticks_per_second = (cb_uefi_ticks() - before) * (1000000u / CALIBRATE_US);
	if (u->ticks_per_second == 0)
		u->ticks_per_second = 1000000000u;
}

int cb_uefi_error(efi_status s)
{
	switch (s) {
	case EFI_OUT_OF_RESOURCES:  return CB_ENOMEM;
	case EFI_NOT_FOUND:         return CB_ENOENT;
	case EFI_UNSUPPORTED:       return CB_EUNSUP;
	case EFI_INVALID_PARAMETER: return CB_EINVAL;
	case EFI_ABORTED:           return CB_ECANCELED;
	default:                    return EFI_IS_ERROR(s) ? CB_EIO : CB_OK;
	}
}
