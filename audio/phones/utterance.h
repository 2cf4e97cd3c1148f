#pragma once
/* utterance.h: a text made ready to be spoken: sentences of words of syllables of phones.
 *
 *     dio_utterance_options options = {.user = lexicon};
 *     dio_utterance *u = dio_utterance_read(a, text, length, &options, err);
 *     for (int i = 0; u && i < u->word_count; i++)
 *         ... u->words[i].spoken, u->phones + u->words[i].first_phone ...
 *
 * The input is plain text, in which [[HH AH0 L OW1]] gives phones, or SSML (ssml.h says which part
 * of it). Everything lies in one piece each: sentences point to words, words to syllables and
 * phones, by first and count. Every word knows the bytes of the input that it came from; words of
 * one piece ("$5": five dollars) share them.
 */
#include "audio/phones/normalise.h"
#include "audio/phones/phone.h"
#include "audio/phones/pronounce.h"
#include "audio/phones/speech_lexicon.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum dio_emphasis {
    DIO_EMPHASIS_NONE,
    DIO_EMPHASIS_REDUCED,
    DIO_EMPHASIS_MODERATE,
    DIO_EMPHASIS_STRONG,
} dio_emphasis;

/* How a word is asked to be spoken, beside how it would be. */
typedef struct dio_prosody {
    float rate;      /* times as fast; 1 */
    float pitch_st;  /* semitones higher; 0 */
    float volume_db; /* decibels louder; 0 */
    dio_emphasis emphasis;
} dio_prosody;

/* What SSML may ask for in all, elements within elements taken together. */
#define DIO_RATE_LEAST      0.25f
#define DIO_RATE_MOST       4.0f
#define DIO_PITCH_MOST_ST   24.0f
#define DIO_VOLUME_LEAST_DB -96.0f
#define DIO_VOLUME_MOST_DB  24.0f
enum { DIO_PAUSE_MOST_MS = 60000 };

typedef struct dio_syllable {
    int first, count; /* phones */
    int stress;       /* 0 or 1: its vowel's */
} dio_syllable;

typedef struct dio_word {
    size_t begin, end;  /* bytes of the input */
    int piece;          /* words of one piece of the input have one number */
    const char *spoken; /* as it is said: small letters, or the capital of a letter's name */
    const char *rule;   /* that made it (rules.def), or the reading that SSML asked for */
    dio_word_source from;
    int first_syllable, syllables;
    int first_phone, phones; /* at least one */
    dio_prosody prosody;
    dio_break after;
    char mark;        /* , ; : . ? ! after it, or 0 */
    int pause_ms;     /* silence after it: asked for, or what its break gives */
    bool pause_asked; /* by SSML's break: a voice keeps to it */
} dio_word;

typedef struct dio_sentence {
    size_t begin, end;
    int first, count; /* words */
    char mark;        /* . ? ! or 0 */
} dio_sentence;

/* SSML's mark: where the word is that follows it (word_count: after the last). */
typedef struct dio_place_mark {
    const char *name;
    int word;
} dio_place_mark;

typedef struct dio_utterance {
    const dio_sentence *sentences;
    const dio_word *words;
    const dio_syllable *syllables;
    const uint8_t *phones, *stress; /* phone.h; without pauses */
    const dio_place_mark *marks;
    int sentence_count, word_count, syllable_count, phone_count, mark_count;
    int lead_ms; /* silence asked for before the first word */
} dio_utterance;

typedef struct dio_utterance_options {
    bool ssml;
    const dio_speech_lexicon *user, *project; /* may be NULL; the user's comes first */
    /* Milliseconds after a word by its dio_break; 0 takes the usual (dio_break_ms). */
    int break_ms[DIO_BREAK_PARAGRAPH + 1];
    const char *label; /* what errors call the input; NULL: "text", "ssml" */
} dio_utterance_options;

/* 0, 200, 300, 450 and 700: the usual silence of each break. */
int dio_break_ms(dio_break after);

/* NULL with a sentence and its line and column. Input without words is an utterance of none.
 * Lives in the arena; options may be NULL. */
dio_utterance *dio_utterance_read(dio_arena *a, const char *input, size_t length,
                                  const dio_utterance_options *options, dio_error *err);

/* Text for --explain: a line for each word with what was written, the rule, what is said, who knew
 * its phones, and the phones; a line for each break. NULL when there is no memory. */
char *dio_utterance_explain(dio_arena *a, const dio_utterance *u, const char *input);

#ifdef __cplusplus
}
#endif
