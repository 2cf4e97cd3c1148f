#pragma once
/* benefit.h: what kind of words a client typed: a thing, a deed or a sentence. Rules over a list of
 * common verbs (verbs.h); measured against the corpus's own knowledge in tests/text/test_forms.c.
 */
#include <stdbool.h>

#include "base/arena.h"

typedef enum dio_phrase_kind {
    DIO_KIND_THING,    /* "a light without glare" */
    DIO_KIND_DEED,     /* "keeps tea hot", "it keeps tea hot", "easy to clean" */
    DIO_KIND_SENTENCE, /* "The bag closes. The aroma stays." */
} dio_phrase_kind;

struct dio_benefit_words {
    dio_phrase_kind kind;
    const char *thing;             /* THING */
    const char *bare, *one, *many; /* DEED: "be ready", "is ready", "are ready" */
    const char *sentence;          /* SENTENCE: capital first, full stop last */
};

/* `product` may stand before the deed ("Lumo keeps tea hot") and is then left out. */
void dio_benefit_read(dio_arena *a, const char *typed, const char *product,
                      struct dio_benefit_words *out);
/* Whether one can "get" the offer ("20% off"), or only say it ("buy two, get one free"). */
bool dio_offer_is_thing(const char *offer);
/* As it stands inside a sentence: without the capital that a client typed at the start. */
char *dio_words_inside(dio_arena *a, const char *typed);
