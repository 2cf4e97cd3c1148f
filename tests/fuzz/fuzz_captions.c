/* fuzz_captions.c: any bytes as captions. What is read is text without control characters, in the
 * order of the file; what is refused says why. */
#include <stdint.h>
#include <string.h>

#include "audio/captions_read.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    const dio_cue_file *f = dio_captions_read(a, "fuzz", data, size, &err);
    if (!f != (err.message[0] != '\0'))
        __builtin_trap();
    for (int i = 0; f && i < f->count; i++) {
        const dio_cue_text *c = &f->cues[i];
        if (c->number != i + 1 || c->line < 1 || (i && c->line <= c[-1].line))
            __builtin_trap();
        if (!dio_utf8_valid(c->text, strlen(c->text), NULL))
            __builtin_trap();
        for (const char *t = c->text; *t; t++)
            if ((unsigned char)*t < ' ' && *t != '\n')
                __builtin_trap();
        if (dio_cue_chars(c) < 0 || dio_cue_longest(c) > (int)strlen(c->text))
            __builtin_trap();
    }
    dio_arena_destroy(a);
    return 0;
}
