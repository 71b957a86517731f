/* uki/nvram.h - EFI variables that a command is about: of this machine, of a folder, of a store's file. */
#ifndef CB_UKI_NVRAM_H
#define CB_UKI_NVRAM_H

#include "image/varstore.h"
#include "linux/efivarfs.h"
#include "uki/host.h"

/* Where they are, as the user said. */
struct cb_nvram_where {
	const char *store, *efivars;
};

#define CB_NVRAM_OPTS(where) \
	{ "store", 0, CB_OPT_TEXT, "FILE", (where) + offsetof(struct cb_nvram_where, store), \
	  "an EDK2 variable store: OVMF_VARS.fd, AAVMF_VARS.fd, vfkit's nvram.fd" }, \
	{ "efivars", 0, CB_OPT_TEXT, "DIR", (where) + offsetof(struct cb_nvram_where, efivars), \
	  "a folder that looks like efivarfs (default: this machine's own, " CB_EFIVARS ")" }

#define CB_NVRAM_ABOUT \
	"The variables are those of a virtual machine that is off (--store), of a folder (--efivars), or " \
	"of this machine. A store that is edited is replaced in one step and keeps its mode; one that a " \
	"running QEMU has open is refused. vfkit's nvram.fd has the same format as OVMF's stores."

struct cb_nvram {
	struct cb_host *h;
	struct cb_efivars *vars;
	const char *name;             /* of the file or folder */
	struct cb_efivarfs fs;
	struct cb_varstore store;
	struct cb_storevars store_vars;
	struct cb_buf file, before;   /* the store's file; its head as it was */
	int lock;                     /* -1: none */
};

/* write: changes are meant to be saved. close() after a failure, too. */
CB_MUST int cb_nvram_open(struct cb_host *h, const struct cb_nvram_where *where, bool write,
			  struct cb_nvram *ret);
/* Write a store's file if anything changed. */
CB_MUST int cb_nvram_save(struct cb_nvram *n);
void cb_nvram_close(struct cb_nvram *n);

/* The advice for a variable that can't be changed; returns r. */
int cb_nvram_advise(struct cb_nvram *n, int r);

/* "NAME" or "NAME-GUID"; without, names that begin with CloudBoot are ours, the others the firmware's. */
void cb_nvram_name(struct cb_str text, struct cb_str *ret_name, struct cb_uuid *ret_vendor);
/* "nv,bs,rt" */
void cb_nvram_attributes(struct cb_buf *b, uint32_t attributes);
CB_MUST bool cb_nvram_parse_attributes(struct cb_str text, uint32_t *ret);
/* The text that the bytes are, UTF-16 or plain, appended; false: they are none. */
bool cb_nvram_text(struct cb_buf *b, struct cb_bytes value);
/* Text in quotes where the bytes are that, else hexadecimal; at most max bytes of it. */
void cb_nvram_value(struct cb_buf *b, struct cb_bytes value, size_t max);

#endif
