#pragma once
/* added.h: tokens that are found in the text itself, before the model sees it. */
#include "base/arena.h"
#include "base/error.h"
#include "text/pattern.h"
#include "text/normalizer.h"
#include "text/pieces.h"
#include "text/vocab.h"

enum { DIO_ADDED_LENGTH = 512 }; /* bytes of an added token */

typedef struct dio_added_token {
    int32_t id;
    const char *text; /* what is looked for: the content, normalized when the token says so */
    size_t length;
    bool single_word, lstrip, rstrip, normalized, special;
} dio_added_token;

struct dio_trie_node;
typedef struct dio_trie {
    struct dio_trie_node *nodes;
    int count, cap;
    int32_t root[256]; /* node of a first byte; -1 */
} dio_trie;

typedef struct dio_added {
    dio_added_token *items;
    int count, cap;
    dio_trie raw, normal; /* found before the normalizer, and after it */
    dio_arena *arena;
} dio_added;

/* Token is copied; its text must live in the arena. Normalizes it when it asks for that. */
bool dio_added_put(dio_added *a, dio_added_token token, const dio_normalizers *n, dio_error *err);

/* The added token whose id it is, or NULL. */
const dio_added_token *dio_added_find(const dio_added *a, int32_t id);

/* Stretches of a text, in order, in which special tokens may be found. */
typedef struct dio_trust {
    const struct dio_stretch {
        size_t start, end;
    } * stretches;
    int count;
} dio_trust;

/* Cuts text[start..end) at the added tokens of one trie and appends the pieces; the longest token
 * at the leftmost place wins. Special tokens outside `trust` are left as text. */
bool dio_added_cut(const dio_added *a, const dio_trie *trie, const char *text, size_t start,
                   size_t end, bool first, dio_trust trust, dio_pieces *out, dio_error *err);
