/* recipes.c: recipes.def becomes a table. */
#include "cli/recipes.h"

#define DIO_RECIPE(name) extern const dio_recipe_kind dio_recipe_kind_##name;
#include "cli/recipes.def"
#undef DIO_RECIPE

#define DIO_RECIPE(name) &dio_recipe_kind_##name,
static const dio_recipe_kind *const kinds[] = {
#include "cli/recipes.def"
};
#undef DIO_RECIPE

const dio_recipe_set dio_recipes = {kinds, (int)(sizeof kinds / sizeof kinds[0])};
