#pragma once
/* review_page.h: private to fusion/: candidates as a page that a browser shows from a file. */
#include "base/arena.h"
#include "base/value.h"
#include "fusion/rank.h"
#include "fusion/step.h"

typedef struct dio_review_card {
    dio_media media;
    const char *text;  /* a text's words; else NULL */
    const char *file;  /* beside the page; else NULL */
    const char *facts; /* lines: seed, scores */
} dio_review_card;

typedef struct dio_review_page {
    int64_t id;
    const char *pipeline, *step, *out; /* out: the output folder's full path */
    const char *asked;                 /* when, in UTC */
    const char *deadline;              /* a sentence; "" is none */
    int round, rounds, best;           /* best: from 0; -1: nothing was ranked */
    dio_review_card cards[DIO_CANDIDATES];
    int count;
} dio_review_page;

/* HTML without scripts and without anything from elsewhere; its policy forbids both. Every text is
 * escaped; what turns the direction of writing, or does not show, becomes U+FFFD. In the arena;
 * NULL when there is no memory. */
char *dio_review_html(dio_arena *a, const dio_review_page *page, dio_error *err);
