#pragma once
/* forms.h: how the client's words are taken up in an ad.
 *
 * A small model copies words that it has never seen badly, so it is not asked to. In the documents
 * that it learns from, and in those that it writes, a mark stands where the client's words stand:
 *
 *     benefit: keeps tea hot for hours {vps} {vp}
 *     <|headline|>{product} {vps}.<|subline|>A {noun} for {audience}.
 *
 * What a mark stands for is decided here, from the brief alone: whether a benefit is a thing ("a
 * light without glare"), something the product does, or a sentence, decides which marks there are
 * for it. The line of the brief lists them, so that the model knows what it may write. (Marks are
 * what data-to-text generation calls delexicalisation: Wen et al., arXiv:1508.01745.)
 */
#include "text/copy/copy.h"

/* name, the line of the brief it belongs to, what it stands for */
#define DIO_COPY_FORM_LIST(X)                                                                      \
    X(product, "product", "the name, letter by letter")                                            \
    X(noun, "category", "the category")                                                            \
    X(np, "benefit", "the benefit as a thing: \"a light without glare\"")                          \
    X(vps, "benefit", "the benefit as a deed of one: \"keeps tea hot\"")                           \
    X(vpp, "benefit", "the benefit as a deed of many, where it differs from {vp}: \"are ready\"")  \
    X(vp, "benefit", "the benefit as a bare deed: \"keep tea hot\"")                               \
    X(say, "benefit", "the benefit as a sentence, with its full stop")                             \
    X(audience, "audience", "whom it is for")                                                      \
    X(deal, "offer", "the offer, when one can get it: \"20% off\"")                                \
    X(offer, "offer", "the offer, when it can only be said: \"buy two, get one free\"")

typedef enum dio_copy_form {
#define DIO_COPY_FORM_ID(name, line, doc) DIO_FORM_##name,
    DIO_COPY_FORM_LIST(DIO_COPY_FORM_ID)
#undef DIO_COPY_FORM_ID
        DIO_FORMS,
} dio_copy_form;

/* The words of each form; NULL where the brief has none. */
struct dio_copy_forms {
    const char *text[DIO_FORMS];
};

void dio_copy_forms_of(dio_arena *a, const struct dio_brief *brief, struct dio_copy_forms *out);
/* " {vps} {vp}": the marks that the line of the brief lists, "" when it has none. */
char *dio_copy_line_marks(dio_arena *a, const struct dio_copy_forms *f, const char *line);
/* `text` with marks for words; and back. dio_copy_unmark gives NULL for a mark that the brief has
 * no words for, and for a brace that is none. unmark(mark(text)) is text. */
char *dio_copy_mark(dio_arena *a, const struct dio_copy_forms *f, dio_ad_part part,
                    const char *text);
char *dio_copy_unmark(dio_arena *a, const struct dio_copy_forms *f, dio_ad_part part,
                      const char *text);
/* The marks that the brief has no words for; NULL-terminated, their number in *count. */
const char *const *dio_copy_absent_marks(dio_arena *a, const struct dio_copy_forms *f, int *count);
/* Where the marked text has its first mark of that line of the brief, or NULL. */
const char *dio_copy_find_mark(const char *marked, const char *line);
/* "MarasKitchen" of "Mara's Kitchen", as a hashtag spells it. */
char *dio_copy_tag(dio_arena *a, const char *name);
