/* image/pe.h - PE32+ images (Microsoft's "PE Format"): read headers and sections, append sections, place
 * the same image elsewhere in a file.
 *
 * Only the headers are in memory. What is returned lies within the file and doesn't overlap there.
 * Addresses may: ukify 257 makes a .sbat longer that has no room behind it, and firmware starts such
 * images all the same. */
#ifndef CB_IMAGE_PE_H
#define CB_IMAGE_PE_H

#include "core/arch.h"
#include "core/input.h"
#include "core/pieces.h"

#define CB_PE_SUBSYSTEM_EFI_APP 10u
#define CB_PE_NX_COMPAT 0x100u           /* DllCharacteristics */

#define CB_PE_CODE 0x60000020u           /* code, execute, read */
#define CB_PE_DATA 0x40000040u           /* initialised data, read */

struct cb_pe_section {
	char name[9];                    /* NUL-terminated, at most 8 */
	uint32_t vaddr, vsize;           /* in memory; raw_size where the header says 0 */
	uint32_t off, raw_size;          /* in the file; raw_size 0: nothing there */
	uint32_t flags;
};

struct cb_pe {
	struct cb_env *env;
	struct cb_input in;
	struct cb_bytes head;            /* first bytes of the file, up to the end of the headers */
	struct cb_pe_section *section;
	uint32_t nsections;
	uint32_t pe_off;                 /* of "PE\0\0" */
	uint32_t opt_off;                /* of the optional header */
	uint32_t table_off;              /* of the section table */
	uint16_t machine, subsystem, dll_flags;
	enum cb_arch arch;               /* CB_ARCH_NONE for other machines */
	uint32_t section_align, file_align;
	uint32_t image_size, headers_size;
	/* Authenticode hashes the file without these three: 4 bytes, 8 bytes, and the certificate table. */
	uint32_t checksum_off;
	uint32_t cert_dir_off;           /* 0: the image has no such directory */
	uint32_t cert_off, cert_size;    /* size 0: unsigned */
	uint64_t image_base;
};

/* CB_ENOTMINE when the bytes are no PE32+; anything else wrong is an error with its place. in is
 * borrowed until cb_pe_close(). */
CB_MUST int cb_pe_open(struct cb_env *env, const struct cb_input *in, struct cb_pe **ret);
void cb_pe_close(struct cb_pe *pe);      /* NULL is fine */

/* The first section of that name, or NULL. */
const struct cb_pe_section *cb_pe_find(const struct cb_pe *pe, struct cb_str name);
/* Its bytes: as many as both the file and memory have of it. */
struct cb_input cb_pe_content(const struct cb_pe *pe, const struct cb_pe_section *s);

/* A section to be added. */
struct cb_pe_add {
	struct cb_str name;              /* 1 to 8 bytes */
	struct cb_input data;            /* not empty */
	uint32_t flags;                  /* CB_PE_CODE, CB_PE_DATA */
	bool replace;                    /* takes the place of the image's own section of that name */
};

/* The image with n sections more, at page-aligned addresses after the last. A signature, symbols and the
 * debug directory are dropped, dll_clear is taken off DllCharacteristics; no time stamp is added.
 * ret borrows the data and what pe reads from, not pe. */
CB_MUST int cb_pe_append(const struct cb_pe *pe, const struct cb_pe_add *add, size_t n,
			 uint16_t dll_clear, struct cb_pieces *ret);

/* Append to ret the headers of the same image whose file offsets are all larger by delta, to be put at byte
 * `at` of the other file (its e_lfanew): at most limit - at bytes. Unsigned, as its bytes are elsewhere. */
CB_MUST int cb_pe_rebase(const struct cb_pe *pe, uint32_t delta, uint32_t at, uint32_t limit,
			 struct cb_buf *ret);

#endif
