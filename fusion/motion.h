#pragma once
/* motion.h: values that change along keyframes. */
#include "fusion/easing.h"
#include "fusion/intake.h"

typedef struct dio_key {
    double at, value;  /* seconds of the layer */
    dio_easing easing; /* of the way to it */
} dio_key;

typedef enum dio_track {
    DIO_TRACK_X, /* units from the layer's place */
    DIO_TRACK_Y,
    DIO_TRACK_SCALE,
    DIO_TRACK_ROTATION, /* degrees clockwise */
    DIO_TRACK_OPACITY,  /* 0..1 */
    DIO_TRACKS,
} dio_track;

typedef struct dio_motion {
    const dio_key *key[DIO_TRACKS];
    int count[DIO_TRACKS];
    double rest[DIO_TRACKS]; /* where there are no keys */
} dio_motion;

/* A list of {at, x, y, scale, rotation, opacity, easing}: a key of a track for each that is named.
 * `m->rest` is set by the caller. */
bool dio_motion_read(dio_intake *r, const dio_value *list, dio_motion *m);

/* Before the first key it is the first's value, after the last the last's. */
double dio_motion_at(const dio_motion *m, dio_track track, double seconds);
double dio_motion_most(const dio_motion *m, dio_track track);
