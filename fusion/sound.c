/* sound.c: which reader a file needs, its first bytes say. */
#include "fusion/sound.h"

#include <stdio.h>
#include <string.h>

#include "audio/clip_io.h"
#include "audio/master.h"
#include "audio/resample.h"
#include "base/file.h"
#include "fusion/av_sound.h"

static bool is_ours(const dio_map_file *file)
{
    const char *b = dio_map_data(file);
    size_t n = dio_map_size(file);
    return n >= 12 && (memcmp(b, "fLaC", 4) == 0 || memcmp(b + 8, "WAVE", 4) == 0);
}

static dio_clip *decode(const char *path, dio_error *err)
{
    dio_map_file *file = dio_map_open(path, err);
    if (!file)
        return NULL;
    dio_clip *clip = is_ours(file)
                         ? dio_clip_decode(dio_map_data(file), dio_map_size(file), path, err)
                         : dio_av_clip(path, err);
    dio_map_unref(file);
    return clip;
}

/* Gives `next` in the place of *clip. */
static bool step(dio_clip **clip, dio_clip *next)
{
    dio_clip_unref(*clip);
    *clip = next;
    return next != NULL;
}

dio_clip *dio_sound_open_whole(const char *path, int rate, dio_error *err)
{
    dio_clip *clip = decode(path, err);
    if (clip && clip->channels > 2)
        step(&clip, dio_clip_remix(clip, 1, err));
    if (clip)
        step(&clip, dio_clip_resample(clip, rate, err));
    return clip;
}

dio_clip *dio_sound_open(const char *path, int rate, int channels, dio_error *err)
{
    dio_clip *clip = dio_sound_open_whole(path, rate, err);
    if (clip && clip->channels != channels && clip->channels > 1)
        step(&clip, dio_clip_remix(clip, 1, err));
    if (clip)
        step(&clip, dio_clip_remix(clip, channels, err));
    return clip;
}

void dio_sound_check_loudness(const char *name, const dio_value *at, dio_report *report)
{
    enum { NAMES = 16 };
    const char *names[NAMES] = {"none"};
    int n = 1;
    if (!name || !*name || strcmp(name, "none") == 0 || dio_master_preset_find(name))
        return;
    for (const dio_master_preset *m; n < NAMES && (m = dio_master_preset_at(n - 1)); n++)
        names[n] = m->name;
    const char *near = dio_nearest(name, names, n);
    dio_report_at(report, at, "loudness: there is no \"%s\"%s%s%s", name,
                  near ? "; did you mean \"" : " (social, podcast, ebu-r128, atsc-a85, none)",
                  near ? near : "", near ? "\"?" : "");
}

bool dio_sound_lexicons(dio_task *t, const dio_value *v, dio_utterance_options *how, dio_error *err)
{
    const dio_speech_lexicon **into[2] = {&how->user, &how->project};
    int n = !v || v->kind == DIO_NULL ? 0 : v->kind == DIO_LIST ? v->list.count : 1;
    if (n > 2)
        return dio_value_fail(v, err, "lexicon: %d files are more than 2", n);
    for (int i = 0; i < n; i++) {
        const dio_value *one = v->kind == DIO_LIST ? v->list.items[i] : v;
        if (one->kind != DIO_STRING)
            return dio_value_fail(one, err, "lexicon: expected a file, found %s",
                                  dio_kind_name(one->kind));
        const char *path = dio_task_file(t, one->string.text, err);
        if (!path || !(*into[i] = dio_speech_lexicon_read(t->arena, path, err)))
            return false;
    }
    return true;
}
