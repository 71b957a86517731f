/* image/devpath_table.c - which device path nodes are written how (UEFI 2.10, 10.3 and 10.6.1.6). */
#include "image/devpath_priv.h"

#include "core/str.h"

enum { HW = CB_DEVPATH_HARDWARE, ACPI = CB_DEVPATH_ACPI, MSG = CB_DEVPATH_MESSAGING,
       MEDIA = CB_DEVPATH_MEDIA, BBS = CB_DEVPATH_BBS };

#define PNP(high, low) 0, 4, { 0xd0, 0x41, low, high }
#define ANY            0, 0, { 0 }
#define SIGNATURE(t)   36, 2, { t, t }          /* HD(): format and kind of signature */

/* Of two entries that fit, the first is taken. */
const struct cb_devtext cb_devtexts[] = {
	{ HW, 1, 2, ANY, "Pci", "b1b0", NULL },
	{ HW, 2, 1, ANY, "PcCard", "b0", NULL },
	{ HW, 3, 20, ANY, "MemoryMapped", "d0q4qc", NULL },
	{ HW, 4, 16, ANY, "VenHw", "g0x0", NULL },
	{ HW, 5, 4, ANY, "Ctrl", "d0", NULL },
	{ HW, 6, 9, ANY, "BMC", "b0q1", NULL },
	{ ACPI, 1, 8, PNP(0x0a, 0x03), "PciRoot", "d4", NULL },
	{ ACPI, 1, 8, PNP(0x0a, 0x08), "PcieRoot", "d4", NULL },
	{ ACPI, 1, 8, PNP(0x06, 0x04), "Floppy", "d4", NULL },
	{ ACPI, 1, 8, PNP(0x03, 0x01), "Keyboard", "d4", NULL },
	{ ACPI, 1, 8, PNP(0x05, 0x01), "Serial", "d4", NULL },
	{ ACPI, 1, 8, PNP(0x04, 0x01), "ParallelPort", "d4", NULL },
	{ ACPI, 1, 8, ANY, "Acpi", "h0d4", NULL },
	{ ACPI, 2, 12, ANY, "AcpiEx", "h0h8d4s0s0s0", NULL },
	{ ACPI, 3, 0, ANY, "AcpiAdr", "l0", NULL },
	{ ACPI, 4, 4, ANY, "NvdimmAcpiAdr", "d0", NULL },
	{ MSG, 1, 4, ANY, "Ata", "A0E1w2", NULL },
	{ MSG, 2, 4, ANY, "Scsi", "w0w2", NULL },
	{ MSG, 3, 20, ANY, "Fibre", "q4qc", NULL },
	{ MSG, 4, 12, ANY, "I1394", "q4", NULL },
	{ MSG, 5, 2, ANY, "USB", "b0b1", NULL },
	{ MSG, 6, 4, ANY, "I2O", "d0", NULL },
	{ MSG, 9, 44, ANY, "Infiniband", "d0g4qkqsqA", NULL },
	{ MSG, 10, 16, ANY, "VenMsg", "g0x0", NULL },
	{ MSG, 11, 33, ANY, "MAC", "m0bw", NULL },
	{ MSG, 12, 23, ANY, "IPv4", "i4pcDei0ifij", NULL },
	{ MSG, 12, 15, ANY, "IPv4", "i4pcDei0", NULL },
	{ MSG, 13, 56, ANY, "IPv6", "IgpAOCI0bDIE", NULL },
	{ MSG, 13, 39, ANY, "IPv6", "IgpAOCI0", NULL },
	{ MSG, 14, 15, ANY, "Uart", "Q4BcPdSe", NULL },
	{ MSG, 15, 7, ANY, "UsbClass", "w0w2b4b5b6", NULL },
	{ MSG, 16, 6, ANY, "UsbWwid", "w2w4w0W0", NULL },
	{ MSG, 17, 1, ANY, "Unit", "b0", NULL },
	{ MSG, 18, 6, ANY, "Sata", "w0w2w4", NULL },
	{ MSG, 20, 2, ANY, "Vlan", "n0", NULL },
	{ MSG, 21, 20, ANY, "FibreEx", "R4Rc", NULL },
	{ MSG, 23, 12, ANY, "NVMe", "d0N4", NULL },
	{ MSG, 24, 0, ANY, "Uri", "a0", NULL },
	{ MSG, 25, 2, ANY, "UFS", "b0b1", NULL },
	{ MSG, 26, 1, ANY, "SD", "b0", NULL },
	{ MSG, 27, 6, ANY, "Bluetooth", "M0", NULL },
	{ MSG, 29, 1, ANY, "eMMC", "b0", NULL },
	{ MSG, 30, 7, ANY, "BluetoothLE", "M0b6", NULL },
	{ MEDIA, 1, 38, SIGNATURE(2), "HD", "u0L0gkq4qc", "GPT" },
	{ MEDIA, 1, 38, SIGNATURE(1), "HD", "u0L0zkq4qc", "MBR" },
	{ MEDIA, 2, 20, ANY, "CDROM", "d0q4qc", NULL },
	{ MEDIA, 3, 16, ANY, "VenMedia", "g0x0", NULL },
	{ MEDIA, 5, 16, ANY, "Media", "g0", NULL },
	{ MEDIA, 6, 16, ANY, "FvFile", "g0", NULL },
	{ MEDIA, 7, 16, ANY, "Fv", "g0", NULL },
	{ MEDIA, 8, 20, ANY, "Offset", "q4qc", NULL },
	{ MEDIA, 9, 34, ANY, "RamDisk", "q0q8nwgg", NULL },
	{ BBS, 1, 4, ANY, "BBS", "T0s0w2", NULL },
	{ .name = NULL },
};

/* A: ATA channel, E: drive on it, p: IP protocol, D: how IPv4 was set, O: IPv6's origin, P: parity,
 * S: stop bits, T: BBS device. */
static const struct {
	char kind;
	uint8_t value;
	const char *word;
} words[] = {
	{ 'A', 0, "Primary" }, { 'A', 1, "Secondary" }, { 'E', 0, "Master" }, { 'E', 1, "Slave" },
	{ 'p', 6, "TCP" }, { 'p', 17, "UDP" }, { 'D', 0, "DHCP" }, { 'D', 1, "Static" },
	{ 'O', 0, "Static" }, { 'O', 1, "StatelessAutoConfigure" }, { 'O', 2, "StatefulAutoConfigure" },
	{ 'P', 0, "D" }, { 'P', 1, "N" }, { 'P', 2, "E" }, { 'P', 3, "O" }, { 'P', 4, "M" }, { 'P', 5, "S" },
	{ 'S', 0, "D" }, { 'S', 1, "1" }, { 'S', 2, "1.5" }, { 'S', 3, "2" },
	{ 'T', 1, "Floppy" }, { 'T', 2, "HD" }, { 'T', 3, "CDROM" }, { 'T', 4, "PCMCIA" }, { 'T', 5, "USB" },
	{ 'T', 6, "Network" },
};

#define WORDS_N (sizeof(words) / sizeof(words[0]))

const char *cb_devtext_word(char kind, uint64_t value)
{
	for (size_t i = 0; i < WORDS_N; i++)
		if (words[i].kind == kind && words[i].value == value)
			return words[i].word;
	return NULL;
}

bool cb_devtext_value(char kind, struct cb_str word, uint64_t *ret)
{
	for (size_t i = 0; i < WORDS_N; i++)
		if (words[i].kind == kind && cb_str_ieq(word, cb_str_c(words[i].word))) {
			*ret = words[i].value;
			return true;
		}
	return false;
}

size_t cb_devtext_width(char kind)
{
	switch (kind) {
	case 'b':
	case 'B':
	case 'A':
	case 'E':
	case 'D':
	case 'O':
	case 'P':
	case 'S':
		return 1;
	case 'w':
	case 'n':
	case 'p':
	case 'T':
		return 2;
	case 'd':
	case 'u':
	case 'z':
	case 'h':
		return 4;
	case 'q':
	case 'Q':
		return 8;
	default:
		return 0;
	}
}

size_t cb_devtext_off(char c)
{
	return (size_t)(c <= '9' ? c - '0' : c >= 'a' ? c - 'a' + 10 : c - 'A' + 36);
}

bool cb_devtext_is_rest(char kind)
{
	return kind == 'x' || kind == 'a' || kind == 's' || kind == 'W' || kind == 'l';
}
