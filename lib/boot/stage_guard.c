/* boot/stage_guard.c - the loop guard, and taking our entry out of the firmware's order.
 *
 * What the firmware was told last is kept in the note; when nothing else of the note changes and the
 * firmware has shown that it keeps variables, in a variable: then nothing is written to the disk. */
#include "boot/stage_priv.h"

#include "core/limits.h"
#include "core/log.h"
#include "core/str.h"
#include "core/utf.h"
#include "image/loadopt.h"

#define VARIABLE  CB_STR("CloudBootStaged")
#define FILEPATH  4u                      /* subtype of a media device path */

enum cb_stage_verdict cb_stage_judge(const struct cb_stage_guard *before, struct cb_str target, uint64_t now)
{
	bool recent = now == 0 || now < before->when || now - before->when < CB_STAGE_WINDOW;

	if (before->times == 0 || !recent || !cb_str_ieq(before->target, target))
		return CB_STAGE_FRESH;
	return before->times == 1 ? CB_STAGE_AGAIN : CB_STAGE_STOP;
}

/* What can't be read says nothing. */
static int load_variable(struct cb_stage *s, struct cb_stage_guard *ret)
{
	struct cb_stage_note n = { 0 };
	struct cb_buf b;
	uint32_t attributes;
	int r;

	if (s->vars == NULL)
		return 0;
	cb_buf_init(&b, s->env, CB_MAX_EFIVAR);
	r = s->vars->ops->get(s->vars, VARIABLE, cb_efi_ours, &attributes, &b);
	if (r == 0)
		r = cb_stage_note_parse(&s->arena, (struct cb_str){ (const char *)b.p, b.n }, &n);
	cb_buf_fini(&b);
	if (r == CB_ENOMEM)
		return r;
	cb_clear(s->env);
	if (r == 0)
		*ret = n.guard;
	return 0;
}

int cb_stage_guard_load(struct cb_stage *s)
{
	struct cb_stage_guard v = { .times = 0 }, *n = &s->note.guard;
	int r = load_variable(s, &v);

	s->before = v.times > 0 && (v.when > n->when || (v.when == n->when && v.times > n->times)) ? v : *n;
	return r;
}

/* What the variables say about a firmware that did not start what it was told to. */
static int stop(struct cb_stage *s, struct cb_str target)
{
	struct cb_bootvars_state st = { 0 };
	struct cb_buf value;
	int r = 0;

	s->trouble = s->before.how == CB_STAGE_BY_FILE ? CB_STAGE_NO_VARS : CB_STAGE_LOOP;
	if (s->before.how == CB_STAGE_BY_FILE)
		return cb_fail(s->env, CB_ELOOP, "%.*s is staged, the firmware can't be told so, and it "
			       "doesn't start the cache disk by itself", CB_STR_ARG(target));
	cb_buf_init(&value, s->env, CB_MAX_EFIVAR);
	if (s->vars != NULL)
		r = cb_bootvars_state(s->vars, &st, &value);
	cb_buf_fini(&value);
	if (r == CB_ENOMEM)
		return r;
	if (r < 0 || !st.have)
		return cb_fail(s->env, CB_ELOOP, "%.*s was staged %u times in a row, and the firmware came "
			       "back here: our boot entry is gone, it doesn't keep its variables",
			       CB_STR_ARG(target), s->before.times);
	return cb_fail(s->env, CB_ELOOP, "%.*s was staged %u times in a row, and the firmware came back "
		       "here: Boot%04X is there %s", CB_STR_ARG(target), s->before.times, st.number,
		       st.first ? "and first in BootOrder: it was tried and failed, or is passed over" :
		       st.next ? "and BootNext names it: both are passed over" :
		       s->before.how == CB_STAGE_BY_ONCE ?
		       "and BootNext was taken: what it started came back" :
		       "but no longer first in BootOrder: something rewrites the order");
}

int cb_stage_guard_check(struct cb_stage *s, struct cb_str target, bool changed)
{
	enum cb_stage_verdict v = changed ? CB_STAGE_FRESH : cb_stage_judge(&s->before, target, s->now);

	s->again = v == CB_STAGE_AGAIN;
	if (v == CB_STAGE_STOP || (s->again && s->before.how == CB_STAGE_BY_FILE))
		return stop(s, target);
	s->note.guard = (struct cb_stage_guard){
		.target = target, .when = s->now, .times = s->again ? s->before.times + 1 : 1,
		.how = s->vars == NULL ? CB_STAGE_BY_FILE : s->once ? CB_STAGE_BY_ONCE :
		       s->again ? CB_STAGE_BY_NEXT : CB_STAGE_BY_ORDER,
	};
	return 0;
}

bool cb_stage_guard_to_variable(struct cb_stage *s)
{
	struct cb_stage_note n = { .guard = s->note.guard };
	struct cb_buf text;
	int r;

	cb_buf_init(&text, s->env, CB_STAGE_NOTE_MAX);
	cb_stage_note_write(&n, &text);
	r = cb_buf_status(&text);
	if (r == 0)
		r = s->vars->ops->set(s->vars, VARIABLE, cb_efi_ours, CB_VAR_USUAL, cb_buf_bytes(&text));
	cb_buf_fini(&text);
	if (r < 0)
		cb_log(s->env, CB_LOG_DEBUG, "%s", s->env->diag->text);
	cb_clear(s->env);
	return r == 0;
}

/* The first file in the entry's path is `file` of the cache. */
static bool names_file(struct cb_env *env, struct cb_bytes value, struct cb_str file)
{
	struct cb_load_option o;
	struct cb_devnode node;
	struct cb_buf name;
	bool same = false;

	if (cb_load_option_parse(env, value, &o) < 0)
		return false;
	cb_buf_init(&name, env, CB_MAX_EFIVAR);
	while (o.path.n > 0 && cb_devpath_next(env, &o.path, &node) == 0)
		if (node.type == CB_DEVPATH_MEDIA && node.subtype == FILEPATH) {
			cb_utf16_to_utf8(&name, node.body);
			break;
		}
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '\\')
			name.p[i] = '/';
	same = cb_buf_status(&name) == 0 && name.n == file.n + 1 &&
	       cb_str_ieq((struct cb_str){ (const char *)name.p + 1, file.n }, file);
	cb_buf_fini(&name);
	return same;
}

/* Number 0 with *ret_named false when our entry is another one, or there is none. */
static int find_entry(struct cb_stage *s, struct cb_str kernel, bool *ret_named, uint16_t *ret_number)
{
	struct cb_bootvars_state st = { 0 };
	struct cb_buf value;
	int r = 0;

	*ret_named = false;
	if (s->vars == NULL)
		return 0;
	cb_buf_init(&value, s->env, CB_MAX_EFIVAR);
	r = cb_bootvars_state(s->vars, &st, &value);
	if (r == 0 && st.have && names_file(s->env, cb_buf_bytes(&value), kernel)) {
		*ret_named = true;
		*ret_number = st.number;
	}
	cb_buf_fini(&value);
	if (r == CB_ENOMEM || s->env->diag->code == CB_ENOMEM)
		return CB_ENOMEM;
	cb_clear(s->env);
	return 0;
}

int cb_stage_guard_trusts(struct cb_stage *s, struct cb_str kernel, bool *ret)
{
	uint16_t number;

	return find_entry(s, kernel, ret, &number);
}

int cb_stage_disarm(struct cb_stage *s, struct cb_str kernel)
{
	uint16_t number = 0;
	bool named;
	int r = find_entry(s, kernel, &named, &number);

	if (r < 0 || !named)
		return r;
	r = cb_bootvars_disarm(s->vars, number);
	if (r < 0 && r != CB_ENOMEM) {
		cb_log(s->env, CB_LOG_DEBUG, "%s", s->env->diag->text);
		cb_clear(s->env);
		r = 0;
	}
	return r;
}
