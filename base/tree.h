#pragma once
/* tree.h: private to base/: how the readers fill a tree whose sizes they know. */
#include "base/value.h"

/* Room for `count` entries, once, before the first is added; false when there is no memory. */
bool dio_map_reserve(dio_arena *a, dio_value *map, size_t count);
bool dio_list_reserve(dio_arena *a, dio_value *list, size_t count);

/* Adds an entry; when the key is there already nothing changes and that key is returned. */
dio_value *dio_map_put(dio_arena *a, dio_value *map, dio_value *key, dio_value *item);
