#pragma once
/* vocab.h: tokens by id and by text. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

typedef struct dio_token {
    const char *text; /* NULL: no token has this id yet */
    uint32_t length;
    bool in_model; /* the model may make it; else only an added token */
    bool added, special;
} dio_token;

typedef struct dio_vocab {
    dio_token *tokens;
    int count; /* ids are 0..count-1 */
    int filled;
    int32_t *slots; /* open addressing: id, or -1 */
    uint32_t mask;
} dio_vocab;

/* Room for ids 0..count-1; lives in the arena. */
bool dio_vocab_init(dio_vocab *v, dio_arena *a, int count, dio_error *err);

/* Gives `id` (in range) a text, which must outlive v. False with a message when the id or the
 * text is taken. */
bool dio_vocab_set(dio_vocab *v, int32_t id, const char *text, size_t length, dio_error *err);

/* -1: not there. */
int32_t dio_vocab_find(const dio_vocab *v, const char *text, size_t length);

/* FNV-1a over 8 bytes a step, finished by a multiply-shift: for this table and others like it. */
uint64_t dio_hash_text(const char *text, size_t length);
