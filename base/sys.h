#pragma once
/* sys.h: private to base/: a system call's failure as a sentence. */
#include "base/error.h"

/* "cannot WHAT PATH: REASON" from errno; kind RETRY for what may pass (disk full, too many open
 * files, input/output error), else INVALID. Always returns false. */
bool dio_fail_errno(dio_error *err, const char *what, const char *path);
