/* score_tmpl.h: the softmax of attention, one query against one tile of 64 keys at a time.
 *
 * Online softmax: the weights are relative to the greatest score so far; when a tile raises it,
 * what was summed before is scaled down. Keys that are not seen weigh exactly 0.
 */
#include "tensor/cpu/vec_math.h"

enum { SCORES = DIO_KEY_TILE / VN };

/* Lane numbers of the tile's i-th vector compared with from..to. */
static inline vi seen(const dio_score_row *r, int i)
{
    float lane[VN];
    for (int k = 0; k < VN; k++)
        lane[k] = (float)(i * VN + k);
    const vf key = v_load(lane);
    return (key >= v_set((float)r->from)) & (key < v_set((float)r->to));
}

/* Scores of the i-th vector: scaled, capped, masked, -infinity where not seen. *capped: before the
 * mask. `plain`: there is no cap, no mask, and every key is seen, as in most tiles. */
ALWAYS vf scores(const dio_score_row *r, int i, const bool plain, vf *capped)
{
    vf s = v_load(r->s + i * VN) * v_set(r->scale);
    if (plain)
        return *capped = s;
    if (r->softcap > 0)
        s = v_set(r->softcap) * v_tanh(s / v_set(r->softcap));
    *capped = s;
    if (r->mask && r->mask_step) /* a row of the mask ends with the keys */
        s = s + load_columns(r->mask + i * VN, r->to - i * VN);
    else if (r->mask)
        s = s + v_set(r->mask[0]);
    return v_pick(seen(r, i), s, v_set(-INFINITY));
}

static inline bool is_plain(const dio_score_row *r)
{
    return r->from == 0 && r->to == DIO_KEY_TILE && !r->mask && r->softcap == 0;
}

ALWAYS void score_weights(const dio_score_row *r, const bool plain)
{
    vf s[SCORES], unused, most = v_set(*r->top), sum = v_set(0.0f);
    UNROLL
    for (int i = 0; i < SCORES; i++) {
        s[i] = scores(r, i, plain, &unused);
        most = v_max(most, s[i]);
    }
    const float top = v_top(most), shift = top == -INFINITY ? 0.0f : top;
    UNROLL
    for (int i = 0; i < SCORES; i++) {
        const vf w = v_exp_weight(s[i] - v_set(shift));
        v_store(r->s + i * VN, w);
        sum = sum + w;
    }
    float alpha = 1.0f;
    if (top != *r->top) { /* else the factor is 1 */
        float lane[VN];
        v_store(lane, v_exp(v_set(*r->top - shift)));
        alpha = lane[0];
        for (int64_t i = 0; i < r->size; i += VN)
            put(r->out, i, r->size - i, at(r->out, i, r->size - i, 1) * v_set(alpha));
    }
    *r->sum = *r->sum * alpha + v_sum(sum);
    *r->top = top;
}

static void score_row(const dio_score_row *r)
{
    if (is_plain(r))
        score_weights(r, true);
    else
        score_weights(r, false);
}

/* Weights again from log sum exp; then, with w the weights and d their gradients,
 * w * (d - delta) is the scores' gradient, and the mask's; the cap's slope is 1 - (s / cap)^2. */
ALWAYS void score_slopes(const dio_score_row *r, const bool plain)
{
    UNROLL
    for (int i = 0; i < SCORES; i++) {
        vf capped, s = scores(r, i, plain, &capped);
        const vf w = v_exp(s - v_set(r->lse));
        vf d = w * (v_load(r->d + i * VN) - v_set(r->delta));
        v_store(r->s + i * VN, w);
        if (r->dmask)
            v_store(r->dmask + i * VN, d);
        if (!plain && r->softcap > 0) {
            const vf t = capped / v_set(r->softcap);
            d = d * (v_set(1.0f) - t * t);
        }
        v_store(r->d + i * VN, d);
    }
}

static void score_row_grad(const dio_score_row *r)
{
    if (is_plain(r))
        score_slopes(r, true);
    else
        score_slopes(r, false);
}
