/* image/eficonsole.c - UARTs and screens in a list of device paths. */
#include "image/eficonsole.h"

#define ACPI_PLAIN    1u
#define ACPI_ADR      3u          /* of a graphics output */
#define MSG_UART      14u
#define PNP0501       0x050141d0u /* EISA id of a 16550 */
#define UARTS         4u          /* ttyS0 to ttyS3 are where a PC has them */

struct acpi { cb_le32 hid, uid; };
struct uart { cb_le32 reserved; cb_le64 baud; };

struct found {
	bool screen, serial[UARTS];
	uint64_t baud[UARTS];
	uint32_t uid;             /* of the last 16550 that the path went through; UARTS: none */
};

static void look(struct found *f, const struct cb_devnode *n)
{
	const struct acpi *a = cb_view(struct acpi, n->body, 0);
	const struct uart *u = cb_view(struct uart, n->body, 0);

	if (n->type == CB_DEVPATH_ACPI && n->subtype == ACPI_PLAIN && a != NULL &&
	    cb_get_le32(a->hid) == PNP0501)
		f->uid = cb_get_le32(a->uid);
	if (n->type == CB_DEVPATH_ACPI && n->subtype == ACPI_ADR)
		f->screen = true;
	if (n->type == CB_DEVPATH_MESSAGING && n->subtype == MSG_UART && u != NULL && f->uid < UARTS) {
		f->serial[f->uid] = true;
		f->baud[f->uid] = cb_get_le64(u->baud);
	}
	if (n->type == CB_DEVPATH_END)
		f->uid = UARTS;
}

void cb_efi_consoles(struct cb_env *env, struct cb_bytes con_out, enum cb_arch arch, struct cb_buf *ret)
{
	struct found f = { .uid = UARTS };
	struct cb_devnode n;

	if (arch != CB_ARCH_X86_64)
		return;
	while (con_out.n > 0 && cb_devpath_next(env, &con_out, &n) == 0)
		look(&f, &n);
	cb_clear(env); /* what makes no sense names no console */
	if (f.screen)
		cb_buf_fmt(ret, "tty0");
	for (unsigned i = 0; i < UARTS; i++)
		if (f.serial[i])
			cb_buf_fmt(ret, "%sttyS%u,%llu", ret->n > 0 ? " " : "", i,
				   (unsigned long long)(f.baud[i] > 0 ? f.baud[i] : 115200));
}
