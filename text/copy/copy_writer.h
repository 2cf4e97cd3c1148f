#pragma once
/* copy_writer.h: whoever writes one ad of the corpus: what was said so far, and the next sentence.
 * Shared by copy_voice.c (a sentence), copy_write.c (the fields) and copy_script.c (the spoken
 * one).
 */
#include "text/copy/lexicon.h"

enum { DIO_WRITER_PHRASES = 2048, DIO_WRITER_SENTENCES = 16, DIO_WRITER_TRIES = 40 };

struct dio_writer {
    const struct dio_copy_corpus *c;
    struct dio_copy_plan *plan;
    dio_voice *v;
    uint64_t used[DIO_WRITER_PHRASES / 64]; /* phrases of roles, by their place among all */
    const char *offer, *audience; /* as they stand inside a sentence; NULL: the brief has none */
    bool offer_done;
    bool failed;
};

/* The slots in which a benefit can be said. */
enum { DIO_WRITER_FORMS = 4 };
extern const int dio_writer_forms[DIO_WRITER_FORMS];

/* Which values a field may use; the rest are taken out of the voice while it is written. */
struct dio_allowance {
    bool offer, audience;
};
void dio_writer_allow(struct dio_writer *w, struct dio_allowance what);
/* Whether pronouns may stand for the product. */
void dio_writer_set_named(struct dio_writer *w, bool named);
bool dio_writer_chance(struct dio_writer *w, uint32_t percent);

/* A phrase of the role, spoken; NULL when none fits. In the arena. */
char *dio_writer_speak(struct dio_writer *w, const char *role);
/* The same for a field of one line: one that fits, or the product's name alone. */
char *dio_writer_line(struct dio_writer *w, dio_ad_part part, const char *role);
bool dio_writer_names_product(const struct dio_writer *w, const char *text);
/* Whether the text says the benefit, in whichever form. */
bool dio_writer_says_form(const struct dio_writer *w, const char *text);
/* Too long for the field, or saying "the the" because a slot met its like. */
bool dio_writer_unfit(struct dio_writer *w, dio_ad_part part, const char *text);

/* Running text. */
struct dio_running {
    char *sentence[DIO_WRITER_SENTENCES];
    int count;
    int words;
};
char *dio_writer_join(struct dio_writer *w, const struct dio_running *r);
/* Puts a sentence of the role at `at`, if one fits that does not begin as its neighbour does. */
bool dio_writer_add(struct dio_writer *w, struct dio_running *r, const char *role, int at,
                    int words_max);

void dio_writer_script(struct dio_writer *w, struct dio_ad *ad);
