/* settings/keys.h - every setting that exists: its name, what its value may be, its default.
 *
 * One table for all three programs and for every source of settings. */
#ifndef CB_SETTINGS_KEYS_H
#define CB_SETTINGS_KEYS_H

#include "core/mem.h"

enum cb_key {
	CB_KEY_EXIT,
	CB_KEY_PLAN,
	CB_KEY_IMAGE,
	CB_KEY_TARGET,
	CB_KEY_CMDLINE,
	CB_KEY_KERNEL,
	CB_KEY_INITRD,
	CB_KEY_MENU,
	CB_KEY_MENU_TIMEOUT,
	CB_KEY_MENU_PROMPT,
	CB_KEY_KEYMAP,
	CB_KEY_DISK,
	CB_KEY_DISK_FS,
	CB_KEY_DISK_KERNEL,
	CB_KEY_DISK_INITRD,
	CB_KEY_DISK_DATASET,
	CB_KEY_DISK_PASSPHRASE,
	CB_KEY_DISK_WAIT,
	CB_KEY_OS_AUTH_URL,
	CB_KEY_OS_CRED_ID,
	CB_KEY_OS_CRED_SECRET,
	CB_KEY_META_URL,
	CB_KEY_META_TOKEN,
	CB_KEY_META_TIMEOUT,
	CB_KEY_META_RETRIES,
	CB_KEY_DNS,
	CB_KEY_IP,
	CB_KEY_VLAN,
	CB_KEY_NET_SKIP,
	CB_KEY_NET_STATIC,
	CB_KEY_NET_LLDP,
	CB_KEY_LLDP_WAIT,
	CB_KEY_LLDP_TX,
	CB_KEY_LLDP_NAME,
	CB_KEY_COSIGN,
	CB_KEY_INSECURE,
	CB_KEY_MIRROR,
	CB_KEY_USER,
	CB_KEY_PASS,
	CB_KEY_CACHE,
	CB_KEY_TRIAL,
	CB_KEY_ONFAIL,
	CB_KEY_DEBUG,
	CB_KEY_QUIET,
	CB_KEY_N
};

enum cb_key_type {
	CB_KEY_IS_TEXT,
	CB_KEY_IS_FLAG,       /* 0 1, false true, no yes, off on */
	CB_KEY_IS_DURATION,   /* 10, 10s, 1m30s, 250ms */
	CB_KEY_IS_COUNT,      /* 0..4294967295 */
	CB_KEY_IS_CHOICE,
};

struct cb_key_info {
	const char *name;     /* as on the command line */
	enum cb_key_type type;
	bool secret;          /* never shown, wiped after use */
	const char *preset;   /* default value, NULL for none */
	const char *choices;  /* of a CHOICE, one blank between */
};

const struct cb_key_info *cb_key_info(enum cb_key key);

/* The key that `name=value` sets, CB_KEY_N when there is none. The value matters for one alias:
 * cloudboot.disk.device is the disk, or the dataset when it reads like pool/dataset. */
enum cb_key cb_key_find(struct cb_str name, struct cb_str value);
/* Names that must be ours, known or not: cloudboot.* and rd.cloudboot.*. */
bool cb_key_is_ours(struct cb_str name);
/* The name nearest to an unknown one, NULL when nothing is near. */
const char *cb_key_hint(struct cb_str name);

/* CB_EINVAL, saying what the key takes; no report is started for a good value. */
CB_MUST int cb_key_check(struct cb_env *env, enum cb_key key, struct cb_str value);

bool cb_key_flag(struct cb_str value, bool *ret);
/* Nanoseconds; a bare number counts seconds. */
bool cb_key_duration(struct cb_str value, uint64_t *ret_ns);

#endif
