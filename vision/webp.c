/* webp.c: WebP in and out, by libwebp. Still pictures only; both ways with one thread, whose bytes
 * do not depend on the machine. */
#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>
#include <webp/encode.h>

#include "vision/codec.h"
#include "vision/exif.h"

static bool knows(const unsigned char *bytes, size_t n)
{
    return n >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0;
}

static bool fail_status(VP8StatusCode status, dio_error *err)
{
    switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY:
        return dio_fail_memory(err, "a WebP");
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
        return dio_fail(err, "the WebP ends too early");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return dio_fail(err, "the WebP has a feature that libwebp does not know");
    default:
        return dio_fail(err, "the WebP is damaged");
    }
}

static bool read_head(const unsigned char *bytes, size_t n, WebPBitstreamFeatures *f,
                      dio_error *err)
{
    VP8StatusCode status = WebPGetFeatures(bytes, n, f);
    if (status != VP8_STATUS_OK)
        return fail_status(status, err);
    if (f->has_animation)
        return dio_fail(err, "the WebP is an animation: only still pictures are read");
    return true;
}

static bool head(const unsigned char *bytes, size_t n, dio_image_head *out, dio_error *err)
{
    WebPBitstreamFeatures f;
    if (!read_head(bytes, n, &f, err))
        return false;
    out->width = f.width;
    out->height = f.height;
    out->channels = f.has_alpha ? 4 : 3;
    out->bits = 8;
    return true;
}

/* The container walked from end to end: what is cut off behind the pixels is found here. */
static bool read_container(const unsigned char *bytes, size_t n, int *orientation, dio_error *err)
{
    WebPData data = {bytes, n};
    WebPDemuxState state;
    WebPDemuxer *demuxer = WebPDemuxPartial(&data, &state);
    bool whole = demuxer && state == WEBP_DEMUX_DONE;
    WebPChunkIterator chunk;
    if (whole && WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk)) {
        const unsigned char *exif = chunk.chunk.bytes;
        size_t size = chunk.chunk.size;
        size_t skip = size > 6 && memcmp(exif, "Exif\0\0", 6) == 0 ? 6 : 0; /* some add JPEG's */
        *orientation = dio_exif_orientation(exif + skip, size - skip);
        WebPDemuxReleaseChunkIterator(&chunk);
    }
    WebPDemuxDelete(demuxer);
    if (whole)
        return true;
    return dio_fail(err, state == WEBP_DEMUX_PARSE_ERROR ? "the WebP is damaged"
                                                         : "the WebP ends too early");
}

static dio_image *decode(const unsigned char *bytes, size_t n, int *orientation, dio_error *err)
{
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) {
        dio_fail(err, "libwebp is of another version than its headers");
        return NULL;
    }
    if (!read_head(bytes, n, &config.input, err) || !read_container(bytes, n, orientation, err))
        return NULL;
    dio_form form = {
        .depth = DIO_DEPTH_U8, .curve = DIO_CURVE_SRGB, .channels = config.input.has_alpha ? 4 : 3};
    dio_image *image = dio_image_create(config.input.width, config.input.height, &form, err);
    if (!image)
        return NULL;
    config.output.colorspace = config.input.has_alpha ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = dio_image_row(image, 0);
    config.output.u.RGBA.stride = (int)dio_image_row_bytes(image);
    config.output.u.RGBA.size = dio_image_row_bytes(image) * (size_t)image->height;
    VP8StatusCode status = WebPDecode(bytes, n, &config);
    WebPFreeDecBuffer(&config.output);
    if (status == VP8_STATUS_OK)
        return image;
    fail_status(status, err);
    dio_image_unref(image);
    return NULL;
}

/* ---- out ---- */

static bool form_of(const dio_image *image, const dio_image_save *save, dio_form *form,
                    dio_error *err)
{
    (void)save;
    if (image->width > WEBP_MAX_DIMENSION || image->height > WEBP_MAX_DIMENSION)
        return dio_fail(err, "%d x %d pixels: WebP holds at most %d a side", image->width,
                        image->height, WEBP_MAX_DIMENSION);
    *form = (dio_form){DIO_DEPTH_U8, DIO_CURVE_SRGB, dio_form_alpha(&image->form) ? 4 : 3, false};
    return true;
}

struct target {
    dio_writer *file;
    dio_error *err;
};

static int write_bytes(const uint8_t *bytes, size_t n, const WebPPicture *picture)
{
    const struct target *t = picture->custom_ptr;
    return dio_writer_put(t->file, bytes, n, t->err);
}

static bool configure(WebPConfig *config, const dio_image_save *save, dio_error *err)
{
    bool ok = WebPConfigInit(config);
    config->quality = (float)(save->quality ? save->quality : DIO_QUALITY);
    config->use_sharp_yuv = 1; /* colours are halved in size; this keeps small print legible */
    if (ok && save->lossless)
        ok = WebPConfigLosslessPreset(config, 6);
    config->exact = 1; /* colours under alpha 0 stay what they are */
    return (ok && WebPValidateConfig(config)) ||
           dio_fail(err, "libwebp refuses quality %d", save->quality);
}

static bool encode(dio_image *image, const dio_image_save *save, dio_writer *file, dio_error *err)
{
    struct target target = {file, err};
    WebPConfig config;
    WebPPicture picture;
    if (!configure(&config, save, err))
        return false;
    if (!WebPPictureInit(&picture))
        return dio_fail(err, "libwebp is of another version than its headers");
    picture.use_argb = 1;
    picture.width = image->width;
    picture.height = image->height;
    picture.writer = write_bytes;
    picture.custom_ptr = &target;
    int stride = (int)dio_image_row_bytes(image);
    const uint8_t *pixels = dio_image_row(image, 0);
    bool ok = image->form.channels == 4 ? WebPPictureImportRGBA(&picture, pixels, stride)
                                        : WebPPictureImportRGB(&picture, pixels, stride);
    ok = ok && WebPEncode(&config, &picture);
    if (!ok && (picture.error_code == VP8_ENC_ERROR_OUT_OF_MEMORY ||
                picture.error_code == VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY))
        dio_fail_memory(err, "a WebP");
    else if (!ok)
        dio_fail(err, "writing a WebP: libwebp's error %d", picture.error_code);
    WebPPictureFree(&picture);
    return ok;
}

const dio_codec dio_codec_webp = {
    .name = "WebP",
    .suffix = {".webp"},
    .knows = knows,
    .head = head,
    .decode = decode,
    .form = form_of,
    .encode = encode,
};
