#pragma once
/* fail_alloc.h: the Nth allocation fails, for every N: work either succeeds or says that memory ran
 * out, and nothing is left behind (the sanitizers look).
 * The linker's --wrap sends the program's own allocations here (dio_fail_alloc in CMake), also
 * mappings; what shared libraries take by themselves does not come by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"

/* Runs `work` with the 1st, 2nd, ... allocation failing, until none fails. Running out of memory is
 * a failure of kind RETRY; `any_kind` for work in which it may be told otherwise. The first `each`
 * allocations fail one by one, then gaps grow with their number: a run of many thousands is cut
 * into a few times `each` tries. */
void fail_alloc_sweep(const char *what, bool (*work)(dio_error *err), bool any_kind, long each);

/* Whether, in sweeps from now on, all allocations after the one that fails do so too. */
void fail_alloc_onwards(bool on);

/* Between on and off nothing fails and nothing is counted: for a test's own looks. */
void fail_alloc_pause(bool on);

/* Allocation that fails as the others do, for libraries that take a function. */
void *__wrap_malloc(size_t n);
