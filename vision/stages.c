/* stages.c: see stages.h: lists of stages, and the whole of one as a graph. */
#include "vision/stages.h"

#include <stdarg.h>
#include <stdio.h>

dio_stage *dio_stage_add(dio_stages *s, dio_stage_kind kind)
{
    int channels = s->count ? s->items[s->count - 1].channels : 0;
    int at = s->count < DIO_STAGES ? s->count++ : DIO_STAGES - 1;
    s->items[at] = (dio_stage){.kind = kind,
                               .in_channels = channels,
                               .channels = channels,
                               .up = 1,
                               .kernel = 1,
                               .stride = 1,
                               .residual = -1,
                               .a = 1};
    if (kind == DIO_STAGE_CONV) {
        s->items[at].kernel = 3;
        s->items[at].pad[0] = s->items[at].pad[1] = 1;
    }
    return &s->items[at];
}

void dio_stage_name(dio_stages *s, const char *format, ...)
{
    va_list args;
    int room = DIO_STAGE_NAMES - s->named;
    va_start(args, format);
    int n = vsnprintf(s->names + s->named, (size_t)room, format, args);
    va_end(args);
    if (n < 0 || n >= room) /* no tap then */
        return;
    s->items[s->count - 1].name = s->names + s->named;
    s->named += n + 1;
}

int64_t dio_stage_size(const dio_stage *s, int64_t size)
{
    int64_t room = size * s->up + s->pad[0] + s->pad[1] - s->kernel;
    return room < 0 ? 0 : room / s->stride + 1;
}

static dio_val bias_of(dio_graph *g, dio_tensor *t)
{
    return t ? dio_param(g, t) : DIO_NONE;
}

dio_val dio_stage_convolve(dio_graph *g, const dio_stage *s, dio_val x, int pad_rows, unsigned wrap)
{
    dio_conv_attrs a = dio_conv_defaults();
    a.pad[0] = pad_rows;
    a.stride[0] = a.stride[1] = s->stride;
    if (wrap & DIO_NN_WRAP_X && s->pad[0] + s->pad[1])
        x = dio_pad(g, x, 3, s->pad[0], s->pad[1], DIO_PAD_CIRCULAR);
    else if (s->pad[0] == s->pad[1])
        a.pad[1] = s->pad[0];
    else
        x = dio_pad(g, x, 3, s->pad[0], s->pad[1], DIO_PAD_ZERO);
    return dio_conv(g, x, dio_param(g, s->conv->w), bias_of(g, s->conv->b), a);
}

dio_val dio_stage_finish(dio_graph *g, const dio_stage *s, dio_val y, dio_val r)
{
    if (r != DIO_NONE && s->shortcut)
        r = dio_conv(g, r, dio_param(g, s->shortcut->w), bias_of(g, s->shortcut->b),
                     dio_conv_defaults());
    if (r != DIO_NONE)
        y = dio_add(g, y, r);
    return dio_activate(g, y, s->after);
}

dio_val dio_stage_project(dio_graph *g, const dio_nn_linear *l, dio_val x)
{
    dio_val w = dio_param(g, l->w);
    if (l->w->type.nd == 4)
        w = dio_reshape2(g, w, l->w->type.dim[0], l->w->type.dim[1]);
    return dio_linear(g, x, w, bias_of(g, l->b), DIO_ACT_NONE);
}

dio_val dio_stage_tokens(dio_graph *g, dio_val x)
{
    dio_type t = dio_type_of(g, x);
    x = dio_reshape3(g, x, t.dim[0], t.dim[1], t.dim[2] * t.dim[3]);
    return dio_transpose(g, x, 1, 2);
}

dio_val dio_stage_picture(dio_graph *g, dio_val tokens, int64_t h, int64_t w)
{
    dio_type t = dio_type_of(g, tokens);
    return dio_reshape4(g, dio_transpose(g, tokens, 1, 2), t.dim[0], t.dim[2], h, w);
}

/* --- the whole list --- */

static dio_val normed(dio_graph *g, const dio_stage *s, dio_val x)
{
    if (s->norm)
        x = dio_group_norm(g, x, dio_param(g, s->norm->w), dio_param(g, s->norm->b), s->groups,
                           s->eps);
    return dio_activate(g, x, s->before);
}

static dio_val conv_stage(dio_graph *g, const dio_stage *s, dio_val x, dio_val r, unsigned wrap)
{
    dio_val h = normed(g, s, x);
    if (s->up > 1)
        h = dio_upsample_nearest(g, h, s->up * dio_dim(g, h, 2), s->up * dio_dim(g, h, 3));
    bool around = wrap & DIO_NN_WRAP_Y, even = s->pad[0] == s->pad[1] && !around;
    if (!even && s->pad[0] + s->pad[1])
        h = dio_pad(g, h, 2, s->pad[0], s->pad[1], around ? DIO_PAD_CIRCULAR : DIO_PAD_ZERO);
    return dio_stage_finish(g, s, dio_stage_convolve(g, s, h, even ? s->pad[0] : 0, wrap), r);
}

static dio_val attend_stage(dio_graph *g, const dio_stage *s, dio_val x)
{
    dio_type t = dio_type_of(g, x);
    dio_val h = dio_stage_tokens(g, normed(g, s, x));
    dio_val q = dio_nn_split_heads(g, dio_stage_project(g, s->q, h), 1);
    dio_val k = dio_nn_split_heads(g, dio_stage_project(g, s->k, h), 1);
    dio_val v = dio_nn_split_heads(g, dio_stage_project(g, s->v, h), 1);
    h = dio_attention(g, q, k, v, DIO_NONE, (dio_attention_attrs){0});
    h = dio_stage_project(g, s->out, dio_reshape3(g, h, t.dim[0], -1, t.dim[1]));
    return dio_add(g, dio_stage_picture(g, h, t.dim[2], t.dim[3]), x);
}

dio_val dio_stages_forward(dio_graph *g, const dio_stages *list, dio_val x, unsigned wrap)
{
    dio_val made[DIO_STAGES];
    for (int i = 0; i < list->count && dio_graph_ok(g); i++) {
        const dio_stage *s = &list->items[i];
        switch (s->kind) {
        case DIO_STAGE_INPUT:
            break;
        case DIO_STAGE_CONV:
            x = conv_stage(g, s, x, s->residual < 0 ? DIO_NONE : made[s->residual], wrap);
            break;
        case DIO_STAGE_ATTEND:
            x = attend_stage(g, s, x);
            break;
        case DIO_STAGE_LINE:
            x = dio_axpb(g, x, s->a, s->b);
            break;
        case DIO_STAGE_SQUASH:
            x = dio_axpb(g, dio_tanh(g, dio_axpb(g, x, 1 / 3.0F, 0)), 3, 0);
            break;
        }
        made[i] = s->name ? dio_tap(g, x, "%s", s->name) : x;
    }
    return x;
}
