#pragma once
/* step_case.h: a pipeline's text checked and run in a folder of the test's own. For tests; includes
 * cmocka's headers before this one. */
#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

/* Runs `text` as if it stood in dir/t.yaml, into dir/out. False with the first problem, before the
 * run or in it. */
bool step_run(dio_arena *a, const char *dir, const char *text, const char *out, dio_error *err);
/* Removes the folder with all that is in it; 0 when it did, as a teardown returns. */
int step_clear(const char *dir);
