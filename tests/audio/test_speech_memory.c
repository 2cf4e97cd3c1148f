/* test_speech_memory.c: memory runs out at every allocation of reading text, SSML and a lexicon:
 * it is said, as a thing that may work later, and nothing is left behind. */
#include <string.h>

#include "tests/fail_alloc.h"
#include "audio/phones/utterance.h"

enum { EACH = 400 };

static const char text[] =
    "Café crème for $49.95, 20% off until June 13th! Call 555-0199, or read [[HH AH0 L OW1]].";
static const char ssml[] =
    "<speak>Hi <break time='1s'/><prosody rate='fast'>caf&#233; <sub alias='w w'>x</sub></prosody>"
    "<phoneme ph='həˈloʊ'>h</phoneme><mark name='m'/> <s>Fine</s></speak>";
static const char words[] = "lumo\tL UW1 M OW0\ncafé\tK AE1 F EY0\n";

static bool read_all(const char *input, bool as_ssml, bool lexicon, dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "an arena");
    dio_utterance_options options = {.ssml = as_ssml};
    if (lexicon)
        options.user = dio_speech_lexicon_parse(a, "l", words, strlen(words), err);
    bool good =
        (!lexicon || options.user) && dio_utterance_read(a, input, strlen(input), &options, err);
    dio_arena_destroy(a);
    return good;
}

static bool read_text(dio_error *err)
{
    return read_all(text, false, true, err);
}

/* Longer than the arena's first block: its growth fails, too. */
static bool read_long(dio_error *err)
{
    char many[20 * sizeof text] = "";
    for (int i = 0; i < 19; i++)
        memcpy(many + i * (sizeof text - 1), text, sizeof text);
    return read_all(many, false, false, err);
}

static bool read_ssml(dio_error *err)
{
    return read_all(ssml, true, false, err);
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    fail_alloc_sweep("a text", read_text, false, EACH);
    fail_alloc_sweep("a long text", read_long, false, EACH);
    fail_alloc_sweep("SSML", read_ssml, false, EACH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory_may_run_out_anywhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
