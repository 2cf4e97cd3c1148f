/* audio_mix.c: voices, music and effects on one track, at the loudness that a platform asks for.
 *
 * All that is music steps back while a voice is heard; then the whole is mastered once. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/clip_io.h"
#include "audio/master.h"
#include "audio/mix.h"
#include "fusion/sound.h"
#include "fusion/step.h"

enum { TRACKS = 64, RATE = 48000, CHANNELS = 2 };

struct params {
    const dio_value *tracks;
    double seconds, duck, true_peak, lufs;
    const char *loudness;
    int format, bits;
};

enum role { VOICE, MUSIC, EFFECT };
static const char *const roles[] = {"voice", "music", "effect", NULL};
static const char *const formats[] = {"wav", "flac", NULL};

static const dio_field fields[] = {
    DIO_FIELD(
        struct params, tracks, NULL, 0, 0,
        "list of {sound, role, start, gain, pan, fade_in, fade_out, loop}; `sound` is a file, "
        "`role` voice, music or effect"),
    DIO_FIELD(struct params, seconds, "0", 0, 3600,
              "length; 0: until the last track ends, loops apart"),
    DIO_FIELD(struct params, duck, "12", 0, 60, "dB by which music steps back under a voice"),
    DIO_FIELD(struct params, loudness, "social", 0, 40,
              "where it will be played: social -14 LUFS, podcast -16, ebu-r128 -23, atsc-a85 -24; "
              "none: as it is"),
    DIO_FIELD(struct params, lufs, "0", -70, 0, "another loudness than the preset's; 0: that"),
    DIO_FIELD(struct params, true_peak, "0", -20, 0, "another ceiling in dBTP; 0: the preset's"),
    DIO_FIELD_WORDS(struct params, format, "wav", formats, "of the file"),
    DIO_FIELD(struct params, bits, "16", 16, 24, "of a sample: 16 or 24"),
    {0},
};

struct track {
    const char *sound;
    int role;
    double start, gain, pan, fade_in, fade_out;
    bool loop;
};

static const dio_field track_fields[] = {
    DIO_FIELD(struct track, sound, NULL, 1, 4000, "file of sound or film"),
    DIO_FIELD_WORDS(struct track, role, "effect", roles, "voice, music or effect"),
    DIO_FIELD(struct track, start, "0", -3600, 3600, "seconds into the mix"),
    DIO_FIELD(struct track, gain, "0", -80, 24, "dB"),
    DIO_FIELD(struct track, pan, "0", -1, 1, "left to right"),
    DIO_FIELD(struct track, fade_in, "0", 0, 600, "seconds"),
    DIO_FIELD(struct track, fade_out, "0", 0, 600, "seconds"),
    DIO_FIELD(struct track, loop, "false", 0, 0, "again and again until the mix ends"),
    {0},
};

/* --- what can be known before anything runs --- */

static bool waits(const dio_value *v)
{
    return v->kind == DIO_STRING && strstr(v->string.text, "${{");
}

/* One track as it was written; what is computed later counts as its default. */
static void check_track(const dio_value *v, dio_report *report)
{
    struct track t;
    dio_error e = {0};
    dio_value *known = dio_value_map(report->arena);
    if (waits(v))
        return;
    for (int i = 0; v->kind == DIO_MAP && i < v->map.count; i++)
        if (!waits(v->map.items[i]) || strcmp(v->map.keys[i]->string.text, "sound") == 0)
            dio_map_set(report->arena, known, v->map.keys[i]->string.text, v->map.items[i]);
    known->line = v->line;
    known->column = v->column;
    known->file = v->file;
    if (v->kind != DIO_MAP)
        dio_report_at(report, v, "tracks: expected {sound: ...}, found %s", dio_kind_name(v->kind));
    else if (!dio_fields_read(track_fields, &t, known, "a track", DIO_FIELDS_STRICT, report->arena,
                              NULL, NULL, &e))
        dio_report_add(report, &e);
}

static void check(dio_studio *studio, const void *params, const dio_value *with, dio_report *report)
{
    const struct params *p = params;
    const dio_value *tracks = dio_map_get(with, "tracks"), *at = dio_map_get(with, "loudness");
    (void)studio;
    if (tracks && !waits(tracks) && (tracks->kind != DIO_LIST || !tracks->list.count))
        dio_report_at(report, tracks, "tracks: expected a list of {sound: ...}");
    else if (tracks && tracks->kind == DIO_LIST && tracks->list.count > TRACKS)
        dio_report_at(report, tracks, "tracks: %d are more than %d", tracks->list.count, TRACKS);
    for (int i = 0; tracks && tracks->kind == DIO_LIST && i < tracks->list.count; i++)
        check_track(tracks->list.items[i], report);
    if (p->bits && p->bits != 16 && p->bits != 24)
        dio_report_at(report, dio_map_get(with, "bits"), "bits: 16 or 24, not %d", p->bits);
    dio_sound_check_loudness(p->loudness, at ? at : with, report);
}

/* --- the work --- */

struct mixing {
    dio_task *task;
    const struct params *p;
    struct track track[TRACKS];
    dio_mix_part part[TRACKS];
    int count;
};

static bool open_tracks(struct mixing *m, dio_error *err)
{
    const dio_value *list = m->p->tracks;
    if (!list || list->kind != DIO_LIST || !list->list.count || list->list.count > TRACKS)
        return dio_fail(err, "tracks: expected a list of 1 to %d", TRACKS);
    for (int i = 0; i < list->list.count; i++) {
        const dio_value *v = list->list.items[i];
        struct track *t = &m->track[i];
        if (!dio_fields_read(track_fields, t, v, "a track", DIO_FIELDS_STRICT, m->task->arena, NULL,
                             NULL, err))
            return false;
        const char *path = dio_task_file(m->task, t->sound, err);
        dio_clip *clip = path ? dio_sound_open_whole(path, RATE, err) : NULL;
        if (!clip)
            return dio_error_prefix(err, "track %d", i + 1);
        m->part[m->count++] = (dio_mix_part){.clip = clip,
                                             .start = t->start,
                                             .gain = t->gain,
                                             .pan = t->pan,
                                             .fade_in = t->fade_in,
                                             .fade_out = t->fade_out,
                                             .loop = t->loop};
        if (!dio_task_progress(m->task, 0.5 * (i + 1) / list->list.count, err))
            return false;
    }
    return true;
}

/* Tracks of one role, or of all others (wanted false), as one sound; NULL without an error: none.
 */
static dio_clip *bus(const struct mixing *m, enum role role, bool wanted, double seconds,
                     dio_error *err)
{
    dio_mix_part part[TRACKS];
    int n = 0;
    const dio_mix_form form = {RATE, CHANNELS, seconds};
    for (int i = 0; i < m->count; i++)
        if ((m->track[i].role == (int)role) == wanted)
            part[n++] = m->part[i];
    return n ? dio_mix(part, n, &form, err) : NULL;
}

/* How long the mix is: a loop has no end of its own. */
static double length_of(const struct mixing *m)
{
    double most = m->p->seconds;
    for (int i = 0; i < m->count && m->p->seconds <= 0; i++)
        if (!m->part[i].loop)
            most = fmax(most, m->part[i].start + dio_clip_seconds(m->part[i].clip));
    return most;
}

/* Music ducked under the voices, and everything together. */
static dio_clip *mix(const struct mixing *m, dio_error *err)
{
    double seconds = length_of(m);
    if (seconds <= 0) {
        dio_fail(err, "nothing ends: every track loops, and `seconds` is 0");
        return NULL;
    }
    dio_clip *music = bus(m, MUSIC, true, seconds, err), *voice = NULL, *rest = NULL, *out = NULL;
    bool ok = err->kind == DIO_ERROR_NONE;
    if (ok)
        voice = bus(m, VOICE, true, seconds, err);
    ok = ok && err->kind == DIO_ERROR_NONE;
    const dio_duck how = {.depth = m->p->duck};
    if (ok && music && voice && m->p->duck > 0)
        ok = dio_clip_duck(&music, voice, 0, &how, err);
    if (ok)
        rest = bus(m, MUSIC, false, seconds, err);
    ok = ok && err->kind == DIO_ERROR_NONE;
    const dio_mix_part both[2] = {{.clip = rest ? rest : music}, {.clip = music}};
    const dio_mix_form form = {RATE, CHANNELS, seconds};
    if (ok)
        out = dio_mix(both, rest && music ? 2 : 1, &form, err);
    dio_clip_unref(music);
    dio_clip_unref(voice);
    dio_clip_unref(rest);
    return out;
}

static bool master(const struct mixing *m, dio_clip **clip, dio_error *err)
{
    const struct params *p = m->p;
    const dio_master_preset *preset = dio_master_preset_find(p->loudness);
    dio_arena *a = m->task->arena;
    dio_master_report r;
    if (!preset && p->lufs >= 0)
        return true;
    const dio_master how = {.lufs = p->lufs < 0 ? p->lufs : preset->lufs,
                            .true_peak = p->true_peak < 0 ? p->true_peak
                                         : preset         ? preset->true_peak
                                                          : -1};
    if (!dio_clip_master(clip, &how, &r, err))
        return false;
    dio_value *note = dio_value_map(a);
    dio_map_set(a, note, "lufs", dio_value_real(a, r.after));
    dio_map_set(a, note, "true_peak", dio_value_real(a, r.true_peak));
    dio_map_set(a, note, "gain", dio_value_real(a, r.gain));
    dio_map_set(a, note, "limited", dio_value_real(a, r.limited));
    dio_task_note(m->task, "master", note);
    return true;
}

static bool write(const struct mixing *m, const dio_clip *clip, dio_error *err)
{
    const char *path = dio_task_path(m->task, "audio", m->p->format ? ".flac" : ".wav");
    const dio_clip_save save = {.bits = m->p->bits, .seed = m->task->seed, .title = m->task->title};
    if (!dio_clip_write(clip, path, &save, err))
        return false;
    dio_task_give_file(m->task, "audio", path);
    return true;
}

static bool run(dio_task *t, const void *params, dio_error *err)
{
    struct mixing *m = dio_arena_alloc(t->arena, sizeof *m);
    dio_clip *clip = NULL;
    m->task = t;
    m->p = params;
    bool ok = open_tracks(m, err) && (clip = mix(m, err)) && dio_task_progress(t, 0.8, err) &&
              master(m, &clip, err) && write(m, clip, err);
    dio_clip_unref(clip);
    for (int i = 0; i < m->count; i++)
        dio_clip_unref(m->part[i].clip);
    return ok;
}

const dio_step dio_step_audio_mix = {
    .name = "audio.mix",
    .version = 1,
    .doc = "Voice, music and effects on one track, at a platform's loudness.",
    .params = fields,
    .params_size = sizeof(struct params),
    .out = (const dio_port[]){{"audio", DIO_MEDIA_AUDIO, "48 kHz, stereo"}, {0}},
    .weight = 1,
    .check = check,
    .run = run,
};
