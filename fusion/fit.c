/* fit.c: a search for a size, by halving and by guessing in turn.
 *
 * At one quality throughout, a film of a given size looks as good as two passes at its rate make
 * it (x264's rate factor spends its bits as its second pass does), and the way is the same for
 * every codec and for pictures. */
#include "fusion/fit.h"

#include <math.h>

/* Qualities as whole numbers of steps below the ceiling. */
struct search {
    const dio_knob *k;
    double ceiling;
    int worst;        /* the last step */
    int large, small; /* the worst known to be too large, the best known to fit; -1: none */
    double large_log, small_log;
};

static double knob_at(const struct search *s, int step)
{
    double sign = s->k->best < s->k->worst ? 1 : -1, v = s->ceiling + sign * s->k->step * step;
    return step >= s->worst ? s->k->worst : v;
}

/* Where the size should meet the limit, on a line through what is known; or the middle, when the
 * last guess did not halve what is left. */
static int guess(const struct search *s, double limit_log, bool halve)
{
    int low = s->large + 1, high = s->small < 0 ? s->worst : s->small - 1;
    int at = (low + high) / 2;
    if (halve)
        return at;
    if (s->small > 0 && s->large_log > s->small_log) {
        double share = (s->large_log - limit_log) / (s->large_log - s->small_log);
        at = s->large + (int)ceil(share * (s->small - s->large));
    } else if (s->small < 0) {
        /* Bytes halve with about a sixth of most scales. */
        double halves = (s->large_log - limit_log) / log(2);
        at = s->large + (int)ceil(halves * (s->worst + 1) / 6);
    }
    return at < low ? low : at > high ? high : at;
}

static int left(const struct search *s)
{
    return (s->small < 0 ? s->worst + 1 : s->small) - s->large;
}

bool dio_fit(const dio_knob *k, double ceiling, int64_t limit, const char *what, dio_fit_try *try,
             void *user, dio_fitted *out, dio_error *err)
{
    struct search s = {.k = k, .ceiling = ceiling, .large = -1, .small = -1};
    int64_t bytes = 0;
    s.worst = k->option ? (int)ceil(fabs(k->worst - ceiling) / k->step) : 0;
    *out = (dio_fitted){0};
    for (int at = 0, before = left(&s), halve = 0;; at = guess(&s, log((double)limit), halve)) {
        double knob = knob_at(&s, at);
        if (!try(user, knob, &bytes, err))
            return false;
        out->tries++;
        if (bytes <= limit) {
            out->knob = knob;
            out->bytes = bytes;
            s.small = at;
            s.small_log = log((double)(bytes > 0 ? bytes : 1));
        } else {
            s.large = at;
            s.large_log = log((double)bytes);
        }
        if (s.small >= 0 && s.small - s.large <= 1)
            return true;
        if (s.large == s.worst)
            break;
        halve = out->tries > 1 && 2 * left(&s) > before;
        before = left(&s);
    }
    if (!k->option)
        return dio_fail(err,
                        "max_bytes: %s has %lld bytes, above %lld, and no quality that could be "
                        "lowered; make it smaller or shorter",
                        what, (long long)bytes, (long long)limit);
    return dio_fail(err,
                    "max_bytes: %s has %lld bytes at the least quality, above %lld; make it "
                    "smaller or shorter, or take another format",
                    what, (long long)bytes, (long long)limit);
}
