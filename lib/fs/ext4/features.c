/* fs/ext4/features.c - which incompatible features exist, and which of them this driver reads. */
#include "fs/ext4/ext4_priv.h"

#include "core/fmt.h"

#define KNOWN (EXT4_INCOMPAT_FILETYPE | EXT4_INCOMPAT_RECOVER | EXT4_INCOMPAT_META_BG | \
	       EXT4_INCOMPAT_EXTENTS | EXT4_INCOMPAT_64BIT | EXT4_INCOMPAT_MMP | \
	       EXT4_INCOMPAT_FLEX_BG | EXT4_INCOMPAT_EA_INODE | EXT4_INCOMPAT_CSUM_SEED | \
	       EXT4_INCOMPAT_LARGEDIR | EXT4_INCOMPAT_INLINE_DATA | EXT4_INCOMPAT_ENCRYPT | \
	       EXT4_INCOMPAT_CASEFOLD)

/* Bits that ext3 may have; any other makes it ext4 (as blkid tells them apart). */
#define EXT3_INCOMPAT (EXT4_INCOMPAT_FILETYPE | EXT4_INCOMPAT_RECOVER | EXT4_INCOMPAT_META_BG)
#define EXT3_RO       0x7u         /* sparse_super, large_file, btree_dir */

/* By bit number; NULL: never defined. The names are those of e2fsprogs. */
static const char *const incompat_names[32] = {
	"compression", "filetype", "needs_recovery", "journal_dev", "meta_bg", NULL, "extent", "64bit",
	"mmp", "flex_bg", "ea_inode", NULL, "dirdata", "metadata_csum_seed", "large_dir", "inline_data",
	"encrypt", "casefold",
};

int cb_ext4_features_check(struct cb_env *env, uint32_t incompat)
{
	uint32_t bad = incompat & ~(uint32_t)KNOWN;
	char text[200] = "";
	size_t n = 0;

	if (bad == 0)
		return 0;
	for (unsigned bit = 0; bit < 32; bit++) {
		if ((bad >> bit & 1) == 0)
			continue;
		n += incompat_names[bit] != NULL ?
			cb_fmt(text + n, sizeof(text) - n, " %s", incompat_names[bit]) :
			cb_fmt(text + n, sizeof(text) - n, " 0x%x", UINT32_C(1) << bit);
		if (n >= sizeof(text))
			break;
	}
	return cb_fail(env, CB_EUNSUP, "incompatible features that are not supported:%s", text);
}

const char *cb_ext4_type(const struct ext4_super *s)
{
	if ((s->incompat & ~(uint32_t)EXT3_INCOMPAT) != 0 || (s->ro_compat & ~EXT3_RO) != 0)
		return "ext4";
	return (s->compat & EXT4_COMPAT_HAS_JOURNAL) != 0 ? "ext3" : "ext2";
}
