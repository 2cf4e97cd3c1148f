/* bed.c: from a request to a finished bed: composed, played, put into a room, and mastered to one
 * loudness, so that a mix knows what it gets. */
#include "audio/bed.h"

#include <math.h>
#include <string.h>

#include "audio/bed_score.h"
#include "audio/clip_edit.h"
#include "audio/dynamics.h"
#include "audio/master.h"

enum { RATE = 48000 };
static const double lufs = -20, true_peak = -3;
static const double shortest = 0.3, longest = 1800; /* seconds */

bool dio_bed_check(const dio_bed *bed, dio_error *err)
{
    int root;
    bool minor, said;
    if (bed->kind < DIO_BED_PIECE || bed->kind > DIO_BED_RISE || bed->mood < DIO_BED_BRIGHT ||
        bed->mood > DIO_BED_PLAYFUL)
        return dio_fail(err, "music of kind %d and mood %d: there are none such", bed->kind,
                        bed->mood);
    if (!(bed->seconds >= shortest && bed->seconds <= longest))
        return dio_fail(err, "music of %g seconds: there are %g to %g", bed->seconds, shortest,
                        longest);
    if (bed->tempo != 0 && !(bed->tempo >= 40 && bed->tempo <= 200))
        return dio_fail(err, "music at %g beats a minute: there are 40 to 200", bed->tempo);
    if (bed->rate != 0 && bed->rate < 16000)
        return dio_fail(err, "music at %d samples a second: 16000 at least", bed->rate);
    if (bed->key && bed->key[0] && !bed_key_parse(bed->key, &root, &minor, &said))
        return dio_fail(err,
                        "music in the key \"%.32s\": A to G, then # or b, then \"m\" or "
                        "\" major\", as in \"F#m\"",
                        bed->key);
    if (bed->lufs != 0 && !(bed->lufs <= -5 && bed->lufs >= -60))
        return dio_fail(err, "music at %g LUFS: there are -60 to -5", bed->lufs);
    return true;
}

/* A piece is faded in quickly and out over its last second; a rise stops at its height. */
static bool finish(dio_clip **clip, const dio_bed *bed, dio_error *err)
{
    double out = bed->kind == DIO_BED_RISE ? 0.03 : fmin(1.5, 0.4 * bed->seconds);
    const dio_master how = {.lufs = bed->lufs < 0 ? bed->lufs : lufs,
                            .true_peak = true_peak,
                            .fade_in = 0.002,
                            .fade_out = out};
    return dio_clip_low_cut(clip, 30, err) && dio_clip_master(clip, &how, NULL, err);
}

static bool make(const dio_bed *bed, bed_score *score, dio_clip *dry, dio_clip *wet, dio_error *err)
{
    const bed_style *style = bed_style_of(bed->mood);
    bed_compose(bed, style, score);
    if (dio_arena_failed(score->arena))
        return dio_fail_memory(err, "music");
    bed_play(score, style, bed->seed, dry, wet);
    return bed_room(wet, dry, err);
}

dio_clip *dio_bed_make(const dio_bed *bed, dio_error *err)
{
    int rate = bed->rate ? bed->rate : RATE;
    if (!dio_bed_check(bed, err))
        return NULL;
    bed_score score = {.arena = dio_arena_create(), .seed = bed->seed};
    dio_clip *dry = dio_clip_create(rate, 2, llrint(bed->seconds * rate), err);
    dio_clip *wet = dry ? dio_clip_create(rate, 2, dry->length, err) : NULL;
    bool ok = wet && (score.arena || dio_fail_memory(err, "music"));
    ok = ok && make(bed, &score, dry, wet, err) && finish(&dry, bed, err);
    dio_arena_destroy(score.arena);
    dio_clip_unref(wet);
    if (ok)
        return dry;
    dio_clip_unref(dry);
    return NULL;
}
