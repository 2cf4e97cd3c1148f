#pragma once
/* phrase.h: the small language in which phrases are written in assets/corpus.
 *
 *     Meet {product}[, {label}].            a slot; [..] is there half of the time
 *     (Less|No more) {less}. {product} {make/s} room.
 *                                           one of several; a verb that agrees with the product
 *     Every room needs {a noun}.            article by number and sound
 *     {fewer less}. More {more}.            "less noise", "fewer puddles"
 *
 * A slot has a value or it has not (a brief without an offer has no {offer}), and a phrase can be
 * used when all its slots have one; an option or alternative that lacks one is passed over. That
 * rule alone decides which phrases fit a brief. A name that is no slot is a pool of words from
 * pools.yaml; one draw from a pool holds for a whole document, so that two phrases agree.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/rng.h"
#include "base/str.h"
#include "base/value.h"

/* The slots. act..palette are drawn from the category's lists, the rest is fixed by the brief. */
/* clang-format off */
#define DIO_COPY_SLOTS(X)                                                                          \
    X(product) X(noun)                                                                             \
    X(thing) X(things) X(np) X(vp) X(vps) X(say) X(audience) X(offer) X(deal)                      \
    X(it) X(its) X(them) X(they) X(this) X(one)                                                    \
    X(act) X(moment) X(less) X(more) X(label) X(line) X(pun) X(who) X(subject) X(setting)          \
    X(palette) X(cta) X(acting)
/* clang-format on */

enum dio_copy_slot {
#define DIO_COPY_SLOT_ID(name) DIO_SLOT_##name,
    DIO_COPY_SLOTS(DIO_COPY_SLOT_ID)
#undef DIO_COPY_SLOT_ID
        DIO_SLOT_COUNT,
    DIO_SLOT_FIRST_LIST = DIO_SLOT_act,
    DIO_SLOT_LISTS = DIO_SLOT_COUNT - DIO_SLOT_FIRST_LIST,
};

enum dio_copy_number { DIO_NUMBER_ONE, DIO_NUMBER_MANY, DIO_NUMBER_MASS };

typedef struct dio_phrase dio_phrase;
typedef struct dio_phrases {
    const dio_phrase **items;
    int count;
} dio_phrases;

enum { DIO_COPY_POOLS = 64 };
typedef struct dio_copy_pool {
    const char *name;
    dio_phrases words;
} dio_copy_pool;
typedef struct dio_copy_pools {
    dio_copy_pool item[DIO_COPY_POOLS];
    int count;
} dio_copy_pools;

/* Whoever speaks: the values of slots for one document, and what was already used. */
typedef struct dio_voice {
    const dio_copy_pools *pools;
    dio_rng rng;
    dio_arena *arena;
    const char *value[DIO_SLOT_COUNT];       /* NULL: not to be had */
    const dio_phrases *near[DIO_SLOT_LISTS]; /* the category's own phrases, may be NULL */
    const dio_phrases *wide[DIO_SLOT_LISTS]; /* what fits all categories of its kind */
    uint64_t used_near[DIO_SLOT_LISTS], used_wide[DIO_SLOT_LISTS];
    uint8_t pick[DIO_COPY_POOLS]; /* 1 + the drawn word of a pool; 0: not drawn yet */
    enum dio_copy_number number;  /* of {noun} and {thing} */
    bool plural;                  /* the product's name is a plural */
    bool bare;                    /* verbs stay in their base form */
    int depth;                    /* phrases inside phrases */
} dio_voice;

/* Compiles the scalar `v`; fails at its place. */
const dio_phrase *dio_phrase_compile(dio_arena *a, const dio_copy_pools *pools, const dio_value *v,
                                     dio_error *err);
/* The same for text that is a part of scalar `v`. */
const dio_phrase *dio_phrase_compile_text(dio_arena *a, const dio_copy_pools *pools,
                                          const dio_value *v, const char *text, size_t n,
                                          dio_error *err);
/* Bits of slots that have a value now; phrases whose needs are a subset can be spoken. */
uint32_t dio_voice_slots(const dio_voice *voice);
uint32_t dio_phrase_needs(const dio_phrase *p);
bool dio_phrase_ready(const dio_phrase *p, uint32_t slots);
/* Appends the phrase, sentence case not yet applied. */
void dio_phrase_speak(const dio_phrase *p, dio_voice *voice, dio_str *out);
