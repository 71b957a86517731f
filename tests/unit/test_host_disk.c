/* Disks, volumes and UKIs that we write, as other people's tools see them. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk/esp.h"
#include "image/uki.h"

#include "unit/check.h"
#include "unit/pe_kit.h"

#define STUB "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"
#define INITRD_SIZE ((size_t)3000000)

struct fixture {
	char dir[40];
	struct cb_buf stub, initrd;
	uint8_t *kernel;
};

static int to_file(void *ctx, const void *p, size_t n)
{
	return fwrite(p, 1, n, ctx) == n ? 0 : CB_EIO;
}

static int skip_file(void *ctx, uint64_t n)
{
	return fseek(ctx, (int64_t)n, SEEK_CUR) == 0 ? 0 : CB_EIO;
}

static bool write_file(struct cb_check *t, const struct fixture *f, const char *name,
		       const struct cb_pieces *l)
{
	char path[80];

	(void)snprintf(path, sizeof(path), "%s/%s", f->dir, name);

	FILE *out = fopen(path, "w");
	struct cb_sink sink = { to_file, skip_file, out };

	CB_CHECK(t, out != NULL);
	if (out == NULL)
		return false;
	CB_CHECK_INT(t, cb_pieces_write(l, &sink), 0);
	CB_CHECK(t, fflush(out) == 0 && ftruncate(fileno(out), (int64_t)l->size) == 0);
	return fclose(out) == 0;
}

/* Run a shell script in the directory; its output is shown when it fails. */
static void shell(struct cb_check *t, const struct fixture *f, const char *script)
{
	char *cmd = NULL, line[256];

	if (asprintf(&cmd, "cd %s && exec 2>&1 && set -ex\n%s", f->dir, script) < 0)
		abort();

	FILE *p = popen(cmd, "r");
	char *output = NULL;
	size_t room = 0;
	FILE *mem = open_memstream(&output, &room);

	if (p == NULL || mem == NULL)
		abort();
	while (fgets(line, sizeof(line), p) != NULL)
		(void)fputs(line, mem); /* memory: shows in output */

	int status = pclose(p);

	(void)fclose(mem); /* completes output */
	if (status != 0)
		cb_check_failed(t, __FILE__, __LINE__, "a script ended with %d:", status);
	if (status != 0)
		cb_check_say(output, room);
	free(output);
	free(cmd);
}

static bool read_file(struct cb_buf *b, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) != 0)
		return false;
	p = cb_buf_reserve(b, (size_t)st.st_size);
	if (p == NULL || read(fd, p, (size_t)st.st_size) != st.st_size)
		return false;
	cb_buf_commit(b, (size_t)st.st_size);
	return close(fd) == 0;
}

static bool set_up(struct cb_check *t, struct fixture *f)
{
	*f = (struct fixture){ .dir = "/tmp/cloud-boot-disk-XXXXXX" };
	cb_buf_init(&f->stub, t->env, 1 << 20);
	cb_buf_init(&f->initrd, t->env, 4 << 20);
	f->kernel = cb_alloc(t->env, KIT_SIZE);

	uint8_t *p = cb_buf_reserve(&f->initrd, INITRD_SIZE);

	if (mkdtemp(f->dir) == NULL || f->kernel == NULL || p == NULL || !read_file(&f->stub, STUB))
		return false;
	for (size_t i = 0; i < INITRD_SIZE; i++)
		p[i] = (uint8_t)cb_sim_random(t->sim);
	cb_buf_commit(&f->initrd, INITRD_SIZE);
	kit_pe(f->kernel, CB_ARCH_X86_64, "sbat,1,SBAT,sbat,1,https://example.org\nkernel,1,k,k,1,k\n");
	return true;
}

static void tear_down(struct cb_check *t, struct fixture *f)
{
	cb_buf_fini(&f->stub);
	cb_buf_fini(&f->initrd);
	cb_free(t->env, f->kernel, KIT_SIZE);
	shell(t, f, "rm -f uki.efi boot.efi p.img sections.*; cd /; rmdir $OLDPWD");
}

static struct cb_input text(const char *s)
{
	struct cb_str v = cb_str_c(s);

	return cb_input_mem((struct cb_bytes){ (const uint8_t *)v.p, v.n });
}

static int build_uki(struct cb_check *t, struct fixture *f, struct cb_pieces *l)
{
	struct cb_uki_plan plan = { .stub = cb_input_mem(cb_buf_bytes(&f->stub)) };

	plan.part[CB_UKI_LINUX] = cb_input_mem((struct cb_bytes){ f->kernel, KIT_SIZE });
	plan.part[CB_UKI_INITRD] = cb_input_mem(cb_buf_bytes(&f->initrd));
	plan.part[CB_UKI_OSREL] = text("ID=test\nPRETTY_NAME=\"Test\"\n");
	plan.part[CB_UKI_CMDLINE] = text("console=ttyS0 quiet");
	plan.part[CB_UKI_UNAME] = text("6.1.0-test");
	plan.part[CB_UKI_SBAT] = text("cloud-boot,1,cloud-boot,cloud-boot,0.1,https://example.org\n");
	return cb_uki_build(t->env, &plan, l);
}

#define TAKE(section, from, to) \
	"objcopy -O binary -j " section " --set-section-flags " section "=alloc " \
	"--change-section-address " section "=0 " from " " to "\n"

static const char uki_script[] =
	TAKE(".cmdline", "uki.efi", "sections.cmdline")
	TAKE(".uname", "uki.efi", "sections.uname")
	TAKE(".sbat", "uki.efi", "sections.sbat")
	"test \"$(head -c 19 sections.cmdline)\" = 'console=ttyS0 quiet'\n"
	"test \"$(head -c 10 sections.uname)\" = 6.1.0-test\n"
	"test $(grep -c systemd sections.sbat) = 2\n"
	"test $(grep -c ^kernel,1 sections.sbat) = 1\n"
	"test $(grep -c ^cloud-boot,1 sections.sbat) = 1\n"
	"test $(grep -c ^sbat,1 sections.sbat) = 1\n"
	"objdump -p uki.efi > sections.p; grep -q 'Subsystem.*EFI application' sections.p\n"
	"sbverify --list uki.efi 2>&1 | grep 'No signature table'\n";

static const char boot_efi_script[] =
	"sgdisk -v boot.efi > sections.v; grep 'No problems found' sections.v\n"
	"! grep Caution sections.v\n"
	"n=$(($(stat -c %s boot.efi) / 512 - 97))\n"
	"dd if=boot.efi of=p.img bs=512 skip=64 count=$n status=none\n"
	"fsck.vfat -n p.img\n"
	"mlabel -s -i p.img :: | grep CLOUD-BOOT\n"
	"mcopy -n -i boot.efi@@32768 ::EFI/BOOT/BOOTX64.EFI - | cmp - uki.efi\n"
	"for e in uki boot; do objdump -h $e.efi |\n"
	"awk '$1 ~ /^[0-9]+$/ { print $2, $3, $4 }' > sections.$e; done\n"
	"cmp sections.uki sections.boot; test $(wc -l < sections.boot) -ge 12\n"
	TAKE(".initrd", "uki.efi", "sections.uki")
	TAKE(".initrd", "boot.efi", "sections.boot")
	"cmp sections.uki sections.boot\n"
	TAKE(".linux", "uki.efi", "sections.uki")
	TAKE(".linux", "boot.efi", "sections.boot")
	"cmp sections.uki sections.boot\n";

static const char fat_script[] =
	"export LC_ALL=C.UTF-8\n"
	"fsck.vfat -n -v p.img > sections.v; ! grep -i differ sections.v\n"
	"test \"$(mtype -i p.img ::a/b/c/d/deep)\" = deep\n"
	"test \"$(mtype -i p.img '::A long name with blanks.extension')\" = long\n"
	"mcopy -n -i p.img ::a/x+y sections.x; test $(stat -c %s sections.x) = 3000000\n"
	"mdir -i p.img ::a | grep '2023-11-14  22:13'\n"
	"mdir -b -i p.img ::EFI | grep -x '::/EFI/Linux/'\n"
	"mdir -b -i p.img ::a | grep -x '::/a/.hidden'\n";

/* objcopy takes each part out as it went in. */
static void uki_by_tools(struct cb_check *t)
{
	struct fixture f;
	struct cb_pieces l;

	CB_REQUIRE(t, set_up(t, &f));
	cb_pieces_init(&l, t->env);
	CB_REQUIRE_OK(t, build_uki(t, &f, &l));
	CB_REQUIRE(t, write_file(t, &f, "uki.efi", &l));
	shell(t, &f, uki_script);
	cb_pieces_fini(&l);
	tear_down(t, &f);
}

static void boot_efi_by_tools(struct cb_check *t)
{
	struct fixture f;
	struct cb_boot_efi_plan plan = { .boot_name = CB_STR("BOOTX64.EFI"), .time = 1700000000 };
	struct cb_pieces uki, disk;
	struct cb_esp *esp = NULL;

	CB_REQUIRE(t, set_up(t, &f));
	for (plan.bits = 16; plan.bits <= 32; plan.bits += 16) {
		cb_pieces_init(&uki, t->env);
		cb_pieces_init(&disk, t->env);
		CB_REQUIRE_OK(t, build_uki(t, &f, &uki));
		plan.efi = cb_pieces_input(&uki);
		CB_REQUIRE_OK(t, cb_boot_efi_write(t->env, &plan, &disk, &esp));
		CB_REQUIRE(t, write_file(t, &f, "uki.efi", &uki));
		CB_REQUIRE(t, write_file(t, &f, "boot.efi", &disk));
		shell(t, &f, boot_efi_script);
		cb_pieces_fini(&disk);
		cb_pieces_fini(&uki);
		cb_esp_close(esp);
	}
	tear_down(t, &f);
}

/* Every cluster size and both sectors, full of files with names of all kinds. */
static void fat_by_tools(struct cb_check *t)
{
	static const struct { uint32_t sector; unsigned bits; uint64_t mib; } v[] = {
		{ 512, 16, 0 }, { 512, 32, 0 }, { 4096, 16, 0 }, { 512, 16, 400 }, { 512, 32, 1100 },
		{ 4096, 32, 300 }, { 512, 0, 4096 },
	};
	struct fixture f;

	CB_REQUIRE(t, set_up(t, &f));
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		const struct cb_fat_file files[] = {
			{ CB_STR("a/b/c/d/deep"), text("deep"), false },
			{ CB_STR("A long name with blanks.extension"), text("long"), false },
			{ CB_STR("\xc3\xa4\xe2\x82\xac\xf0\x9f\x99\x82.txt"), text("utf"), false },
			{ CB_STR("a/.hidden"), text(""), false },
			{ CB_STR("a/x+y"), cb_input_mem(cb_buf_bytes(&f.initrd)), false },
			{ CB_STR("EFI/Linux"), { 0 }, true },
		};
		struct cb_fat_plan plan = {
			.sector = v[i].sector, .bits = v[i].bits, .size = v[i].mib << 20, .id = 0x12345678,
			.label = CB_STR("A LABEL"), .time = 1700000000, .files = files, .nfiles = 6,
		};
		struct cb_fat *fat = NULL;
		struct cb_pieces l;

		cb_pieces_init(&l, t->env);
		CB_REQUIRE_OK(t, cb_fat_open(t->env, &plan, &fat));
		cb_fat_write(fat, &l);
		CB_REQUIRE(t, write_file(t, &f, "p.img", &l));
		shell(t, &f, fat_script);
		cb_pieces_fini(&l);
		cb_fat_close(fat);
	}
	tear_down(t, &f);
}

CB_SUITE(host_disk, CB_TEST(uki_by_tools), CB_TEST(boot_efi_by_tools), CB_TEST(fat_by_tools));
