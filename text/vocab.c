/* vocab.c: an array by id and a hash table by text, at most half full. */
#include "text/vocab.h"

#include <string.h>

/* Steps that a search may take. Half full, honest texts need under 50 among two million; a file
 * made to collide is refused instead of taking quadratic time. */
enum { PROBES = 1024 };

uint64_t dio_hash_text(const char *text, size_t length)
{
    const uint64_t prime = 0x9e3779b97f4a7c15u;
    uint64_t h = 0xcbf29ce484222325u ^ length;
    for (; length >= 8; text += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, text, 8);
        h = (h ^ word) * prime;
        h ^= h >> 32;
    }
    uint64_t tail = 0;
    memcpy(&tail, text, length);
    h = (h ^ tail) * prime;
    h = (h ^ (h >> 29)) * 0xbf58476d1ce4e5b9u;
    return h ^ (h >> 32);
}

bool dio_vocab_init(dio_vocab *v, dio_arena *a, int count, dio_error *err)
{
    uint32_t slots = 16;
    while (slots < 2 * (uint32_t)count)
        slots *= 2;
    v->tokens = dio_arena_try(a, (size_t)count * sizeof *v->tokens + 1);
    v->slots = dio_arena_try(a, slots * sizeof *v->slots);
    if (!v->tokens || !v->slots)
        return dio_fail_memory(err, "the vocabulary");
    memset(v->slots, 0xff, slots * sizeof *v->slots);
    v->count = count;
    v->mask = slots - 1;
    v->filled = 0;
    return true;
}

bool dio_vocab_set(dio_vocab *v, int32_t id, const char *text, size_t length, dio_error *err)
{
    dio_token *token = &v->tokens[id];
    if (token->text)
        return dio_fail(err, "id %d is given to \"%.100s\" and to \"%.100s\"", (int)id, token->text,
                        text);
    uint32_t at = (uint32_t)dio_hash_text(text, length) & v->mask;
    for (int probe = 0; v->slots[at] >= 0; probe++, at = (at + 1) & v->mask) {
        const dio_token *other = &v->tokens[v->slots[at]];
        if (other->length == length && !memcmp(other->text, text, length))
            return dio_fail(err, "the token \"%.100s\" has the ids %d and %d", text,
                            (int)v->slots[at], (int)id);
        if (probe == PROBES)
            return dio_fail(err, "the vocabulary was made to collide in hash tables: this is no "
                                 "trained tokenizer");
    }
    v->slots[at] = id;
    token->text = text;
    token->length = (uint32_t)length;
    v->filled++;
    return true;
}

int32_t dio_vocab_find(const dio_vocab *v, const char *text, size_t length)
{
    if (!v->slots)
        return -1;
    uint32_t at = (uint32_t)dio_hash_text(text, length) & v->mask;
    for (; v->slots[at] >= 0; at = (at + 1) & v->mask) {
        const dio_token *token = &v->tokens[v->slots[at]];
        if (token->length == length && !memcmp(token->text, text, length))
            return v->slots[at];
    }
    return -1;
}
