/* disk/esp.c - the two disks of disk/esp.h. */
#include "disk/esp.h"

#include "core/limits.h"
#include "image/pe.h"

#define ALIGN_BYTES (1u << 20)
#define MAX_EXTRA 64u

/* boot.efi: sector 0 has room for a DOS header before the partition table, sector 1 is the GPT's, and the
 * PE header fills what is left by moving the GPT's entries away (UEFI 2.10, 5.3.2 allows any place). */
#define BOOT_EFI_SECTOR 512u
#define BOOT_EFI_PE 0x400u
#define BOOT_EFI_ENTRIES 8u
#define BOOT_EFI_FIRST 64u               /* of the partition: 32 KiB, after entries that end at 40 */

#define DOS_LFANEW 0x3cu

struct cb_esp {
	struct cb_env *env;
	struct cb_fat *fat;
	struct cb_gpt_part part;
	struct cb_gpt_plan gpt;
	uint64_t sign_sectors;           /* between the partition and the backup GPT */
};

static int plan_disk(struct cb_esp *e, const struct cb_esp_plan *plan, uint64_t entries_lba)
{
	struct cb_fat_plan fat = plan->fat;
	uint64_t align, first, sectors, tail;
	int r;

	if (fat.sector != 512 && fat.sector != 4096)
		return cb_fail(e->env, CB_EINVAL, "a disk with sectors of %u bytes", fat.sector);
	align = ALIGN_BYTES / fat.sector;
	tail = cb_gpt_tail_sectors(fat.sector);
	first = plan->first_lba > 0 ? plan->first_lba : align;
	if (first > UINT32_MAX)
		return cb_fail(e->env, CB_EINVAL, "a partition at sector %llu", (unsigned long long)first);
	fat.hidden = (uint32_t)first;
	fat.size = 0;
	if (plan->size > 0) {
		sectors = plan->size / fat.sector;
		if (sectors <= first + align + tail)
			return cb_fail(e->env, CB_EINVAL, "a disk of %llu bytes",
				       (unsigned long long)plan->size);
		fat.size = ((sectors - tail) / align * align - first) * fat.sector;
	}
	r = cb_fat_open(e->env, &fat, &e->fat);
	if (r < 0)
		return r;
	sectors = cb_fat_size(e->fat) / fat.sector;
	e->part = (struct cb_gpt_part){
		.type = cb_gpt_type_esp, .id = cb_gpt_uuid(plan->seed, 1), .first = first,
		.last = first + sectors - 1, .name = plan->name,
	};
	e->gpt = (struct cb_gpt_plan){
		.sector = fat.sector, .entries_lba = entries_lba, .disk_id = cb_gpt_uuid(plan->seed, 0),
		.nsectors = plan->size > 0 ? plan->size / fat.sector :
					     first + sectors + e->sign_sectors + tail,
		.parts = &e->part, .nparts = 1,
	};
	return 0;
}

/* Up to the end of the partition. */
static int write_front(struct cb_esp *e, const struct cb_buf *head, struct cb_pieces *to)
{
	uint64_t base = to->size;

	cb_pieces_copy(to, head->p, head->n);
	cb_pieces_pad_to(to, base + e->part.first * e->gpt.sector);
	cb_fat_write(e->fat, to);
	return cb_pieces_status(to);
}

static int write_disk(struct cb_esp *e, const struct cb_buf *head, struct cb_pieces *to)
{
	uint64_t base = to->size, tail_sectors = cb_gpt_tail_sectors(e->gpt.sector);
	struct cb_buf tail;
	int r = write_front(e, head, to);

	cb_buf_init(&tail, e->env, CB_MAX_PE_HEADER);
	if (r == 0)
		r = cb_gpt_tail(e->env, &e->gpt, &tail);
	if (r == 0) {
		cb_pieces_pad_to(to, base + (e->gpt.nsectors - tail_sectors) * e->gpt.sector);
		cb_pieces_copy(to, tail.p, tail.n);
		r = cb_pieces_status(to);
	}
	cb_buf_fini(&tail);
	return r;
}

static int new_esp(struct cb_env *env, struct cb_esp **ret)
{
	*ret = cb_alloc(env, sizeof(**ret));
	if (*ret == NULL)
		return CB_ENOMEM;
	(*ret)->env = env;
	return 0;
}

void cb_esp_close(struct cb_esp *e)
{
	if (e == NULL)
		return;
	cb_fat_close(e->fat);
	cb_free(e->env, e, sizeof(*e));
}

int cb_esp_write(struct cb_env *env, const struct cb_esp_plan *plan, struct cb_pieces *to,
		 struct cb_esp **ret)
{
	struct cb_esp *e = NULL;
	struct cb_buf head;
	int r = new_esp(env, &e);

	if (r < 0)
		return r;
	cb_buf_init(&head, env, CB_MAX_PE_HEADER);
	r = plan_disk(e, plan, 2);
	if (r == 0)
		r = cb_gpt_head(env, &e->gpt, &head);
	if (r == 0)
		r = write_disk(e, &head, to);
	cb_buf_fini(&head);
	if (r < 0) {
		cb_esp_close(e);
		return r;
	}
	*ret = e;
	return 0;
}

/* Make a DOS header of the MBR and put the PE header where it points. */
static int put_pe(struct cb_esp *e, const struct cb_pe *pe, struct cb_buf *head)
{
	uint64_t at = e->part.first * e->gpt.sector + cb_fat_file_off(e->fat, 0);
	cb_le32 lfanew = cb_put_le32(BOOT_EFI_PE);
	struct cb_buf headers;
	int r;

	if (at > UINT32_MAX)
		return cb_fail(e->env, CB_ELIMIT, "boot.efi: the image lies past 4 GiB");
	cb_buf_init(&headers, e->env, CB_MAX_PE_HEADER);
	r = cb_pe_rebase(pe, (uint32_t)at, BOOT_EFI_PE, BOOT_EFI_ENTRIES * e->gpt.sector, &headers);
	if (r == 0)
		r = cb_gpt_head(e->env, &e->gpt, head);
	if (r == 0) {
		head->p[0] = 'M';
		head->p[1] = 'Z';
		memcpy(head->p + DOS_LFANEW, &lfanew, sizeof(lfanew));
		memcpy(head->p + BOOT_EFI_PE, headers.p, headers.n);
	}
	cb_buf_fini(&headers);
	return r;
}

static int boot_efi(struct cb_esp *e, const struct cb_boot_efi_plan *plan, const struct cb_pe *pe,
		    struct cb_fat_file *files, struct cb_buf *path, struct cb_pieces *to)
{
	struct cb_esp_plan disk = {
		.fat = { .sector = BOOT_EFI_SECTOR, .bits = plan->bits > 0 ? plan->bits : 32,
			 .round = BOOT_EFI_FIRST, .label = CB_STR("CLOUD-BOOT"),
			 .time = plan->time, .files = files, .nfiles = plan->nextra + 1 },
		.first_lba = BOOT_EFI_FIRST, .seed = plan->seed, .name = CB_STR("cloud-boot"),
	};
	struct cb_cur id = cb_cur((struct cb_bytes){ plan->seed.b, sizeof(plan->seed.b) });
	struct cb_buf head;
	int r;

	disk.fat.id = cb_cur_le32(&id);
	cb_buf_fmt(path, "EFI/BOOT/%.*s", CB_STR_ARG(plan->boot_name));
	r = cb_buf_status(path);
	if (r < 0)
		return r;
	files[0] = (struct cb_fat_file){ { (const char *)path->p, path->n }, plan->efi, false };
	for (size_t i = 0; i < plan->nextra; i++)
		files[i + 1] = plan->extra[i];
	e->sign_sectors = plan->sign_room / BOOT_EFI_SECTOR;
	cb_buf_init(&head, e->env, CB_MAX_PE_HEADER);
	r = plan_disk(e, &disk, BOOT_EFI_ENTRIES);
	if (r == 0)
		r = put_pe(e, pe, &head);
	if (r == 0)
		r = (plan->sign_room > 0 ? write_front : write_disk)(e, &head, to);
	cb_buf_fini(&head);
	return r;
}

int cb_boot_efi_write(struct cb_env *env, const struct cb_boot_efi_plan *plan, struct cb_pieces *to,
		      struct cb_esp **ret)
{
	size_t n = (plan->nextra + 1) * sizeof(struct cb_fat_file);
	struct cb_fat_file *files = NULL;
	struct cb_esp *e = NULL;
	struct cb_pe *pe = NULL;
	struct cb_buf path;
	int r;

	if (plan->nextra > MAX_EXTRA)
		return cb_fail(env, CB_ELIMIT, "boot.efi: %zu files > %u", plan->nextra, MAX_EXTRA);
	if (plan->sign_room % BOOT_EFI_SECTOR != 0)
		return cb_fail(env, CB_EINVAL, "boot.efi: %u bytes for a signature", plan->sign_room);
	cb_buf_init(&path, env, CB_MAX_PATH);
	r = cb_pe_open(env, &plan->efi, &pe);
	if (r == 0)
		r = new_esp(env, &e);
	if (r == 0) {
		files = cb_alloc(env, n);
		r = files == NULL ? CB_ENOMEM : boot_efi(e, plan, pe, files, &path, to);
	}
	cb_free(env, files, n);
	cb_pe_close(pe);
	cb_buf_fini(&path);
	if (r < 0) {
		cb_esp_close(e);
		return cb_wrap(env, r, "boot.efi");
	}
	*ret = e;
	return 0;
}

int cb_boot_efi_tail(const struct cb_esp *e, struct cb_buf *ret)
{
	return cb_gpt_tail(e->env, &e->gpt, ret);
}
