#pragma once
/* yaml.h: private to base/: the parts of the YAML reader. */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/value.h"

/* Refuses, with a place, what libyaml reads otherwise than YAML 1.2 says, or is slow to refuse:
 * control characters and line separators, merge-conflict markers, brackets beyond all measure. */
bool dio_yaml_check(const char *file, const char *text, size_t length, dio_error *err);

/* Gives v, whose string is the scalar's text, the kind and value of YAML's core schema. `plain`:
 * written without quotes. `tag`: its full name, or "". */
bool dio_yaml_resolve(dio_value *v, bool plain, const char *tag, dio_error *err);

/* True when `tag` is empty or that of a list (or of a map). */
bool dio_yaml_tag_fits(const char *tag, dio_kind kind);
