/* fuzz_speech.c: any bytes as text and as SSML to be spoken. What is read hangs together: words
 * with phones, spans within the input and whole characters; what is refused says why. */
#include <stdint.h>
#include <string.h>

#include "audio/phones/utterance.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        __builtin_trap();
}

static void check_words(const dio_utterance *u, const char *input, size_t size)
{
    int phones = 0, syllables = 0, words = 0;
    for (int i = 0; i < u->word_count; i++) {
        const dio_word *w = &u->words[i];
        check(w->begin <= w->end && w->end <= size && *w->spoken);
        check(i == 0 || w->begin >= w[-1].begin);
        check(w->begin == size || ((unsigned char)input[w->begin] & 0xC0) != 0x80);
        check(w->end == size || ((unsigned char)input[w->end] & 0xC0) != 0x80);
        check(w->first_phone == phones && w->phones > 0 && w->first_syllable == syllables);
        check(w->pause_ms >= 0 && w->pause_ms <= DIO_PAUSE_MOST_MS);
        check(w->prosody.rate >= DIO_RATE_LEAST && w->prosody.rate <= DIO_RATE_MOST);
        phones += w->phones;
        syllables += w->syllables;
    }
    for (int i = 0; i < u->sentence_count; i++)
        words += u->sentences[i].count;
    check(phones == u->phone_count && syllables == u->syllable_count && words == u->word_count);
    for (int i = 0; i < phones; i++)
        check(u->phones[i] < DIO_PHONES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char words[] = "lumo\tL UW1 M OW0\na1\tEY1\n";
    for (int ssml = 0; ssml < 2; ssml++) {
        dio_error err = {0};
        dio_arena *a = dio_arena_create();
        dio_utterance_options options = {.ssml = ssml};
        check(a != NULL);
        if (size % 2)
            options.project = dio_speech_lexicon_parse(a, "words", words, strlen(words), &err);
        dio_utterance *u = dio_utterance_read(a, (const char *)data, size, &options, &err);
        if (u) {
            check_words(u, (const char *)data, size);
            check(dio_utterance_explain(a, u, (const char *)data) != NULL);
        } else {
            check(err.message[0] != 0);
        }
        dio_arena_destroy(a);
    }
    return 0;
}
