#pragma once
/* layers.h: the include checker, as the test uses it. */
#include <stdbool.h>

/* One line "file:line: why" for every include under `root` that breaks the rules. */
typedef void layers_fault_fn(void *user, const char *line);

/* Walks the floors of the house under `root`; `list` is the file of public headers. Returns the
 * number of source files looked at, or -1 when root or list cannot be read. */
int layers_check(const char *root, const char *list, layers_fault_fn *fault, void *user);
