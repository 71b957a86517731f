/* image/pe_priv.h - the on-disk structures that the PE reader and writer share. */
#ifndef CB_IMAGE_PE_PRIV_H
#define CB_IMAGE_PE_PRIV_H

#include "image/pe.h"

#define PE_MZ 0x5a4du
#define PE_LFANEW 0x3cu
#define PE_MAGIC 0x00004550u             /* "PE\0\0" */
#define PE_MAGIC_32 0x10bu
#define PE_MAGIC_64 0x20bu
#define PE_MIN_FILE_ALIGN 512u
#define PE_DIR_CERT 4u
#define PE_DIR_DEBUG 6u
#define PE_MAX_DIRS 16u

struct pe_coff {
	cb_le16 machine, nsections;
	cb_le32 time, symbols, nsymbols;
	cb_le16 opt_size, flags;
};
_Static_assert(sizeof(struct pe_coff) == 20, "COFF header");

struct pe_opt {
	cb_le16 magic;
	uint8_t linker[2];
	cb_le32 code_size, data_size, bss_size, entry, code_base;
	cb_le64 image_base;
	cb_le32 section_align, file_align;
	uint8_t versions[16];
	cb_le32 image_size, headers_size, checksum;
	cb_le16 subsystem, dll_flags;
	uint8_t stack_heap[32];
	cb_le32 loader_flags, ndirs;
};
_Static_assert(sizeof(struct pe_opt) == 112, "PE32+ optional header");

struct pe_dir { cb_le32 at, size; };
_Static_assert(sizeof(struct pe_dir) == 8, "data directory");

/* From the start of the optional header. */
#define PE_DIR_OFF(i) ((uint32_t)(sizeof(struct pe_opt) + (i) * sizeof(struct pe_dir)))

/* Whether two ranges share anything; empty ones don't. */
bool pe_overlap(uint32_t a, uint32_t an, uint32_t b, uint32_t bn);

struct pe_shdr {
	uint8_t name[8];
	cb_le32 vsize, vaddr, raw_size, raw_off, relocs, lines;
	cb_le16 nrelocs, nlines;
	cb_le32 flags;
};
_Static_assert(sizeof(struct pe_shdr) == 40, "section header");

#endif
