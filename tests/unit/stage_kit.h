/* tests/unit/stage_kit.h - stagings of small made-up targets on a FAT model and variables in memory. */
#ifndef CB_UNIT_STAGE_KIT_H
#define CB_UNIT_STAGE_KIT_H

#include "boot/stage.h"
#include "core/fmt.h"
#include "unit/efivars_kit.h"
#include "unit/folder_kit.h"

#define KIT_BYTES_MAX 400u

/* A target as a test wants it: the bytes are made from name and version. */
struct kit_target {
	const char *name;
	unsigned version;
	size_t kernel_n, initrd_n;
};

static inline struct cb_bytes kit_bytes(const struct kit_target *g, bool kernel, uint8_t room[KIT_BYTES_MAX])
{
	size_t n = kernel ? g->kernel_n : g->initrd_n;

	for (size_t i = 0; i < n; i++)
		room[i] = (uint8_t)(g->name[i % cb_str_c(g->name).n] + (int)i * 7 + (kernel ? 100 : 0) +
				    (int)g->version * 31);
	return (struct cb_bytes){ room, n };
}

struct kit {
	struct memfolder mem;
	struct memvars vars;
	struct cb_stage stage;        /* of the last run: fields for the caller to read */
	const char *cmdline;          /* NULL: "root=/dev/vda1 ro" */
	uint64_t now;
	uint16_t number;
	unsigned written;
	bool foreign, no_vars, once;
};

static inline void kit_init(struct kit *k, struct cb_env *env, unsigned clusters)
{
	memset(k, 0, sizeof(*k));
	mem_init(&k->mem, env, clusters);
	memvars_init(&k->vars, env);
	k->now = 1000000;
}

/* From reading the note to telling the firmware. */
static inline int kit_run(struct kit *k, const struct kit_target *g)
{
	uint8_t kernel[KIT_BYTES_MAX], initrd[KIT_BYTES_MAX];
	struct cb_stage_item item = {
		.name = cb_str_c(g->name), .cmdline = cb_str_c(k->cmdline),
		.kernel = cb_input_mem(kit_bytes(g, true, kernel)),
		.initrd = cb_input_mem(kit_bytes(g, false, initrd)),
	};
	struct cb_stage *s = &k->stage;
	int r = cb_stage_init(s, k->mem.folder.env);

	if (item.cmdline.n == 0)
		item.cmdline = CB_STR("root=/dev/vda1 ro");
	s->cache = &k->mem.folder;
	s->vars = k->no_vars ? NULL : &k->vars.v;
	s->ours = !k->foreign;
	s->once = k->once;
	s->now = k->now;
	s->entry = (struct cb_boot_entry){ .part = 1, .first = 2048, .nblocks = 1000, .partuuid = { { 9 } } };
	if (r == 0)
		r = cb_stage_write(s, &item);
	/* The unmount writes what is left. */
	if (r == 0 && s->begun)
		r = k->mem.folder.ops->sync(&k->mem.folder);
	if (r == 0 && !k->no_vars)
		r = cb_stage_arm(s, &k->number, &k->written);
	cb_stage_fini(s);
	return r;
}

/* The same later, on a volume that was mounted anew. */
static inline int kit_again(struct kit *k, const struct kit_target *g, uint64_t seconds)
{
	mem_restart(&k->mem);
	k->vars.sets = k->vars.gets = 0;
	k->now += seconds;
	return kit_run(k, g);
}

static inline bool kit_has(struct kit *k, const struct kit_target *g, const char *safe)
{
	char kernel[MEM_PATH], initrd[MEM_PATH];
	uint8_t room[KIT_BYTES_MAX];

	(void)cb_fmt(kernel, sizeof(kernel), "EFI/Linux/%s-vmlinuz.efi", safe); /* short names */
	(void)cb_fmt(initrd, sizeof(initrd), "EFI/Linux/%s-initrd", safe); /* the same */
	return mem_has(&k->mem, kernel, kit_bytes(g, true, room)) &&
	       (g->initrd_n == 0 || mem_has(&k->mem, initrd, kit_bytes(g, false, room)));
}

#endif
