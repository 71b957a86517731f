/* core/log.h - one line to the platform's log, escaped. lib/ says nothing above DEBUG. */
#ifndef CB_CORE_LOG_H
#define CB_CORE_LOG_H

#include "core/env.h"

#define CB_LOG_LINE 512

/* Longer lines are cut; control bytes and invalid UTF-8 come out as \xNN. */
void cb_log(struct cb_env *env, enum cb_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* True when the caller should stop with CB_ECANCELED: call it from long loops. */
bool cb_poll(struct cb_env *env);
uint64_t cb_now_ns(struct cb_env *env);

#endif
