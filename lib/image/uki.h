/* image/uki.h - unified kernel images: UAPI.5, read and written.
 *
 * A UKI is a PE with a .linux section; everything else is optional. Parts are inputs on the image: neither
 * side ever holds a kernel or an initrd in memory. */
#ifndef CB_IMAGE_UKI_H
#define CB_IMAGE_UKI_H

#include "image/pe.h"

/* In the order of UAPI.5, which is also the order in which a stub measures them. */
enum cb_uki_part {
	CB_UKI_LINUX,
	CB_UKI_OSREL,
	CB_UKI_CMDLINE,
	CB_UKI_INITRD,
	CB_UKI_UCODE,
	CB_UKI_SPLASH,
	CB_UKI_DTB,
	CB_UKI_UNAME,
	CB_UKI_SBAT,
	CB_UKI_PCRSIG,
	CB_UKI_PCRPKEY,
};
#define CB_UKI_PARTS 11

/* ".linux", ".osrel", ... */
struct cb_str cb_uki_part_name(enum cb_uki_part part);

struct cb_uki {
	struct cb_pe *pe;
	const struct cb_pe_section *part[CB_UKI_PARTS];   /* NULL: absent. Of profile 0 (UAPI.5). */
};

/* CB_ENOTMINE when in is no PE or a PE without .linux. in is borrowed until cb_uki_close(). */
CB_MUST int cb_uki_open(struct cb_env *env, const struct cb_input *in, struct cb_uki *ret);
void cb_uki_close(struct cb_uki *u);
/* False when the image has no such part. */
bool cb_uki_get(const struct cb_uki *u, enum cb_uki_part part, struct cb_input *ret);
/* A part that is text, at most max bytes, without NULs and blanks at its end; nothing when it is absent. */
CB_MUST int cb_uki_text(const struct cb_uki *u, enum cb_uki_part part, size_t max, struct cb_buf *ret);

/* Parts of size 0 are left out. CB_UKI_LINUX is needed; CB_UKI_SBAT is what is added to the lines that
 * the stub and the kernel bring ("component,generation,vendor,package,version,url" a line). */
struct cb_uki_plan {
	struct cb_input stub;
	struct cb_input part[CB_UKI_PARTS];
};
/* Append the whole image to ret, which borrows all inputs. */
CB_MUST int cb_uki_build(struct cb_env *env, const struct cb_uki_plan *plan, struct cb_pieces *ret);

#endif
