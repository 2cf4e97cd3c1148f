#pragma once
/* cut.h: what becomes of a delimiter when a text is cut at it. */
#include "base/error.h"
#include "text/pattern.h"
#include "text/pieces.h"

/* The reference's SplitDelimiterBehavior; names in dio_cut_names, in this order. */
enum {
    DIO_CUT_REMOVED,         /* a-b   -> a b   */
    DIO_CUT_ISOLATED,        /* a--b  -> a - - b */
    DIO_CUT_MERGED_PREVIOUS, /* a-b   -> a- b  */
    DIO_CUT_MERGED_NEXT,     /* a-b   -> a -b  */
    DIO_CUT_CONTIGUOUS,      /* a--b  -> a -- b */
    DIO_CUT_COUNT,
};
extern const char *const dio_cut_names[DIO_CUT_COUNT];

/* A run of text that is or is not a delimiter. */
typedef struct dio_run {
    size_t start, end;
    bool match;
} dio_run;

/* Cuts one piece at a time into `out`. Zero but for out and piece; deinit at the end. */
typedef struct dio_cutter {
    dio_pieces *out;
    dio_piece piece; /* being cut: its place and whether it is first */
    dio_run *runs;
    size_t count, cap;
} dio_cutter;
void dio_cutter_deinit(dio_cutter *c);

/* text (n bytes) is the piece's. Delimiters are the pattern's matches (or, with invert, what lies
 * between them), code points of a class, or one character that starts a new piece. */
bool dio_cut_pattern(dio_cutter *c, const dio_pattern *p, dio_matcher *m, const char *text,
                     size_t n, bool invert, int behavior, dio_error *err);
bool dio_cut_class(dio_cutter *c, bool (*is)(uint32_t cp), const char *text, size_t n, int behavior,
                   dio_error *err);
bool dio_cut_before(dio_cutter *c, const char *mark, size_t length, const char *text, size_t n,
                    dio_error *err);
