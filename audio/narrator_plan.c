/* narrator_plan.c: what an utterance's stages run by. */
#include "audio/narrator_impl.h"
#include "base/gang.h"
#include "tensor/ops.h"

void *dio_speech_room(struct speech *s, int64_t numbers)
{
    void *p = dio_arena_try(s->a, (size_t)numbers * sizeof(float));
    if (!p)
        dio_fail_memory(s->err, "an utterance");
    return p;
}

/* The old one goes last: what both need stays. */
dio_plan *dio_speech_plan(struct speech *s, enum stage stage, int64_t rows, dio_speech_build *build)
{
    struct slot *slot = &s->session->slot[stage][rows / WINDOW_STEP % SLOTS];
    const int threads = dio_gang_size();
    dio_val outputs[OUTPUTS];
    if (slot->plan && slot->rows == rows && slot->threads == threads)
        return slot->plan;
    dio_graph *g = dio_graph_create();
    if (!g) {
        dio_fail_memory(s->err, "an utterance");
        return NULL;
    }
    int n = build(s, g, rows, outputs);
    dio_plan *p = dio_graph_ready(g, s->err)
                      ? dio_plan_create(g, outputs, n, false, s->session->device, NULL, s->err)
                      : NULL;
    dio_graph_destroy(g);
    if (!p)
        return NULL;
    dio_plan_destroy(slot->plan);
    *slot = (struct slot){p, rows, threads};
    return p;
}

/* Where the utterance begins and ends there is nothing to see, and nothing to leave out. */
struct window dio_speech_window(const struct speech *s, int64_t done, int64_t context)
{
    struct window w = {.begin = done > context ? done - context : 0, .rows = WINDOW, .first = done};
    const int64_t left = s->frames - w.begin;
    if (left <= WINDOW)
        w.rows = (left + WINDOW_STEP - 1) / WINDOW_STEP * WINDOW_STEP;
    w.past = left <= WINDOW ? s->frames : w.begin + WINDOW - context;
    return w;
}

bool dio_speech_run(struct speech *s, dio_plan *p, const struct bind *in, int n_in)
{
    for (int i = 0; i < n_in; i++)
        if (!dio_plan_set(p, in[i].name, in[i].data, (size_t)in[i].numbers * 4, s->err))
            return false;
    return dio_plan_run(p, s->err);
}

float *dio_speech_output(struct speech *s, dio_plan *p, int i)
{
    dio_type t;
    const void *data = dio_plan_output(p, i, &t);
    float *to = dio_speech_room(s, (int64_t)(dio_type_bytes(&t) / sizeof *to));
    if (to)
        memcpy(to, data, dio_type_bytes(&t));
    return to;
}

dio_val dio_speech_numbers(dio_graph *g, const char *name, int64_t rows, int64_t c)
{
    return dio_input(g, name, dio_type_3d(DIO_F32, 1, rows, c));
}

dio_val dio_speech_ids(dio_graph *g, const char *name, int64_t n)
{
    return dio_input(g, name, dio_type_2d(DIO_I32, 1, n));
}
