/* png_read.c: any PNG as a dio_image, by libpng.
 *
 * libpng gets a purse: what it allocates beside our pixels (texts, profiles, rows) may not exceed
 * it, however often a small chunk unpacks into a large one. All that is critical is checked by its
 * CRC, and so is what is not: a damaged file is a damaged file. libpng leaves by longjmp; whatever
 * lives across a mark lies in struct reader. */
#include <math.h>
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/gang.h"
#include "base/str.h"
#include "vision/exif.h"
#include "vision/png_codec.h"
#include "vision/srgb.h"

/* One chunk, unpacked (notes: 8 MB); all of libpng's memory; chunks of texts and the like. */
enum { CHUNK = 8 << 20, PURSE = 64 << 20, CHUNKS = 1000 };

struct reader {
    const unsigned char *bytes;
    size_t size, at;
    size_t purse;
    bool indexed;
    bool poor;   /* the purse was empty once */
    bool broken; /* malloc gave nothing once */
    png_structp png;
    png_infop info;
    dio_image *image;
    double gamma; /* of the file, when its samples must be brought to sRGB; else 0 */
    dio_error *err;
};

/* ---- what libpng calls ---- */

static void read_bytes(png_structp png, png_bytep out, size_t n)
{
    struct reader *r = png_get_io_ptr(png);
    if (n > r->size - r->at) {
        dio_fail(r->err, "the PNG ends after %zu bytes, in the middle of its data", r->size);
        png_error(png, "end");
    }
    memcpy(out, r->bytes + r->at, n);
    r->at += n;
}

static void on_error(png_structp png, png_const_charp message)
{
    struct reader *r = png_get_error_ptr(png);
    if (r->poor)
        dio_fail(r->err, "the PNG asks for more than %d MB for texts, profiles and rows: refused",
                 PURSE >> 20);
    else if (r->broken)
        dio_fail_memory(r->err, "a PNG");
    else
        dio_fail(r->err, "the PNG is damaged near byte %zu of %zu: %s", r->at, r->size, message);
    png_longjmp(png, 1);
}

/* libpng would go on without a text that it cannot unpack: it is ours to keep. */
static void on_warning(png_structp png, png_const_charp message)
{
    if (strncmp(message + 1, "TXt: ", 5) == 0 || strncmp(message, "tEXt: ", 6) == 0)
        on_error(png, message);
}

/* Each block knows its size, so that it can go back into the purse. */
enum { PREFIX = 16 };

static png_voidp take(png_structp png, png_alloc_size_t n)
{
    struct reader *r = png_get_mem_ptr(png);
    size_t *block = NULL;
    if (n <= r->purse && r->purse - n >= PREFIX)
        block = malloc(n + PREFIX);
    else
        r->poor = true;
    if (!block) {
        r->broken = !r->poor;
        return NULL;
    }
    block[0] = n + PREFIX;
    r->purse -= n + PREFIX;
    return (char *)block + PREFIX;
}

static void give(png_structp png, png_voidp at)
{
    struct reader *r = png_get_mem_ptr(png);
    size_t *block = (size_t *)(void *)((char *)at - PREFIX);
    r->purse += block[0];
    free(block);
}

/* ---- the picture's form ---- */

/* PNG 1.2 12.2: sRGB stands above iCCP, and both above gAMA. A profile is not applied. */
static dio_curve find_curve(struct reader *r)
{
    int intent, type;
    png_charp name;
    png_bytep profile;
    png_uint_32 length;
    double gamma;
    bool srgb =
        png_get_valid(r->png, r->info, PNG_INFO_sRGB) && png_get_sRGB(r->png, r->info, &intent);
    bool iccp = png_get_valid(r->png, r->info, PNG_INFO_iCCP) &&
                png_get_iCCP(r->png, r->info, &name, &type, &profile, &length);
    if (srgb || iccp || !png_get_gAMA(r->png, r->info, &gamma))
        return DIO_CURVE_SRGB;
    if (fabs(gamma - 1 / 2.2) < 0.01)
        return DIO_CURVE_SRGB; /* how programs write sRGB that know no sRGB chunk */
    if (fabs(gamma - 1) < 0.01)
        return DIO_CURVE_LINEAR;
    if (gamma < 0.1 || gamma > 10)
        return DIO_CURVE_SRGB; /* no screen ever had it: a mistake */
    r->gamma = gamma;
    return DIO_CURVE_SRGB;
}

/* A palette's indices are read into the beginnings of rows and become colours afterwards: libpng
 * would turn an index that the palette lacks into black, and only warn. */
static void start(struct reader *r)
{
    png_structp png = r->png;
    const uint16_t one = 1;
    r->indexed = png_get_color_type(png, r->info) == PNG_COLOR_TYPE_PALETTE;
    if (r->indexed)
        png_set_packing(png); /* a byte each */
    else
        png_set_expand(png); /* 1 2 4 bits to 8, tRNS to alpha */
    if (png_get_bit_depth(png, r->info) == 16 && *(const uint8_t *)&one == 1)
        png_set_swap(png); /* PNG has the high byte first */
    png_set_interlace_handling(png);
    dio_curve curve = find_curve(r);
    png_read_update_info(png, r->info);
    bool clear = png_get_valid(png, r->info, PNG_INFO_tRNS) != 0;
    dio_form form = {
        .depth = png_get_bit_depth(png, r->info) == 16 ? DIO_DEPTH_U16 : DIO_DEPTH_U8,
        .curve = curve,
        .channels = !r->indexed ? png_get_channels(png, r->info)
                    : clear     ? 4
                                : 3,
    };
    r->image = dio_image_create((int)png_get_image_width(png, r->info),
                                (int)png_get_image_height(png, r->info), &form, r->err);
    if (!r->image)
        png_error(png, "no picture");
    if (png_get_rowbytes(png, r->info) > dio_image_row_bytes(r->image))
        png_error(png, "rows of an unexpected length");
}

/* In place, from the last pixel of a row to its first. */
static void apply_palette(struct reader *r)
{
    png_colorp colour;
    png_bytep alpha = NULL;
    int count = 0, alphas = 0, channels = r->image->form.channels;
    png_get_PLTE(r->png, r->info, &colour, &count);
    png_get_tRNS(r->png, r->info, &alpha, &alphas, NULL);
    for (int y = 0; y < r->image->height; y++) {
        uint8_t *row = dio_image_row(r->image, y);
        for (int x = r->image->width - 1; x >= 0; x--) {
            int i = row[x];
            if (i >= count) {
                dio_fail(r->err,
                         "the PNG is damaged: pixel (%d, %d) has colour %d of a palette of "
                         "%d",
                         x, y, i, count);
                png_error(r->png, "palette");
            }
            uint8_t *out = row + (size_t)x * (size_t)channels;
            if (channels == 4)
                out[3] = i < alphas ? alpha[i] : 255;
            out[0] = colour[i].red;
            out[1] = colour[i].green;
            out[2] = colour[i].blue;
        }
    }
}

/* ---- texts ---- */

static bool put_latin1(dio_str *out, const char *text, size_t n)
{
    char utf8[4];
    for (size_t i = 0; i < n; i++)
        dio_str_put(out, utf8, (size_t)dio_utf8_put((unsigned char)text[i], utf8));
    return !out->failed;
}

static bool keep_note(struct reader *r, const png_text *t)
{
    dio_str key = {0}, text = {0};
    size_t bad;
    bool utf8 = t->compression >= PNG_ITXT_COMPRESSION_NONE;
    size_t n = utf8 ? t->itxt_length : t->text_length;
    bool ok = put_latin1(&key, t->key, strlen(t->key));
    n = strnlen(t->text, n);
    if (utf8 && dio_utf8_valid(t->text, n, &bad))
        dio_str_put(&text, t->text, n);
    else
        put_latin1(&text, t->text, n);
    if (!ok || text.failed) {
        dio_fail_memory(r->err, "a picture's notes");
        ok = false;
    } else {
        /* An odd key is libpng's to refuse; one that passed it and not us is left out. */
        dio_error odd = {0};
        ok = dio_image_note_add(r->image, key.text ? key.text : "", text.text ? text.text : "",
                                &odd) ||
             odd.kind == DIO_ERROR_INVALID;
        if (!ok)
            *r->err = odd;
    }
    dio_str_deinit(&key);
    dio_str_deinit(&text);
    return ok;
}

static void keep_notes(struct reader *r)
{
    png_textp text;
    int count = 0;
    png_get_text(r->png, r->info, &text, &count);
    for (int i = 0; i < count; i++)
        if (!keep_note(r, &text[i]))
            png_error(r->png, "notes");
}

/* ---- reading ---- */

static bool read_all(struct reader *r, int *orientation)
{
    png_bytep exif;
    png_uint_32 length;
    if (setjmp(png_jmpbuf(r->png)))
        return false;
    png_set_read_fn(r->png, r, read_bytes);
    png_set_user_limits(r->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* the caller has looked */
    png_set_chunk_malloc_max(r->png, CHUNK);
    png_set_chunk_cache_max(r->png, CHUNKS);
    png_set_crc_action(r->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_read_info(r->png, r->info);
    start(r);
    int passes = png_set_interlace_handling(r->png);
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < r->image->height; y++)
            png_read_row(r->png, dio_image_row(r->image, y), NULL);
    png_read_end(r->png, r->info);
    if (r->indexed)
        apply_palette(r);
    keep_notes(r);
    if (png_get_eXIf_1(r->png, r->info, &length, &exif))
        *orientation = dio_exif_orientation(exif, length);
    return true;
}

/* ---- other curves ---- */

struct ramp {
    const dio_image *from;
    dio_image *to;
    const uint16_t *table; /* by 8 or 16 bits */
};

static void ramp_row(void *user, int64_t y, int thread)
{
    (void)thread;
    const struct ramp *r = user;
    int channels = r->from->form.channels, colours = channels < 3 ? 1 : 3;
    bool wide = r->from->form.depth == DIO_DEPTH_U16;
    const uint8_t *in8 = dio_image_row(r->from, (int)y);
    const uint16_t *in16 = dio_image_row(r->from, (int)y);
    uint16_t *out = dio_image_row(r->to, (int)y);
    for (int i = 0; i < r->from->width * channels; i++) {
        int v = wide ? in16[i] : in8[i];
        out[i] = i % channels < colours ? r->table[v] : (uint16_t)(wide ? v : v * 257);
    }
}

/* Samples of another gamma as sRGB of 16 bits, in which no two bytes become one. */
static dio_image *turn_gamma(const dio_image *from, double gamma, dio_error *err)
{
    dio_form form = from->form;
    form.depth = DIO_DEPTH_U16;
    int most = from->form.depth == DIO_DEPTH_U16 ? 65535 : 255;
    uint16_t *table = malloc(((size_t)most + 1) * sizeof *table);
    struct ramp r = {.from = from, .table = table};
    if (!table)
        dio_fail_memory(err, "a PNG's gamma");
    else
        r.to = dio_image_like(from, from->width, from->height, &form, err);
    if (r.to) {
        for (int v = 0; v <= most; v++)
            table[v] = (uint16_t)lrintf(
                65535 * dio_srgb_from_linear((float)pow((double)v / most, 1 / gamma)));
        dio_gang_run(from->height, ramp_row, &r);
    }
    free(table);
    return r.to;
}

/* ---- the codec ---- */

static const unsigned char signature[8] = {137, 'P', 'N', 'G', '\r', '\n', 26, '\n'};
enum { IHDR = 8, HEAD = IHDR + 8 + 13 };

static bool knows(const unsigned char *bytes, size_t n)
{
    return n >= 4 && memcmp(bytes, signature, n < 8 ? n : 8) == 0;
}

static int64_t word(const unsigned char *p)
{
    return (int64_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static bool head(const unsigned char *bytes, size_t n, dio_image_head *out, dio_error *err)
{
    static const int channels[7] = {1, 0, 3, 3, 2, 0, 4};
    if (n < HEAD)
        return dio_fail(err, "the PNG ends after %zu bytes, within its head", n);
    if (memcmp(bytes + IHDR, "\0\0\0\15IHDR", 8) != 0)
        return dio_fail(err, "the PNG is damaged: its first chunk is no IHDR");
    const unsigned char *p = bytes + IHDR + 8;
    out->width = word(p);
    out->height = word(p + 4);
    out->bits = p[8];
    out->channels = p[9] < 7 ? channels[p[9]] : 0;
    if (!out->channels)
        return dio_fail(err, "the PNG is damaged: there is no colour type %d", p[9]);
    return true;
}

static dio_image *decode(const unsigned char *bytes, size_t n, int *orientation, dio_error *err)
{
    struct reader r = {.bytes = bytes, .size = n, .purse = PURSE, .err = err};
    dio_image *image = NULL;
    r.png =
        png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &r, on_error, on_warning, &r, take, give);
    r.info = r.png ? png_create_info_struct(r.png) : NULL;
    if (!r.info)
        dio_fail_memory(err, "a PNG");
    else if (read_all(&r, orientation))
        image = r.gamma > 0 ? turn_gamma(r.image, r.gamma, err) : dio_image_ref(r.image);
    png_destroy_read_struct(&r.png, &r.info, NULL);
    dio_image_unref(r.image);
    return image;
}

const dio_codec dio_codec_png = {
    .name = "PNG",
    .suffix = {".png"},
    .knows = knows,
    .head = head,
    .decode = decode,
    .form = dio_png_form,
    .encode = dio_png_encode,
};
