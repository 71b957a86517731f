/* uki/words.c - a bounded list of words. */
#include "uki/words.h"

#define WORDS_MAX 512u

void cb_words_init(struct cb_words *w, struct cb_host *h)
{
	*w = (struct cb_words){ .h = h, .v = cb_new(&h->arena, const char *, WORDS_MAX + 1) };
	w->status = w->v != NULL ? 0 : CB_ENOMEM;
}

void cb_words_add(struct cb_words *w, const char *word)
{
	if (w->status < 0)
		return;
	if (word == NULL)
		w->status = CB_ENOMEM;
	else if (w->n == WORDS_MAX)
		w->status = cb_fail(&w->h->env, CB_ELIMIT, "over %u words for %s", WORDS_MAX, w->v[0]);
	else
		w->v[w->n++] = word;
}

void cb_words_add2(struct cb_words *w, const char *option, const char *value)
{
	cb_words_add(w, option);
	cb_words_add(w, value);
}

void cb_words_list(struct cb_words *w, const struct cb_list *more)
{
	for (size_t i = 0; i < more->n; i++)
		cb_words_add(w, more->v[i]);
}

int cb_words_take(struct cb_words *w, const char *const **ret)
{
	if (w->status < 0)
		return w->status;
	*ret = w->v;
	return 0;
}
