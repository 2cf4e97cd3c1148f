/* sound.c: which reader a file needs, its first bytes say. */
#include "fusion/sound.h"

#include <stdio.h>
#include <string.h>

#include "audio/clip_io.h"
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
