#pragma once
/* splitter.h: pre-tokenizers: a text into the words that the model sees one by one. */
#include "base/arena.h"
#include "base/error.h"
#include "base/value.h"
#include "text/pattern.h"
#include "text/pieces.h"

typedef struct dio_splitter {
    int kind; /* index in the table of splitter.c */
    dio_pattern *pattern;
    int behavior, scheme;
    bool invert, prefix_space, use_regex, individual, split;
    char replacement[4]; /* of Metaspace: one character */
    int replacement_length;
} dio_splitter;

typedef struct dio_splitters {
    dio_splitter *items;
    int count, cap;
    dio_arena *arena;
    bool bytes; /* one of them is ByteLevel */
} dio_splitters;

/* GPT-2's expression, which ByteLevel brings along. */
extern const char dio_splitter_gpt2[];

/* Reads the "pre_tokenizer" of tokenizer.json. */
bool dio_splitters_read(dio_splitters *s, dio_arena *a, const dio_value *v, dio_error *err);
void dio_splitters_deinit(dio_splitters *s);

/* Splits and rewrites the pieces in place; `spare` is memory to work in. */
bool dio_splitters_run(const dio_splitters *s, dio_matcher *m, dio_pieces *pieces,
                       dio_pieces *spare, dio_error *err);
