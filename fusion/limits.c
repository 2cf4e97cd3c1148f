/* limits.c: a preset's maps of what its placement takes. */
#include "fusion/limits.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/field.h"
#include "base/str.h"

const char *const dio_delivery_names[] = {"film", "picture", "sound", "sheet", NULL};

enum { MOST_WORDS = 32, MOST_INTERFACES = 16 };

struct row {
    const dio_value *formats, *video, *profiles, *pixels, *audio;
    const char *bytes;
    int least_width, least_height, most_width, most_height;
    double least_fps, most_fps, least_kbps, most_kbps, least_seconds, most_seconds;
    const dio_value *loudness, *captions, *interface;
    bool silent, power_of_two, alpha;
    int loops, least_rate, channels;
};

static const dio_field row_fields[] = {
    DIO_FIELD(struct row, formats, NULL, 0, 0, "list: mp4, mov, webm, png, jpeg, gif, wav, mp3"),
    DIO_FIELD(struct row, video, "", 0, 0, "list: codecs of pictures, as FFmpeg calls them"),
    DIO_FIELD(struct row, profiles, "", 0, 0, "list: profiles of that codec"),
    DIO_FIELD(struct row, pixels, "", 0, 0, "list: forms of pixels: yuv420p"),
    DIO_FIELD(struct row, audio, "", 0, 0, "list: codecs of sound"),
    DIO_FIELD(struct row, bytes, "", 0, 20, "at most: 150 kB, 30 MB, 4 GB"),
    DIO_FIELD(struct row, least_width, "0", 0, 16384, "any size of this shape from here on"),
    DIO_FIELD(struct row, least_height, "0", 0, 16384, "any size of this shape from here on"),
    DIO_FIELD(struct row, most_width, "0", 0, 16384, "pixels"),
    DIO_FIELD(struct row, most_height, "0", 0, 16384, "pixels"),
    DIO_FIELD(struct row, least_fps, "0", 0, 1000, "frames a second"),
    DIO_FIELD(struct row, most_fps, "0", 0, 1000, "frames a second"),
    DIO_FIELD(struct row, least_kbps, "0", 0, 1e6, "1000 bits a second"),
    DIO_FIELD(struct row, most_kbps, "0", 0, 1e6, "1000 bits a second"),
    DIO_FIELD(struct row, least_seconds, "0", 0, 86400, "length"),
    DIO_FIELD(struct row, most_seconds, "0", 0, 86400, "length"),
    DIO_FIELD(struct row, loudness, "", 0, 0, "map: lufs, tolerance, true_peak"),
    DIO_FIELD(struct row, captions, "", 0, 0, "map: speed, line, lines, least, most"),
    DIO_FIELD(struct row, interface, "", 0, 0, "list of what covers the picture"),
    DIO_FIELD(struct row, silent, "false", 0, 0, "sound is not played"),
    DIO_FIELD(struct row, power_of_two, "false", 0, 0, "both sides are powers of two"),
    DIO_FIELD(struct row, alpha, "false", 0, 0, "a channel of alpha is needed"),
    DIO_FIELD(struct row, loops, "0", 0, 1000, "times that an animation may play"),
    DIO_FIELD(struct row, least_rate, "0", 0, 384000, "samples a second"),
    DIO_FIELD(struct row, channels, "0", 0, 64, "of sound, at most"),
    {0},
};

struct loudness {
    double lufs, tolerance, true_peak;
};

static const dio_field loudness_fields[] = {
    DIO_FIELD(struct loudness, lufs, NULL, -70, 0, "LUFS of the whole"),
    DIO_FIELD(struct loudness, tolerance, "1", 0.1, 10, "LU above and below"),
    DIO_FIELD(struct loudness, true_peak, "-1", -20, 0, "dBTP, at most"),
    {0},
};

struct captions {
    double speed, least, most;
    int line, lines;
};

static const dio_field caption_fields[] = {
    DIO_FIELD(struct captions, speed, "20", 1, 100, "characters a second, at most"),
    DIO_FIELD(struct captions, line, "42", 1, 200, "characters a line, at most"),
    DIO_FIELD(struct captions, lines, "2", 1, 10, "lines a cue, at most"),
    DIO_FIELD(struct captions, least, "0.8", 0, 60, "seconds that a cue stays, at least"),
    DIO_FIELD(struct captions, most, "7", 0.1, 60, "seconds that a cue stays, at most"),
    {0},
};

struct interface {
    const char *what;
    double left, top, right, bottom;
};

static const dio_field interface_fields[] = {
    DIO_FIELD(struct interface, what, NULL, 1, 80, "what covers it: buttons"),
    DIO_FIELD(struct interface, left, "0", 0, 100, "percent of the width"),
    DIO_FIELD(struct interface, top, "0", 0, 100, "percent of the height"),
    DIO_FIELD(struct interface, right, "100", 0, 100, "percent of the width"),
    DIO_FIELD(struct interface, bottom, "100", 0, 100, "percent of the height"),
    {0},
};

bool dio_bytes_parse(const char *text, int64_t *out)
{
    static const struct {
        const char *unit;
        double bytes;
    } units[] = {{"", 1},     {"B", 1},        {"kB", 1e3},        {"MB", 1e6},
                 {"GB", 1e9}, {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}};
    char number[24];
    size_t n = strspn(text, "0123456789.");
    if (n == 0 || n >= sizeof number)
        return false;
    memcpy(number, text, n);
    number[n] = 0;
    double value;
    const char *unit = text + n + strspn(text + n, " ");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcasecmp(unit, units[i].unit) == 0) {
            bool ok = dio_parse_real(number, &value) && value * units[i].bytes < 1e15;
            *out = ok ? (int64_t)llrint(value * units[i].bytes) : 0;
            return ok;
        }
    }
    return false;
}

const char *dio_bytes_text(int64_t bytes, char text[32])
{
    static const char *const units[] = {"B", "kB", "MB", "GB"};
    double value = (double)bytes;
    int unit = 0;
    for (; unit < 3 && value >= 1000; unit++)
        value /= 1000;
    snprintf(text, 32, unit ? "%.4g %s" : "%.0f %s", value, units[unit]);
    return text;
}

bool dio_limits_refuse(const char *const *list, const char *word)
{
    if (!list)
        return false;
    for (; *list; list++) {
        if (strcasecmp(*list, word) == 0)
            return false;
    }
    return true;
}

static bool given(const dio_value *v)
{
    return v && v->kind != DIO_NULL;
}

static bool words(dio_arena *a, const dio_value *v, const char *key, const char *const **out,
                  dio_error *err)
{
    *out = NULL;
    if (!given(v))
        return true;
    if (v->kind != DIO_LIST || v->list.count < 1 || v->list.count > MOST_WORDS)
        return dio_value_fail(v, err, "%s: a list of 1 to %d names is needed", key, MOST_WORDS);
    const char **list = dio_arena_alloc(a, ((size_t)v->list.count + 1) * sizeof *list);
    for (int i = 0; i < v->list.count; i++) {
        const dio_value *item = v->list.items[i];
        if (item->kind != DIO_STRING || !item->string.length)
            return dio_value_fail(item, err, "%s: a name is needed, not a %s", key,
                                  dio_kind_name(item->kind));
        list[i] = item->string.text;
    }
    list[v->list.count] = NULL;
    *out = list;
    return true;
}

static bool read_interfaces(dio_arena *a, const dio_value *v, int w, int h, dio_limits *out,
                            dio_error *err)
{
    if (!given(v))
        return true;
    if (v->kind != DIO_LIST || v->list.count > MOST_INTERFACES || !w || !h)
        return dio_value_fail(v, err,
                              "interface: a list of at most %d parts is needed, and the preset's "
                              "width and height",
                              MOST_INTERFACES);
    dio_interface *list = dio_arena_alloc(a, (size_t)v->list.count * sizeof *list + 1);
    for (int i = 0; i < v->list.count; i++) {
        struct interface z;
        if (!dio_fields_read(interface_fields, &z, v->list.items[i], "interface", DIO_FIELDS_STRICT,
                             a, NULL, NULL, err))
            return false;
        if (!(z.left < z.right && z.top < z.bottom))
            return dio_value_fail(v->list.items[i], err,
                                  "interface: left must lie before right, top above bottom");
        int x = (int)floor(w * z.left / 100), y = (int)floor(h * z.top / 100);
        list[i] = (dio_interface){
            z.what, {x, y, (int)ceil(w * z.right / 100) - x, (int)ceil(h * z.bottom / 100) - y}};
    }
    out->interface = list;
    out->interfaces = v->list.count;
    return true;
}

static bool read_maps(dio_arena *a, const struct row *r, dio_limits *out, dio_error *err)
{
    struct loudness loud;
    struct captions cap;
    if (given(r->loudness)) {
        if (!dio_fields_read(loudness_fields, &loud, r->loudness, "loudness", DIO_FIELDS_STRICT, a,
                             NULL, NULL, err))
            return false;
        out->loud = true;
        out->lufs = loud.lufs;
        out->tolerance = loud.tolerance;
        out->true_peak = loud.true_peak;
    }
    if (!given(r->captions))
        return true;
    if (!dio_fields_read(caption_fields, &cap, r->captions, "captions", DIO_FIELDS_STRICT, a, NULL,
                         NULL, err))
        return false;
    out->chars_per_second = cap.speed;
    out->line = cap.line;
    out->lines = cap.lines;
    out->least_cue = cap.least;
    out->most_cue = cap.most;
    return true;
}

const dio_limits *dio_limits_read(dio_arena *a, const dio_value *v, dio_delivery kind, int width,
                                  int height, dio_error *err)
{
    struct row r;
    if (!dio_fields_read(row_fields, &r, v, dio_delivery_names[kind], DIO_FIELDS_STRICT, a, NULL,
                         NULL, err))
        return NULL;
    dio_limits *out = dio_arena_alloc(a, sizeof *out);
    *out = (dio_limits){.least_width = r.least_width,
                        .least_height = r.least_height,
                        .most_width = r.most_width,
                        .most_height = r.most_height,
                        .least_fps = r.least_fps,
                        .most_fps = r.most_fps,
                        .least_kbps = r.least_kbps,
                        .most_kbps = r.most_kbps,
                        .least_seconds = r.least_seconds,
                        .most_seconds = r.most_seconds,
                        .silent = r.silent,
                        .power_of_two = r.power_of_two,
                        .alpha = r.alpha,
                        .most_loops = r.loops,
                        .least_rate = r.least_rate,
                        .channels = r.channels};
    if (*r.bytes && (!dio_bytes_parse(r.bytes, &out->most_bytes) || out->most_bytes < 1)) {
        const dio_value *at = dio_map_get(v, "bytes");
        dio_value_fail(at ? at : v, err, "bytes: \"%.20s\" is no size; write 150 kB, 30 MB or 4 GB",
                       r.bytes);
        return NULL;
    }
    if (!words(a, r.formats, "formats", &out->formats, err) ||
        !words(a, r.video, "video", &out->video, err) ||
        !words(a, r.profiles, "profiles", &out->profiles, err) ||
        !words(a, r.pixels, "pixels", &out->pixels, err) ||
        !words(a, r.audio, "audio", &out->audio, err) || !read_maps(a, &r, out, err) ||
        !read_interfaces(a, r.interface, width, height, out, err))
        return NULL;
    return out;
}
