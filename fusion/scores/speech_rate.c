/* speech_rate.c: whether a script is spoken about as fast as people speak.
 * A voice that drops a sentence is too fast for its script, and one that stumbles too slow. */
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "fusion/score.h"
#include "text/unicode.h"

struct params {
    struct dio_criterion_params criterion;
    const char *script;
    double rate;
};

/* 2.5 words a second (DIO_COPY_WORDS_10S) of 5 letters: newsreaders' speed. */
static const dio_field fields[] = {
    DIO_CRITERION_FIELDS,
    DIO_FIELD(struct params, script, "", 0, 100000, "what is said; empty: the step's own text"),
    DIO_FIELD(struct params, rate, "12.5", 1, 100, "letters and digits a second that are wanted"),
    {0},
};

static int letters(const char *text)
{
    int count = 0;
    size_t length = strlen(text);
    for (size_t i = 0; i < length;) {
        uint32_t cp;
        int n = dio_utf8_next(text + i, length - i, &cp);
        count += n && dio_cp_is_word(cp) && !dio_cp_is_mark(cp);
        i += n ? (size_t)n : 1;
    }
    return count;
}

/* Seconds from the first sample above -50 dBFS to the last. */
static double spoken(const dio_clip *clip)
{
    int64_t first = clip->length, last = -1;
    for (int c = 0; c < clip->channels; c++) {
        const float *x = dio_clip_channel(clip, c);
        for (int64_t i = 0; i < clip->length; i++) {
            if (fabsf(x[i]) < 0.00316f)
                continue;
            first = i < first ? i : first;
            last = i > last ? i : last;
        }
    }
    return last < first ? 0 : (double)(last - first + 1) / clip->rate;
}

static bool measure(const dio_look *look, const void *params, double *out, dio_error *err)
{
    const struct params *p = params;
    const dio_value *own = look->with ? dio_map_get(look->with, "text") : NULL;
    const char *script = *p->script                       ? p->script
                         : own && own->kind == DIO_STRING ? own->string.text
                                                          : "";
    int n = letters(script);
    double seconds = spoken(look->sight->clip);
    if (!n)
        return dio_fail(err, "speech_rate: there is no script: give `script`");
    /* What is never said is as bad as what takes for ever. */
    *out = seconds > 0 ? fmin(10, fabs(log2(n / seconds / p->rate))) : 10;
    return true;
}

const dio_score dio_score_speech_rate = {
    .name = "speech_rate",
    .media = DIO_MEDIA_AUDIO,
    .doc = "how far the speed of speech is from the wanted one, for its script",
    .unit = "octaves",
    .lower = true,
    .lo = 0,
    .hi = 10,
    .reference = "|log2(letters and digits / seconds / rate)|, from the first sample above -50 "
                 "dBFS to the last; 1 is twice or half the speed, 10 silence",
    .params = fields,
    .params_size = sizeof(struct params),
    .measure = measure,
};
