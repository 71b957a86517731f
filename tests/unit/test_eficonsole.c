/* tests/unit/test_eficonsole.c - ConOut of QEMU's machines and of others. */
#include "image/eficonsole.h"

#include "unit/check.h"

#define ROOT     2, 1, 12, 0, 0xd0, 0x41, 0x03, 0x0a, 0, 0, 0, 0
#define ISA      1, 1, 6, 0, 0, 31
#define COM(uid) 2, 1, 12, 0, 0xd0, 0x41, 0x01, 0x05, uid, 0, 0, 0
#define UART     3, 14, 19, 0, 0, 0, 0, 0, 0x00, 0xc2, 0x01, 0, 0, 0, 0, 0, 8, 1, 1
#define SLOW     3, 14, 19, 0, 0, 0, 0, 0, 0x80, 0x25, 0, 0, 0, 0, 0, 0, 8, 1, 1
#define VT       3, 10, 20, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
#define VGA      1, 1, 6, 0, 0, 1, 2, 3, 8, 0, 0, 1, 1, 0x80
#define NEXT     0x7f, 1, 4, 0
#define END      0x7f, 0xff, 4, 0

static void consoles(struct cb_check *t)
{
	static const uint8_t q35[] = { ROOT, VGA, NEXT, ROOT, ISA, COM(0), UART, VT, END };
	static const uint8_t serial[] = { ROOT, ISA, COM(1), SLOW, VT, NEXT,
					  ROOT, ISA, COM(0), UART, VT, END };
	static const uint8_t far[] = { ROOT, ISA, COM(9), UART, END };
	static const uint8_t usb[] = { ROOT, NEXT, UART, END };
	static const uint8_t torn[] = { ROOT, VGA, NEXT, ROOT, 1, 1, 99 };
	static const struct {
		struct cb_bytes path;
		enum cb_arch arch;
		const char *want;
	} cases[] = {
		{ { q35, sizeof(q35) }, CB_ARCH_X86_64, "tty0 ttyS0,115200" },
		{ { serial, sizeof(serial) }, CB_ARCH_X86_64, "ttyS0,115200 ttyS1,9600" },
		{ { far, sizeof(far) }, CB_ARCH_X86_64, "" },
		{ { usb, sizeof(usb) }, CB_ARCH_X86_64, "" },
		{ { torn, sizeof(torn) }, CB_ARCH_X86_64, "tty0" },
		{ { q35, sizeof(q35) }, CB_ARCH_AARCH64, "" },
		{ { NULL, 0 }, CB_ARCH_X86_64, "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cb_buf b;

		cb_buf_init(&b, t->env, 256);
		cb_efi_consoles(t->env, cases[i].path, cases[i].arch, &b);
		CB_CHECK_STR(t, ((struct cb_str){ (const char *)b.p, b.n }), cases[i].want);
		cb_buf_fini(&b);
	}
}

CB_SUITE(eficonsole, CB_TEST(consoles));
