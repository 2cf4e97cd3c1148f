#pragma once
/* recipe_case.h: small trainings by recipes, in a temporary folder: run whole, stopped and resumed,
 * compared by file, refused at a line. For tests; includes cmocka's headers before this one. */
#include "tensor/recipe.h"

extern dio_device *recipe_device;
extern char recipe_root[64]; /* the folder */

/* Makes the folder and opens the device; both go by recipe_close. `kinds`: a NULL-ended list of
 * what recipes may be of. 0 when all is well, as cmocka's setup wants. */
int recipe_open(const dio_recipe_kind *const *kinds);
int recipe_close(void);

char *recipe_path(dio_arena *a, const char *name); /* in the folder */
/* Into folder `dir`; at > 0: stopped after that step. */
bool recipe_run(dio_arena *a, const char *text, const char *dir, int at, bool resume,
                dio_recipe_report *report, dio_error *err);
void recipe_train(dio_arena *a, const char *text, const char *dir, int at, bool resume);
void recipe_same_file(dio_arena *a, const char *x, const char *y, const char *name);
/* The recipe with `part` replaced by `other` is refused on `line` with `message`; nothing that was
 * trained is left. */
void recipe_refused(const char *text, const char *part, const char *other, int line,
                    const char *message);
