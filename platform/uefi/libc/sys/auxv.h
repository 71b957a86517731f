/* sys/auxv.h - what Linux tells programs about an arm64 processor, asked of the processor itself. */
#ifndef CB_UEFI_LIBC_SYS_AUXV_H
#define CB_UEFI_LIBC_SYS_AUXV_H

#define AT_HWCAP    16
#define HWCAP_ASIMD (1 << 1)
#define HWCAP_AES   (1 << 3)

/* AT_HWCAP, whatever is asked for. AES counts with its polynomial multiplication only, which users take for
 * granted; ASIMD is in every processor that runs this firmware (AArch64 calling convention). */
static inline unsigned long getauxval(unsigned long type)
{
	unsigned long long isar0;

	(void)type;
	__asm__("mrs %0, id_aa64isar0_el1" : "=r"(isar0));
	return HWCAP_ASIMD | ((isar0 >> 4 & 15) >= 2 ? HWCAP_AES : 0);
}

#endif
