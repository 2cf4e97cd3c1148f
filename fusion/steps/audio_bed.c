/* audio_bed.c: music to lie under a voice, by rule. */
#include "audio/bed.h"

#include <ctype.h>
#include <string.h>

#include "audio/clip_io.h"
#include "fusion/step.h"

struct params {
    int kind;
    double seconds, tempo, lufs;
    const char *key, *mood;
    uint64_t seed;
};

static const dio_field fields[] = {
    DIO_FIELD_WORDS(struct params, kind, "bed", dio_bed_kinds,
                    "bed: a piece; logo, hit, rise: short signatures"),
    DIO_FIELD(struct params, mood, "warm", 0, 200,
              "words for how it feels: bright, warm, calm, drive, playful, and what is near them"),
    DIO_FIELD(struct params, seconds, NULL, 0.3, 1800, "its length, exactly"),
    DIO_FIELD(struct params, tempo, "0", 0, 200, "beats a minute, 40 to 200; 0: the mood's"),
    DIO_FIELD(struct params, key, "", 0, 20, "C, F#m, Bb minor; empty: by the seed"),
    DIO_FIELD(struct params, lufs, "-20", -60, -6, "loudness"),
    DIO_FIELD(struct params, seed, "0", 0, 0,
              "added to the run's seed: another piece in the same run"),
    {0},
};

/* What people write for a tone of voice, and the music that goes with it. */
static const struct {
    const char *words;
    dio_bed_mood mood;
} near_moods[] = {
    {" warm friendly gentle kind cosy honest human ", DIO_BED_WARM},
    {" bright cheerful happy fresh optimistic sunny joyful ", DIO_BED_BRIGHT},
    {" calm elegant poetic quiet soft premium serene thoughtful ", DIO_BED_CALM},
    {" drive bold direct energetic strong urgent confident sporty ", DIO_BED_DRIVE},
    {" playful witty fun funny quirky cheeky light ", DIO_BED_PLAYFUL},
};

/* By the first word that is known; without one, by the seed. */
static dio_bed_mood mood_of(const char *text, uint64_t seed)
{
    for (const char *p = text; *p;) {
        char word[32] = " ";
        size_t n = strcspn(p, " ,;.");
        if (n + 3 <= sizeof word) {
            for (size_t i = 0; i < n; i++)
                word[i + 1] = (char)tolower((unsigned char)p[i]);
            memcpy(word + n + 1, " ", 2);
            for (size_t i = 0; n && i < sizeof near_moods / sizeof *near_moods; i++)
                if (strstr(near_moods[i].words, word))
                    return near_moods[i].mood;
        }
        p += n + strspn(p + n, " ,;.");
    }
    return near_moods[seed % (sizeof near_moods / sizeof *near_moods)].mood;
}

static dio_bed bed_of(const struct params *p, uint64_t seed)
{
    return (dio_bed){.kind = p->kind,
                     .mood = mood_of(p->mood ? p->mood : "", seed),
                     .seconds = p->seconds,
                     .tempo = p->tempo,
                     .key = p->key,
                     .seed = p->seed + seed,
                     .lufs = p->lufs};
}

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    const struct params *p = params;
    dio_error e = {0};
    const dio_bed bed = bed_of(p, 0);
    (void)studio;
    if (p->seconds > 0 && !dio_bed_check(&bed, &e))
        dio_report_error(report, with, NULL, &e);
}

static bool run(dio_task *t, const void *params, dio_error *err)
{
    const dio_bed bed = bed_of(params, t->seed);
    dio_clip *clip = dio_bed_make(&bed, err);
    const char *path = dio_task_path(t, "audio", ".wav");
    const dio_clip_save save = {.seed = t->seed, .title = t->title};
    bool ok = clip && dio_clip_write(clip, path, &save, err);
    dio_clip_unref(clip);
    if (ok)
        dio_task_give_file(t, "audio", path);
    return ok;
}

const dio_step dio_step_audio_bed = {
    .name = "audio.bed",
    .version = 1,
    .doc = "Music to lie under a voice, or a short signature, made by rule from a seed.",
    .params = fields,
    .params_size = sizeof(struct params),
    .out = (const dio_port[]){{"audio", DIO_MEDIA_AUDIO, "48 kHz, stereo"}, {0}},
    .weight = 1,
    .check = check,
    .run = run,
};
