/* conv_weights.c: the gradient of a convolution's kernel, w [o,K] = y [o,P] x columns^T [P,K].
 *
 * K = c*kh*kw taps, P = oh*ow places, summed over the pictures. Places are taken in blocks that the
 * shape gives, pictures and places in rising order. Of a block the gang lays out y once; an item is
 * a panel of taps, which it unfolds, turns and takes through y in its own second cache. */
#include <string.h>

#include "base/gang.h"
#include "tensor/cpu/conv_span.h"
#include "tensor/cpu/parts.h"

enum {
    DEPTH = 1024, /* places of a block */
    PAD = 16,     /* floats between rows of it: their lines must not meet in one set of a cache */
};

struct job {
    const dio_cpu *cpu;
    const dio_conv_shape *s;
    const float *x, *y;
    float *w;
    float *rows, *rooms; /* y's tiles [tiles][depth][mr]; a room a thread: [nr][depth], twice */
    int64_t most;        /* of depth */
    int64_t tiles, panels, groups, group;

    /* the block at hand: `images` pictures, of each the places first.. */
    int64_t image, images, first, places, depth;
    bool accumulate;
};

/* Where tile i of equal ones begins. */
static int64_t row_of(const struct job *j, int64_t i)
{
    return part(j->s->o, j->tiles, i);
}

static struct job job_of(const dio_cpu *cpu, const dio_conv_shape *s)
{
    struct job j = {.cpu = cpu, .s = s};
    const int64_t places = s->oh * s->ow;
    j.most = places > DEPTH ? DEPTH : places * least(s->batch, DEPTH / (places ? places : 1));
    j.tiles = parts_of(s->o, cpu->mr);
    j.panels = parts_of(taps(s), cpu->nr);
    return j;
}

static int64_t rows_floats(const struct job *j)
{
    return parts_of(j->tiles * j->most * j->cpu->mr + 16, 16) * 16;
}

static int64_t room_floats(const struct job *j)
{
    return parts_of(j->cpu->nr * (2 * j->most + PAD), 16) * 16;
}

size_t dio_conv_weights_work(const dio_cpu *cpu, const dio_conv_shape *s)
{
    const struct job j = job_of(cpu, s);
    return (size_t)(rows_floats(&j) + dio_gang_size() * room_floats(&j)) * sizeof(float);
}

static void lay_out(void *user, int64_t tile, int thread)
{
    (void)thread;
    const struct job *j = user;
    const dio_conv_shape *s = j->s;
    const int64_t all = s->oh * s->ow, o = row_of(j, tile), mr = j->cpu->mr;
    float *to = j->rows + tile * j->depth * mr;
    for (int64_t i = 0; i < j->images; i++) {
        const int64_t plane = ((j->image + i) * s->groups + j->group) * s->o + o;
        j->cpu->transpose(to + i * j->places * mr, mr, j->y + plane * all + j->first, all,
                          row_of(j, tile + 1) - o, j->places);
    }
}

static void unfold(const struct job *j, int64_t k, float *row)
{
    const dio_conv_shape *s = j->s;
    const struct tap t = tap_of(s, k);
    for (int64_t i = 0; i < j->images; i++) {
        const int64_t channel = (j->image + i) * s->groups * s->c + j->group * s->c + t.channel;
        unfold_tap(s, &t, j->x + channel * s->h * s->w, j->first, j->first + j->places,
                   row + i * j->places);
    }
}

/* A panel of taps against some of y's tiles. */
static void do_panel(void *user, int64_t item, int thread)
{
    const struct job *j = user;
    const int64_t nr = j->cpu->nr, mr = j->cpu->mr, k0 = item / j->groups * nr;
    const int64_t cols = least(nr, taps(j->s) - k0), share = item % j->groups;
    float *rows = j->rooms + thread * room_floats(j), *panel = rows + nr * (j->most + PAD);
    for (int64_t k = 0; k < cols; k++)
        unfold(j, k0 + k, rows + k * (j->depth + PAD));
    j->cpu->transpose(panel, nr, rows, j->depth + PAD, cols, j->depth);
    dio_tile t = {.k = j->depth,
                  .a_row = 1,
                  .a_col = mr,
                  .b = panel,
                  .b_row = nr,
                  .c_row = taps(j->s),
                  .cols = (int)cols,
                  .accumulate = j->accumulate};
    const int64_t last = part(j->tiles, j->groups, share + 1);
    for (int64_t i = part(j->tiles, j->groups, share); i < last; i++) {
        const int64_t o = row_of(j, i);
        t.a = j->rows + i * j->depth * mr;
        t.rows = (int)(row_of(j, i + 1) - o);
        t.c = j->w + (j->group * j->s->o + o) * t.c_row + k0;
        j->cpu->tile(&t);
    }
}

static void do_block(struct job *j)
{
    j->depth = j->images * j->places;
    dio_gang_run(j->tiles, lay_out, j);
    dio_gang_steal(j->panels * j->groups, do_panel, j);
    j->accumulate = true;
}

void dio_conv_weights_run(const dio_cpu *cpu, const dio_conv_shape *s, const float *x,
                          const float *y, float *w, void *work)
{
    struct job j = job_of(cpu, s);
    const int64_t places = s->oh * s->ow, whole = places ? j.most / places : 0;
    memset(w, 0, (size_t)(s->groups * s->o * taps(s)) * sizeof *w);
    if (!places || !taps(s) || !s->o)
        return;
    j.x = x, j.y = y, j.w = w;
    j.rows = work;
    j.rooms = j.rows + rows_floats(&j);
    /* Few panels: more than one item takes each, for all threads to have some. */
    j.groups = least(j.tiles, parts_of(2 * dio_gang_size(), j.panels));
    for (j.group = 0; j.group < s->groups; j.group++) {
        j.accumulate = false;
        for (j.image = 0; j.image < s->batch; j.image += j.images) {
            j.images = whole ? least(whole, s->batch - j.image) : 1;
            const int64_t step = whole ? places : DEPTH;
            for (j.first = 0; j.first < places; j.first += step) {
                j.places = least(step, places - j.first);
                do_block(&j);
            }
        }
    }
}
