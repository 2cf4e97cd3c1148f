#pragma once
/* recipes.h: the kinds of recipes that this program was built with. */
#include "tensor/recipe.h"

extern const dio_recipe_set dio_recipes;
