#pragma once
/* stage.h: private to scenes/: a scene made ready for drawing at one size. Coordinates are in units
 * of the picture's shorter side, from its upper left corner; colours are linear light. */
#include <math.h>

#include "vision/scenes/scene.h"
#include "vision/scenes/shape.h"

/* An item where it stands. */
typedef struct actor {
    const shape *shape;
    float x, y, half; /* middle of its square, half its side */
    float cos, sin;
    float sign; /* -1: mirrored */
    float tone;
    bool standing;
    float foot;         /* y of the ground under it */
    float colour[3][3]; /* of its roles: first, second, accent */
} actor;

typedef struct stage {
    const dio_scene *scene;
    float wide, tall; /* one of them is 1 */
    float pixel;      /* size of a pixel */
    float horizon;
    float palette[DIO_ROLES][3];
    float key[3], sky[3], bounce[3]; /* light: the lamp's, from above, from below */
    float strength, wrap;
    float shadow, reach; /* of cast shadows: darkness, length */
    bool floor;
    actor actor[DIO_SCENE_ITEMS];
    int actors;
    float left, right, top; /* of all actors */
} stage;

static inline float clampf(float x, float lo, float hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}
/* 0 below a, 1 above b (or the other way round when b < a), smooth between. */
static inline float smooth(float a, float b, float x)
{
    float t = clampf((x - a) / (b - a), 0, 1);
    return t * t * (3 - 2 * t);
}
static inline void mix3(float to[3], const float other[3], float t)
{
    for (int i = 0; i < 3; i++)
        to[i] += (other[i] - to[i]) * t;
}
static inline void scale3(float to[3], float k)
{
    for (int i = 0; i < 3; i++)
        to[i] *= k;
}

/* Smooth noise in -1..1 with features of size 1. */
float stage_noise(float x, float y, uint32_t salt);

/* backdrop.c: what is behind everything, with the lamp's light on it, without shadows. */
void stage_backdrop(const stage *t, float x, float y, float rgb[3]);
/* shade.c: colour and cover of an actor at a point; `rgb` comes in as what is behind. */
float stage_actor(const stage *t, const actor *a, float x, float y, float rgb[3]);
/* How much of the light an actor's shadow leaves at a point of the backdrop. */
float stage_shadow(const stage *t, const actor *a, float x, float y);
