/* seam.c: the jump across a join, beside the jumps between all other neighbours.
 *
 * The picture in OKLab and alpha, turned so that the join runs down its sides. At each scale it is
 * cut into blocks; along the join it is cut into bands, so that a busy middle does not excuse a
 * line through a quiet sky. In each band the join's mean jump is divided by the jump that nineteen
 * of twenty places inside stay below; a picture of stripes thus allows itself a stripe's edge. */
#include "vision/seam.h"

#include <math.h>
#include <stdlib.h>

#include "base/gang.h"
#include "base/str.h"
#include "vision/pixels.h"

enum { BANDS = 8, SCALES = 5, FEWEST = 6 }; /* FEWEST: blocks that a row needs to have an inside */

/* A jump that is not seen: a fifth of what one just sees (srgb.h), since a line is long. */
static const float UNSEEN = 0.004f;

/* [H,W,4]: OKLab times alpha, alpha. */
struct plane {
    int width, height;
    float (*at)[4];
};

struct job {
    dio_pixels pixels;
    const dio_image *image;
    struct plane plane;
};

static void read_row(void *user, int64_t y, int thread)
{
    (void)thread;
    static const dio_form light = {DIO_DEPTH_F32, DIO_CURVE_LINEAR, 4, false};
    const struct job *j = user;
    int width = j->image->width;
    float(*out)[4] = j->plane.at + (size_t)y * (size_t)width;
    dio_pixels_read(&j->pixels, &j->image->form, dio_image_row(j->image, (int)y), width, &light,
                    out[0]);
    for (int x = 0; x < width; x++) {
        float alpha = out[x][3], lab[3];
        dio_srgb_oklab(out[x], lab);
        for (int c = 0; c < 3; c++)
            out[x][c] = alpha > 0 ? alpha * lab[c] : 0;
    }
}

static bool make(struct plane *p, int width, int height, dio_error *err)
{
    size_t bytes;
    p->width = width;
    p->height = height;
    p->at = NULL;
    if (dio_mul_size((size_t)width * (size_t)height, sizeof *p->at, &bytes))
        p->at = malloc(bytes);
    if (!p->at)
        dio_fail_memory(err, "a picture's seams");
    return p->at != NULL;
}

/* Rows become columns. */
static bool turn(const struct plane *from, struct plane *to, dio_error *err)
{
    if (!make(to, from->height, from->width, err))
        return false;
    for (int y = 0; y < from->height; y++)
        for (int x = 0; x < from->width; x++)
            for (int c = 0; c < 4; c++)
                to->at[(size_t)x * (size_t)to->width + (size_t)y][c] =
                    from->at[(size_t)y * (size_t)from->width + (size_t)x][c];
    return true;
}

/* The mean of the block of side x side pixels whose first is (x, y). */
static void mean(const struct plane *p, int x, int y, int side, double out[4])
{
    for (int c = 0; c < 4; c++)
        out[c] = 0;
    for (int v = y; v < y + side; v++)
        for (int u = x; u < x + side; u++)
            for (int c = 0; c < 4; c++)
                out[c] += p->at[(size_t)v * (size_t)p->width + (size_t)u][c];
    for (int c = 0; c < 4; c++)
        out[c] /= (double)side * side;
}

static double distance(const double a[4], const double b[4])
{
    double sum = 0;
    for (int c = 0; c < 4; c++)
        sum += (a[c] - b[c]) * (a[c] - b[c]);
    return sqrt(sum);
}

static int by_value(const void *a, const void *b)
{
    double p = *(const double *)a, q = *(const double *)b;
    return (p > q) - (p < q);
}

/* One band of block rows: how far the join stands out. `jump` has a place for each block of a row:
 * the mean over the band's rows of the jump to its right neighbour. */
static double band(const struct plane *p, int side, int first, int rows, double *jump)
{
    int blocks = p->width / side;
    double join = 0, here[4], next[4], start[4];
    for (int i = 0; i < blocks; i++)
        jump[i] = 0;
    for (int row = first; row < first + rows; row++) {
        int y = row * side;
        mean(p, 0, y, side, start);
        for (int c = 0; c < 4; c++)
            here[c] = start[c];
        for (int i = 1; i < blocks; i++) {
            mean(p, i * side, y, side, next);
            jump[i - 1] += distance(here, next) / rows;
            for (int c = 0; c < 4; c++)
                here[c] = next[c];
        }
        mean(p, p->width - side, y, side, here);
        join += distance(here, start) / rows;
    }
    qsort(jump, (size_t)blocks - 1, sizeof *jump, by_value);
    double usual = jump[(blocks - 1) * 19 / 20];
    return join / (usual > UNSEEN ? usual : UNSEEN);
}

/* The most visible scale of the join between the last and the first column. */
static bool join(const struct plane *p, float *out, dio_error *err)
{
    *out = 0;
    if (p->width < 2)
        return true;
    double *jump = malloc((size_t)p->width * sizeof *jump);
    if (!jump)
        return dio_fail_memory(err, "a picture's seams");
    for (int scale = 0; scale < SCALES; scale++) {
        int side = 1 << scale, rows = p->height / side;
        if (rows < 1 || (scale > 0 && p->width / side < FEWEST))
            break;
        int bands = rows < BANDS ? rows : BANDS;
        double sum = 0;
        for (int b = 0; b < bands; b++) {
            int first = b * rows / bands, last = (b + 1) * rows / bands;
            sum += band(p, side, first, last - first, jump);
        }
        *out = fmaxf(*out, (float)(sum / bands));
    }
    free(jump);
    return true;
}

bool dio_image_seam(const dio_image *image, dio_seam *seam, dio_error *err)
{
    struct job j = {.image = image};
    struct plane turned = {0};
    dio_srgb_bytes_init(&j.pixels.bytes);
    bool ok = make(&j.plane, image->width, image->height, err);
    if (ok)
        dio_gang_run(image->height, read_row, &j);
    ok = ok && join(&j.plane, &seam->x, err) && turn(&j.plane, &turned, err) &&
         join(&turned, &seam->y, err);
    free(j.plane.at);
    free(turned.at);
    return ok;
}
