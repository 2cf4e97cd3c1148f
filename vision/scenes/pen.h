#pragma once
/* pen.h: private to scenes/: simple bodies seen from the front, put one over the other. */
#include "vision/scenes/shape.h"

/* What a body is made of: roles of the palette, or a colour of its own. */
typedef struct brush {
    float second, accent, tone; /* TEXEL_SECOND.. */
    bool own;                   /* rgb instead of roles */
    float rgb[3];               /* linear light */
    float glow;
} brush;

typedef struct point {
    float x, y;
} point;

/* Turned around the upright axis through cx: p[i].y rises, p[i].x is half the width there. */
void pen_lathe(shape *s, const brush *b, float cx, const point *p, int n);
/* A plate with round corners and a rounded edge of `bevel`. */
void pen_plate(shape *s, const brush *b, float cx, float cy, float w, float h, float radius,
               float bevel);
/* dome 1: a ball; 0: a disc that looks up (as the rim of a cup does). */
void pen_ellipse(shape *s, const brush *b, float cx, float cy, float rx, float ry, float dome);
/* A tube of radius r through points. */
void pen_tube(shape *s, const brush *b, const point *p, int n, float r);
/* Part of an ellipse as a tube; angles in turns, clockwise from the right. */
void pen_arc(shape *s, const brush *b, float cx, float cy, float rx, float ry, float from, float to,
             float r);
/* A flat convex face, clockwise, with its normal. */
void pen_face(shape *s, const brush *b, const point *p, int n, float nx, float ny);
/* Colours what is there already, keeping its form. */
void pen_dye(shape *s, const brush *b, float cx, float cy, float w, float h, float radius);
