/* av_pixels.c: matrix, range, shape of pixels and turn of a decoded frame, undone.
 *
 * swscale's exact path at one thread: the same frame gives the same bytes on any machine of a
 * kind. Chroma is brought to full size by its bicubic filter, which is what makes edges of red
 * text clean. */
#include "fusion/av_pixels.h"

#include <libswscale/swscale.h>
#include <string.h>

#include "fusion/av_picture.h"

enum {
    EXACT = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP
};

void dio_av_pixels_deinit(dio_av_pixels *p)
{
    sws_freeContext(p->turn);
    p->turn = NULL;
}

bool dio_av_pixels_alpha(int format)
{
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get((enum AVPixelFormat)format);
    return d && (d->flags & (AV_PIX_FMT_FLAG_ALPHA | AV_PIX_FMT_FLAG_PAL));
}

int dio_av_pixels_orientation(const int32_t *m)
{
    /* Rows are where the picture's x and y axes go: right, down, left, up as signs. */
    static const struct {
        int xx, xy, yx, yy, exif;
    } all[] = {{1, 0, 0, 1, 1}, {-1, 0, 0, 1, 2}, {-1, 0, 0, -1, 3}, {1, 0, 0, -1, 4},
               {0, 1, 1, 0, 5}, {0, 1, -1, 0, 6}, {0, -1, -1, 0, 7}, {0, -1, 1, 0, 8}};
    if (!m)
        return 1;
    int sign[4], at[4] = {0, 1, 3, 4};
    int64_t largest = 1;
    for (int i = 0; i < 4; i++) {
        int64_t v = m[at[i]] < 0 ? -(int64_t)m[at[i]] : m[at[i]];
        largest = v > largest ? v : largest;
    }
    for (int i = 0; i < 4; i++) { /* 1/64 of the largest: a degree */
        int64_t v = 64 * (int64_t)m[at[i]];
        sign[i] = v > largest ? 1 : v < -largest ? -1 : 0;
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (sign[0] == all[i].xx && sign[1] == all[i].xy && sign[2] == all[i].yx &&
            sign[3] == all[i].yy)
            return all[i].exif;
    return 0;
}

/* swscale's number for the matrix; what a film leaves open goes by its size. */
static int matrix_of(const AVFrame *f)
{
    switch (f->colorspace) {
    case AVCOL_SPC_BT709:
        return SWS_CS_ITU709;
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
        return SWS_CS_ITU601;
    case AVCOL_SPC_FCC:
        return SWS_CS_FCC;
    case AVCOL_SPC_SMPTE240M:
        return SWS_CS_SMPTE240M;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
        return SWS_CS_BT2020;
    default:
        return f->width >= 1280 || f->height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601;
    }
}

/* The old names of full range formats say the range a second time; swscale warns of them. */
static enum AVPixelFormat modern(int format, bool *full)
{
    static const enum AVPixelFormat names[][2] = {{AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV420P},
                                                  {AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUV422P},
                                                  {AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUV444P},
                                                  {AV_PIX_FMT_YUVJ440P, AV_PIX_FMT_YUV440P},
                                                  {AV_PIX_FMT_YUVJ411P, AV_PIX_FMT_YUV411P}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (format == (int)names[i][0]) {
            *full = true;
            return names[i][1];
        }
    }
    return (enum AVPixelFormat)format;
}

/* Films may change form midway: the converter is made anew when what it was made for does. */
static bool prepare(dio_av_pixels *p, const AVFrame *f, dio_error *err)
{
    bool full = f->color_range == AVCOL_RANGE_JPEG;
    enum AVPixelFormat from = modern(f->format, &full);
    const int key[8] = {f->width,     f->height, from,      full,
                        matrix_of(f), p->width,  p->height, p->alpha};
    if (p->turn && memcmp(key, p->key, sizeof key) == 0)
        return true;
    dio_av_pixels_deinit(p);
    memcpy(p->key, key, sizeof key);
    if (f->color_trc == AVCOL_TRC_SMPTE2084 || f->color_trc == AVCOL_TRC_ARIB_STD_B67)
        return dio_fail(err, "its pictures are HDR (%s); bring them to BT.709 first",
                        av_color_transfer_name(f->color_trc));
    p->turn =
        sws_getContext(f->width, f->height, from, p->width, p->height,
                       p->alpha ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24, EXACT, NULL, NULL, NULL);
    if (!p->turn)
        return dio_fail(err, "pictures of %s cannot be converted",
                        av_get_pix_fmt_name((enum AVPixelFormat)f->format));
    sws_setColorspaceDetails(p->turn, sws_getCoefficients(matrix_of(f)), full,
                             sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
    return true;
}

dio_image *dio_av_pixels_picture(dio_av_pixels *p, const AVFrame *frame, dio_error *err)
{
    const dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, p->alpha ? 4 : 3, false};
    if (!prepare(p, frame, err))
        return NULL;
    dio_image *image = dio_image_create(p->width, p->height, &form, err);
    if (!image)
        return NULL;
    uint8_t *rows[4] = {dio_image_row(image, 0)};
    const int strides[4] = {(int)dio_image_row_bytes(image)};
    if (sws_scale(p->turn, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height,
                  rows, strides) != p->height) {
        dio_image_unref(image);
        dio_fail(err, "a picture cannot be converted");
        return NULL;
    }
    dio_image *upright = dio_image_orient(image, p->orientation, err);
    dio_image_unref(image);
    return upright;
}

dio_image *dio_av_picture(const dio_canvas *canvas, dio_error *err)
{
    dio_av_pixels p = {.width = canvas->w, .height = canvas->h, .orientation = 1};
    AVFrame *f = av_frame_alloc();
    if (!f) {
        dio_fail_memory(err, "a picture");
        return NULL;
    }
    f->width = canvas->w;
    f->height = canvas->h;
    f->format = AV_PIX_FMT_YUV420P;
    f->colorspace = AVCOL_SPC_BT709;
    f->color_range = AVCOL_RANGE_MPEG;
    for (int i = 0; i < 3; i++) {
        f->data[i] = canvas->plane[i].data;
        f->linesize[i] = canvas->plane[i].stride;
    }
    dio_image *image = dio_av_pixels_picture(&p, f, err);
    dio_av_pixels_deinit(&p);
    av_frame_free(&f);
    return image;
}
