/* audio_lines.c: a table of lines spoken, each into a file of its own, and a manifest of them.
 *
 * For games: barks by the hundred, named by their row, one loudness, no silence around them. The
 * manifest is what a game's build reads: files, who says what, how long, when each word begins. A
 * line's sound depends on its own row alone; rows may be added and moved. */
#include <math.h>
#include <string.h>

#include "audio/clip_edit.h"
#include "audio/clip_io.h"
#include "audio/master.h"
#include "audio/resample.h"
#include "audio/speaker.h"
#include "base/assets.h"
#include "base/file.h"
#include "fusion/lines.h"
#include "fusion/sound.h"
#include "fusion/step.h"

static const char *const formats[] = {"wav", "flac", NULL};

/* What lies 50 dB under the loudest of a voice is silence to a player. */
static const double silence = 50;
static const double fade = 0.005; /* seconds at both ends: no clicks where it was cut */

struct params {
    const char *rows, *model, *speaker, *loudness;
    const dio_value *lexicon;
    int format, sample_rate;
    bool ssml, trim;
    double keep;
    uint64_t seed;
};

static const dio_field fields[] = {
    DIO_FIELD(struct params, rows, NULL, 1, 4000,
              "table, CSV: id, line; and speaker, rate, pitch, energy, seed where they are wanted"),
    DIO_FIELD(struct params, model, "house/narrator", 1, 1000,
              "voice's folder or file, house/NAME"),
    DIO_FIELD(struct params, speaker, "", 0, 100,
              "who says lines that name nobody; empty: the "
              "model's first"),
    DIO_FIELD_WORDS(struct params, format, "wav", formats, "of the files"),
    DIO_FIELD(struct params, sample_rate, "0", 0, 192000, "samples a second; 0: the voice's own"),
    DIO_FIELD(struct params, loudness, "podcast", 0, 40,
              "of each line: audio.mix's names, with a voice's treatment; none: as it was spoken"),
    DIO_FIELD(struct params, trim, "true", 0, 0, "take the silence around each line away"),
    DIO_FIELD(struct params, keep, "0.02", 0, 5, "seconds of it that stay at each end"),
    DIO_FIELD(struct params, ssml, "false", 0, 0, "lines are SSML"),
    DIO_FIELD(struct params, lexicon, "null", 0, 0,
              "file, or list of files, of words and their phones; the first that knows one wins"),
    DIO_FIELD(struct params, seed, "0", 0, 0, "added to the run's seed: another breath"),
    {0},
};

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    const struct params *p = params;
    const dio_value *rows = dio_map_get(with, "rows"), *model = dio_map_get(with, "model");
    const dio_value *loudness = dio_map_get(with, "loudness");
    dio_error e = {0};
    int count;
    (void)studio;
    if (p->model && !dio_assets_model(report->arena, p->model, &e))
        dio_report_error(report, model ? model : with, "model", &e);
    dio_error_clear(&e);
    const char *path = p->rows ? dio_check_file(report, p->rows, &e) : NULL;
    if (p->rows && !path)
        dio_report_error(report, rows ? rows : with, "rows", &e);
    if (path)
        dio_lines_read(report->arena, path, &count, dio_report_add, report, &e);
    dio_sound_check_loudness(p->loudness, loudness ? loudness : with, report);
    if (p->sample_rate && p->sample_rate < 8000)
        dio_report_at(report, dio_map_get(with, "sample_rate"),
                      "sample_rate: %d is below 8000, the least but for 0", p->sample_rate);
}

/* --- the work --- */

struct work {
    dio_task *task;
    const struct params *p;
    dio_speaker *speaker;
    dio_device *device;
    const dio_line *lines;
    int count, at;
    const char *folder;
    dio_value *list; /* of the manifest */
    dio_utterance_options how;
    double seconds;
};

static const char *speaker_of(const struct work *w, const dio_line *l)
{
    return *l->speaker ? l->speaker : w->p->speaker;
}

static bool fail_line(const dio_line *l, const char *column, dio_error *err)
{
    const dio_value *at = dio_map_get(l->row, column);
    at = at ? at : l->row;
    return dio_error_at(err, at->file, at->line, at->column);
}

/* All of them before the first is spoken. */
static bool check_speakers(const struct work *w, dio_error *err)
{
    for (int i = 0; i < w->count; i++)
        if (!dio_speaker_has(w->speaker, speaker_of(w, &w->lines[i]), err))
            return fail_line(&w->lines[i], "speaker", err);
    return true;
}

static bool progress(void *user, double done, dio_error *err)
{
    const struct work *w = user;
    return dio_task_progress(w->task, ((double)w->at + done) / w->count, err);
}

/* Gives `next` in the place of *clip. */
static bool step(dio_clip **clip, dio_clip *next)
{
    dio_clip_unref(*clip);
    *clip = next;
    return next != NULL;
}

/* Cut, at the rate that is asked for, as loud as the others. *cut: seconds taken from the front. */
static bool finish(const struct work *w, dio_clip **clip, double *cut, dio_error *err)
{
    const dio_master_preset *preset = dio_master_preset_find(w->p->loudness);
    int64_t begin = 0;
    dio_master_report report;
    if (w->p->trim && !step(clip, dio_clip_trim(*clip, silence, w->p->keep, &begin, err)))
        return false;
    *cut = (double)begin / (*clip)->rate;
    if ((*clip)->length == 0)
        return dio_fail(err, "line: the voice made no sound of it");
    if (w->p->sample_rate && !step(clip, dio_clip_resample(*clip, w->p->sample_rate, err)))
        return false;
    if (!preset)
        return !w->p->trim || dio_clip_fade(clip, fade, fade, err);
    dio_master how = {.lufs = preset->lufs, .true_peak = preset->true_peak, .voice = true};
    how.fade_in = how.fade_out = w->p->trim ? fade : 0;
    return dio_clip_master(clip, &how, &report, err);
}

static dio_value *words_of(dio_arena *a, const dio_times *t, double cut, double seconds)
{
    dio_value *list = dio_value_list(a);
    for (int i = 0; i < t->n_words; i++) {
        dio_value *word = dio_value_map(a);
        double start = (double)t->words[i].start / t->rate - cut;
        double end = (double)t->words[i].end / t->rate - cut;
        dio_map_set(a, word, "text", dio_value_string(a, t->words[i].text));
        dio_map_set(a, word, "start", dio_value_real(a, fmin(fmax(start, 0), seconds)));
        dio_map_set(a, word, "end", dio_value_real(a, fmin(fmax(end, 0), seconds)));
        dio_list_add(a, list, word);
    }
    return list;
}

/* The user's own columns go along, without their mark. */
static void put_extras(dio_arena *a, dio_value *v, const dio_line *l)
{
    dio_value *extra = dio_value_map(a);
    for (int i = 0; i < l->row->map.count; i++) {
        const char *key = l->row->map.keys[i]->string.text;
        if (strncmp(key, "x-", 2) == 0)
            dio_map_set(a, extra, key + 2, dio_value_string(a, l->row->map.items[i]->string.text));
    }
    if (extra->map.count)
        dio_map_set(a, v, "x", extra);
}

static bool list_line(struct work *w, const dio_line *l, const dio_speech *said, double cut,
                      uint64_t seed, dio_error *err)
{
    dio_arena *a = w->task->arena;
    dio_value *v = dio_value_map(a);
    char hash[DIO_HASH_TEXT];
    const char *file = dio_arena_printf(a, "%s.%s", l->id, formats[w->p->format]);
    const char *who = speaker_of(w, l);
    double seconds = dio_clip_seconds(said->clip);
    if (!*who)
        who = dio_speaker_voice(w->speaker, 0);
    if (!dio_hash_file(dio_path_join(a, w->folder, file), hash, err))
        return false;
    dio_map_set(a, v, "id", dio_value_string(a, l->id));
    dio_map_set(a, v, "file", dio_value_string(a, file));
    dio_map_set(a, v, "speaker", dio_value_string(a, who ? who : ""));
    dio_map_set(a, v, "text", dio_value_string(a, l->line));
    dio_map_set(a, v, "seconds", dio_value_real(a, seconds));
    dio_map_set(a, v, "sample_rate", dio_value_int(a, said->clip->rate));
    dio_map_set(a, v, "samples", dio_value_int(a, said->clip->length));
    dio_map_set(a, v, "rate", dio_value_real(a, l->rate));
    dio_map_set(a, v, "pitch", dio_value_real(a, l->pitch));
    dio_map_set(a, v, "energy", dio_value_real(a, l->energy));
    dio_map_set(a, v, "seed",
                dio_value_string(a, dio_arena_printf(a, "%llu", (unsigned long long)seed)));
    dio_map_set(a, v, "sha256", dio_value_string(a, hash));
    put_extras(a, v, l);
    dio_map_set(a, v, "words", words_of(a, said->times, cut, seconds));
    dio_list_add(a, w->list, v);
    w->seconds += seconds;
    return true;
}

static bool write_line(struct work *w, const dio_line *l, dio_speech *said, uint64_t seed,
                       dio_error *err)
{
    double cut = 0;
    const dio_clip_save save = {.seed = seed, .title = l->line};
    const char *path =
        dio_arena_printf(w->task->arena, "%s/%s.%s", w->folder, l->id, formats[w->p->format]);
    return finish(w, &said->clip, &cut, err) && dio_clip_write(said->clip, path, &save, err) &&
           list_line(w, l, said, cut, seed, err);
}

static bool speak(struct work *w, const dio_line *l, dio_error *err)
{
    /* What is wrong within a text is told at its place in it. */
    w->how.label = dio_arena_printf(w->task->arena, "%s: %s", l->row->file, l->id);
    const dio_speech_request r = {.text = l->line,
                                  .length = strlen(l->line),
                                  .how = w->how,
                                  .speaker = speaker_of(w, l),
                                  .rate = l->rate,
                                  .semitones = l->pitch,
                                  .db = l->energy,
                                  .seed = w->task->seed + w->p->seed + l->seed,
                                  .progress = progress,
                                  .user = w};
    dio_speech said = {0};
    bool ok = dio_speaker_say(w->speaker, w->device, &r, w->task->arena, &said, err) &&
              write_line(w, l, &said, r.seed, err);
    dio_clip_unref(said.clip);
    return ok || fail_line(l, "line", err);
}

static bool write_manifest(struct work *w, const dio_value *model, dio_error *err)
{
    dio_arena *a = w->task->arena;
    dio_value *all = dio_value_map(a);
    const dio_master_preset *preset = dio_master_preset_find(w->p->loudness);
    dio_map_set(a, all, "version", dio_value_int(a, 1));
    dio_map_set(a, all, "app", dio_value_string(a, "diorama"));
    dio_map_set(a, all, "model", dio_map_get(model, "name"));
    dio_map_set(a, all, "format", dio_value_string(a, formats[w->p->format]));
    if (preset)
        dio_map_set(a, all, "lufs", dio_value_real(a, preset->lufs));
    dio_map_set(a, all, "seconds", dio_value_real(a, w->seconds));
    dio_map_set(a, all, "lines", w->list);
    const char *json = dio_json_write(a, all, 2);
    const char *text = json ? dio_arena_printf(a, "%s\n", json) : NULL;
    const char *path = dio_task_path(w->task, "manifest", ".json");
    if (!text)
        return dio_fail_memory(err, "a manifest");
    if (!dio_file_write(path, text, strlen(text), err))
        return false;
    dio_task_give_file(w->task, "manifest", path);
    return true;
}

static bool run(dio_task *t, const void *params, dio_error *err)
{
    struct work w = {.task = t, .p = params, .list = dio_value_list(t->arena)};
    const char *path = dio_task_file(t, w.p->rows, err);
    w.lines = path ? dio_lines_read(t->arena, path, &w.count, NULL, NULL, err) : NULL;
    const dio_value *model =
        w.lines ? dio_studio_model_facts(t->studio, w.p->model, t->arena, err) : NULL;
    w.device = model ? dio_studio_device(t->studio, err) : NULL;
    w.speaker = w.device ? dio_studio_speaker(t->studio, w.p->model, err) : NULL;
    if (!w.speaker || !check_speakers(&w, err))
        return false;
    dio_task_note(t, "model", model);
    w.how = (dio_utterance_options){.ssml = w.p->ssml};
    w.folder = dio_task_path(t, "sounds", "");
    bool ok = dio_sound_lexicons(t, w.p->lexicon, &w.how, err) && dio_dir_make(w.folder, err);
    for (; ok && w.at < w.count; w.at++)
        ok = speak(&w, &w.lines[w.at], err);
    if (!ok || !write_manifest(&w, model, err))
        return false;
    dio_task_give_file(t, "sounds", w.folder);
    dio_task_note(t, "lines", dio_value_int(t->arena, w.count));
    dio_task_note(t, "seconds", dio_value_real(t->arena, w.seconds));
    return true;
}

const dio_step dio_step_audio_lines = {
    .name = "audio.lines",
    .version = 1,
    .doc = "A table of lines spoken, a file each, with a manifest: barks for games.",
    .params = fields,
    .params_size = sizeof(struct params),
    .columns = dio_line_fields,
    .out = (const dio_port[]){{"sounds", DIO_MEDIA_FOLDER, "ID.wav or ID.flac of each row"},
                              {"manifest", DIO_MEDIA_DATA,
                               "files, speakers, texts, seconds, words with their times"},
                              {0}},
    .weight = 8,
    .check = check,
    .run = run,
};
