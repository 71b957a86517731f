/* tests/unit/test_host_uefi.c - disks, the initrd's protocol and the log of platform/uefi, over a small
 * firmware of this file's own: a table of handles, each with protocols. */
#include "uefi/disk.h"
#include "uefi/initrd.h"

#include <stdlib.h>

#include "uefi/proto/block_io2.h"
#include "uefi/proto/device_path.h"
#include "uefi/proto/disk_io.h"
#include "uefi/proto/text.h"
#include "unit/check.h"

#define HANDLES 8u
#define SLOTS   4u
#define BLOCKS  64u
#define BYTES   (BLOCKS * 512u)

static const struct efi_guid block_io = EFI_BLOCK_IO_GUID, block_io2 = EFI_BLOCK_IO2_GUID;
static const struct efi_guid disk_io = EFI_DISK_IO_GUID, path_guid = EFI_DEVICE_PATH_GUID;
static const struct efi_guid file_guid = EFI_LOAD_FILE2_GUID;

struct handle {
	struct { struct efi_guid guid; void *p; } slot[SLOTS];
	size_t n;
};

/* The firmware. Its calls carry no context of ours: it is one object. */
static struct {
	struct handle handles[HANDLES];
	size_t n;
	uint64_t pages;                   /* allocated */
	efi_status install_says, read_says;
	uint32_t media_id;
	uint64_t last_lba;
	size_t calls, most;               /* device reads; bytes of the largest */
	uint8_t disk[BYTES];
	char screen[2 * CB_UEFI_LOG];
	size_t screen_n;
} fw;

uint64_t cb_uefi_ticks(void)
{
	return 1;
}

uint64_t cb_uefi_tick_rate(void)
{
	return 1000;
}

bool cb_uefi_cpu_random(uint64_t *ret)
{
	*ret = 4;
	return true;
}

static bool same(const struct efi_guid *a, const struct efi_guid *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static efi_status handle_protocol(efi_handle h, const struct efi_guid *g, void **ret)
{
	struct handle *x = h;

	for (size_t i = 0; i < x->n; i++)
		if (same(&x->slot[i].guid, g)) {
			*ret = x->slot[i].p;
			return EFI_SUCCESS;
		}
	return EFI_UNSUPPORTED;
}

static efi_status locate_handle_buffer(uint32_t how, const struct efi_guid *g, void *key, size_t *ret_n,
				       efi_handle **ret)
{
	void *p;

	(void)how, (void)key;
	*ret = calloc(HANDLES, sizeof(**ret));
	*ret_n = 0;
	for (size_t i = 0; i < fw.n && *ret != NULL; i++)
		if (handle_protocol(&fw.handles[i], g, &p) == EFI_SUCCESS)
			(*ret)[(*ret_n)++] = &fw.handles[i];
	if (*ret_n > 0)
		return EFI_SUCCESS;
	free(*ret);
	return EFI_NOT_FOUND;
}

static efi_status install_protocol(efi_handle *h, const struct efi_guid *g, uint32_t type, void *p)
{
	struct handle *x = *h != NULL ? *h : &fw.handles[fw.n];

	(void)type;
	if (EFI_IS_ERROR(fw.install_says) && same(g, &file_guid))
		return fw.install_says;
	fw.n += *h == NULL;
	x->slot[x->n].guid = *g;
	x->slot[x->n++].p = p;
	*h = x;
	return EFI_SUCCESS;
}

static efi_status uninstall_protocol(efi_handle h, const struct efi_guid *g, void *p)
{
	struct handle *x = h;

	for (size_t i = 0; i < x->n; i++)
		if (same(&x->slot[i].guid, g) && x->slot[i].p == p) {
			x->slot[i] = x->slot[--x->n];
			return EFI_SUCCESS;
		}
	return EFI_NOT_FOUND;
}

/* Whole paths only: that is all that is asked for here. */
static efi_status locate_device_path(const struct efi_guid *g, struct efi_device_path **path,
				     efi_handle *ret)
{
	struct cb_bytes want = cb_uefi_path_bytes(*path), have;
	void *p;

	for (size_t i = 0; i < fw.n; i++) {
		if (handle_protocol(&fw.handles[i], g, &p) != EFI_SUCCESS ||
		    handle_protocol(&fw.handles[i], &path_guid, &p) != EFI_SUCCESS)
			continue;
		have = cb_uefi_path_bytes(p);
		*ret = &fw.handles[i];
		if (have.n == want.n && memcmp(have.p, want.p, have.n) == 0)
			return EFI_SUCCESS;
	}
	return EFI_NOT_FOUND;
}

static efi_status allocate_pool(uint32_t type, size_t n, void **ret)
{
	(void)type;
	*ret = malloc(n);
	return *ret != NULL ? EFI_SUCCESS : EFI_OUT_OF_RESOURCES;
}

static efi_status free_pool(void *p)
{
	free(p);
	return EFI_SUCCESS;
}

static efi_status allocate_pages(uint32_t how, uint32_t type, size_t pages, uint64_t *addr)
{
	void *p = aligned_alloc(4096, pages * 4096);

	(void)how, (void)type;
	fw.pages += pages;
	*addr = (uint64_t)(uintptr_t)p;
	return p != NULL ? EFI_SUCCESS : EFI_OUT_OF_RESOURCES;
}

static efi_status free_pages(uint64_t addr, size_t pages)
{
	fw.pages -= pages;
	free((void *)(uintptr_t)addr);
	return EFI_SUCCESS;
}

static efi_status set_watchdog_timer(size_t seconds, uint64_t code, size_t n, efi_char16 *text)
{
	(void)seconds, (void)code, (void)n, (void)text;
	return EFI_SUCCESS;
}

static efi_status output_string(struct efi_text_output *out, const efi_char16 *text)
{
	(void)out;
	for (; *text != 0 && fw.screen_n < sizeof(fw.screen); text++)
		if (*text != '\r')
			fw.screen[fw.screen_n++] = (char)*text;
	return EFI_SUCCESS;
}

static efi_status read_at(uint32_t media_id, uint64_t off, size_t n, void *buf)
{
	fw.calls++;
	fw.most = n > fw.most ? n : fw.most;
	if (media_id != fw.media_id)
		return EFI_MEDIA_CHANGED;
	if (EFI_IS_ERROR(fw.read_says))
		return fw.read_says;
	memcpy(buf, fw.disk + off, n);
	return EFI_SUCCESS;
}

static efi_status io_read(struct efi_block_io *b, uint32_t id, uint64_t lba, size_t n, void *buf)
{
	if ((uintptr_t)buf % b->media->io_align != 0)
		return EFI_INVALID_PARAMETER;
	return read_at(id, lba * b->media->block_size, n, buf);
}

static efi_status io2_read(struct efi_block_io2 *b, uint32_t id, uint64_t lba, void *token, size_t n,
			   void *buf)
{
	return token == NULL ? read_at(id, lba * b->media->block_size, n, buf) : EFI_INVALID_PARAMETER;
}

static efi_status bytes_read(struct efi_disk_io *d, uint32_t id, uint64_t off, size_t n, void *buf)
{
	(void)d;
	return read_at(id, off, n, buf);
}

struct world {
	struct cb_uefi u;
	struct efi_system_table st;
	struct efi_boot_services bs;
	struct efi_text_output out;
	struct efi_block_io_media media;
	struct efi_block_io io;
	struct efi_block_io2 io2;
	struct efi_disk_io bytes;
	struct cb_arena arena;
	struct cb_uefi_disk *list;
	size_t n;
};
static struct world world;           /* its log alone is more than a stack frame may have */

static void set_up(struct cb_check *t, struct world *w)
{
	memset(&fw, 0, sizeof(fw));
	for (size_t i = 0; i < BYTES; i++)
		fw.disk[i] = (uint8_t)(i * 31 + i / 512);
	fw.media_id = 7;
	*w = (struct world){ .n = 0 };
	w->bs = (struct efi_boot_services){
		.handle_protocol = handle_protocol, .locate_handle_buffer = locate_handle_buffer,
		.install_protocol = install_protocol, .uninstall_protocol = uninstall_protocol,
		.locate_device_path = locate_device_path, .allocate_pool = allocate_pool,
		.free_pool = free_pool,
		.allocate_pages = allocate_pages, .free_pages = free_pages,
		.set_watchdog_timer = set_watchdog_timer,
	};
	w->out.output_string = output_string;
	w->st.bs = &w->bs;
	w->st.con_out = &w->out;
	w->media = (struct efi_block_io_media){ .media_id = 7, .present = true, .block_size = 512,
						.io_align = 1, .last_block = BLOCKS - 1 };
	w->io = (struct efi_block_io){ .media = &w->media, .read = io_read };
	w->io2 = (struct efi_block_io2){ .media = &w->media, .read = io2_read };
	w->bytes.read = bytes_read;
	cb_uefi_init(&w->u, NULL, &w->st);
	cb_arena_init(&w->arena, t->env, 1u << 20);
}

static void add(const struct efi_guid *g, void *p, efi_handle *h)
{
	(void)install_protocol(h, g, 0, p);
}

/* The one disk there is, opened. */
static struct cb_blk *open_disk(struct cb_check *t, struct world *w)
{
	struct cb_blk *b = NULL;

	CB_CHECK_INT(t, cb_uefi_disks(&w->u, &w->arena, &w->list, &w->n), 0);
	CB_CHECK_INT(t, w->n, 1);
	if (w->n == 1)
		CB_CHECK_INT(t, cb_uefi_blk(&w->u, t->env, &w->list[0], &b), 0);
	return b;
}

static void read_all(struct cb_check *t, struct cb_blk *b)
{
	static uint8_t to[BYTES + 1];

	CB_CHECK_INT(t, cb_blk_size(b), BYTES);
	CB_CHECK_INT(t, cb_blk_pread(b, 0, to + 1, BYTES), 0);
	CB_CHECK(t, memcmp(to + 1, fw.disk, BYTES) == 0);
	CB_CHECK_INT(t, cb_blk_pread(b, 1000, to, 999), 0);
	CB_CHECK(t, memcmp(to, fw.disk + 1000, 999) == 0);
}

/* io_align is what the device may insist on. */
static void reads_aligned(struct cb_check *t)
{
	struct cb_blk *b;
	efi_handle h = NULL;

	set_up(t, &world);
	world.media.io_align = 4096;
	add(&block_io, &world.io, &h);
	add(&block_io2, &world.io2, &h);
	b = open_disk(t, &world);
	CB_REQUIRE(t, b != NULL);
	read_all(t, b);
	cb_blk_unref(b);
	cb_arena_fini(&world.arena);
}

static void other_protocols(struct cb_check *t)
{
	struct cb_blk *b;
	efi_handle h = NULL;

	set_up(t, &world);
	add(&block_io2, &world.io2, &h);
	b = open_disk(t, &world);
	CB_REQUIRE(t, b != NULL);
	read_all(t, b);
	cb_blk_unref(b);

	/* Blocks of 520 bytes, and none at all. */
	world.media.block_size = 520;
	world.media.last_block = BYTES / 520 - 1;
	CB_CHECK_ERR(t, cb_uefi_blk(&world.u, t->env, &world.list[0], &b), CB_EUNSUP,
		     "blocks of 520 bytes");
	world.media.block_size = 0;
	CB_CHECK_ERR(t, cb_uefi_blk(&world.u, t->env, &world.list[0], &b), CB_EUNSUP, "blocks of 0 bytes");
	world.media.block_size = 520;
	add(&disk_io, &world.bytes, &h);
	CB_REQUIRE_OK(t, cb_uefi_blk(&world.u, t->env, &world.list[0], &b));
	CB_CHECK_INT(t, b->block_size, 512);
	CB_CHECK_INT(t, b->nblocks, BYTES / 520 * 520 / 512);
	cb_blk_unref(b);
	world.media.last_block = UINT64_MAX;
	CB_CHECK_ERR(t, cb_uefi_blk(&world.u, t->env, &world.list[0], &b), CB_EUNSUP,
		     "last block 18446744073709551615");
	world.media.last_block = UINT64_MAX / 2;
	CB_CHECK_ERR(t, cb_uefi_blk(&world.u, t->env, &world.list[0], &b), CB_EUNSUP, "last block");
	cb_arena_fini(&world.arena);
}

static void medium_changes(struct cb_check *t)
{
	struct cb_blk *b;
	efi_handle h = NULL;
	uint8_t byte;

	set_up(t, &world);
	add(&block_io, &world.io, &h);
	b = open_disk(t, &world);
	CB_REQUIRE(t, b != NULL);
	fw.read_says = EFI_DEVICE_ERROR;
	CB_CHECK_ERR(t, cb_blk_pread(b, 0, &byte, 1), CB_EIO, "the device failed");
	fw.read_says = EFI_SUCCESS;
	CB_CHECK_INT(t, cb_blk_pread(b, 0, &byte, 1), 0);
	fw.media_id = 8;
	CB_CHECK_ERR(t, cb_blk_pread(b, 0, &byte, 1), CB_EIO, "the medium was changed");
	cb_blk_unref(b);
	cb_arena_fini(&world.arena);
}

static void whole_disks_only(struct cb_check *t)
{
	efi_handle h[3] = { NULL, NULL, NULL };
	struct efi_block_io_media part, empty;
	struct efi_block_io more[2];

	set_up(t, &world);
	part = empty = world.media;
	part.logical_partition = true;
	empty.present = false;
	more[0] = (struct efi_block_io){ .media = &part, .read = io_read };
	more[1] = (struct efi_block_io){ .media = &empty, .read = io_read };
	add(&block_io, &more[0], &h[0]);
	add(&block_io, &world.io, &h[1]);
	add(&block_io, &more[1], &h[2]);
	CB_REQUIRE_OK(t, cb_uefi_disks(&world.u, &world.arena, &world.list, &world.n));
	CB_CHECK_INT(t, world.n, 1);
	CB_CHECK(t, world.list[0].handle == h[1]);
	CB_CHECK_STR(t, world.list[0].name, "disk0");
	cb_arena_fini(&world.arena);
}

static efi_status ask(struct efi_load_file2 *f, size_t *n, void *buf)
{
	struct efi_device_path end = { 0x7f, 0xff, { 4, 0 } };

	return f->load_file(f, &end, false, n, buf);
}

static void initrd(struct cb_check *t)
{
	const struct cb_bytes data = { (const uint8_t *)"initrd", 6 };
	struct cb_uefi_initrd i, second;
	char got[8] = "";
	size_t n = 0;

	set_up(t, &world);
	CB_REQUIRE_OK(t, cb_uefi_initrd_offer(&world.u, t->env, data, &i));
	CB_CHECK_INT(t, ask(&i.load_file2, &n, NULL), EFI_BUFFER_TOO_SMALL);
	CB_CHECK_INT(t, n, 6);
	n = 5;
	CB_CHECK_INT(t, ask(&i.load_file2, &n, got), EFI_BUFFER_TOO_SMALL);
	n = sizeof(got);
	CB_CHECK_INT(t, ask(&i.load_file2, &n, got), EFI_SUCCESS);
	CB_CHECK_INT(t, n, 6);
	CB_CHECK(t, memcmp(got, "initrd", 6) == 0);
	CB_CHECK_INT(t, i.asked, 1);
	CB_CHECK_ERR(t, cb_uefi_initrd_offer(&world.u, t->env, data, &second), CB_ECORRUPT,
		     "another program");
	cb_uefi_initrd_withdraw(&world.u, &i);
	fw.install_says = EFI_OUT_OF_RESOURCES;
	CB_CHECK_ERR(t, cb_uefi_initrd_offer(&world.u, t->env, data, &second), CB_EUNSUP,
		     "LoadFile2 can't be installed");
	for (size_t k = 0; k < fw.n; k++)
		CB_CHECK_INT(t, fw.handles[k].n, 0);
	cb_arena_fini(&world.arena);
}

/* Small things from the pool, big ones in pages; both are counted and go back whence they came. */
static void memory(struct cb_check *t)
{
	struct cb_env env = { &cb_uefi_platform, NULL, CB_LOG_INFO, t->env->diag };
	void *small, *big;

	set_up(t, &world);
	env.ctx = &world.u;
	small = cb_alloc(&env, 100);
	big = cb_alloc(&env, 3u << 20);
	CB_CHECK_INT(t, world.u.memory, 100 + (3u << 20));
	CB_CHECK_INT(t, fw.pages, (3u << 20) / 4096);
	CB_CHECK(t, (uintptr_t)big % 4096 == 0);
	cb_free(&env, small, 100);
	cb_free(&env, big, 3u << 20);
	CB_CHECK_INT(t, world.u.memory, 0);
	CB_CHECK_INT(t, fw.pages, 0);
	cb_arena_fini(&world.arena);
}

static void log_is_kept(struct cb_check *t)
{
	struct cb_env env = { &cb_uefi_platform, NULL, CB_LOG_INFO, t->env->diag };
	struct cb_str text, line;
	struct cb_buf kept;

	set_up(t, &world);
	env.ctx = &world.u;
	cb_buf_init(&kept, t->env, CB_UEFI_LOG);
	env.plat->log(&world.u, CB_LOG_INFO, "one", 3);
	env.plat->log(&world.u, CB_LOG_WARN, "two", 3);
	cb_uefi_log_lines(&world.u, &kept);
	text = (struct cb_str){ (const char *)kept.p, kept.n };
	CB_CHECK_STR(t, text, "one\nwarning: two\n");
	CB_CHECK(t, fw.screen_n == kept.n && memcmp(fw.screen, kept.p, kept.n) == 0);
	for (unsigned i = 0; i < CB_UEFI_LOG; i++)
		env.plat->log(&world.u, CB_LOG_INFO, "0123456789", 10);
	kept.n = 0;
	cb_uefi_log_lines(&world.u, &kept);
	CB_CHECK_INT(t, kept.n, CB_UEFI_LOG / 11 * 11);
	text = (struct cb_str){ (const char *)kept.p, kept.n };
	while (cb_str_line(&text, &line))
		CB_CHECK_STR(t, line, "0123456789");
	cb_buf_fini(&kept);
	cb_arena_fini(&world.arena);
}

CB_SUITE(host_uefi, CB_TEST(reads_aligned), CB_TEST(other_protocols), CB_TEST(medium_changes),
	 CB_TEST(whole_disks_only), CB_TEST(initrd), CB_TEST(memory), CB_TEST(log_is_kept));
