/* fs/ext4/fastcommit.c - fast commits: records of what changed since the last whole transaction,
 * kept beside the disk: inodes, ranges of blocks, names.
 *
 * Format: Documentation/filesystems/ext4/journal.rst, "Fast commits"; little-endian. Records count up
 * to the last tail whose checksum is right. */
#include "fs/ext4/journal_priv.h"

#include "codec/crc.h"
#include "core/csum.h"
#include "core/limits.h"
#include "core/str.h"

enum {
	FC_ADD_RANGE = 1, FC_DEL_RANGE, FC_CREATE, FC_LINK, FC_UNLINK, FC_INODE, FC_PAD, FC_TAIL, FC_HEAD,
};

#define TAG_HEAD     4u
#define MAX_RECORDS  CB_MAX_FAST_COMMITS
#define UNWRITTEN    32768u
#define BLOCK_AT     40u           /* i_block in an inode */
#define GENERATION_AT 100u
#define FLAGS_AT     32u
#define LINKS_AT     26u

struct disk_range { cb_le32 ino, lblk; cb_le16 len, start_hi; cb_le32 start_lo; };
struct disk_del { cb_le32 ino, lblk, len; };
struct disk_name { cb_le32 parent, ino; };
struct disk_tail { cb_le32 tid, crc; };
struct disk_fc_head { cb_le32 features, tid; };
_Static_assert(sizeof(struct disk_range) == 16, "fast commit: added range");
_Static_assert(sizeof(struct disk_del) == 12, "fast commit: removed range");
_Static_assert(sizeof(struct disk_name) == 8, "fast commit: name");
_Static_assert(sizeof(struct disk_tail) == 8, "fast commit: tail");

struct range {
	struct range *next;
	uint64_t from, to, phys;   /* file blocks; phys 0: reads as zeros */
};

struct name {
	struct name *next;
	uint32_t ino;              /* 0: removed */
	struct cb_str text;
};

struct ext4_fc_inode {
	uint32_t ino;
	bool created;
	uint8_t *raw;              /* NULL: the disk's */
	struct range *ranges;      /* in order, apart */
	struct range *last;        /* where the latest went: records mostly come in order */
	struct name *names;        /* latest first */
};

struct record { uint16_t tag; struct cb_bytes value; };

struct replay {
	struct ext4_log *l;
	struct ext4 *m;
	uint32_t room;             /* of m->fc */
	uint32_t records, wanted;  /* seen; the second pass stops at wanted */
	uint32_t crc;
	bool begun, done;
};

static uint32_t le32_at(const uint8_t *p)
{
	cb_le32 v;

	memcpy(&v, p, sizeof(v));
	return cb_get_le32(v);
}

/* Index of the first inode that is not below ino. */
static uint32_t fc_from(const struct ext4 *m, uint32_t ino)
{
	uint32_t lo = 0, hi = m->fc_n;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (m->fc[mid].ino < ino)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct ext4_fc_inode *cb_ext4_fc_find(const struct ext4 *m, uint32_t ino)
{
	uint32_t i = fc_from(m, ino);

	return i < m->fc_n && m->fc[i].ino == ino ? &m->fc[i] : NULL;
}

bool cb_ext4_fc_raw(const struct ext4_fc_inode *fc, const uint8_t **ret)
{
	if (fc == NULL || fc->raw == NULL)
		return false;
	*ret = fc->raw;
	return true;
}

bool cb_ext4_fc_is_new(const struct ext4_fc_inode *fc)
{
	return fc != NULL && fc->created;
}

static struct name *find_name(const struct ext4_fc_inode *fc, struct cb_str text)
{
	struct name *n = fc != NULL ? fc->names : NULL;

	while (n != NULL && !cb_str_eq(n->text, text))
		n = n->next;
	return n;
}

bool cb_ext4_fc_lookup(const struct ext4_fc_inode *fc, struct cb_str text, uint32_t *ret_ino)
{
	const struct name *n = find_name(fc, text);

	if (n == NULL)
		return false;
	*ret_ino = n->ino;
	return true;
}

bool cb_ext4_fc_name(const struct ext4_fc_inode *fc, uint32_t i, struct ext4_dirent *ret)
{
	const struct name *n = fc != NULL ? fc->names : NULL;

	while (n != NULL && i-- > 0)
		n = n->next;
	if (n == NULL)
		return false;
	*ret = (struct ext4_dirent){ .name = n->text, .ino = n->ino };
	return true;
}

int cb_ext4_fc_map(struct ext4 *m, const struct ext4_inode *in, uint64_t lblk, struct ext4_run *ret)
{
	const struct range *x = in->fc->ranges;
	int r;

	while (x != NULL && x->to <= lblk)
		x = x->next;
	if (x != NULL && x->from <= lblk) {
		*ret = (struct ext4_run){ .n = x->to - lblk, .mapped = x->phys != 0 };
		if (ret->mapped)
			ret->phys = x->phys + (lblk - x->from);
		return 0;
	}
	r = cb_ext4_map_disk(m, in, lblk, ret);
	if (r == 0 && x != NULL)
		ret->n = cb_min(ret->n, x->from - lblk);
	return r;
}

/* The inode's entry, made when it is new. *ret holds until the next call. */
static int get_inode(struct replay *p, uint32_t ino, struct ext4_fc_inode **ret)
{
	struct ext4 *m = p->m;
	uint32_t i = fc_from(m, ino);

	if (ino == 0 || ino > m->s.inodes)
		return cb_fail(m->fs.env, CB_ECORRUPT, "fast commit: inode %u of %u", ino, m->s.inodes);
	if (i == m->fc_n || m->fc[i].ino != ino) {
		if (m->fc_n == p->room)
			return cb_fail(m->fs.env, CB_ELIMIT, "fast commit: more than %u inodes", p->room);
		memmove(&m->fc[i + 1], &m->fc[i], (m->fc_n - i) * sizeof(m->fc[0]));
		m->fc[i] = (struct ext4_fc_inode){ .ino = ino };
		m->fc_n++;
	}
	*ret = &m->fc[i];
	return 0;
}

/* Take [from, to) out of what x covers. A range in the middle leaves two. */
static int cut_range(struct ext4 *m, struct range *x, uint64_t from, uint64_t to)
{
	if (x->from < from && x->to > to) {
		struct range *right = cb_new(&m->fs.arena, struct range, 1);

		if (right == NULL)
			return m->fs.env->diag->code;
		*right = (struct range){ x->next, to, x->to, x->phys != 0 ? x->phys + (to - x->from) : 0 };
		x->next = right;
		x->to = from;
	} else if (x->from < from) {
		x->to = cb_min(x->to, from);
	} else if (x->from < to) {
		uint64_t cut = cb_min(to, x->to) - x->from;

		x->from += cut;
		if (x->phys != 0)
			x->phys += cut;
	}
	return 0;
}

/* [from, to) is at phys from now on, whatever was there before. */
static int set_range(struct replay *p, uint32_t ino, uint64_t from, uint64_t to, uint64_t phys)
{
	struct ext4 *m = p->m;
	struct ext4_fc_inode *fc;
	struct range **at, *mine;
	int r = get_inode(p, ino, &fc);

	if (r < 0)
		return r;
	at = fc->last != NULL && fc->last->to <= from ? &fc->last->next : &fc->ranges;
	while (*at != NULL && (*at)->from < to) {
		struct range *x = *at;

		r = cut_range(m, x, from, to);
		if (r < 0)
			return r;
		if (x->from >= x->to)
			*at = x->next;   /* nothing is left of it */
		else if (x->from >= to)
			break;
		else
			at = &x->next;
	}
	mine = cb_new(&m->fs.arena, struct range, 1);
	if (mine == NULL)
		return m->fs.env->diag->code;
	*mine = (struct range){ *at, from, to, phys };
	*at = mine;
	fc->last = mine;
	return 0;
}

static int add_range(struct replay *p, struct cb_bytes v)
{
	const struct disk_range *d = cb_view(struct disk_range, v, 0);
	struct ext4 *m = p->m;
	uint32_t len = cb_get_le16(d->len);
	uint64_t phys = cb_get_le32(d->start_lo) | (uint64_t)cb_get_le16(d->start_hi) << 32;
	uint64_t from = cb_get_le32(d->lblk);
	bool zeros = len > UNWRITTEN;

	if (zeros)
		len -= UNWRITTEN;
	if (len == 0 || !cb_ext4_block_ok(m, phys, len))
		return cb_fail(m->fs.env, CB_ECORRUPT, "fast commit: inode %u: blocks %llu+%u of %llu",
			       cb_get_le32(d->ino), U64(phys), len, U64(m->s.blocks));
	return set_range(p, cb_get_le32(d->ino), from, from + len, zeros ? 0 : phys);
}

static int set_name(struct replay *p, uint16_t tag, struct cb_bytes v)
{
	const struct disk_name *d = cb_view(struct disk_name, v, 0);
	struct cb_str text = { (const char *)v.p + sizeof(*d), v.n - sizeof(*d) };
	uint32_t ino = cb_get_le32(d->ino);
	struct ext4 *m = p->m;
	struct ext4_fc_inode *fc;
	struct name *n;
	int r;

	if (text.n == 0 || text.n > CB_MAX_NAME || cb_str_chr(text, '/') != SIZE_MAX ||
	    cb_str_chr(text, '\0') != SIZE_MAX || ino == 0 || ino > m->s.inodes)
		return cb_fail(m->fs.env, CB_ECORRUPT,
			       "fast commit: a name of %zu bytes for inode %u", text.n, ino);
	if (tag == FC_CREATE) {
		r = get_inode(p, ino, &fc);
		if (r < 0)
			return r;
		fc->created = true;
	}
	r = get_inode(p, cb_get_le32(d->parent), &fc);
	if (r < 0)
		return r;
	n = find_name(fc, text);
	/* The name may lead elsewhere by now: then what is removed here is not it. */
	if (tag == FC_UNLINK && n != NULL && n->ino != ino)
		return 0;
	if (n == NULL) {
		n = cb_new(&m->fs.arena, struct name, 1);
		if (n == NULL)
			return m->fs.env->diag->code;
		n->text = cb_arena_str(&m->fs.arena, text);
		if (n->text.p == NULL)
			return m->fs.env->diag->code;
		n->next = fc->names;
		fc->names = n;
	}
	n->ino = tag == FC_UNLINK ? 0 : ino;
	return 0;
}

/* Everything but the block map is as the record says; the map changes by ranges only. */
static int set_inode(struct replay *p, struct cb_bytes v)
{
	static const uint8_t empty_tree[12] = { 0x0a, 0xf3, 0, 0, 4, 0 };
	struct ext4 *m = p->m;
	const uint8_t *base, *raw = v.p + 4;
	struct ext4_fc_inode *fc;
	size_t n = (size_t)cb_min(v.n - 4, m->s.inode_size);
	bool from_disk;
	uint32_t flags = le32_at(raw + FLAGS_AT), mode = raw[0] | (uint32_t)raw[1] << 8;
	int r = get_inode(p, le32_at(v.p), &fc);

	if (r == 0)
		r = cb_ext4_inode_raw(m, fc->ino, fc, &base, &from_disk);
	if (r < 0)
		return r;
	if (from_disk) {
		uint8_t *own = cb_arena_alloc(&m->fs.arena, 1, m->s.inode_size, 4);

		if (own == NULL)
			return m->fs.env->diag->code;
		memcpy(own, base, m->s.inode_size);
		fc->raw = own;
	}

	bool other = memcmp(fc->raw + GENERATION_AT, raw + GENERATION_AT, 4) != 0 ||
		     (fc->raw[LINKS_AT] | fc->raw[LINKS_AT + 1]) == 0;
	bool extents = (flags & EXT4_FL_EXTENTS) != 0;

	memcpy(fc->raw, raw, BLOCK_AT);
	memcpy(fc->raw + GENERATION_AT, raw + GENERATION_AT, n - GENERATION_AT);
	/* The map of the inode's former owner, if any, is not this one's. */
	if ((flags & EXT4_FL_INLINE_DATA) != 0 || (!extents && (mode & 0170000) != 0100000)) {
		memcpy(fc->raw + BLOCK_AT, raw + BLOCK_AT, EXT4_I_BLOCK);
	} else if (other) {
		memset(fc->raw + BLOCK_AT, 0, EXT4_I_BLOCK);
		if (extents)
			memcpy(fc->raw + BLOCK_AT, empty_tree, sizeof(empty_tree));
	}
	return 0;
}

static int apply(struct replay *p, const struct record *rec)
{
	const struct disk_del *del = cb_view(struct disk_del, rec->value, 0);
	uint64_t from;

	switch (rec->tag) {
	case FC_ADD_RANGE:
		return add_range(p, rec->value);
	case FC_DEL_RANGE:
		from = cb_get_le32(del->lblk);
		return set_range(p, cb_get_le32(del->ino), from, from + cb_get_le32(del->len), 0);
	case FC_CREATE:
	case FC_LINK:
	case FC_UNLINK:
		return set_name(p, rec->tag, rec->value);
	case FC_INODE:
		return set_inode(p, rec->value);
	default:
		return 0;
	}
}

/* Whether a record of this kind can be this long. */
static bool length_ok(const struct replay *p, uint16_t tag, size_t n)
{
	switch (tag) {
	case FC_ADD_RANGE:
		return n == sizeof(struct disk_range);
	case FC_DEL_RANGE:
		return n == sizeof(struct disk_del);
	case FC_CREATE:
	case FC_LINK:
	case FC_UNLINK:
		return n > sizeof(struct disk_name) && n <= sizeof(struct disk_name) + CB_MAX_NAME;
	case FC_INODE:
		return n >= 4 + 128 && n <= 4 + p->m->s.inode_size;
	case FC_HEAD:
		return n == sizeof(struct disk_fc_head);
	case FC_TAIL:
		return n >= sizeof(struct disk_tail);
	default:
		return tag == FC_PAD;
	}
}

/* First pass over a record: sums, and whether it is of our transaction. *ret_stop: the end. */
static int scan_record(struct replay *p, const uint8_t *at, const struct record *rec, bool *ret_stop)
{
	struct cb_env *env = p->m->fs.env;
	size_t n = TAG_HEAD + rec->value.n;

	p->records++;
	if (p->records > MAX_RECORDS)
		return cb_fail(env, CB_ELIMIT, "more than %u fast-commit records", MAX_RECORDS);
	if (rec->tag == FC_TAIL) {
		const struct disk_tail *tail = cb_view(struct disk_tail, rec->value, 0);

		p->crc = cb_crc32c(p->crc, at, TAG_HEAD + 4);
		*ret_stop = cb_get_le32(tail->tid) != p->l->end ||
			    !cb_csum_ok(p->crc, cb_get_le32(tail->crc));
		if (!*ret_stop)
			p->wanted = p->records;
		p->crc = 0;
		return 0;
	}
	p->crc = cb_crc32c(p->crc, at, n);
	if (rec->tag == FC_HEAD) {
		const struct disk_fc_head *h = cb_view(struct disk_fc_head, rec->value, 0);

		*ret_stop = cb_get_le32(h->tid) != p->l->end;
		p->begun = !*ret_stop;
		if (!*ret_stop && cb_get_le32(h->features) != 0)
			return cb_fail(env, CB_EUNSUP, "fast-commit features 0x%x", cb_get_le32(h->features));
	}
	return 0;
}

/* One log block of records. They never span blocks. */
static int do_block(struct replay *p, const uint8_t *block, bool applying)
{
	uint32_t bs = p->m->s.block_size;
	size_t at = 0;
	int r = 0;

	while (r == 0 && !p->done && bs - at >= TAG_HEAD) {
		struct record rec = { .value.p = block + at + TAG_HEAD };

		rec.tag = (uint16_t)(block[at] | block[at + 1] << 8);
		rec.value.n = (size_t)(block[at + 2] | block[at + 3] << 8);
		/* The log begins with a head, or there is no fast commit. */
		if (rec.value.n > bs - at - TAG_HEAD || !length_ok(p, rec.tag, rec.value.n) ||
		    (p->records == 0 && rec.tag != FC_HEAD)) {
			p->done = true;
		} else if (!applying) {
			r = scan_record(p, block + at, &rec, &p->done);
		} else {
			r = apply(p, &rec);
			p->records++;
			p->done = p->records == p->wanted;
		}
		at += TAG_HEAD + rec.value.n;
	}
	return r;
}

static int pass(struct replay *p, bool applying)
{
	struct ext4_log *l = p->l;
	int r = 0;

	p->records = 0;
	p->done = false;
	for (uint32_t i = l->fc_first; r == 0 && !p->done && i < l->fc_last; i++) {
		const uint8_t *block;

		r = cb_ext4_log_read(l, i, &block);
		if (r < 0)
			break;
		memcpy(l->block, block, p->m->s.block_size);
		if (cb_poll(p->m->fs.env))
			return cb_fail(p->m->fs.env, CB_ECANCELED, "stopped");
		r = do_block(p, l->block, applying);
	}
	return r;
}

int cb_ext4_fc_replay(struct ext4_log *l, uint32_t *ret_tags)
{
	struct replay p = { .l = l, .m = l->m };
	int r = pass(&p, false);

	/* A head of our transaction was written together with a whole first commit. What is torn
	 * later was never promised to anyone. */
	if (r == 0 && p.wanted == 0 && p.begun)
		r = cb_fail(l->m->fs.env, CB_ECORRUPT, "the first fast commit of transaction %u is damaged",
			    l->end);
	if (r < 0 || p.wanted == 0)
		return r;
	/* A record speaks of two inodes at most. */
	p.room = 2 * p.wanted;
	l->m->fc = cb_new(&l->m->fs.arena, struct ext4_fc_inode, p.room);
	if (l->m->fc == NULL)
		return l->m->fs.env->diag->code;
	r = pass(&p, true);
	*ret_tags = p.wanted;
	return r;
}
