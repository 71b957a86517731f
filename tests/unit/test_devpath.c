/* tests/unit/test_devpath.c - device paths of real firmware: bytes, text, and back. */
#include "image/devpath.h"
#include "unit/check.h"

#define U "78563412341278560102030405060708"     /* 12345678-1234-5678-0102-030405060708 */
#define UUID "12345678-1234-5678-0102-030405060708"
#define Z8  "0000000000000000"
#define Z26 Z8 Z8 Z8 "0000"

/* Bodies as digits; texts by UEFI 2.10, 10.6.1, and where it leaves a choice as EDK2 writes them. */
static const struct {
	uint8_t type, subtype;
	const char *body, *text;
} nodes[] = {
	{ 1, 1, "0003", "Pci(0x3,0x0)" },
	{ 1, 2, "01", "PcCard(0x1)" },
	{ 1, 3, "0b000000" "0000a00000000000" "ffffaf0000000000", "MemoryMapped(0xb,0xa00000,0xafffff)" },
	{ 1, 4, U, "VenHw(" UUID ")" },
	{ 1, 4, U "0102ff", "VenHw(" UUID ",0102ff)" },
	{ 1, 5, "01000000", "Ctrl(0x1)" },
	{ 1, 6, "02" "a20c000000000000", "BMC(0x2,0xca2)" },
	{ 2, 1, "d041030a" "00000000", "PciRoot(0x0)" },
	{ 2, 1, "d041080a" "01000000", "PcieRoot(0x1)" },
	{ 2, 1, "d0410105" "00000000", "Serial(0x0)" },
	{ 2, 1, "d0410303" "00000000", "Acpi(PNP0303,0x0)" },
	{ 2, 1, "d0410103" "00000000", "Keyboard(0x0)" },
	{ 2, 1, "01020304" "05000000", "Acpi(0x04030201,0x5)" },
	{ 2, 2, "d041030a" "01000000" "d041080a" "00" "00" "00", "AcpiEx(PNP0A03,PNP0A08,0x1,,,)" },
	{ 2, 2, "00000000" "00000000" "00000000" "4142433000" "00" "7800",
	  "AcpiEx(0x00000000,0x00000000,0x0,ABC0,,x)" },
	{ 2, 3, "00010180", "AcpiAdr(0x80010100)" },
	{ 2, 3, "00010180" "02000000", "AcpiAdr(0x80010100,0x2)" },
	{ 2, 4, "10000000", "NvdimmAcpiAdr(0x10)" },
	{ 3, 1, "01000200", "Ata(Secondary,Master,0x2)" },
	{ 3, 2, "01000200", "Scsi(0x1,0x2)" },
	{ 3, 3, "00000000" "0102030405060708" "0000000000000100",
	  "Fibre(0x807060504030201,0x1000000000000)" },
	{ 3, 4, "00000000" "0500000000000000", "I1394(0x5)" },
	{ 3, 5, "0102", "USB(0x1,0x2)" },
	{ 3, 6, "01000000", "I2O(0x1)" },
	{ 3, 9, "01000000" U "0200000000000000" "0300000000000000" "0400000000000000",
	  "Infiniband(0x1," UUID ",0x2,0x3,0x4)" },
	{ 3, 10, U, "VenMsg(" UUID ")" },
	{ 3, 11, "525400123456" Z26 "01", "MAC(525400123456,0x1)" },
	{ 3, 11, "5254001234567700" Z8 Z8 Z8 "20",
	  "MAC(5254001234567700" Z8 Z8 Z8 ",0x20)" },
	{ 3, 12, "0a00020f" "0a000202" "0000" "0000" "0600" "00" "0a000202" "ffffff00",
	  "IPv4(10.0.2.2,TCP,DHCP,10.0.2.15,10.0.2.2,255.255.255.0)" },
	{ 3, 12, "00000000" "00000000" "0000" "0000" "1100" "01", "IPv4(0.0.0.0,UDP,Static,0.0.0.0)" },
	{ 3, 13, "fe80" "0000" "0000" "0000" "5054" "00ff" "fe12" "3456" Z8 "0000000000000001"
	  "0000" "0000" "0600" "01" "40" Z8 Z8,
	  "IPv6(0000:0000:0000:0000:0000:0000:0000:0001,TCP,StatelessAutoConfigure,"
	  "fe80:0000:0000:0000:5054:00ff:fe12:3456,0x40,0000:0000:0000:0000:0000:0000:0000:0000)" },
	{ 3, 14, "00000000" "00c2010000000000" "08" "01" "01", "Uart(115200,8,N,1)" },
	{ 3, 14, "00000000" Z8 "00" "00" "00", "Uart(0,0,D,D)" },
	{ 3, 15, "f4467856080601", "UsbClass(0x46f4,0x5678,0x8,0x6,0x1)" },
	{ 3, 16, "0100" "f446" "7856" "5300e400", "UsbWwid(0x46f4,0x5678,0x1,\"S\xc3\xa4\")" },
	{ 3, 17, "03", "Unit(0x3)" },
	{ 3, 18, "0100ffff0000", "Sata(0x1,0xffff,0x0)" },
	{ 3, 20, "0500", "Vlan(5)" },
	{ 3, 21, "00000000" "0102030405060708" "0000000000000100",
	  "FibreEx(0x0102030405060708,0x0000000000000100)" },
	{ 3, 22, "0102030405060708" "0000000000000000" "0000" "0100",
	  "Path(3,22,0102030405060708000000000000000000000100)" },
	{ 3, 23, "01000000" "0102030405060708", "NVMe(0x1,08-07-06-05-04-03-02-01)" },
	{ 3, 24, "687474703a2f2f612f622c283129", "Uri(http://a/b,(1))" },
	{ 3, 24, "", "Uri()" },
	{ 3, 25, "0100", "UFS(0x1,0x0)" },
	{ 3, 26, "01", "SD(0x1)" },
	{ 3, 27, "010203040506", "Bluetooth(010203040506)" },
	{ 3, 29, "00", "eMMC(0x0)" },
	{ 3, 30, "01020304050601", "BluetoothLE(010203040506,0x1)" },
	{ 4, 1, "01000000" "0008000000000000" "00f0030000000000" U "0202",
	  "HD(1,GPT," UUID ",0x800,0x3f000)" },
	{ 4, 1, "02000000" "0008000000000000" "00f0030000000000" "efbeadde" "000000000000000000000000" "0101",
	  "HD(2,MBR,0xdeadbeef,0x800,0x3f000)" },
	{ 4, 2, "00000000" "2700000000000000" "0030000000000000", "CDROM(0x0,0x27,0x3000)" },
	{ 4, 3, U "ab", "VenMedia(" UUID ",ab)" },
	{ 4, 4, "5c0045004600490028003100290000000000", "Path(4,4,5c0045004600490028003100290000000000)" },
	{ 4, 4, "5c00450046004900280031002900" "0000", "\\EFI(1)" },
	{ 4, 5, U, "Media(" UUID ")" },
	{ 4, 6, U, "FvFile(" UUID ")" },
	{ 4, 7, U, "Fv(" UUID ")" },
	{ 4, 8, "00000000" "0010000000000000" "ff1f000000000000", "Offset(0x1000,0x1fff)" },
	{ 4, 9, "0000000001000000" "ffffff0001000000" U "0100",
	  "RamDisk(0x100000000,0x100ffffff,1," UUID ")" },
	{ 5, 1, "0200" "0000" "6469736b00", "BBS(HD,disk,0x0)" },
	{ 5, 1, "8000" "0100" "00", "BBS(0x80,,0x1)" },
	{ 6, 7, "78", "Path(6,7,78)" },
	{ 0x7f, 2, "", "Path(127,2)" },
	/* What no text would bring back: a reserved field in use, a body too long, a bracket, a comma. */
	{ 1, 1, "000300", "Path(1,1,000300)" },
	{ 3, 3, "01000000" "0102030405060708" Z8, "Path(3,3,01000000" "0102030405060708" Z8 ")" },
	{ 3, 12, "0a00020f" "0a000202" "0100" "0000" "0600" "00",
	  "Path(3,12,0a00020f0a00020201000000060000)" },
	{ 3, 24, "6129", "Path(3,24,6129)" },
	{ 3, 24, "1b5b", "Path(3,24,1b5b)" },
	{ 4, 4, "61002c0062000000", "Path(4,4,61002c0062000000)" },
	{ 4, 4, "6100", "Path(4,4,6100)" },
	{ 4, 1, "01000000" "0008000000000000" "00f0030000000000" U "0201",
	  "Path(4,1,01000000" "0008000000000000" "00f0030000000000" U "0201)" },
	{ 5, 1, "0200" "0000" "6469", "Path(5,1,020000006469)" },
};

static void add_digits(struct cb_buf *b, const char *digits)
{
	for (; digits[0] != '\0'; digits += 2) {
		uint64_t v = 0;
		bool ok = cb_str_u64((struct cb_str){ digits, 2 }, 16, &v);
		uint8_t byte = (uint8_t)v;

		if (ok)
			cb_buf_add(b, &byte, 1);
	}
}

static struct cb_str text_of(const struct cb_buf *b)
{
	return (struct cb_str){ (const char *)b->p, b->n };
}

static void every_node(struct cb_check *t)
{
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		struct cb_buf body, path, text, back;

		cb_buf_init(&body, t->env, 4096);
		cb_buf_init(&path, t->env, 4096);
		cb_buf_init(&text, t->env, 4096);
		cb_buf_init(&back, t->env, 4096);
		add_digits(&body, nodes[i].body);
		cb_devpath_add(&path, nodes[i].type, nodes[i].subtype, cb_buf_bytes(&body),
			       (struct cb_bytes){ NULL, 0 });
		cb_devpath_add_end(&path);
		cb_devpath_print(t->env, cb_buf_bytes(&path), &text);
		CB_CHECK_STR(t, text_of(&text), nodes[i].text);
		CB_CHECK_INT(t, cb_devpath_parse(t->env, text_of(&text), &back), 0);
		CB_CHECK_BYTES(t, cb_buf_bytes(&back), cb_buf_bytes(&path));
		cb_buf_fini(&body);
		cb_buf_fini(&path);
		cb_buf_fini(&text);
		cb_buf_fini(&back);
	}
}

/* Text, and the text that its bytes give. */
static const struct {
	const char *from, *to;
} texts[] = {
	{ "PciRoot(0x0)/Pci(0x1f,0x2)/Sata(0x0,0xffff,0x0)/HD(1,GPT," UUID ",0x800,0x1000)/"
	  "\\EFI\\a.efi", NULL },
	{ "PciRoot(0x0)/Pci(0x3,0x0)/MAC(525400123456,0x1)/IPv4(0.0.0.0,0x0,DHCP,0.0.0.0,0.0.0.0,0.0.0.0)/"
	  "Uri(http://example.com/boot.efi)", NULL },
	{ "VenHw(" UUID ")/Uart(115200,8,N,1)/VenMsg(" UUID "),PciRoot(0x0)/USB(0x1,0x0)", NULL },
	{ "Fv(" UUID ")/FvFile(" UUID ");BBS(HD,x,0x0)", NULL },
	{ "", NULL },
	{ ",", NULL },
	{ "PciRoot(0)/Scsi(1,2)", "PciRoot(0x0)/Scsi(0x1,0x2)" },
	{ "Acpi(PNP0A03,0x0)", "PciRoot(0x0)" },
	{ "HD(1,GPT," UUID ",0x800,0x1000)/File(\\EFI\\x)", "HD(1,GPT," UUID ",0x800,0x1000)/\\EFI\\x" },
	{ "Msg(18,010000000000)", "Sata(0x1,0x0,0x0)" },
	{ "HardwarePath(1,0003)/AcpiPath(9)/MediaPath(4,61000000)/BbsPath(2,00)",
	  "Pci(0x3,0x0)/Path(2,9)/a/Path(5,2,00)" },
	{ "MAC(525400123456,1)", "MAC(525400123456,0x1)" },
};

static void whole_paths(struct cb_check *t)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct cb_buf path, text;

		cb_buf_init(&path, t->env, 4096);
		cb_buf_init(&text, t->env, 4096);
		CB_CHECK_INT(t, cb_devpath_parse(t->env, cb_str_c(texts[i].from), &path), 0);
		cb_devpath_print(t->env, cb_buf_bytes(&path), &text);
		CB_CHECK_STR(t, text_of(&text), texts[i].to != NULL ? texts[i].to : texts[i].from);
		cb_buf_fini(&path);
		cb_buf_fini(&text);
	}
}

static void bad_text(struct cb_check *t)
{
	static const char *const bad[] = {
		"/", "Pci(0,0)/", "/Pci(0,0)", "Pci(0,0)//Pci(0,0)", "Pci(0,0),/Pci(0,0)", "Pci(0)",
		"Pci(0,0,0)", "Pci(0,0", "Pci(0,0)x", "Pci(0x100,0)", "Pci(,0)", "Pci(0,)",
		"Frob(1)", "Path(1)",
		"Path(256,1)",
		"Path(1,256)", "Path(1,1,abc)", "Path(1,1,zz)", "HD(1,GPT,x,0,0)",
		"HD(1,APM," UUID ",0,0)",
		"IPv4(1.2.3,TCP,DHCP,0.0.0.0)", "IPv4(1.2.3.256,TCP,DHCP,0.0.0.0)",
		"IPv4(1.2.3.4.5,TCP,DHCP,0.0.0.0)",
		"NVMe(1,01-02)", "MAC(5254,1)", "Vlan(65536)", "Scsi(0x,1)", "AcpiAdr()", "UsbWwid(1,2,3,x)",
		"FibreEx(1,2)", "VenHw(" UUID ",)x", "Uart(115200,8,X,1)", "Acpi(pnp0A03,0x0)",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct cb_buf b;

		cb_buf_init(&b, t->env, 4096);
		CB_CHECK_ERR(t, cb_devpath_parse(t->env, cb_str_c(bad[i]), &b), CB_EINVAL, "device path");
		cb_buf_fini(&b);
	}
}

static int there_and_back(struct cb_check *t, void *arg)
{
	struct cb_buf path, text;
	int r;

	(void)arg;
	cb_buf_init(&path, t->env, 4096);
	cb_buf_init(&text, t->env, 4096);
	r = cb_devpath_parse(t->env, cb_str_c(texts[1].from), &path);
	if (r == 0) {
		cb_devpath_print(t->env, cb_buf_bytes(&path), &text);
		r = cb_buf_status(&text);
	}
	if (r == 0)
		CB_CHECK_STR(t, text_of(&text), texts[1].from);
	cb_buf_fini(&path);
	cb_buf_fini(&text);
	return r;
}

static void faults(struct cb_check *t)
{
	cb_check_faults(t, there_and_back, NULL, 200);
}

static void too_long(struct cb_check *t)
{
	static uint8_t big[70000];
	struct cb_buf b;

	cb_buf_init(&b, t->env, 1u << 20);
	cb_devpath_add(&b, 1, 1, (struct cb_bytes){ big, 65531 }, (struct cb_bytes){ NULL, 0 });
	CB_CHECK_INT(t, cb_buf_status(&b), 0);
	cb_devpath_add(&b, 1, 1, (struct cb_bytes){ big, 65531 }, (struct cb_bytes){ big, 1 });
	CB_CHECK_ERR(t, cb_buf_status(&b), CB_ELIMIT, "65535");
	cb_buf_fini(&b);
}

/* Nodes of one file's path: each with its own '\\', or none with any. */
static void files(struct cb_check *t)
{
	static const struct { const char *path, *file; } rows[] = {
		{ "PciRoot(0x0)/\\EFI\\BOOT\\BOOTX64.EFI", "\\EFI\\BOOT\\BOOTX64.EFI" },
		{ "\\EFI/BOOT/x.efi", "\\EFI\\BOOT\\x.efi" },
		{ "\\EFI\\/\\BOOT\\/x.efi", "\\EFI\\\\BOOT\\x.efi" },
	};
	static const uint8_t bad[] = { 1, 1, 3, 0 };
	struct cb_buf path, file;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cb_buf_init(&path, t->env, 4096);
		cb_buf_init(&file, t->env, 4096);
		CB_CHECK_INT(t, cb_devpath_parse(t->env, cb_str_c(rows[i].path), &path), 0);
		CB_CHECK(t, cb_devpath_file(t->env, cb_buf_bytes(&path), &file));
		CB_CHECK_STR(t, text_of(&file), rows[i].file);
		cb_buf_fini(&path);
		cb_buf_fini(&file);
	}
	cb_buf_init(&file, t->env, 4096);
	CB_CHECK(t, !cb_devpath_file(t->env, (struct cb_bytes){ bad, sizeof(bad) }, &file));
	cb_buf_fini(&file);
}

/* A volume is on the disk that its path goes through. */
static void starts(struct cb_check *t)
{
	static const struct { const char *path, *base; bool want; } rows[] = {
		{ "PciRoot(0x0)/Pci(0x4,0x0)/CDROM(0x1,0x2,0x3)", "PciRoot(0x0)/Pci(0x4,0x0)", true },
		{ "PciRoot(0x0)/Pci(0x4,0x0)", "PciRoot(0x0)/Pci(0x4,0x0)", true },
		{ "PciRoot(0x0)/Pci(0x4,0x0)", "PciRoot(0x0)/Pci(0x5,0x0)", false },
		{ "PciRoot(0x0)", "PciRoot(0x0)/Pci(0x4,0x0)", false },
		{ "Pci(0x4,0x0)/Sata(0x1,0xFFFF,0x0)", "Pci(0x4,0x0)/Sata(0x0,0xFFFF,0x0)", false },
		{ "PciRoot(0x0)", "", false },
	};
	struct cb_buf path, base;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cb_buf_init(&path, t->env, 4096);
		cb_buf_init(&base, t->env, 4096);
		CB_CHECK_INT(t, cb_devpath_parse(t->env, cb_str_c(rows[i].path), &path), 0);
		if (rows[i].base[0] != '\0')
			CB_CHECK_INT(t, cb_devpath_parse(t->env, cb_str_c(rows[i].base), &base), 0);
		CB_CHECK_INT(t, cb_devpath_starts(cb_buf_bytes(&path), cb_buf_bytes(&base)),
			     rows[i].want);
		cb_buf_fini(&path);
		cb_buf_fini(&base);
	}
}

CB_SUITE(devpath, CB_TEST(files), CB_TEST(starts), CB_TEST(every_node), CB_TEST(whole_paths),
	 CB_TEST(bad_text), CB_TEST(faults), CB_TEST(too_long));
