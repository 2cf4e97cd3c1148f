#pragma once
/* ssml.h: private to phones/: the part of SSML 1.1 that is read.
 *
 *     speak (root; version, xmlns, xml:lang of English)   p, s
 *     break time="500ms|1.5s" strength="none|x-weak|weak|medium|strong|x-strong"
 *     prosody rate="slow|120%|+10%|1.2" pitch="high|+2st|-10%" volume="soft|+6dB"
 *     emphasis level="strong|moderate|none|reduced"
 *     sub alias="..."      phoneme alphabet="ipa|x-arpabet" ph="..."
 *     say-as interpret-as="characters|digits|cardinal|ordinal|date|time|telephone|currency"
 *            format="mdy|dmy|ymd" (of a date)
 *     mark name="..." (kept, for whoever times the words)
 *
 * Anything else is refused by name, with its place: nothing is passed over in silence. There are no
 * entities but the five of XML and characters by number, no DOCTYPE, no processing instructions.
 */
#include "audio/phones/utterance.h"

/* From a byte of the source on. */
struct ssml_style {
    size_t at;
    dio_prosody prosody;
};

/* A pause between words, or the end of a sentence. */
struct ssml_gap {
    size_t at;
    dio_break least;
    int ms; /* -1: by its break */
};

struct ssml_mark {
    size_t at;
    const char *name;
};

struct ssml {
    char *text; /* what is between the tags, and the byte of the source for each */
    uint32_t *source;
    size_t length;
    dio_forced *forced;
    struct ssml_style *styles; /* at least one, at 0 */
    struct ssml_gap *gaps;
    struct ssml_mark *marks;
    int forced_count, style_count, gap_count, mark_count;
    int forced_cap, style_cap, gap_cap, mark_cap;
};

/* False with a sentence and its place in `label`. */
bool dio_ssml_read(dio_arena *a, const char *label, const char *text, size_t length,
                   struct ssml *out, dio_error *err);
