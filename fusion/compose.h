#pragma once
/* compose.h: private to fusion/: what the composing steps have in common. */
#include "fusion/design.h"
#include "fusion/step.h"
#include "vision/image.h"

/* Parameters of every step that sets words over a ground; first member of their structs. */
struct dio_compose {
    const char *preset;
    const char *product, *headline, *subline, *body, *cta, *hashtags;
    const char *palette, *mood, *hero;
};

/* Lengths are generous: what does not fit its place is said when the words are set. Offsets are
 * those of struct dio_compose, since it comes first. */
#define DIO_COMPOSE_FIELDS(preset_)                                                                \
    DIO_FIELD(struct dio_compose, preset, preset_, 1, 4000,                                        \
              "format: one of `diorama presets`, or a file of your own, NAME.yaml"),               \
        DIO_FIELD(struct dio_compose, product, "", 0, 200, "the product's name"),                  \
        DIO_FIELD(struct dio_compose, headline, NULL, 1, 400, "what is said first and largest"),   \
        DIO_FIELD(struct dio_compose, subline, "", 0, 400, "what follows the headline"),           \
        DIO_FIELD(struct dio_compose, body, "", 0, 1200, "a few sentences"),                       \
        DIO_FIELD(struct dio_compose, cta, "", 0, 120, "words on the button"),                     \
        DIO_FIELD(struct dio_compose, hashtags, "", 0, 400, "tags, small"),                        \
        DIO_FIELD(struct dio_compose, palette, "auto", 1, 40, "colours; auto: by mood and seed"),  \
        DIO_FIELD(struct dio_compose, mood, "", 0, 200,                                            \
                  "words for the choice of colours: warm, bold"),                                  \
        DIO_FIELD(struct dio_compose, hero, "", 0, 4000,                                           \
                  "picture behind the words; one with a clear backdrop stands before the sun")

/* Are preset and palette there? The preset, where it is. */
const dio_preset *dio_compose_check(dio_studio *studio, const struct dio_compose *c,
                                    const dio_value *with, dio_report *report);

/* Everything opened; the palette is noted in the run's record. */
struct dio_composing {
    dio_fonts *fonts;
    const dio_preset *preset;
    const dio_palette *palette;
    dio_words words;
};
bool dio_compose_open(dio_task *t, const struct dio_compose *c, struct dio_composing *out,
                      dio_error *err);
void dio_compose_close(struct dio_composing *c); /* after an open, whatever it said */

/* Where a text stands, for run.json: {"text","x","y","w","h"}, and in films the seconds in which it
 * is seen. last <= first: always. */
dio_value *dio_compose_box(dio_arena *a, const char *name, const dio_box *box, double first,
                           double last);

/* A canvas of RGB as a picture; NULL without memory. */
dio_image *dio_compose_picture(const dio_canvas *c, dio_error *err);
