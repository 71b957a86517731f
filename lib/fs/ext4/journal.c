/* fs/ext4/journal.c - the journal's superblock, and the list of blocks whose newest content is in
 * the log. Nothing is copied: reads of those blocks go to the log instead (cache.c). */
#include "fs/ext4/journal_priv.h"

#include "codec/crc.h"
#include "core/csum.h"
#include "core/fmt.h"
#include "core/limits.h"
#include "core/str.h"

#define SUPER_SIZE   1024u
#define CSUM_CRC32C  4u
#define FC_BLOCKS    256u          /* when the superblock says 0 */
#define MIN_BLOCKS   1024u         /* a fast-commit area may not leave less to the log */

struct disk_super {
	struct disk_header_be head;
	cb_be32 block_size, max_len, first, sequence, start, error;
	cb_be32 compat, incompat, ro_compat;
	uint8_t uuid[16];
	cb_be32 users, dynamic_super, max_transaction, max_data;
	uint8_t csum_type, pad[3];
	cb_be32 fc_blocks, head_at;
	uint8_t pad2[160];
	cb_be32 csum;
	uint8_t user_ids[768];
};
_Static_assert(sizeof(struct disk_super) == SUPER_SIZE, "journal superblock");

#define KNOWN (JBD2_INCOMPAT_REVOKE | JBD2_INCOMPAT_64BIT | JBD2_INCOMPAT_ASYNC_COMMIT | \
	       JBD2_INCOMPAT_CSUM_V2 | JBD2_INCOMPAT_CSUM_V3 | JBD2_INCOMPAT_FAST_COMMIT)

int cb_ext4_log_phys(struct ext4_log *l, uint32_t at, uint64_t *ret)
{
	struct ext4_run run = { .n = 0 };
	int r = cb_ext4_map(l->m, &l->file, at, &run);

	if (r < 0)
		return r;
	if (!run.mapped)
		return cb_fail(l->m->fs.env, CB_ECORRUPT, "log block %u is a hole", at);
	*ret = run.phys;
	return 0;
}

int cb_ext4_log_read(struct ext4_log *l, uint32_t at, const uint8_t **ret)
{
	uint64_t phys = 0;
	int r = cb_ext4_log_phys(l, at, &phys);

	if (r == 0)
		r = cb_ext4_block(l->m, phys, ret, NULL);
	return r < 0 ? cb_wrap(l->m->fs.env, r, "log block %u", at) : 0;
}

/* The ring, and behind it the room for fast commits; one block between them is never used. */
static int check_ring(struct ext4_log *l, const struct disk_super *d)
{
	struct cb_env *env = l->m->fs.env;
	uint32_t max = cb_get_be32(d->max_len), fc = cb_get_be32(d->fc_blocks);

	l->first = cb_get_be32(d->first);
	l->last = l->fc_last = l->fc_first = max;
	if (cb_get_be32(d->block_size) != l->m->s.block_size)
		return cb_fail(env, CB_ECORRUPT, "blocks of %u bytes, the file system's have %u",
			       cb_get_be32(d->block_size), l->m->s.block_size);
	if (max > l->file.inode.size / l->m->s.block_size)
		return cb_fail(env, CB_ECORRUPT, "%u blocks, inode %u has %llu", max, l->file.inode.ino,
			       U64(l->file.inode.size / l->m->s.block_size));
	if ((l->incompat & JBD2_INCOMPAT_FAST_COMMIT) != 0) {
		if (fc == 0)
			fc = FC_BLOCKS;
		if (fc < max && max - fc >= MIN_BLOCKS)
			l->last = max - fc;
		l->fc_first = l->last < max ? l->last + 1 : max;
	}
	if (l->first == 0 || l->first >= l->last)
		return cb_fail(env, CB_ECORRUPT, "the log is blocks %u to %u", l->first, l->last);
	l->start = cb_get_be32(d->start);
	l->sequence = cb_get_be32(d->sequence);
	if (l->start != 0 && (l->start < l->first || l->start >= l->last))
		return cb_fail(env, CB_ECORRUPT, "the log starts at block %u of %u to %u", l->start, l->first,
			       l->last);
	return 0;
}

static int check_super(struct ext4_log *l, const uint8_t *raw)
{
	struct cb_env *env = l->m->fs.env;
	struct cb_bytes all = { raw, SUPER_SIZE };
	const struct disk_super *d = cb_view(struct disk_super, all, 0);
	uint32_t type = cb_get_be32(d->head.type), sum;
	static const uint8_t zeros[4];

	if (cb_get_be32(d->head.magic) != JBD2_MAGIC || (type != JBD2_SUPER_V1 && type != JBD2_SUPER_V2))
		return cb_fail(env, CB_ECORRUPT, "no superblock: magic number 0x%x, type %u",
			       cb_get_be32(d->head.magic), type);
	if (type == JBD2_SUPER_V2) {
		l->compat = cb_get_be32(d->compat);
		l->incompat = cb_get_be32(d->incompat);
	}
	if ((l->incompat & ~(uint32_t)KNOWN) != 0)
		return cb_fail(env, CB_EUNSUP, "incompatible features 0x%x", l->incompat & ~(uint32_t)KNOWN);
	l->sums = (l->incompat & (JBD2_INCOMPAT_CSUM_V2 | JBD2_INCOMPAT_CSUM_V3)) != 0;
	if (l->sums && d->csum_type != CSUM_CRC32C)
		return cb_fail(env, CB_EUNSUP, "checksum type %u", d->csum_type);
	sum = cb_crc32c(~0u, raw, SUPER_SIZE - sizeof(d->user_ids) - 4);
	sum = cb_crc32c(sum, zeros, 4);
	sum = cb_crc32c(sum, d->user_ids, sizeof(d->user_ids));
	if (l->sums && !cb_csum_ok(sum, cb_get_be32(d->csum)))
		return cb_fail(env, CB_ECORRUPT, "superblock has a wrong checksum");
	l->seed = cb_crc32c(~0u, d->uuid, sizeof(d->uuid));
	return check_ring(l, d);
}

/* One patch a block, of the mount's own memory: device blocks instead of the log's. */
static int keep_patches(struct ext4_log *l)
{
	struct ext4 *m = l->m;
	struct ext4_pair *p = (struct ext4_pair *)(void *)l->found.p;
	size_t n = l->found.n / sizeof(*p), kept = 0;
	struct ext4_patch *out;

	if (n == 0)
		return 0;
	cb_ext4_sort(p, n);
	for (size_t i = 0; i < n; i++)
		if (i + 1 == n || p[i].key != p[i + 1].key)
			p[kept++] = p[i];
	out = cb_new(&m->fs.arena, struct ext4_patch, kept);
	if (out == NULL)
		return m->fs.env->diag->code;
	for (size_t i = 0; i < kept; i++) {
		uint64_t phys;
		int r = cb_ext4_log_phys(l, (uint32_t)(p[i].value >> 1), &phys);

		if (r < 0)
			return r;
		out[i] = (struct ext4_patch){ p[i].key, phys << 1 | (p[i].value & 1) };
	}
	/* From here on reads see the log. */
	m->patches = out;
	m->patches_n = (uint32_t)kept;
	return 0;
}

/* The log may hold a newer superblock: of a grown file system, say. */
static int reread_super(struct ext4 *m)
{
	uint32_t bs = m->s.block_size;
	uint64_t block = EXT4_SUPER_SIZE / bs;
	struct ext4_super s;
	uint8_t raw[EXT4_SUPER_SIZE];
	int r;

	for (uint32_t i = 0; i < m->patches_n && m->patches[i].block <= block; i++) {
		if (m->patches[i].block != block)
			continue;
		r = cb_ext4_bytes(m, block, EXT4_SUPER_SIZE % bs, raw, sizeof(raw));
		if (r == 0)
			r = cb_ext4_super_check(m->blk, (struct cb_bytes){ raw, sizeof(raw) },
						EXT4_SUPER_SIZE, &s);
		if (r == CB_ENOTMINE || (r == 0 && s.block_size != bs))
			r = cb_fail(m->fs.env, CB_ECORRUPT, "the log holds another superblock");
		if (r < 0)
			return cb_wrap(m->fs.env, r, "as replayed");
		m->s = s;
	}
	return 0;
}

static int replay(struct ext4_log *l)
{
	struct ext4 *m = l->m;
	uint32_t tags = 0;
	size_t used = cb_str_c(m->fs.note).n;
	int r;

	l->block = cb_alloc(m->fs.env, m->s.block_size);
	if (l->block == NULL)
		return CB_ENOMEM;
	r = cb_ext4_log_replay(l);
	if (r == 0)
		r = keep_patches(l);
	if (r == 0) {
		cb_ext4_cache_drop(m);
		r = reread_super(m);
	}
	if (r == 0 && l->fc_first < l->fc_last)
		r = cb_ext4_fc_replay(l, &tags);
	cb_ext4_cache_drop(m);
	(void)cb_fmt(m->fs.note + used, sizeof(m->fs.note) - used,
		     "%sjournal replayed in memory: %u transactions, %u blocks, %u fast-commit records",
		     used > 0 ? "; " : "", l->end - l->sequence, m->patches_n, tags);
	return r;
}

int cb_ext4_journal_load(struct ext4 *m)
{
	struct ext4_log l = { .m = m };
	struct ext4_memo *f;
	const uint8_t *raw;
	int r;

	/* Only the primary superblock says whether the log is needed; else the log itself must. */
	if ((m->s.compat & EXT4_COMPAT_HAS_JOURNAL) == 0 && (m->s.incompat & EXT4_INCOMPAT_RECOVER) != 0)
		return cb_fail(m->fs.env, CB_ECORRUPT, "recovery is needed, but there is none");
	if ((m->s.compat & EXT4_COMPAT_HAS_JOURNAL) == 0 ||
	    ((m->s.incompat & EXT4_INCOMPAT_RECOVER) == 0 && m->s.group == 0))
		return 0;
	if (m->s.journal_ino == 0)
		return cb_fail(m->fs.env, CB_EUNSUP, "it is on another device and has to be replayed");
	r = cb_ext4_inode(m, m->s.journal_ino, true, &f);
	if (r < 0)
		return r;
	l.file = *f;
	r = cb_ext4_log_read(&l, 0, &raw);
	if (r == 0)
		r = check_super(&l, raw);
	if (r < 0 || l.start == 0)
		return r;
	cb_buf_init(&l.revokes, m->fs.env, CB_MAX_JOURNAL_BLOCKS * sizeof(struct ext4_pair));
	cb_buf_init(&l.found, m->fs.env, CB_MAX_JOURNAL_BLOCKS * sizeof(struct ext4_pair));
	r = replay(&l);
	cb_free(m->fs.env, l.block, m->s.block_size);
	cb_buf_fini(&l.revokes);
	cb_buf_fini(&l.found);
	return r;
}
