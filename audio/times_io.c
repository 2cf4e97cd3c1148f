/* times_io.c: one table of suffixes and who writes them. */
#include "audio/times_io.h"

#include <string.h>

#include "base/file.h"

struct job {
    dio_arena *a;
    const dio_times *times;
    const dio_caption_rules *rules;
    int width, height;
    dio_error *err;
};

static const char *ended(const struct job *j, const char *text)
{
    return text ? dio_arena_printf(j->a, "%s\n", text) : NULL;
}

static const char *visemes(const struct job *j)
{
    const dio_value *v = dio_times_visemes(j->a, j->times, j->err);
    return v ? ended(j, dio_json_write(j->a, v, 1)) : NULL;
}

static const char *times(const struct job *j)
{
    return ended(j, dio_json_write(j->a, dio_times_value(j->a, j->times), 1));
}

static const dio_captions *cut(const struct job *j)
{
    const dio_caption_rules usual = dio_caption_rules_default();
    return dio_captions_cut(j->a, j->times, j->rules ? j->rules : &usual, j->err);
}

static const char *srt(const struct job *j)
{
    const dio_captions *c = cut(j);
    return c ? dio_captions_srt(j->a, c) : NULL;
}

static const char *vtt(const struct job *j)
{
    const dio_captions *c = cut(j);
    return c ? dio_captions_vtt(j->a, c) : NULL;
}

static const char *ass(const struct job *j)
{
    const dio_captions *c = cut(j);
    return c ? dio_captions_ass(j->a, c, j->width > 0 ? j->width : 1920,
                                j->height > 0 ? j->height : 1080)
             : NULL;
}

static const struct {
    const char *suffix;
    const char *(*text)(const struct job *j);
} writers[] = {
    {".visemes.json", visemes}, {".json", times}, {".srt", srt}, {".vtt", vtt}, {".ass", ass},
};

static int writer_of(const char *path)
{
    size_t n = strlen(path);
    for (int i = 0; i < (int)(sizeof writers / sizeof *writers); i++) {
        size_t m = strlen(writers[i].suffix);
        if (n > m && strcmp(path + n - m, writers[i].suffix) == 0)
            return i;
    }
    return -1;
}

bool dio_times_writes(const char *path, dio_error *err)
{
    return writer_of(path) >= 0 ||
           dio_fail(err, "%s: times are written to .json, .visemes.json, .srt, .vtt or .ass", path);
}

bool dio_times_write(const dio_times *t, const char *path, const dio_caption_rules *rules,
                     int width, int height, dio_error *err)
{
    if (!dio_times_writes(path, err))
        return false;
    struct job j = {dio_arena_create(), t, rules, width, height, err};
    const char *text = j.a ? writers[writer_of(path)].text(&j) : NULL;
    bool ok = text && dio_file_write(path, text, strlen(text), err);
    if (!text && err->kind == DIO_ERROR_NONE)
        dio_fail_memory(err, "a file of times");
    dio_arena_destroy(j.a);
    return ok;
}
