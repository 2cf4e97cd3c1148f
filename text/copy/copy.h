#pragma once
/* copy.h: an ad in words: what a brief holds, which fields an ad has, and how both are written
 * down for a language model to read and to continue.
 *
 * A document is plain text cut by tags, which a tokenizer keeps whole:
 *
 *     <|brief|>product: Lumo Lamp {product}
 *     category: desk lamp {noun}
 *     benefit: a light without glare {np}
 *     tone: warm
 *     <|headline|>...<|subline|>...<|body|>...<|cta|>...<|hashtags|>...<|script:10|>...<|scene|>...<|end|>
 *
 * Marks stand for the client's words (forms.h). A line of the brief that has no value is left out.
 * Whoever generates writes the brief and a tag, lets the model write until the next tag, and goes
 * on to the next field: so an ad is complete whatever the model does.
 *
 *     char *prompt = dio_brief_marked(arena, &brief);         up to, not including, <|headline|>
 *     char *tag = dio_ad_tag(arena, DIO_AD_SCRIPT, brief.seconds);
 *
 * The training corpus is a function: document (seed, split, index) is always the same bytes and
 * needs no other document. What is held out is decided by hashing the product's name and the pair
 * of category and benefit, so the three splits share neither.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/field.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the advertiser says. Only the product is needed; "" is not said. */
struct dio_brief {
    const char *product, *category, *benefit, *audience, *tone, *offer;
    int seconds; /* length of the voice-over; it goes into the script's tag, not into the brief */
};
extern const dio_field dio_brief_fields[];

/* The ad's fields in the order in which they are written. All else is derived from the table. */
typedef enum dio_ad_part {
    DIO_AD_HEADLINE,
    DIO_AD_SUBLINE,
    DIO_AD_BODY,
    DIO_AD_CTA,
    DIO_AD_HASHTAGS,
    DIO_AD_SCRIPT,
    DIO_AD_SCENE,
    DIO_AD_PARTS,
} dio_ad_part;

typedef struct dio_ad_field {
    const char *name; /* "headline"; its tag is <|headline|>, the script's is <|script:SECONDS|> */
    int limit;        /* code points at most */
    bool sentence;    /* ends with . ? or ! */
    const char *doc;
} dio_ad_field;
extern const dio_ad_field dio_ad_fields[DIO_AD_PARTS + 1]; /* ends with a NULL name */

struct dio_ad {
    const char *text[DIO_AD_PARTS];
};

/* Tags outside the table, and the lengths of script that are taught. Speech is counted at
 * DIO_COPY_WORDS_10S words in ten seconds. */
#define DIO_COPY_BRIEF "<|brief|>"
#define DIO_COPY_END   "<|end|>"
enum { DIO_COPY_WORDS_10S = 25, DIO_COPY_SCRIPT_SLACK = 25 /* percent */ };

/* Every tag, NULL-terminated: the special tokens of the copywriter's tokenizer. */
const char *const *dio_copy_tags(void);
/* The taught length nearest to `seconds`. */
int dio_copy_seconds(double seconds);

/* False when the brief cannot be written down: no product, a control character or line break, or
 * a tag inside a value. Lengths are the field table's business. */
bool dio_brief_ready(const struct dio_brief *brief, dio_error *err);
/* The brief as text, from DIO_COPY_BRIEF to the line break before the first field's tag; and with
 * the marks that its lines give, as a model reads it. */
char *dio_brief_prompt(dio_arena *a, const struct dio_brief *brief);
char *dio_brief_marked(dio_arena *a, const struct dio_brief *brief);
char *dio_ad_tag(dio_arena *a, dio_ad_part part, int seconds);
/* Brief, fields and end as one document, with marks. */
char *dio_ad_document(dio_arena *a, const struct dio_brief *brief, const struct dio_ad *ad);
/* The way back, with words for marks. Fails on a text that is no complete document. */
bool dio_ad_parse(dio_arena *a, const char *document, struct dio_brief *brief, struct dio_ad *ad,
                  dio_error *err);

/* What copy must not say: phrases and other people's brands, read from DIR/banned.yaml. */
typedef struct dio_copy_rules dio_copy_rules;
dio_copy_rules *dio_copy_rules_open(const char *dir, dio_error *err);
void dio_copy_rules_close(dio_copy_rules *rules);
/* The phrases, to be kept from being generated at all; count in *count. */
const char *const *dio_copy_rules_phrases(const dio_copy_rules *rules, int *count);
/* The first phrase that `text` contains as whole words, or NULL. What `allowed` (may be NULL)
 * contains itself, such as the advertiser's own brief, does not count. */
const char *dio_copy_rules_broken(const dio_copy_rules *rules, const char *text,
                                  const char *allowed);

/* Called once for every problem; `part` is DIO_AD_PARTS when it is the whole ad's. */
typedef void dio_copy_problem_fn(void *user, dio_ad_part part, const char *problem);

/* The gate: all fields there, within limits, ending as sentences do; product named verbatim in
 * headline or body; offer taken up; nothing banned; no leftovers; grammar lint; three to five
 * hashtags; script of the asked length. Returns the number of problems. `problem` may be NULL. */
int dio_copy_check(const dio_copy_rules *rules, const struct dio_brief *brief,
                   const struct dio_ad *ad, dio_copy_problem_fn *problem, void *user);
/* Spacing, doubled words, a/an, capitals, quotes in one text. The first problem (in the arena),
 * or NULL. `product` may break the rules: it is the advertiser's. */
const char *dio_copy_lint(dio_arena *a, const char *text, const char *product);
int dio_copy_words(const char *text);
/* How many of n texts are different when case and punctuation are ignored. */
int dio_copy_distinct(const char *const *texts, int n);

typedef enum dio_copy_split {
    DIO_COPY_TRAIN,
    DIO_COPY_VALID,
    DIO_COPY_TEST,
} dio_copy_split;

/* The generator, read from the YAML files in `dir` (assets/corpus). Immutable once open: threads
 * may share it. */
typedef struct dio_copy_corpus dio_copy_corpus;
dio_copy_corpus *dio_copy_corpus_open(const char *dir, dio_error *err);
void dio_copy_corpus_close(dio_copy_corpus *c);
const dio_copy_rules *dio_copy_corpus_rules(const dio_copy_corpus *c);

/* Document `index` of the split; NULL when memory ran out. */
char *dio_copy_document(const dio_copy_corpus *c, uint64_t seed, dio_copy_split split,
                        uint64_t index, dio_arena *a);
/* Its brief and its fields apart; `ad` may be NULL: briefs to evaluate a model with. */
bool dio_copy_draw(const dio_copy_corpus *c, uint64_t seed, dio_copy_split split, uint64_t index,
                   dio_arena *a, struct dio_brief *brief, struct dio_ad *ad);

/* Where a product's name, and a category with a benefit, belong. */
dio_copy_split dio_copy_split_name(const char *product);
dio_copy_split dio_copy_split_pair(const char *category, const char *benefit);

#ifdef __cplusplus
}
#endif
