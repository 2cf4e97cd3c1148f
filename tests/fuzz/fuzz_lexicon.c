/* fuzz_lexicon.c: any bytes as a lexicon file. What is read can be found, and its phones can be
 * read again; what is refused says why. */
#include <stdint.h>
#include <string.h>

#include "audio/phones/speech_lexicon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    check(a != NULL);
    dio_speech_lexicon *l = dio_speech_lexicon_parse(a, "f", (const char *)data, size, &err);
    check(l || err.message[0]);
    const char *phones = l ? dio_speech_lexicon_find(l, "lumo") : NULL;
    if (phones) {
        dio_pronunciation p;
        check(dio_speech_lexicon_count(l) > 0);
        check(dio_phones_read(phones, strlen(phones), &p, &err) && p.count > 0);
    }
    check(!l || !dio_speech_lexicon_find(l, "Lumo"));
    dio_arena_destroy(a);
    return 0;
}
