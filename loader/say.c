/* loader/say.c - what the loader prints: the lines of a boot, one report when it fails. */
#include "core/fmt.h"
#include "core/log.h"
#include "core/str.h"
#include "loader/loader.h"

#define LINE_ROOM 640u

static const struct {
	enum report report;
	const char *text;
} advice[] = {
	{ REPORT_MEMORY, "give the machine more memory" },
	{ REPORT_NO_DISKS,
	  "attach a disk that has an operating system; probe.efi shows what this firmware can "
	  "read" },
	{ REPORT_NO_DEVICE,
	  "correct cloudboot.disk, or attach the disk; without cloudboot.disk every disk is "
	  "searched" },
	{ REPORT_BAD_DEVICE,
	  "correct the setting that is named; cloudboot.disk takes /dev/NAME, LABEL=, UUID=, "
	  "PARTLABEL=, PARTUUID=, and without it every disk is searched" },
	{ REPORT_NOTHING,
	  "look at the disks with 'cloud-boot explain IMAGE'; a kernel elsewhere can be named "
	  "with cloudboot.disk.kernel" },
	{ REPORT_ALL_BROKEN, "repair the newest kernel from a rescue system, or name another with "
			     "cloudboot.disk.kernel" },
	{ REPORT_NO_TARGET,
	  "correct CloudBootTarget or cloudboot.target, or remove it to boot the default" },
	{ REPORT_NO_NET, "give the machine a NIC and a DHCP server; probe.efi shows what this firmware has" },
	{ REPORT_NOT_FETCHED, "correct cloudboot.kernel and cloudboot.initrd, or look at the server" },
	{ REPORT_NOT_TRUSTED,
	  "give #sha256= of the file that you mean; for https build with --ca, and see that the "
	  "certificate names the host" },
	{ REPORT_NO_CHAIN,
	  "install the operating system's EFI loader on an EFI system partition of this "
	  "machine, or correct CloudBootTarget" },
};

void say(struct cb_loader *l, const char *tag, const char *fmt, ...)
{
	char text[LINE_ROOM];
	va_list ap;

	va_start(ap, fmt);
	(void)cb_vfmt(text, sizeof(text), fmt, ap); /* a long one is cut */
	va_end(ap);
	cb_log(&l->env, CB_LOG_INFO, "%-9s%s", tag, text);
}

void say_lines(struct cb_loader *l, struct cb_str text)
{
	struct cb_str line;

	while (l->env.max_level >= CB_LOG_INFO && cb_str_line(&text, &line))
		cb_log(&l->env, CB_LOG_INFO, "%.*s", CB_STR_ARG(line));
}

int fail_with(struct cb_loader *l, int r, enum report report)
{
	if (l->report == REPORT_NONE)
		l->report = report;
	return r;
}

void print_report(struct cb_loader *l)
{
	cb_log(&l->env, CB_LOG_ERR, "cloud-boot: %.*s", (int)l->diag.len, l->diag.text);
	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++)
		if (advice[i].report == l->report)
			cb_log(&l->env, CB_LOG_ERR, "  what to do: %s", advice[i].text);
	cb_log(&l->env, CB_LOG_ERR, "  CB-%u", (unsigned)l->report);
}
