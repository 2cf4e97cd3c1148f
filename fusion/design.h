#pragma once
/* design.h: the look of an ad: which text is how large, and in which order. */
#include "audio/captions.h"
#include "fusion/layout.h"
#include "fusion/palette.h"
#include "fusion/preset.h"
#include "vision/image.h"

/* What an ad says. "" leaves a text out; the headline is never empty. */
typedef struct dio_words {
    const char *product, *headline, *subline, *body, *cta, *hashtags;
    dio_image *hero; /* a picture behind them (hero.h); NULL: the paper landscape alone */
    const dio_captions *captions; /* of what is spoken, in films (subtitles.h); NULL: none */
} dio_words;

typedef enum dio_role {
    DIO_ROLE_KICKER, /* the product's name, small, above everything */
    DIO_ROLE_HEADLINE,
    DIO_ROLE_LEAD,    /* the subline when it leads a scene of its own */
    DIO_ROLE_SUBLINE, /* the subline under a headline */
    DIO_ROLE_BODY,
    DIO_ROLE_TITLE, /* the product's name on the last card */
    DIO_ROLE_CTA,
    DIO_ROLE_HASHTAGS,
    DIO_ROLE_CAPTION, /* what is being said, in films: on ground of its own */
    DIO_ROLES,
} dio_role;

/* An item of that role, its style and colours; styles holds DIO_ROLES and must outlive it. */
void dio_design_styles(const dio_preset *preset, dio_style styles[DIO_ROLES]);
dio_item dio_design_item(dio_role role, const char *text, const dio_preset *preset,
                         const dio_palette *palette, const dio_style *styles);

/* A placed item as a layer: one line of it, or all with its pill (line -1). NULL and no error for a
 * line without ink. *box, when not NULL, is where it lies. */
dio_layer *dio_design_layer(const dio_item *item, int line, dio_space space, dio_box *box,
                            dio_error *err);

/* What stands where, for whoever wants to check. */
typedef struct dio_poster_facts {
    const char *name[DIO_ROLES]; /* "headline", as the step's parameter is called */
    dio_box box[DIO_ROLES];
    int count;
    const char *left_out[DIO_ROLES]; /* texts for which there was no room (preset.h: drop) */
    int left_out_count;
} dio_poster_facts;

/* A poster: everything in one stack on the ground of second 0, or the button beside the others
 * where the preset is a row. facts may be NULL. */
bool dio_poster_draw(dio_fonts *fonts, const dio_preset *preset, const dio_palette *palette,
                     const dio_words *words, uint64_t seed, dio_canvas *out,
                     dio_poster_facts *facts, dio_error *err);
