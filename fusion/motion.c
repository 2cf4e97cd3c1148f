/* motion.c: keys sorted by what they move. */
#include "fusion/motion.h"

#include <math.h>

enum { KEYS = 200 };

struct key {
    double at, value[DIO_TRACKS];
    const char *easing;
};
#define VALUE(name_, track, lo_, hi_, doc_)                                                        \
    {                                                                                              \
        .name = name_, .kind = DIO_FIELD_REAL, .offset = offsetof(struct key, value[track]),       \
        .fallback = "0", .lo = lo_, .hi = hi_, .doc = doc_                                         \
    }
static const dio_field key_fields[] = {
    DIO_FIELD(struct key, at, NULL, 0, 86400, "seconds from the layer's start"),
    VALUE("x", DIO_TRACK_X, -1000, 1000, "to the right of its place"),
    VALUE("y", DIO_TRACK_Y, -1000, 1000, "below its place"),
    VALUE("scale", DIO_TRACK_SCALE, 0, 20, "1: as it is"),
    VALUE("rotation", DIO_TRACK_ROTATION, -36000, 36000, "degrees clockwise"),
    VALUE("opacity", DIO_TRACK_OPACITY, 0, 1, "0: not seen"),
    DIO_FIELD(struct key, easing, "ease-in-out", 1, 100, "of the way to this key"),
    {0},
};

/* A key counts for a track when its map names it. */
static bool add(dio_intake *r, const dio_value *v, const struct key *k, const dio_easing *easing,
                dio_motion *m, dio_key *room[DIO_TRACKS])
{
    for (int t = 0; t < DIO_TRACKS; t++) {
        if (!dio_map_get(v, key_fields[1 + t].name))
            continue;
        int n = m->count[t];
        if (n && room[t][n - 1].at >= k->at)
            return dio_intake_says(r, v, "at", "at: %g does not come after %g", k->at,
                                   room[t][n - 1].at);
        room[t][m->count[t]++] = (dio_key){k->at, k->value[t], *easing};
    }
    return true;
}

bool dio_motion_read(dio_intake *r, const dio_value *list, dio_motion *m)
{
    dio_key *room[DIO_TRACKS];
    list = dio_intake_list(r, list, "keyframes", KEYS);
    if (!list)
        return true;
    for (int t = 0; t < DIO_TRACKS; t++)
        m->key[t] = room[t] =
            dio_arena_alloc(r->arena, sizeof(dio_key) * (size_t)(list->list.count + 1));
    bool ok = true;
    for (int i = 0; i < list->list.count; i++) {
        const dio_value *v = list->list.items[i];
        struct key k;
        dio_easing easing = dio_easings[0].easing;
        dio_error e = {0};
        if (r->early && dio_waits(v))
            continue;
        bool fine = dio_intake_map(r, key_fields, &k, v, "a keyframe");
        if (fine && !(r->early && dio_text_waits(k.easing)) &&
            !dio_easing_parse(k.easing, &easing, &e))
            fine = dio_intake_fail(r, v, "easing", &e);
        ok = fine && add(r, v, &k, &easing, m, room) && ok;
    }
    return ok;
}

double dio_motion_at(const dio_motion *m, dio_track track, double seconds)
{
    const dio_key *k = m->key[track];
    int n = m->count[track], i = 0;
    if (!n)
        return m->rest[track];
    while (i < n && k[i].at <= seconds)
        i++;
    if (i == 0 || i == n)
        return k[i ? n - 1 : 0].value;
    const dio_key *a = &k[i - 1], *b = &k[i];
    double t = (seconds - a->at) / (b->at - a->at);
    return a->value + (b->value - a->value) * dio_easing_at(&b->easing, t);
}

double dio_motion_most(const dio_motion *m, dio_track track)
{
    double most = m->count[track] ? 0 : m->rest[track];
    for (int i = 0; i < m->count[track]; i++)
        most = fmax(most, m->key[track][i].value);
    return most;
}
