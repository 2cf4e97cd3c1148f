#pragma once
/* decoder.h: tokens back to text, one at a time. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/value.h"
#include "text/pattern.h"

/* A step that is done on each token by itself. */
typedef struct dio_decode_step {
    int kind; /* index in the table of decoder.c */
    dio_pattern *pattern;
    const char *text;
    size_t length;
    uint32_t character;
    int64_t start, stop;
    bool drop_first; /* of Metaspace: the marks of the first token vanish */
} dio_decode_step;

typedef struct dio_decoder {
    dio_decode_step *steps;
    int count, cap;
    dio_arena *arena;
    bool any;           /* without a decoder, tokens are joined by spaces */
    bool byte_fallback; /* <0x0A> is a byte */
    bool byte_level;    /* characters are bytes */
    bool joined;        /* Fuse or ByteLevel came: */
    bool strips;        /* a Strip after it works on the whole text */
    dio_decode_step strip;
} dio_decoder;

bool dio_decoder_read(dio_decoder *d, dio_arena *a, const dio_value *v, dio_error *err);
void dio_decoder_deinit(dio_decoder *d);

/* The state between tokens. Zero but for decoder and streaming; deinit at the end. */
typedef struct dio_decoding {
    const dio_decoder *decoder;
    bool streaming; /* text leaves as soon as its code points are whole */
    bool begun;
    dio_matcher *matcher;
    dio_str bytes; /* not yet text */
    dio_str token, spare;
    int64_t head; /* characters that may still be stripped from the start */
    int64_t tail; /* characters kept back that the end may strip */
} dio_decoding;

bool dio_decoding_put(dio_decoding *s, const char *token, size_t n, dio_str *out, dio_error *err);
bool dio_decoding_end(dio_decoding *s, dio_str *out, dio_error *err); /* ready for a new text */
void dio_decoding_deinit(dio_decoding *s);
