/* boot/stage_room.c - targets that go from the cache, so that another one fits. */
#include "boot/stage_priv.h"

#include "core/log.h"
#include "core/str.h"

#define SLACK     (64u << 10)             /* directories, the note: bytes beside the files */

static int prune(struct cb_stage *s, struct cb_str safe, bool *did)
{
	struct cb_stage_paths p;
	int r = cb_stage_paths(s, safe, &p);

	if (r == 0)
		r = cb_stage_remove_pair(s, &p, did);
	if (r == 0 && *did) {
		cb_log(s->env, CB_LOG_DEBUG, "removed %.*s for its room", CB_STR_ARG(safe));
		r = cb_stage_sync(s);
	}
	return r;
}

/* One thing less; *did stays false when nothing of ours is left to go. The old files of the target itself
 * are the last: they could still be started if what comes fails. */
static int prune_one(struct cb_stage *s, bool *did)
{
	int r = 0;

	while (r == 0 && !*did) {
		struct cb_stage_target *t = s->note.v, *end = t + s->note.n;

		while (t < end && cb_str_ieq(t->safe, s->safe))
			t++;
		if (t == end)
			break;
		r = prune(s, t->safe, did);
		s->pruned += *did;
		cb_stage_note_remove(&s->note, t);
	}
	return r == 0 && !*did ? prune(s, s->safe, did) : r;
}

static bool needs(const struct cb_folder_space *sp, uint64_t a, uint64_t b, uint64_t *ret)
{
	return cb_is_pow2(sp->cluster) && cb_align_up(a, sp->cluster, &a) &&
	       cb_align_up(b, sp->cluster, &b) && cb_add(a, b, ret) &&
	       cb_add(*ret, SLACK + 4 * (uint64_t)sp->cluster, ret);
}

int cb_stage_room(struct cb_stage *s, uint64_t a, uint64_t b)
{
	struct cb_folder_space sp;
	uint64_t need = 0;
	bool did = true;
	int r = 0;

	while (r == 0 && did) {
		r = s->cache->ops->space(s->cache, &sp);
		if (r == 0 && !needs(&sp, a, b, &need))
			r = cb_fail(s->env, CB_EIO, "clusters of %u bytes, files of %llu and %llu",
				    sp.cluster, (unsigned long long)a, (unsigned long long)b);
		if (r < 0 || sp.free >= need)
			return r;
		did = false;
		r = prune_one(s, &did);
	}
	if (r < 0)
		return cb_wrap(s->env, r, "making room");
	s->trouble = CB_STAGE_NO_ROOM;
	return cb_fail(s->env, CB_ELIMIT, "the cache partition has %llu MB, %llu MB of them free; %llu MB "
		       "are needed. Nothing of ours is left that could go: the rest is files of others, or "
		       "lost to power cuts",
		       (unsigned long long)(sp.total / 1000000), (unsigned long long)(sp.free / 1000000),
		       (unsigned long long)(need / 1000000 + 1));
}
