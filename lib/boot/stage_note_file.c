/* boot/stage_note_file.c - the note's file: read whatever copy is whole, replaced so that one always is. */
#include "boot/stage_priv.h"

#include "core/log.h"
#include "core/str.h"

#define NOTE     CB_STR(CB_STAGE_OWN "/staged")
#define NOTE_NEW CB_STR(CB_STAGE_OWN "/staged.new")

static int add(void *arg, const void *p, size_t n)
{
	cb_buf_add(arg, p, n);
	return cb_buf_status(arg);
}

static int load(struct cb_stage *s, struct cb_str path)
{
	struct cb_buf text;
	uint64_t size;
	int r = cb_stage_look(s, path, &size);

	if (r < 0)
		return r;
	cb_buf_init(&text, s->env, CB_STAGE_NOTE_MAX);
	r = s->cache->ops->read(s->cache, path, add, &text);
	if (r == 0)
		r = cb_stage_note_parse(&s->arena, (struct cb_str){ (const char *)text.p, text.n }, &s->note);
	cb_buf_fini(&text);
	return r < 0 ? cb_wrap(s->env, r, "%.*s", CB_STR_ARG(path)) : 0;
}

int cb_stage_note_load(struct cb_stage *s)
{
	bool left = true;
	int r = load(s, NOTE);

	if (r == 0)
		r = cb_stage_exists(s, NOTE_NEW, &left);
	s->note_good = r == 0 && !left;
	if (r < 0 && r != CB_ENOMEM) {
		cb_log(s->env, CB_LOG_DEBUG, "%s", s->env->diag->text);
		cb_clear(s->env);
		r = load(s, NOTE_NEW);
	}
	if (r < 0 && r != CB_ENOMEM) {
		cb_clear(s->env);
		r = cb_stage_note_init(&s->arena, &s->note);
	}
	return r;
}

int cb_stage_note_sweep(struct cb_stage *s, bool *did)
{
	bool left = false;
	int r = cb_stage_remove(s, NOTE_NEW, &left);

	if (r == 0 && (left || !s->note_good))
		r = cb_stage_remove(s, NOTE, did);
	*did = *did || left;
	return r;
}

static int replace(struct cb_stage *s, const struct cb_input *in)
{
	struct cb_stage_file want;
	bool did = false;
	int r = cb_stage_digest(s, in, &want);

	if (r == 0)
		r = cb_stage_begin(s);
	if (r == 0)
		r = cb_stage_make_dir(s, CB_STR("EFI"));
	if (r == 0)
		r = cb_stage_make_dir(s, CB_STR(CB_STAGE_OWN));
	if (r == 0)
		r = cb_stage_put(s, NOTE_NEW, in, &want);
	if (r == 0)
		r = cb_stage_remove(s, NOTE, &did);
	if (r == 0 && did)
		r = cb_stage_sync(s);
	if (r == 0)
		r = s->cache->ops->rename(s->cache, NOTE_NEW, NOTE);
	return r == 0 ? cb_stage_sync(s) : r;
}

int cb_stage_note_save(struct cb_stage *s)
{
	struct cb_buf text;
	int r;

	cb_buf_init(&text, s->env, CB_STAGE_NOTE_MAX);
	cb_stage_note_write(&s->note, &text);
	r = cb_buf_status(&text);
	if (r == 0) {
		struct cb_input in = cb_input_mem(cb_buf_bytes(&text));

		r = replace(s, &in);
	}
	cb_buf_fini(&text);
	return r < 0 ? cb_wrap(s->env, r, "writing the note of what is staged") : 0;
}
