#pragma once
/* lexicon.h: assets/corpus as the generator sees it: read once, then only looked at. */
#include "text/copy/copy.h"
#include "text/copy/phrase.h"

typedef struct dio_words {
    const char **items;
    int count;
} dio_words;

/* One benefit in the three forms in which a client may type it and copy may say it. */
struct dio_benefit {
    const dio_phrase *np;  /* "a light without glare" */
    const dio_phrase *vp;  /* "light the page without glare": subject is the product */
    const dio_phrase *say; /* "No glare, just the page." */
};

/* A category of products, or a whole kind of them: kinds hold what their categories share. */
struct dio_category {
    const char *name; /* "desk lamp"; of a kind, "object" */
    const struct dio_category *kind;
    enum dio_copy_number number;
    dio_words nouns; /* short words for it: "lamp", "light" */
    dio_words tags;  /* hashtags without # */
    dio_phrases list[DIO_SLOT_LISTS];
    struct dio_benefit *benefits;
    int benefit_count;
    dio_words one, many, mass; /* of a kind: further categories known by name alone */
    dio_phrases deals, offers; /* of a kind: what is offered for such things */
};

/* Phrases for one role of sentence, each for some tones. */
struct dio_role_phrase {
    const dio_phrase *phrase;
    uint32_t tones; /* bits; 0: all */
};
struct dio_role {
    const char *name;
    struct dio_role_phrase *items;
    int count;
    int first; /* place of items[0] among all roles' phrases */
};

enum { DIO_COPY_TONES = 16, DIO_COPY_ROLES = 24 };
struct dio_tone {
    const char *name;
    dio_words words; /* what clients type for it */
};

struct dio_name_words {
    dio_words starts, middles, ends, firsts, seconds, people, suffixes, forbidden;
};

struct dio_copy_corpus {
    dio_arena *arena;
    dio_copy_rules *rules;
    dio_copy_pools pools;
    struct dio_category *kinds, *categories;
    int kind_count, category_count;
    struct dio_tone tones[DIO_COPY_TONES];
    int tone_count;
    struct dio_role roles[DIO_COPY_ROLES];
    int role_count, phrase_count;
    const struct dio_category *any; /* the kind for a product of which nothing is known */
    dio_phrases audiences, offers, deals;
    struct dio_name_words names;
};

bool dio_copy_lexicon_read(struct dio_copy_corpus *c, const char *dir, dio_error *err);
const struct dio_role *dio_lexicon_role(const struct dio_copy_corpus *c, const char *name);

/* A product's name for a thing called `noun`; *plural tells its number. In the arena. */
char *dio_name_draw(const struct dio_copy_corpus *c, dio_rng *rng, const char *noun,
                    enum dio_copy_number number, dio_arena *a, bool *plural);

/* Everything decided before the first word of an ad is written. */
struct dio_copy_plan {
    struct dio_brief brief;
    const struct dio_category *category; /* of a category known by name alone: its kind */
    const char *noun;
    int tone; /* the tone that is written in, even when the brief names none */
    dio_voice voice;
};
/* False when memory ran out. */
bool dio_copy_plan_draw(const struct dio_copy_corpus *c, uint64_t seed, dio_copy_split split,
                        uint64_t index, dio_arena *a, struct dio_copy_plan *plan);
/* Writes all fields of the planned ad. */
bool dio_copy_plan_write(const struct dio_copy_corpus *c, struct dio_copy_plan *plan,
                         struct dio_ad *ad);
