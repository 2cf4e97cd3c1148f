/* facts.c: the first bytes say who reads a file's head: never its name. */
#include "fusion/facts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "audio/clip_io.h"
#include "base/file.h"
#include "fusion/animation.h"
#include "vision/image_io.h"

static bool begins(const unsigned char *b, size_t n, size_t at, const char *magic, size_t length)
{
    return n >= at + length && memcmp(b + at, magic, length) == 0;
}

struct format {
    const char *name;
    dio_delivery kind;
};

/* NULL: FFmpeg is asked. */
static const struct format *sniff(const unsigned char *b, size_t n)
{
    static const struct format png = {"png", DIO_DELIVERY_PICTURE},
                               jpeg = {"jpeg", DIO_DELIVERY_PICTURE},
                               gif = {"gif", DIO_DELIVERY_PICTURE},
                               webp = {"webp", DIO_DELIVERY_PICTURE},
                               wav = {"wav", DIO_DELIVERY_SOUND},
                               flac = {"flac", DIO_DELIVERY_SOUND};
    if (begins(b, n, 0, "\x89PNG\r\n\x1a\n", 8))
        return &png;
    if (begins(b, n, 0, "\xff\xd8\xff", 3))
        return &jpeg;
    if (begins(b, n, 0, "GIF8", 4))
        return &gif;
    if (begins(b, n, 0, "RIFF", 4) && begins(b, n, 8, "WEBP", 4))
        return &webp;
    if ((begins(b, n, 0, "RIFF", 4) || begins(b, n, 0, "RF64", 4)) && begins(b, n, 8, "WAVE", 4))
        return &wav;
    return begins(b, n, 0, "fLaC", 4) ? &flac : NULL;
}

static bool picture_facts(const void *bytes, size_t n, const char *path, dio_facts *out,
                          dio_error *err)
{
    dio_animation moves;
    dio_image_head head = {0};
    bool gif = strcmp(out->format, "gif") == 0;
    if (!dio_animation_read(bytes, n, path, &moves, err) ||
        (!gif && !dio_image_probe(bytes, n, path, &head, err)))
        return false;
    out->width = gif ? moves.width : (int)head.width;
    out->height = gif ? moves.height : (int)head.height;
    out->alpha = !gif && (head.channels == 2 || head.channels == 4);
    out->frames = moves.frames;
    out->plays = moves.plays;
    out->seconds = moves.frames > 1 ? moves.seconds : 0;
    out->fps = out->seconds > 0 ? moves.frames / moves.seconds : 0;
    return true;
}

static bool sound_facts(const void *bytes, size_t n, const char *path, dio_facts *out,
                        dio_error *err)
{
    dio_clip_head head;
    if (!dio_clip_probe(bytes, n, path, &head, err))
        return false;
    if (strcmp(head.format, "FLAC") == 0)
        snprintf(out->audio, sizeof out->audio, "flac");
    else if (strcmp(head.coding, "PCM") == 0)
        snprintf(out->audio, sizeof out->audio, head.bits == 8 ? "pcm_u8" : "pcm_s%dle", head.bits);
    else if (strcmp(head.coding, "float") == 0)
        snprintf(out->audio, sizeof out->audio, "pcm_f%dle", head.bits);
    else
        snprintf(out->audio, sizeof out->audio, "%s",
                 strcmp(head.coding, "A-law") == 0 ? "pcm_alaw" : "pcm_mulaw");
    out->rate = head.rate;
    out->channels = head.channels;
    out->seconds = (double)head.length / head.rate;
    return true;
}

bool dio_facts_read(const char *path, dio_facts *out, dio_error *err)
{
    *out = (dio_facts){.frames = 1, .plays = 1};
    dio_map_file *map = dio_map_open(path, err);
    if (!map)
        return false;
    const void *bytes = dio_map_data(map);
    size_t n = dio_map_size(map);
    const struct format *f = sniff(bytes, n);
    out->bytes = (int64_t)n;
    bool ok;
    if (f) {
        out->format = f->name;
        out->kind = f->kind;
        ok = f->kind == DIO_DELIVERY_PICTURE ? picture_facts(bytes, n, path, out, err)
                                             : sound_facts(bytes, n, path, out, err);
    } else {
        ok = dio_facts_av(path, out, err);
    }
    dio_map_unref(map);
    return ok;
}
