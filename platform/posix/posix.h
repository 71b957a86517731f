/* posix/posix.h - the platform services of any hosted program: malloc, stderr, clock, getrandom. */
#ifndef CB_POSIX_POSIX_H
#define CB_POSIX_POSIX_H

#include "core/env.h"

/* ctx is not looked at. log writes "level: line" to standard error. */
extern const struct cb_platform cb_posix_platform;

#endif
