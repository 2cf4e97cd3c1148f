#pragma once
/* normalizer.h: what happens to a text before it is split: Unicode forms and replacements. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/value.h"
#include "text/pattern.h"

typedef struct dio_normalizer {
    int kind; /* index in the table of normalizer.c */
    dio_pattern *pattern;
    const char *text;
    size_t length;
    bool left, right;
} dio_normalizer;

typedef struct dio_normalizers {
    dio_normalizer *items;
    int count, cap;
    dio_arena *arena;
} dio_normalizers;

/* Reads the "normalizer" of tokenizer.json into the arena; the patterns want deinit. */
bool dio_normalizers_read(dio_normalizers *n, dio_arena *a, const dio_value *v, dio_error *err);
void dio_normalizers_deinit(dio_normalizers *n);

/* Replaces out's content by the normal form of text. */
bool dio_normalizers_run(const dio_normalizers *n, dio_matcher *m, const char *text, size_t length,
                         dio_str *out, dio_error *err);
