/* init/boot_file.c - a UKI out of what was loaded, by the stub that build put beside init. */
#include "core/limits.h"
#include "core/str.h"
#include "image/uki.h"
#include "init/init.h"
#include "linux/os.h"

#define STUB      "/lib/cloud-boot/stub.efi"
#define STUB_MAX  (16u << 20)
#define OSREL     "ID=cloud-boot\nNAME=cloud-boot\n"

int make_boot_file(struct cb_init *in, const struct cb_boot_image *img, struct cb_str cmdline,
		   struct cb_pieces *ret)
{
	struct cb_bytes line = { (const uint8_t *)cmdline.p, cmdline.n };
	struct cb_uki_plan plan = {
		.part = {
			[CB_UKI_LINUX] = cb_input_mem(cb_buf_bytes(&img->kernel)),
			[CB_UKI_INITRD] = cb_input_mem(cb_buf_bytes(&img->initrd)),
			[CB_UKI_CMDLINE] = cb_input_mem(line),
			[CB_UKI_OSREL] = cb_input_mem((struct cb_bytes){ (const uint8_t *)OSREL,
								       sizeof(OSREL) - 1 }),
		},
	};
	struct cb_buf stub;
	int r;

	if (img->kind != CB_BOOT_LINUX) {
		cb_pieces_add(ret, &plan.part[CB_UKI_LINUX]);
		return cb_pieces_status(ret);
	}
	cb_buf_init(&stub, &in->env, STUB_MAX);
	r = cb_os_read(&in->env, STUB, STUB_MAX, &stub);
	/* The pieces outlive this function. */
	if (r == 0)
		r = cb_pieces_keep(ret, cb_buf_bytes(&stub), &plan.stub);
	cb_buf_fini(&stub);
	return r == 0 ? cb_uki_build(&in->env, &plan, ret) : r;
}
