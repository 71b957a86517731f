/* boot/entry.h - boot loader entries, type #1 (UAPI.1 Boot Loader Specification), and the defaults
 * of loader.conf. */
#ifndef CB_BOOT_ENTRY_H
#define CB_BOOT_ENTRY_H

#include "core/limits.h"
#include "core/mem.h"

/* Boot counting: NAME+LEFT[-DONE].conf */
struct cb_tries { int left, done; };        /* left -1: not counted */

struct cb_entry {
	struct cb_str id;                   /* file name without counters, suffix kept: "fedora.conf" */
	struct cb_tries tries;
	struct cb_str title, version, machine_id, sort_key, architecture;
	struct cb_str linux, efi, uki, devicetree;
	struct cb_str options;              /* all of them, joined by one blank */
	struct cb_str initrd[CB_MAX_INITRDS];
	size_t initrd_n;
};

/* Cut boot counters out of a file name that ends in suffix. */
CB_MUST int cb_entry_name(struct cb_arena *a, struct cb_str name, struct cb_str suffix,
			  struct cb_str *ret_id, struct cb_tries *ret_tries);

/* Parse the text of the file `name`. Words "$name" of GRUB's are variables that nobody has set: they
 * are dropped. CB_EINVAL, CB_ELIMIT: an entry to skip, the report says why. */
CB_MUST int cb_entry_parse(struct cb_arena *a, struct cb_str name, struct cb_str text,
			   struct cb_entry *ret);

/* UAPI.1 order: below 0 when a comes first. */
int cb_entry_cmp(const struct cb_entry *a, const struct cb_entry *b);

/* loader.conf: views into text; empty when not set. */
struct cb_loader_conf { struct cb_str preferred, fallback; };   /* `preferred`, `default` */
void cb_loader_conf_parse(struct cb_str text, struct cb_loader_conf *ret);

/* fnmatch(3) without flags: * ? [a-z] [!a-z] and \; letters fold case, as systemd-boot does. */
bool cb_glob(struct cb_str pattern, struct cb_str text);

#endif
