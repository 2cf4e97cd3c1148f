/* say.c: the house narrator reads a text, for ears before there is a pipeline.
 *
 *     narrator_say NARRATOR OUT.wav TEXT [SPEAKER [RATE [SEMITONES]]]
 *
 * Prints words and sentences with their times.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/clip_io.h"
#include "audio/narrate.h"

static bool say(dio_arena *a, dio_narrator_session *s, char **argv, const dio_narrate_options *o,
                dio_error *err)
{
    dio_clip *clip = NULL;
    dio_times times;
    const dio_utterance *u = dio_utterance_read(a, argv[3], strlen(argv[3]), NULL, err);
    bool ok = u && dio_narrate(s, u, argv[3], o, a, &clip, &times, err) &&
              dio_clip_write(clip, argv[2], NULL, err);
    for (int i = 0; ok && i < times.n_words; i++)
        printf("%8.3f %8.3f  %s\n", (double)times.words[i].start / times.rate,
               (double)times.words[i].end / times.rate, times.words[i].text);
    dio_clip_unref(clip);
    return ok;
}

int main(int argc, char **argv)
{
    dio_error err = {0};
    char text[DIO_ERROR_MESSAGE + DIO_ERROR_FILE];
    if (argc < 4) {
        fputs("usage: narrator_say NARRATOR OUT.wav TEXT [SPEAKER [RATE [SEMITONES]]]\n", stderr);
        return 2;
    }
    dio_arena *a = dio_arena_create();
    dio_device *device = dio_device_open("cpu", &err);
    dio_narrator *n = device ? dio_narrator_open(argv[1], DIO_F32, &err) : NULL;
    dio_narrator_session *s = n ? dio_narrator_session_create(n, device, &err) : NULL;
    dio_narrate_options o = {.rate = argc > 5 ? strtof(argv[5], NULL) : 1,
                             .semitones = argc > 6 ? strtof(argv[6], NULL) : 0};
    bool ok = s != NULL;
    if (ok && argc > 4) {
        o.speaker = dio_narrator_speaker(n, argv[4]);
        ok = o.speaker >= 0 || dio_fail(&err, "%s: no such speaker", argv[4]);
    }
    ok = ok && say(a, s, argv, &o, &err);
    if (!ok)
        fprintf(stderr, "narrator_say: %s\n", dio_error_text(&err, text, sizeof text));
    dio_narrator_session_destroy(s);
    dio_narrator_close(n);
    dio_device_close(device);
    dio_arena_destroy(a);
    return ok ? 0 : 1;
}
