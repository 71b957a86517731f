/* image/devpath.h - EFI device paths (UEFI 2.10, chapter 10): walk, print, build.
 *
 * A path is borrowed bytes and is never rewritten: what was read can be written back byte for byte,
 * node types that we don't know included. */
#ifndef CB_IMAGE_DEVPATH_H
#define CB_IMAGE_DEVPATH_H

#include "core/mem.h"
#include "core/uuid.h"

enum cb_devpath_type {
	CB_DEVPATH_HARDWARE = 1, CB_DEVPATH_ACPI = 2, CB_DEVPATH_MESSAGING = 3,
	CB_DEVPATH_MEDIA = 4, CB_DEVPATH_BBS = 5, CB_DEVPATH_END = 0x7f,
};
/* Subtypes of CB_DEVPATH_END. */
#define CB_DEVPATH_END_INSTANCE 1u
#define CB_DEVPATH_END_ENTIRE   0xffu

/* One node without its four header bytes. */
struct cb_devnode {
	uint8_t type, subtype;
	struct cb_bytes body;
};

/* Cut the first node off *path. An END node (entire or instance) is returned like any other.
 * CB_ECORRUPT: a length under 4 or past the end; the report has the offset within the path. */
CB_MUST int cb_devpath_next(struct cb_env *env, struct cb_bytes *path, struct cb_devnode *ret);
/* The whole list is well-formed and ends in END-entire exactly at its last byte. */
CB_MUST int cb_devpath_check(struct cb_env *env, struct cb_bytes path);

/* The text form of UEFI 2.10, 10.6.1: "PciRoot(0x0)/Pci(0x2,0x0)/HD(1,GPT,...)/\EFI\x"; a ',' between
 * instances, a ';' between whole paths. What has no text of its own, or would not come back from it
 * byte for byte, is Path(type,subtype,bytes). A malformed rest ends it with "/?". */
void cb_devpath_print(struct cb_env *env, struct cb_bytes path, struct cb_buf *ret);
/* The path of such a text, its end included. CB_EINVAL names what can't be understood. */
CB_MUST int cb_devpath_parse(struct cb_env *env, struct cb_str text, struct cb_buf *ret);

/* A node: its body is in up to two pieces. CB_ELIMIT (of the buffer): over 65535 bytes. */
void cb_devpath_add(struct cb_buf *b, uint8_t type, uint8_t subtype, struct cb_bytes body,
		    struct cb_bytes more);
/* HD() of a GPT partition; first and nblocks count the disk's blocks. */
void cb_devpath_add_hd(struct cb_buf *b, uint32_t part, uint64_t first, uint64_t nblocks,
		       struct cb_uuid partuuid);
/* A file, '\' between names; '/' in path becomes '\'. */
void cb_devpath_add_file(struct cb_buf *b, struct cb_str path);
void cb_devpath_add_end(struct cb_buf *b);

/* The parts of a media HD() node. False: another node, or its body is not 38 bytes. */
struct cb_devpath_hd {
	uint32_t part;
	uint64_t first, nblocks;
	uint8_t signature[16];
	uint8_t format, signature_type;   /* 2: GPT; 2: GUID, 1: MBR serial */
};
#define CB_DEVPATH_GPT 2u
bool cb_devpath_get_hd(const struct cb_devnode *n, struct cb_devpath_hd *ret);
/* PARTUUID of the GPT partition that a path goes through, as Linux writes it; false when there is none. */
bool cb_devpath_partuuid(struct cb_env *env, struct cb_bytes path, char ret[CB_UUID_TEXT]);
/* path goes on where base ends: what base names is on the way to what path names, or is the same. Both with
 * their END. */
bool cb_devpath_starts(struct cb_bytes path, struct cb_bytes base);
/* A media File() node: its body is UTF-16LE. */
bool cb_devpath_is_file(const struct cb_devnode *n);
/* What its File() nodes say together (10.3.5.4): "\EFI\BOOT\BOOTX64.EFI". False when there is none. */
bool cb_devpath_file(struct cb_env *env, struct cb_bytes path, struct cb_buf *ret);

#endif
