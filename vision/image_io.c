/* image_io.c: which codec, and what holds for all of them.
 * The head is looked at first: a picture that is too large is refused before its codec has taken
 * any memory for it. */
#include "vision/image_io.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "vision/codec.h"

static const dio_codec *const codecs[] = {
#define DIO_CODEC(name) &dio_codec_##name,
#include "vision/codecs.def"
#undef DIO_CODEC
    NULL,
};

/* "PNG, JPEG or WebP". */
static const char *names(char out[64])
{
    size_t n = 0;
    for (int i = 0; codecs[i]; i++)
        n += (size_t)snprintf(out + n, 64 - n, "%s%s",
                              i == 0          ? ""
                              : codecs[i + 1] ? ", "
                                              : " or ",
                              codecs[i]->name);
    return out;
}

/* The first bytes of a file that is none of ours, for its owner to recognise. */
static bool fail_unknown(const unsigned char *bytes, size_t n, dio_error *err)
{
    char known[64], first[24];
    size_t shown = 0;
    while (shown < n && shown < sizeof first - 1 && bytes[shown] >= 0x20 && bytes[shown] < 0x7f) {
        first[shown] = (char)bytes[shown];
        shown++;
    }
    first[shown] = '\0';
    if (n == 0)
        return dio_fail(err, "the file is empty: it is no picture");
    if (shown < 4)
        return dio_fail(err, "this is no picture that can be read here: it is not %s",
                        names(known));
    return dio_fail(err,
                    "this is no picture that can be read here: it is not %s, and begins \"%s\"",
                    names(known), first);
}

static const dio_codec *find(const unsigned char *bytes, size_t n, dio_image_head *head,
                             dio_error *err)
{
    for (int i = 0; codecs[i]; i++) {
        if (codecs[i]->knows(bytes, n)) {
            *head = (dio_image_head){.format = codecs[i]->name};
            return codecs[i]->head(bytes, n, head, err) ? codecs[i] : NULL;
        }
    }
    fail_unknown(bytes, n, err);
    return NULL;
}

bool dio_image_probe(const void *bytes, size_t n, const char *name, dio_image_head *head,
                     dio_error *err)
{
    return find(bytes, n, head, err) != NULL || dio_error_at(err, name, 0, 0);
}

static dio_image *decode(const unsigned char *bytes, size_t n, dio_error *err)
{
    dio_image_head head;
    int orientation = 1;
    const dio_codec *codec = find(bytes, n, &head, err);
    if (!codec || !dio_image_size_check(head.width, head.height, err))
        return NULL;
    dio_image *stored = codec->decode(bytes, n, &orientation, err);
    if (!stored)
        return NULL;
    dio_image *image = dio_image_orient(stored, orientation, err);
    dio_image_unref(stored);
    return image;
}

dio_image *dio_image_decode(const void *bytes, size_t n, const char *name, dio_error *err)
{
    dio_image *image = decode(bytes, n, err);
    if (!image)
        dio_error_at(err, name, 0, 0);
    return image;
}

dio_image *dio_image_read(const char *path, dio_error *err)
{
    dio_map_file *file = dio_map_open(path, err);
    if (!file)
        return NULL;
    dio_image *image = dio_image_decode(dio_map_data(file), dio_map_size(file), path, err);
    dio_map_unref(file);
    return image;
}

static const dio_codec *by_suffix(const char *path, dio_error *err)
{
    char known[64];
    const char *base = dio_path_base(path), *dot = strrchr(base, '.');
    for (int i = 0; dot && codecs[i]; i++)
        for (int k = 0; k < 3 && codecs[i]->suffix[k]; k++)
            if (strcasecmp(dot, codecs[i]->suffix[k]) == 0)
                return codecs[i];
    dio_fail(err, "%s: the name must end in what it shall be: %s", path, names(known));
    return NULL;
}

static bool check(const dio_image_save *save, dio_error *err)
{
    if (save->quality < 0 || save->quality > 100)
        return dio_fail(err, "a picture's quality of %d is not in 1..100", save->quality);
    if (save->bits != 0 && save->bits != 8 && save->bits != 16)
        return dio_fail(err, "PNG with %d bits a number: 8 and 16 are written", save->bits);
    return true;
}

static bool encode(const dio_codec *codec, dio_image *image, const dio_image_save *save,
                   const char *path, dio_error *err)
{
    dio_form form = {.channels = 0};
    dio_image *fit = NULL;
    dio_writer *file = NULL;
    bool ok = codec->form(image, save, &form, err) || dio_error_at(err, path, 0, 0);
    if (ok)
        ok = (fit = dio_image_convert(image, &form, err)) != NULL;
    if (ok)
        ok = (file = dio_writer_open(path, err)) != NULL;
    if (ok)
        ok = codec->encode(fit, save, file, err);
    if (ok) {
        ok = dio_writer_commit(file, err);
        file = NULL;
    }
    dio_writer_abort(file);
    dio_image_unref(fit);
    return ok;
}

bool dio_image_write(dio_image *image, const char *path, const dio_image_save *save, dio_error *err)
{
    static const dio_image_save plain;
    const dio_codec *codec = by_suffix(path, err);
    save = save ? save : &plain;
    return codec && check(save, err) && encode(codec, image, save, path, err);
}

bool dio_image_writes(const char *path, dio_error *err)
{
    return by_suffix(path, err) != NULL;
}
