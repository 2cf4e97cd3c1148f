/* narrator_frames.c: durations -> melody -> mels, window by window and no further than is asked. */
#include <math.h>

#include "audio/narrator_impl.h"
#include "tensor/ops.h"

enum { MELS = DIO_NARRATOR_MELS, WITHIN = DIO_NARRATOR_WITHIN };

/* The decoder learned from utterances up to 6 dB louder and softer; what goes beyond is done to
 * the mels. */
static const float learned_db = 6;

void *dio_speech_row_room(struct speech *s, int64_t numbers)
{
    return dio_speech_room(s, (s->frames + WINDOW) * numbers);
}

static bool make_room(struct speech *s)
{
    const int64_t c = s->n->shape.width;
    s->phone = dio_speech_row_room(s, 1);
    s->within = dio_speech_row_room(s, WITHIN);
    s->there = dio_speech_row_room(s, 1);
    s->laid = dio_speech_row_room(s, c);
    s->melody = dio_speech_row_room(s, 3);
    s->tune = dio_speech_row_room(s, 2);
    s->rest = dio_speech_row_room(s, 1);
    s->mel = dio_speech_row_room(s, MELS);
    s->row = dio_speech_room(s, WINDOW);
    s->rows = dio_speech_room(s, WINDOW * c);
    return s->phone && s->within && s->there && s->laid && s->melody && s->tune && s->rest &&
           s->mel && s->row && s->rows;
}

bool dio_speech_lay(struct speech *s)
{
    const dio_narrator_request *r = &s->r;
    double at = 0;
    s->ends = dio_arena_try(s->a, (size_t)r->count * sizeof *s->ends);
    if (!s->ends)
        return dio_fail_memory(s->err, "an utterance");
    for (int i = 0; i < r->count; i++) {
        at += (double)s->seconds[i];
        s->ends[i] = (int64_t)llround(at * DIO_NARRATOR_RATE);
    }
    s->frames = dio_narrator_frames(s->ends[r->count - 1]);
    if (!make_room(s))
        return false;
    dio_narrator_within(s->ends, r->count, s->frames, s->phone, s->within);
    for (int64_t i = 0; i < s->frames; i++)
        s->there[i] = 1;
    for (int32_t i = 0; i < WINDOW; i++)
        s->row[i] = i;
    return true;
}

/* --- melody --- */

/* Each frame brings its phone's row: that there are as many rows as frames keeps the plan's size.
 */
static int build_lay(const struct speech *s, dio_graph *g, int64_t rows, dio_val *outputs)
{
    dio_acoustic_frames io = {
        .encoded = dio_speech_numbers(g, "encoded", rows, s->n->shape.width),
        .phone = dio_speech_ids(g, "phone", rows),
        .within = dio_speech_numbers(g, "within", rows, WITHIN),
        .there = dio_speech_numbers(g, "there", rows, 1),
    };
    s->n->ops->lay(g, s->n->acoustic->model, &io);
    outputs[0] = io.laid;
    outputs[1] = io.melody;
    return 2;
}

/* What was asked for, laid over what was found. */
static void change_melody(struct speech *s, const float *found, int64_t f)
{
    const dio_narrator_request *r = &s->r;
    float *m = s->melody + 3 * f, semitones = r->semitones, db = r->db;
    if (r->manners) {
        semitones += r->manners[s->phone[f]].semitones;
        db += r->manners[s->phone[f]].db;
    }
    float learned = dio_speech_clamp(db, -learned_db, learned_db);
    bool voiced = found[1] > 0;
    m[0] = voiced ? dio_speech_clamp(found[0], -4, 4) + dio_narrator_pitch_step(semitones) : 0;
    m[1] = voiced;
    m[2] = dio_speech_clamp(found[2], -8, 8) + dio_narrator_energy_step(learned);
    s->tune[2 * f] = m[0];
    s->tune[2 * f + 1] = m[1];
    s->rest[f] = db - learned;
}

static bool lay_window(struct speech *s)
{
    const struct window w = dio_speech_window(s, s->laid_to, s->n->shape.lay_context);
    const size_t row = (size_t)s->n->shape.width;
    for (int64_t i = 0; i < w.rows; i++)
        memcpy(s->rows + (size_t)i * row, s->encoded + (size_t)s->phone[w.begin + i] * row,
               row * sizeof(float));
    const struct bind in[] = {
        {"encoded", s->rows, w.rows * s->n->shape.width},
        {"phone", s->row, w.rows},
        {"within", s->within + w.begin * WITHIN, w.rows * WITHIN},
        {"there", s->there + w.begin, w.rows},
    };
    dio_plan *p = dio_speech_plan(s, LAY, w.rows, build_lay);
    if (!p || !dio_speech_run(s, p, in, 4))
        return false;
    const float *laid = dio_plan_output(p, 0, NULL), *melody = dio_plan_output(p, 1, NULL);
    for (int64_t f = w.first; f < w.past; f++) {
        memcpy(s->laid + (size_t)f * row, laid + (size_t)(f - w.begin) * row, row * sizeof(float));
        change_melody(s, melody + 3 * (f - w.begin), f);
    }
    s->laid_to = w.past;
    return true;
}

/* --- mels --- */

static int build_decode(const struct speech *s, dio_graph *g, int64_t rows, dio_val *outputs)
{
    outputs[0] = s->n->ops->decode(
        g, s->n->acoustic->model, dio_speech_numbers(g, "laid", rows, s->n->shape.width),
        dio_speech_numbers(g, "melody", rows, 3), dio_speech_numbers(g, "there", rows, 1));
    return 1;
}

static bool decode_window(struct speech *s)
{
    const struct window w = dio_speech_window(s, s->mels_to, s->n->shape.decode_context);
    const int64_t c = s->n->shape.width;
    while (s->laid_to < s->frames && s->laid_to < w.begin + w.rows)
        if (!lay_window(s))
            return false;
    const struct bind in[] = {
        {"laid", s->laid + w.begin * c, w.rows * c},
        {"melody", s->melody + w.begin * 3, w.rows * 3},
        {"there", s->there + w.begin, w.rows},
    };
    dio_plan *p = dio_speech_plan(s, DECODE, w.rows, build_decode);
    if (!p || !dio_speech_run(s, p, in, 3))
        return false;
    const float *mel = dio_plan_output(p, 0, NULL);
    for (int64_t f = w.first; f < w.past; f++)
        for (int m = 0; m < MELS; m++)
            s->mel[f * MELS + m] = dio_speech_clamp(
                mel[(f - w.begin) * MELS + m] + s->rest[f] * (float)(M_LN10 / 20), -16.2f, 10);
    s->mels_to = w.past;
    return true;
}

bool dio_speech_mels(struct speech *s, int64_t past)
{
    if (past > s->frames)
        past = s->frames;
    while (s->mels_to < past)
        if (!decode_window(s))
            return false;
    return true;
}
