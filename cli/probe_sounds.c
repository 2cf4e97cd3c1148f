/* probe_sounds.c: vocoders and voices under `diorama probe`, with their authors' names and layouts:
 * transformers' `spectrogram` -> `waveform` and `audio_codes` -> `audio_values`, the authors' `mel`
 * -> `audio`, VitsModel's `input_ids` -> `waveform`, Piper's `input` -> `output`. A vocoder's
 * dialect of mel is said, and written with the taps. */
#include <stdlib.h>
#include <string.h>

#include "audio/vocoder.h"
#include "audio/voice.h"
#include "cli/probe.h"
#include "tensor/ops.h"

/* The named tensor; NULL with a message when it is not there or has not so many dimensions. */
static const dio_tensor *find(const struct probe *p, const char *name, int nd)
{
    dio_error *err = &p->cli->error;
    char text[DIO_TYPE_TEXT];
    const dio_tensor *t = dio_weights_find(p->in, name);
    if (!t)
        dio_fail(err, "%s: has no tensor \"%s\"", dio_weights_path(p->in), name);
    else if (t->type.nd != nd)
        dio_fail(err, "%s: %s must have %d dimensions; it is %s", dio_weights_path(p->in), name, nd,
                 dio_type_text(&t->type, text));
    else
        return t;
    return NULL;
}

static bool is_whole(const dio_tensor *t)
{
    return t->type.dtype == DIO_I32 || t->type.dtype == DIO_I64;
}

/* --- vocoders --- */

/* Codes as the network takes them, [B,Q,T], of what the authors take; the caller unrefs. */
static dio_tensor *read_codes(const struct probe *p, const dio_vocoder_shape *s)
{
    dio_error *err = &p->cli->error;
    const dio_tensor *t = dio_weights_find(p->in, s->input);
    bool framed = t && t->type.nd == 4 && t->type.dim[0] == 1; /* EnCodec's, of one chunk */
    char text[DIO_TYPE_TEXT];
    if (!framed && !(t = find(p, s->input, 3)))
        return NULL;
    const int64_t *d = t->type.dim + framed;
    int64_t rows = d[s->channels_first], books = d[!s->channels_first], frames = d[2];
    if (!is_whole(t)) {
        dio_fail(err, "%s: %s must be i32 or i64, not %s", dio_weights_path(p->in), s->input,
                 dio_type_text(&t->type, text));
        return NULL;
    }
    dio_type type = dio_type_3d(DIO_I32, rows, books, frames);
    dio_tensor *from = dio_tensor_convert(t, DIO_I32, err);
    dio_tensor *to = from ? dio_tensor_create(s->input, &type, err) : NULL;
    const int32_t *x = from ? dio_tensor_data(from) : NULL;
    int32_t *y = to ? dio_tensor_data(to) : NULL;
    bool ok = to != NULL;
    for (int64_t i = 0; ok && i < rows * books * frames; i++) {
        int64_t b = i / frames / books, q = i / frames % books;
        int64_t at = s->channels_first ? (q * rows + b) * frames + i % frames : i;
        y[i] = x[at];
        if (x[at] < 0 || x[at] >= s->entries)
            ok = dio_fail(err, "%s: code %d is outside the codebook's 0 to %d", s->input,
                          (int)x[at], s->entries - 1);
    }
    dio_tensor_unref(from);
    if (!ok)
        dio_tensor_unref(to);
    return ok ? to : NULL;
}

static dio_tensor *read_frames(const struct probe *p, const dio_vocoder_shape *s)
{
    const dio_tensor *t = find(p, s->input, 3);
    return t ? dio_tensor_convert(t, DIO_F32, &p->cli->error) : NULL;
}

static bool forward(const struct probe *p, const dio_vocoder *v, const dio_tensor *t)
{
    const dio_vocoder_shape *s = &v->shape;
    dio_graph *g = dio_graph_create();
    if (!g)
        return dio_fail_memory(&p->cli->error, "the graph");
    dio_val x = dio_input(g, s->input, t->type);
    dio_val y =
        dio_vocoder_forward(g, v, s->features && s->channels_first ? dio_transpose(g, x, 1, 2) : x);
    if (s->channel && dio_graph_ok(g))
        y = dio_reshape3(g, y, dio_dim(g, y, 0), 1, dio_dim(g, y, 1));
    dio_tap(g, y, "%s", s->output);
    struct probe_input in = {s->input, dio_tensor_data(t), dio_type_bytes(&t->type)};
    return probe_finish(p, g, y, &in, 1);
}

/* Of those that draw: what the network says after each sample of the wave `x` for frames `c`, which
 * are given without padding. */
static bool teach(const struct probe *p, const dio_vocoder *v, const dio_tensor *c)
{
    const dio_tensor *from = find(p, "x", 3);
    dio_tensor *t = from ? dio_tensor_convert(from, DIO_F32, &p->cli->error) : NULL;
    dio_graph *g = t ? dio_graph_create() : NULL;
    bool ok = g != NULL;
    if (t && !g)
        dio_fail_memory(&p->cli->error, "the graph");
    if (ok) {
        dio_val x = dio_input(g, "x", t->type), frames = dio_input(g, v->shape.input, c->type);
        dio_val y = dio_vocoder_teach(g, v, x, dio_transpose(g, frames, 1, 2));
        dio_tap(g, y, "%s", v->shape.output);
        const struct probe_input in[] = {
            {"x", dio_tensor_data(t), dio_type_bytes(&t->type)},
            {v->shape.input, dio_tensor_data(c), dio_type_bytes(&c->type)}};
        ok = probe_finish(p, g, y, in, 2);
    }
    dio_tensor_unref(t);
    return ok;
}

/* Frames may say in which dialect they are, as audio.vocode's do: then it must be the vocoder's. */
static bool check_dialect(const struct probe *p, const dio_vocoder_shape *s)
{
    dio_error *err = &p->cli->error;
    dio_arena *a = p->cli->arena;
    const char *text = dio_weights_meta_find(p->in, "dialect"), *path = dio_weights_path(p->in);
    dio_mel_dialect given;
    if (!text || !s->known)
        return true;
    const dio_value *v = dio_json_parse(a, path, text, strlen(text), err);
    return v && dio_mel_dialect_read(v, path, &given, a, err) &&
           dio_mel_dialect_equal(&given, path, &s->mel, p->path, err);
}

static void say_dialect(const struct probe *p, const dio_vocoder_shape *s, const char *json)
{
    dio_cli *cli = p->cli;
    dio_value *event = dio_value_map(cli->arena);
    if (s->features && !json)
        dio_cli_say(cli, "mel dialect: its config does not say");
    else if (s->features)
        dio_cli_say(cli, "mel dialect: %s", json);
    if (!cli->common.json || !json)
        return;
    dio_error unused = {0};
    dio_map_set(cli->arena, event, "event", dio_value_string(cli->arena, "dialect"));
    dio_map_set(cli->arena, event, "mel",
                dio_json_parse(cli->arena, "dialect", json, strlen(json), &unused));
    dio_cli_event(cli, event);
}

bool probe_vocoder(const struct probe *p)
{
    dio_error *err = &p->cli->error;
    dio_vocoder *v = dio_vocoder_open(p->path, err);
    if (!v)
        return false;
    const dio_vocoder_shape *s = &v->shape;
    const char *json =
        s->features && s->known ? dio_mel_dialect_json(&s->mel, p->cli->arena) : NULL;
    const dio_weights_meta meta = {"dialect", json};
    struct probe mine = *p;
    mine.meta = json ? &meta : NULL;
    dio_tensor *t = !check_dialect(p, s) ? NULL
                    : s->features        ? read_frames(p, s)
                                         : read_codes(p, s);
    bool ok = t && (v->ops->teach ? teach(&mine, v, t) : forward(&mine, v, t));
    if (ok)
        say_dialect(p, s, json);
    dio_tensor_unref(t);
    dio_vocoder_close(v);
    return ok;
}

/* --- voices --- */

/* What a voice is asked for, and the names of its kind. */
struct saying {
    const struct probe *p;
    const dio_voice *v;
    bool piper;
    dio_tensor *ids;
    dio_voice_request r;
    float noise, noise_duration;
    double speed;
    struct probe_taps taps;
};

/* The named whole number, or each of a list, of which there is one for a row; -1: not there. */
static bool read_number(const struct probe *p, const char *name, int64_t *out)
{
    dio_error *err = &p->cli->error;
    const dio_tensor *t = dio_weights_find(p->in, name);
    if (!t)
        return true;
    if (!is_whole(t) || dio_type_count(&t->type) != 1)
        return dio_fail(err, "%s: %s must be one whole number", dio_weights_path(p->in), name);
    dio_tensor *n = dio_tensor_convert(t, DIO_I32, err);
    if (n)
        *out = *(const int32_t *)dio_tensor_data(n);
    dio_tensor_unref(n);
    return n != NULL;
}

/* Rows of one length only: what stands behind a shorter one is noise to a voice. */
static bool check_mask(const struct saying *s)
{
    dio_error *err = &s->p->cli->error;
    int64_t length = s->ids->type.dim[1], given = length;
    if (s->piper)
        return read_number(s->p, "input_lengths", &given) &&
               (given == length || dio_fail(err,
                                            "input_lengths: %lld of %lld symbols: give them "
                                            "without padding",
                                            (long long)given, (long long)length));
    const dio_tensor *t = dio_weights_find(s->p->in, "attention_mask");
    dio_tensor *mask = t ? dio_tensor_convert(t, DIO_F32, err) : NULL;
    bool ok = !t || mask;
    for (int64_t i = 0; mask && ok && i < dio_type_count(&mask->type); i++)
        if (((const float *)dio_tensor_data(mask))[i] != 1)
            ok = dio_fail(err, "attention_mask: symbol %lld is masked: give them without padding",
                          (long long)i);
    dio_tensor_unref(mask);
    return ok;
}

/* Piper's noise, length and noise_w; transformers has them in the model. */
static bool read_scales(struct saying *s)
{
    dio_error *err = &s->p->cli->error;
    s->noise = s->v->shape.noise;
    s->noise_duration = s->v->shape.noise_duration;
    s->speed = s->v->shape.speed;
    s->r.noise = &s->noise;
    s->r.noise_duration = &s->noise_duration;
    if (!s->piper)
        return true;
    const dio_tensor *t = find(s->p, "scales", 1);
    if (t && dio_type_count(&t->type) != 3)
        return dio_fail(err, "scales: noise, length and noise_w are 3 numbers, not %lld",
                        (long long)dio_type_count(&t->type));
    dio_tensor *f = t ? dio_tensor_convert(t, DIO_F32, err) : NULL;
    if (!f)
        return false;
    const float *x = dio_tensor_data(f);
    s->noise = x[0];
    s->speed = 1 / (double)x[1];
    s->noise_duration = x[2];
    dio_tensor_unref(f);
    return (s->speed >= 0.05 && s->speed <= 20) ||
           dio_fail(err, "scales: a length of %g is outside 0.05 to 20", 1 / s->speed);
}

static bool read_request(struct saying *s)
{
    dio_error *err = &s->p->cli->error;
    const char *name = s->piper ? "input" : "input_ids";
    const dio_tensor *t = find(s->p, name, 2);
    int64_t speaker = 0;
    if (t && (!is_whole(t) || t->type.dim[0] != 1))
        return dio_fail(err, "%s: must be i32 or i64 [1,T]", name);
    s->ids = t ? dio_tensor_convert(t, DIO_I32, err) : NULL;
    if (!s->ids || !check_mask(s) || !read_scales(s) ||
        !read_number(s->p, s->piper ? "sid" : "speaker_id", &speaker))
        return false;
    if (s->ids->type.dim[1] > DIO_VOICE_SYMBOLS)
        return dio_fail(err, "%s: %lld symbols are more than %d", name,
                        (long long)s->ids->type.dim[1], DIO_VOICE_SYMBOLS);
    s->r.ids = dio_tensor_data(s->ids);
    s->r.count = (int)s->ids->type.dim[1];
    s->r.speaker = (int)speaker;
    return true;
}

/* The part that reads symbols, for its taps; `predict` has run, so the request is sound. */
static bool tap_text(struct saying *s)
{
    dio_error *err = &s->p->cli->error;
    dio_graph *g = dio_graph_create();
    size_t bytes = 2 * (size_t)s->r.count * sizeof(float);
    float *noise = malloc(bytes);
    bool ok = (g && noise) || dio_fail_memory(err, "the graph");
    ok = ok && dio_voice_noise(s->v, &s->r, noise, err);
    dio_plan *plan = NULL;
    if (ok) {
        dio_voice_text io = {.speaker = s->r.speaker, .noise = DIO_NONE};
        io.ids = dio_input(g, "ids", s->ids->type);
        if (s->v->shape.draws)
            io.noise = dio_input(g, "noise", dio_type_3d(DIO_F32, 1, 2, s->r.count));
        dio_voice_text_forward(g, s->v, &io);
        const dio_val out[] = {io.means, io.logs, io.durations};
        const struct probe_input in[] = {{"ids", s->r.ids, dio_type_bytes(&s->ids->type)},
                                         {"noise", noise, bytes}};
        plan = probe_run(s->p, g, out, 3, in, s->v->shape.draws ? 2 : 1);
    } else {
        dio_graph_destroy(g);
    }
    ok = plan && probe_take(s->p, &s->taps, plan);
    dio_plan_destroy(plan);
    free(noise);
    return ok;
}

static bool tap_sound(struct saying *s, const float *z, int64_t frames)
{
    const dio_voice *v = s->v;
    const dio_type type = dio_type_3d(DIO_F32, 1, frames, v->shape.latent);
    dio_graph *g = dio_graph_create();
    if (!g)
        return dio_fail_memory(&s->p->cli->error, "the graph");
    dio_val x = v->ops->flow(g, v->net.model, dio_input(g, "z", type), s->r.speaker);
    dio_val out[2] = {dio_transpose(g, x, 1, 2)};
    out[1] = v->ops->decode(g, v->net.model, x, s->r.speaker);
    if (s->piper && dio_graph_ok(g))
        out[1] = dio_reshape4(g, out[1], 1, 1, 1, dio_dim(g, out[1], 1));
    dio_tap(g, out[0], "spectrogram");
    dio_tap(g, out[1], s->piper ? "output" : "waveform");
    const struct probe_input in = {"z", z, dio_type_bytes(&type)};
    dio_plan *plan = probe_run(s->p, g, out, 2, &in, 1);
    bool ok = plan && probe_take(s->p, &s->taps, plan);
    dio_plan_destroy(plan);
    return ok;
}

static bool say(struct saying *s)
{
    dio_error *err = &s->p->cli->error;
    dio_score *score = dio_voice_predict(s->v, s->p->device, &s->r, err);
    int64_t all = score ? dio_score_frames(score, s->speed, NULL) : 0;
    if (all < 0)
        dio_fail(err, "more than %d frames: say less at a time", DIO_VOICE_FRAMES);
    int64_t *frames = malloc((size_t)s->r.count * sizeof *frames);
    float *z = all > 0 ? malloc((size_t)all * (size_t)s->v->shape.latent * sizeof *z) : NULL;
    bool ok = all > 0 && ((frames && z) || dio_fail_memory(err, "a voice's frames"));
    if (ok) {
        dio_score_frames(score, s->speed, frames);
        dio_score_draw(score, frames, z);
        ok = tap_text(s) && tap_sound(s, z, all) && probe_write(s->p, &s->taps);
    }
    dio_score_destroy(score);
    free(frames);
    free(z);
    return ok;
}

bool probe_voice(const struct probe *p)
{
    size_t n = strlen(p->path);
    dio_voice *v = dio_voice_open(p->path, &p->cli->error);
    struct saying s = {.p = p, .v = v, .piper = n > 5 && strcmp(p->path + n - 5, ".onnx") == 0};
    bool ok = v && read_request(&s) && say(&s);
    probe_taps_deinit(&s.taps);
    dio_tensor_unref(s.ids);
    dio_voice_close(v);
    return ok;
}
