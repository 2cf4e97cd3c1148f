/* audio_speak.c: a text spoken, and everything that follows from knowing when each word is said. */
#include <math.h>
#include <string.h>

#include "audio/clip_io.h"
#include "audio/master.h"
#include "audio/speaker.h"
#include "audio/times_io.h"
#include "base/assets.h"
#include "fusion/sound.h"
#include "fusion/step.h"

static const char *const thens[] = {"error", "trim", "stretch", NULL};

struct params {
    const char *model, *text, *speaker, *loudness;
    const dio_value *lexicon, *fit;
    double rate, pitch, volume, lead;
    bool ssml, visemes;
    int chars;
    uint64_t seed;
};

static const dio_field fields[] = {
    DIO_FIELD(struct params, model, "house/narrator", 1, 1000,
              "voice's folder or file, house/NAME"),
    DIO_FIELD(struct params, text, NULL, 1, 100000, "what is said: English, or SSML"),
    DIO_FIELD(struct params, ssml, "false", 0, 0, "the text is SSML"),
    DIO_FIELD(struct params, speaker, "", 0, 100, "which of the model's voices; empty: its first"),
    DIO_FIELD(struct params, rate, "1", 0.25, 4, "times as fast"),
    DIO_FIELD(struct params, pitch, "0", -24, 24, "semitones higher"),
    DIO_FIELD(struct params, volume, "0", -40, 20, "dB, as one who speaks louder"),
    DIO_FIELD(struct params, lexicon, "null", 0, 0,
              "file, or list of files, of words and their phones; the first that knows one wins"),
    DIO_FIELD(
        struct params, fit, "null", 0, 0,
        "{seconds: 6.0, rate: [0.85, 1.25], then: error|trim|stretch}: speech of just so long"),
    DIO_FIELD(struct params, lead, "0", 0, 600,
              "seconds of silence before it: captions' times count from their beginning"),
    DIO_FIELD(struct params, loudness, "podcast", 0, 40,
              "of audio.mix's names, with a voice's treatment; none: as it was spoken"),
    DIO_FIELD(struct params, chars, "42", 8, 80, "characters in a line of srt, vtt and ass"),
    DIO_FIELD(struct params, visemes, "false", 0, 0,
              "mouth shapes, too: for voices that speak in ARPAbet, as the house narrator"),
    DIO_FIELD(struct params, seed, "0", 0, 0, "added to the run's seed: another breath"),
    {0},
};

struct fit {
    double seconds;
    const dio_value *rate;
    int then;
};

static const dio_field fit_fields[] = {
    DIO_FIELD(struct fit, seconds, NULL, 0.1, 1200, "length of the speech"),
    DIO_FIELD(struct fit, rate, "null", 0, 0, "[slowest, fastest], times the rate"),
    DIO_FIELD_WORDS(struct fit, then, "error", thens, "when it does not fit"),
    {0},
};

static bool number(const dio_value *v, double *out)
{
    if (v->kind == DIO_INT)
        *out = (double)v->integer;
    else if (v->kind == DIO_REAL)
        *out = v->real;
    return v->kind == DIO_INT || v->kind == DIO_REAL;
}

static bool read_fit(const dio_value *v, dio_fit *out, dio_arena *a, dio_error *err)
{
    struct fit f;
    if (!v || v->kind == DIO_NULL)
        return true;
    if (v->kind != DIO_MAP)
        return dio_value_fail(v, err, "fit: expected {seconds: ...}, found %s",
                              dio_kind_name(v->kind));
    if (!dio_fields_read(fit_fields, &f, v, "fit", DIO_FIELDS_STRICT, a, NULL, NULL, err))
        return false;
    out->seconds = f.seconds;
    out->then = (dio_fit_then)f.then;
    if (!f.rate || f.rate->kind == DIO_NULL)
        return true;
    if (f.rate->kind != DIO_LIST || f.rate->list.count != 2 ||
        !number(f.rate->list.items[0], &out->least) || !number(f.rate->list.items[1], &out->most) ||
        !(out->least >= 0.25 && out->least <= out->most && out->most <= 4))
        return dio_value_fail(f.rate, err, "fit: rate: expected [slowest, fastest] of 0.25 to 4");
    return true;
}

static bool waits(const dio_value *v)
{
    return v->kind == DIO_STRING && strstr(v->string.text, "${{");
}

static bool has_waiting(const dio_value *v)
{
    bool any = waits(v);
    for (int i = 0; v->kind == DIO_MAP && i < v->map.count; i++)
        any = any || has_waiting(v->map.items[i]);
    for (int i = 0; v->kind == DIO_LIST && i < v->list.count; i++)
        any = any || has_waiting(v->list.items[i]);
    return any;
}

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    const struct params *p = params;
    const dio_value *fit = dio_map_get(with, "fit"), *model = dio_map_get(with, "model");
    const dio_value *loudness = dio_map_get(with, "loudness");
    dio_fit f = {0};
    dio_error e = {0};
    (void)studio;
    if (p->model && !dio_assets_model(report->arena, p->model, &e))
        dio_report_error(report, model ? model : with, "model", &e);
    dio_error_clear(&e);
    if (fit && !has_waiting(fit) && !read_fit(fit, &f, report->arena, &e))
        dio_report_add(report, &e);
    dio_sound_check_loudness(p->loudness, loudness ? loudness : with, report);
}

static bool gives(const void *params, const char *port)
{
    return ((const struct params *)params)->visemes || strcmp(port, "visemes") != 0;
}

/* --- the work --- */

struct speaking {
    dio_task *task;
    const struct params *p;
    dio_speech_request r;
    dio_speech said;
};

static bool progress(void *user, double done, dio_error *err)
{
    struct speaking *s = user;
    return dio_task_progress(s->task, 0.9 * done, err);
}

static bool speak(struct speaking *s, dio_error *err)
{
    const struct params *p = s->p;
    dio_task *t = s->task;
    s->r = (dio_speech_request){.text = p->text,
                                .length = strlen(p->text),
                                .how = {.ssml = p->ssml, .label = "text"},
                                .speaker = p->speaker,
                                .rate = p->rate,
                                .semitones = p->pitch,
                                .db = p->volume,
                                .seed = t->seed + p->seed,
                                .progress = progress,
                                .user = s};
    const dio_value *facts = dio_studio_model_facts(t->studio, p->model, t->arena, err);
    dio_device *device = facts ? dio_studio_device(t->studio, err) : NULL;
    dio_speaker *speaker = device ? dio_studio_speaker(t->studio, p->model, err) : NULL;
    if (!speaker)
        return false;
    dio_task_note(t, "model", facts);
    return read_fit(p->fit, &s->r.fit, t->arena, err) &&
           dio_sound_lexicons(t, p->lexicon, &s->r.how, err) &&
           dio_speaker_say(speaker, device, &s->r, t->arena, &s->said, err);
}

static bool master(struct speaking *s, dio_error *err)
{
    const dio_master_preset *preset = dio_master_preset_find(s->p->loudness);
    dio_master_report report;
    if (!preset)
        return true;
    const dio_master how = {.lufs = preset->lufs, .true_peak = preset->true_peak, .voice = true};
    return dio_clip_master(&s->said.clip, &how, &report, err);
}

static bool lead_in(struct speaking *s, dio_error *err)
{
    const int64_t by = llrint(s->p->lead * s->said.clip->rate);
    dio_clip *longer = dio_clip_cut(s->said.clip, -by, s->said.clip->length + by, err);
    dio_clip_unref(s->said.clip);
    s->said.clip = longer;
    dio_times_shift(s->said.times, s->p->lead);
    return longer != NULL;
}

static bool write_all(struct speaking *s, dio_error *err)
{
    static const struct {
        const char *port, *suffix;
    } files[] = {{"times", ".json"},
                 {"srt", ".srt"},
                 {"vtt", ".vtt"},
                 {"ass", ".ass"},
                 {"visemes", ".visemes.json"}};
    dio_task *t = s->task;
    dio_caption_rules rules = dio_caption_rules_default();
    rules.chars = s->p->chars;
    const char *path = dio_task_path(t, "audio", ".wav");
    const dio_clip_save save = {.seed = s->r.seed, .title = t->title};
    if (!dio_clip_write(s->said.clip, path, &save, err))
        return false;
    dio_task_give_file(t, "audio", path);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (!s->p->visemes && strcmp(files[i].port, "visemes") == 0)
            continue;
        path = dio_task_path(t, files[i].port, files[i].suffix);
        if (!dio_times_write(s->said.times, path, &rules, 0, 0, err))
            return false;
        dio_task_give_file(t, files[i].port, path);
    }
    dio_task_note(t, "rate", dio_value_real(t->arena, s->said.rate));
    dio_task_note(t, "seconds", dio_value_real(t->arena, dio_clip_seconds(s->said.clip)));
    return true;
}

static bool run(dio_task *t, const void *params, dio_error *err)
{
    struct speaking s = {.task = t, .p = params};
    bool ok = speak(&s, err) && master(&s, err) && lead_in(&s, err) && write_all(&s, err);
    dio_clip_unref(s.said.clip);
    return ok;
}

const dio_step dio_step_audio_speak = {
    .name = "audio.speak",
    .version = 1,
    .doc = "A text spoken, with the time of every word: sound, captions, mouth shapes.",
    .params = fields,
    .params_size = sizeof(struct params),
    .out = (const dio_port[]){{"audio", DIO_MEDIA_AUDIO, "the speech, WAV"},
                              {"times", DIO_MEDIA_DATA, "phones, words, sentences: for captions"},
                              {"srt", DIO_MEDIA_TEXT, "captions, SubRip", ".srt"},
                              {"vtt", DIO_MEDIA_TEXT, "captions, WebVTT", ".vtt"},
                              {"ass", DIO_MEDIA_TEXT, "captions to sing along, ASS", ".ass"},
                              {"visemes", DIO_MEDIA_DATA, "mouth shapes"},
                              {0}},
    .weight = 2,
    .check = check,
    .gives = gives,
    .run = run,
};
