/* beam.c: beam search, with the same rules and so the same texts as transformers.
 *
 * Each round looks at every continuation of every running beam and takes the best (1 + ends) * K,
 * which always hold K that have not ended. Those among the first K that ended become finished
 * texts, scored by sum of logs over length^penalty; the best K that have not ended run on. It is
 * over when no running beam, at its present length, would beat the worst finished text. */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text/generate_impl.h"

struct beam {
    int32_t *ids;
    float *logprobs;
    int n;
    double score; /* running: sum of logs; finished: over length^penalty */
    bool ended;   /* by an end id, which is not in ids */
};

struct pick {
    double score;
    int beam;
    int32_t id;
    float logprob;
};

struct search {
    const dio_lm *lm;
    const dio_generate_request *request;
    dio_session *session;                   /* K rows */
    int k, n_picks, max;                    /* beams; continuations looked at; longest text */
    struct beam *running, *next, *finished; /* [k] each */
    int n_running, n_finished;
    struct pick *picks; /* [n_picks], best first */
    const float *first; /* scores after the prompt */
    int64_t decoded;
};

/* --- memory --- */

static struct beam *beams_create(int k, int max)
{
    struct beam *b = calloc((size_t)k, sizeof *b);
    for (int i = 0; b && i < k; i++) {
        b[i].ids = calloc((size_t)max + 1, sizeof *b[i].ids);
        b[i].logprobs = calloc((size_t)max + 1, sizeof *b[i].logprobs);
    }
    return b;
}

static void beams_destroy(struct beam *b, int k)
{
    for (int i = 0; b && i < k; i++) {
        free(b[i].ids);
        free(b[i].logprobs);
    }
    free(b);
}

static bool beams_whole(const struct beam *b, int k)
{
    for (int i = 0; b && i < k; i++)
        if (!b[i].ids || !b[i].logprobs)
            return false;
    return b != NULL;
}

static void beam_copy(struct beam *to, const struct beam *from)
{
    memcpy(to->ids, from->ids, (size_t)from->n * sizeof *to->ids);
    memcpy(to->logprobs, from->logprobs, (size_t)from->n * sizeof *to->logprobs);
    to->n = from->n;
    to->score = from->score;
    to->ended = from->ended;
}

/* --- one round --- */

/* Puts the continuation in its place among the best, if it has one. Ties go to the earlier. */
static void offer(struct search *s, struct pick p, int *count)
{
    int i = *count;
    if (i == s->n_picks && p.score <= s->picks[i - 1].score)
        return;
    if (i < s->n_picks)
        ++*count;
    else
        i--;
    for (; i > 0 && s->picks[i - 1].score < p.score; i--)
        s->picks[i] = s->picks[i - 1];
    s->picks[i] = p;
}

static bool pick_best(struct search *s, int *count, dio_error *err)
{
    int vocab = s->lm->shape.vocab;
    *count = 0;
    for (int b = 0; b < s->n_running; b++) {
        const float *x = s->running[b].n ? dio_session_logits(s->session, b) : s->first;
        double best = -INFINITY, sum = 0;
        for (int i = 0; i < vocab; i++)
            best = x[i] > best ? x[i] : best;
        for (int i = 0; i < vocab; i++)
            sum += exp(x[i] - best);
        double log_all = best + log(sum);
        if (!isfinite(log_all))
            return dio_fail(err, "the model's scores are not numbers: its weights are damaged, or "
                                 "too large for their type");
        for (int i = 0; i < vocab; i++) {
            double logprob = x[i] - log_all;
            offer(s, (struct pick){s->running[b].score + logprob, b, i, (float)logprob}, count);
        }
    }
    return true;
}

static bool is_end(const struct search *s, int32_t id)
{
    return !s->request->ignore_end && dio_lm_is_end(s->lm, id);
}

/* A finished text takes its place among the best K. */
static void finish(struct search *s, const struct beam *from, const struct pick *p, bool ended)
{
    double score = p->score / pow(from->n + 1, s->request->params.length_penalty);
    int at = s->n_finished;
    if (at == s->k && score <= s->finished[at - 1].score)
        return;
    if (at < s->k)
        s->n_finished++;
    else
        at--;
    struct beam spare = s->finished[at];
    for (; at > 0 && s->finished[at - 1].score < score; at--)
        s->finished[at] = s->finished[at - 1];
    s->finished[at] = spare;
    beam_copy(&s->finished[at], from);
    s->finished[at].score = score;
    s->finished[at].ended = ended;
    if (!ended) {
        s->finished[at].ids[from->n] = p->id;
        s->finished[at].logprobs[from->n] = p->logprob;
        s->finished[at].n++;
    }
}

/* Splits the picks into finished texts and the next running beams; from[] says whose row each of
 * those goes on from. */
static void settle(struct search *s, int count, int *from)
{
    int n = 0;
    for (int i = 0; i < count; i++) {
        const struct pick *p = &s->picks[i];
        const struct beam *b = &s->running[p->beam];
        bool ended = is_end(s, p->id);
        if (ended || b->n + 1 == s->max) {
            if (i < s->k)
                finish(s, b, p, ended);
            continue;
        }
        if (n == s->k)
            continue;
        beam_copy(&s->next[n], b);
        s->next[n].ids[b->n] = p->id;
        s->next[n].logprobs[b->n] = p->logprob;
        s->next[n].n++;
        s->next[n].score = p->score;
        from[n++] = p->beam;
    }
    struct beam *old = s->running;
    s->running = s->next;
    s->next = old;
    s->n_running = n;
}

static bool can_improve(const struct search *s)
{
    if (s->n_running == 0)
        return false;
    double best = s->running[0].score / pow(s->running[0].n, s->request->params.length_penalty);
    return s->n_finished < s->k || best > s->finished[s->k - 1].score;
}

/* Rows take over the texts they now hold and read their last ids. */
static bool feed(struct search *s, const int *from, dio_error *err)
{
    int32_t ids[256] = {0};
    bool reads[256] = {0};
    int all[256];
    for (int i = 0; i < s->k; i++) {
        bool lives = i < s->n_running;
        all[i] = lives ? from[i] : i;
        reads[i] = lives;
        ids[i] = lives ? s->running[i].ids[s->running[i].n - 1] : 0;
        s->decoded += lives;
    }
    return dio_session_gather(s->session, all, err) &&
           dio_session_feed(s->session, ids, 1, reads, err);
}

static bool search(struct search *s, dio_error *err)
{
    int from[256], count;
    s->n_running = 1; /* all beams are the prompt: one is enough to begin with */
    do {
        if (!pick_best(s, &count, err))
            return false;
        settle(s, count, from);
        if (s->n_running && s->n_running < s->k && can_improve(s) && s->max > 1)
            return dio_fail(err, "beam search: %d beams are more than the vocabulary can fill",
                            s->k);
        if (!can_improve(s))
            return true;
    } while (feed(s, from, err));
    return false;
}

/* --- results --- */

static bool keep(const dio_tokenizer *tokenizer, const struct search *s, int i, dio_texts *out,
                 dio_error *err)
{
    const struct beam *b = &s->finished[i];
    const dio_generate_request *r = s->request;
    dio_str text = {0};
    dio_finish why = b->ended ? DIO_FINISH_STOP : DIO_FINISH_LENGTH;
    if (tokenizer && !dio_tokenizer_decode(tokenizer, b->ids, (size_t)b->n, true, &text, err)) {
        dio_str_deinit(&text);
        return false;
    }
    for (int k = 0; text.text && k < r->n_stop; k++) {
        size_t n = strlen(r->stop[k]);
        char *at = n ? memmem(text.text, text.length, r->stop[k], n) : NULL; /* text may hold NUL */
        if (at) {
            *at = '\0';
            text.length = (size_t)(at - text.text);
            why = DIO_FINISH_STOP;
        }
    }
    bool ok = generate_keep(out, i, text.text ? text.text : "", text.length, b->ids, b->logprobs,
                            b->n, why, err);
    out->items[i].score = b->score;
    if (ok && r->stream && text.length)
        r->stream(r->user, i, text.text, text.length);
    dio_str_deinit(&text);
    return ok;
}

bool generate_beams(const dio_lm *lm, const dio_tokenizer *tokenizer, const dio_generate_request *r,
                    dio_session *base, dio_texts *out, dio_error *err)
{
    struct search s = {.lm = lm, .request = r, .k = r->params.beams, .max = r->params.max_tokens};
    int ends = r->ignore_end ? 0 : lm->shape.n_ends;
    float *first = malloc((size_t)lm->shape.vocab * sizeof *first);
    s.n_picks = (ends > 1 ? 1 + ends : 2) * s.k;
    s.picks = calloc((size_t)s.n_picks, sizeof *s.picks);
    s.running = beams_create(s.k, s.max);
    s.next = beams_create(s.k, s.max);
    s.finished = beams_create(s.k, s.max);
    bool ok = (first && s.picks && beams_whole(s.running, s.k) && beams_whole(s.next, s.k) &&
               beams_whole(s.finished, s.k)) ||
              dio_fail_memory(err, "beams");
    if (ok) {
        memcpy(first, dio_session_logits(base, 0), (size_t)lm->shape.vocab * sizeof *first);
        s.first = first;
        s.session = dio_session_fork(base, s.k, r->n_prompt + s.max, err);
        ok = s.session && search(&s, err);
    }
    if (ok && s.n_finished < r->params.variants)
        ok = dio_fail(err, "beam search found %d texts of the %d asked for", s.n_finished,
                      r->params.variants);
    for (int i = 0; ok && i < r->params.variants; i++)
        ok = keep(tokenizer, &s, i, out, err);
    out->decoded = s.decoded;
    dio_session_destroy(s.session);
    beams_destroy(s.running, s.k);
    beams_destroy(s.next, s.k);
    beams_destroy(s.finished, s.k);
    free(s.picks);
    free(first);
    return ok;
}
