/* diffuser_unet.c: the UNet's plan and its calls.
 * A plan is made once a shape and kept. Rows are independent, so a plan for fewer rows than are
 * asked for gives the same numbers in several runs: that is what happens when memory is short. */
#include <stdlib.h>
#include <string.h>

#include "base/gang.h"
#include "tensor/plan.h"
#include "vision/diffuser_impl.h"

void diffuser_plan_drop(dio_diffuser *d)
{
    dio_plan_destroy(d->plan.plan);
    d->plan = (diffuser_plan){0};
}

static bool plan_fits(const diffuser_plan *p, const diffuser_call *c, int rows)
{
    return p->plan && p->rows == rows && p->height == c->height && p->width == c->width &&
           p->tokens == c->words[1].tokens && p->threads == dio_gang_size() &&
           p->tile_x == c->r->tile_x && p->tile_y == c->r->tile_y;
}

static void build(dio_graph *g, const diffuser_call *c, int rows, dio_unet_io *io)
{
    const dio_unet_shape *s = &c->d->unet->shape;
    *io = (dio_unet_io){.tile_x = c->r->tile_x,
                        .tile_y = c->r->tile_y,
                        .pooled = DIO_NONE,
                        .time_ids = DIO_NONE,
                        .guidance = DIO_NONE};
    io->sample =
        dio_input(g, "sample", dio_type_4d(DIO_F32, rows, s->in_channels, c->height, c->width));
    io->timestep = dio_input(g, "timestep", dio_type_1d(DIO_F32, rows));
    io->context = dio_input(g, "encoder_hidden_states",
                            dio_type_3d(DIO_F32, rows, c->words[1].tokens, s->context));
    if (s->text_time) {
        io->pooled =
            dio_input(g, "text_embeds", dio_type_2d(DIO_F32, rows, c->words[1].pooled_width));
        io->time_ids = dio_input(g, "time_ids", dio_type_2d(DIO_F32, rows, c->n_time_ids));
    }
    if (s->guidance)
        io->guidance = dio_input(g, "guidance", dio_type_1d(DIO_F32, rows));
    dio_unet_forward(g, c->d->unet, io);
}

static bool make(diffuser_call *c, int rows, dio_error *err)
{
    dio_unet_io io;
    dio_graph *g = dio_graph_create();
    if (!g)
        return dio_fail_memory(err, "the UNet's graph");
    build(g, c, rows, &io);
    diffuser_plan_drop(c->d);
    dio_plan *plan = dio_graph_ready(g, err)
                         ? dio_plan_create(g, &io.out, 1, false, c->d->device, NULL, err)
                         : NULL;
    dio_graph_destroy(g);
    c->d->plan = (diffuser_plan){
        plan,         rows,        c->height, c->width, c->words[1].tokens, dio_gang_size(),
        c->r->tile_x, c->r->tile_y};
    return plan != NULL;
}

/* The next smaller number of rows that divides them all; 0: none. */
static int fewer(int rows, int all)
{
    do
        rows--;
    while (rows > 0 && all % rows);
    return rows;
}

bool diffuser_plan_make(diffuser_call *c, int rows, dio_error *err)
{
    for (int n = rows; n > 0; n = fewer(n, rows)) {
        dio_error e = {0};
        if (plan_fits(&c->d->plan, c, n) || make(c, n, &e))
            return true;
        if (e.kind != DIO_ERROR_RETRY || n == 1) {
            *err = e;
            return dio_error_prefix(err, "a picture of %dx%d", c->r->width, c->r->height);
        }
    }
    return false;
}

/* --- inputs --- */

/* Rows first..first + plan's rows of `all`. */
struct span {
    const diffuser_call *c;
    int first, all;
};

/* An input that each row has as one of two: what belongs to the negative prompt, which the first
 * half of a guided batch has, or to the prompt. */
static bool put(const struct span *s, const char *name, const float *negative, const float *prompt,
                size_t size, dio_error *err)
{
    diffuser_plan *p = &s->c->d->plan;
    size_t bytes = size * sizeof(float);
    char *rows = malloc((size_t)p->rows * bytes);
    if (!rows)
        return dio_fail_memory(err, "the UNet's input");
    for (int i = 0; i < p->rows; i++) {
        bool first_half = s->c->guided && s->first + i < s->all / 2;
        memcpy(rows + (size_t)i * bytes, first_half ? negative : prompt, bytes);
    }
    bool ok = dio_plan_set(p->plan, name, rows, (size_t)p->rows * bytes, err);
    free(rows);
    return ok;
}

static bool put_all(const struct span *s, double timestep, dio_error *err)
{
    const diffuser_call *c = s->c;
    const dio_unet_shape *u = &c->d->unet->shape;
    const diffuser_words *w = c->words;
    float at = (float)timestep, guidance = (float)c->r->guidance;
    size_t ids = (size_t)c->n_time_ids, pooled = (size_t)w[1].pooled_width;
    return put(s, "timestep", &at, &at, 1, err) &&
           put(s, "encoder_hidden_states", w[0].hidden, w[1].hidden,
               (size_t)w[1].tokens * (size_t)w[1].width, err) &&
           (!u->text_time || (put(s, "text_embeds", w[0].pooled, w[1].pooled, pooled, err) &&
                              put(s, "time_ids", c->time_ids[0], c->time_ids[1], ids, err))) &&
           (!u->guidance || put(s, "guidance", &guidance, &guidance, 1, err));
}

bool diffuser_answer(void *call, const float *input, int rows, double timestep, float *output,
                     dio_error *err)
{
    const diffuser_call *c = call;
    diffuser_plan *p = &c->d->plan;
    size_t plane = (size_t)c->height * (size_t)c->width;
    size_t in = (size_t)c->d->unet->shape.in_channels * plane;
    size_t out = (size_t)c->d->unet->shape.out_channels * plane;
    for (int i = 0; i < rows; i += p->rows) {
        struct span s = {c, i, rows};
        dio_type type;
        if (!diffuser_goes_on(c->r, err) ||
            !dio_plan_set(p->plan, "sample", input + (size_t)i * in,
                          (size_t)p->rows * in * sizeof *input, err) ||
            !put_all(&s, timestep, err) || !dio_plan_run(p->plan, err))
            return false;
        memcpy(output + (size_t)i * out, dio_plan_output(p->plan, 0, &type),
               (size_t)p->rows * out * sizeof *output);
    }
    return true;
}
