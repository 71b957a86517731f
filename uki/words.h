/* uki/words.h - the command line of another program, word by word. */
#ifndef CB_UKI_WORDS_H
#define CB_UKI_WORDS_H

#include "uki/host.h"

/* Borrowed words. Adding never fails in place: the list turns bad, and cb_words_take() tells. */
struct cb_words {
	struct cb_host *h;
	const char **v;
	size_t n;
	int status;
};

void cb_words_init(struct cb_words *w, struct cb_host *h);
/* NULL: what should have been the word could not be made. */
void cb_words_add(struct cb_words *w, const char *word);
void cb_words_add2(struct cb_words *w, const char *option, const char *value);
void cb_words_list(struct cb_words *w, const struct cb_list *more);
/* All of them, NULL-terminated, in the host's arena. */
CB_MUST int cb_words_take(struct cb_words *w, const char *const **ret);

#endif
