#pragma once
/* component.h: how the typed parts of tokenizer.json are read.
 *
 * A part is an object with a "type"; a Sequence holds several in order. The readers of
 * normalizers, pre-tokenizers, post-processors and decoders each bring a table of the types they
 * know. A type or a key that is not in the table is an error that lists what is. */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/value.h"
#include "text/pattern.h"

typedef struct dio_component {
    const char *type;
    const char *keys; /* the keys it may have besides "type", each followed by a space */
} dio_component;

/* What a table is for: "normalizer", and the key under which its Sequence lists parts. */
typedef struct dio_components {
    const char *what, *list;
    const dio_component *table; /* ends with a NULL type */
} dio_components;

/* Called for each part in order; `kind` is its index in the table. */
typedef bool dio_component_fn(void *user, int kind, const dio_value *v, dio_error *err);

/* Walks v: null or missing (nothing), a part, or Sequences of parts up to 8 deep. */
bool dio_components_read(const dio_components *c, const dio_value *v, dio_component_fn *fn,
                         void *user, dio_error *err);

/* Refuses keys of v that are not in `keys` (each followed by a space). */
bool dio_keys_check(const dio_value *v, const char *what, const char *keys, dio_error *err);

/* Members of v, with the fallback when missing or null; wrong kinds are errors at their place. */
bool dio_member_bool(const dio_value *v, const char *key, bool fallback, bool *out, dio_error *err);
bool dio_member_int(const dio_value *v, const char *key, int64_t fallback, int64_t lo, int64_t hi,
                    int64_t *out, dio_error *err);
/* NULL fallback: required. The value itself, a string. */
bool dio_member_string(const dio_value *v, const char *key, const char **out, size_t *length,
                       dio_error *err);
/* One of the words, by index; fallback -1: required. */
bool dio_member_word(const dio_value *v, const char *key, const char *const *words, int count,
                     int fallback, int *out, dio_error *err);
/* Exactly one code point, as UTF-8 in the value. */
bool dio_member_char(const dio_value *v, const char *key, uint32_t *out, dio_error *err);

/* Member "pattern": {"String": ...} or {"Regex": ...}. */
dio_pattern *dio_member_pattern(const dio_value *v, dio_error *err);
