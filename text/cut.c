/* cut.c: delimiters are collected as runs first; a behaviour then says which runs stay, fall
 * away or join their neighbours. */
#define _GNU_SOURCE /* memmem */
#include "text/cut.h"

#include <stdlib.h>
#include <string.h>

const char *const dio_cut_names[DIO_CUT_COUNT] = {"Removed", "Isolated", "MergedWithPrevious",
                                                  "MergedWithNext", "Contiguous"};

void dio_cutter_deinit(dio_cutter *c)
{
    free(c->runs);
    c->runs = NULL;
    c->count = c->cap = 0;
}

static bool put_run(dio_cutter *c, size_t start, size_t end, bool match, dio_error *err)
{
    if (c->count == c->cap) {
        size_t cap = c->cap ? 2 * c->cap : 64;
        dio_run *grown = realloc(c->runs, cap * sizeof *grown);
        if (!grown)
            return dio_fail_memory(err, "the pieces of a text");
        c->runs = grown;
        c->cap = cap;
    }
    c->runs[c->count++] = (dio_run){start, end, match};
    return true;
}

static bool put_piece(dio_cutter *c, size_t start, size_t end, dio_error *err)
{
    return dio_pieces_put(c->out,
                          (dio_piece){.start = c->piece.start + start,
                                      .end = c->piece.start + end,
                                      .id = -1,
                                      .first = c->piece.first && start == 0},
                          err);
}

/* Joins from the left: a run goes to the one before it when `joins` says so of the two. */
static bool put_joined(dio_cutter *c, int behavior, dio_error *err)
{
    bool previous = false;
    size_t start = 0, end = 0;
    for (size_t i = 0; i < c->count; i++) {
        const dio_run *run = &c->runs[i];
        bool joins =
            behavior == DIO_CUT_CONTIGUOUS ? run->match == previous : run->match && !previous;
        if (i > 0 && !joins) {
            if (!put_piece(c, start, end, err))
                return false;
            start = run->start;
        }
        end = run->end;
        previous = run->match;
    }
    return !c->count || put_piece(c, start, end, err);
}

/* Joins from the right: a delimiter goes to the run after it, unless that is one too. */
static bool put_merged_next(dio_cutter *c, dio_error *err)
{
    size_t start = 0;
    for (size_t i = 0; i < c->count; i++) {
        bool joins_next = c->runs[i].match && i + 1 < c->count && !c->runs[i + 1].match;
        if (joins_next)
            continue;
        if (!put_piece(c, start, c->runs[i].end, err))
            return false;
        start = c->runs[i].end;
    }
    return true;
}

static bool put_runs(dio_cutter *c, int behavior, dio_error *err)
{
    if (behavior == DIO_CUT_CONTIGUOUS || behavior == DIO_CUT_MERGED_PREVIOUS)
        return put_joined(c, behavior, err);
    if (behavior == DIO_CUT_MERGED_NEXT)
        return put_merged_next(c, err);
    for (size_t i = 0; i < c->count; i++) {
        const dio_run *run = &c->runs[i];
        if (!(behavior == DIO_CUT_REMOVED && run->match) &&
            !put_piece(c, run->start, run->end, err))
            return false;
    }
    return true;
}

bool dio_cut_pattern(dio_cutter *c, const dio_pattern *p, dio_matcher *m, const char *text,
                     size_t n, bool invert, int behavior, dio_error *err)
{
    dio_match match = {0};
    size_t done = 0;
    int found;
    c->count = 0;
    while ((found = dio_pattern_next(p, m, text, n, &match, err)) == 1) {
        if (done != match.start && !put_run(c, done, match.start, invert, err))
            return false;
        if (!put_run(c, match.start, match.end, !invert, err))
            return false;
        done = match.end;
    }
    if (found < 0 || (done != n && !put_run(c, done, n, invert, err)))
        return false;
    return put_runs(c, behavior, err);
}

bool dio_cut_class(dio_cutter *c, bool (*is)(uint32_t cp), const char *text, size_t n, int behavior,
                   dio_error *err)
{
    size_t done = 0, step;
    c->count = 0;
    for (size_t i = 0; i < n; i += step) {
        uint32_t cp;
        step = (size_t)dio_utf8_next(text + i, n - i, &cp);
        if (!step)
            return dio_fail(err, "a text is not UTF-8 at its byte %zu", i);
        if (!is(cp))
            continue;
        if ((done < i && !put_run(c, done, i, false, err)) || !put_run(c, i, i + step, true, err))
            return false;
        done = i + step;
    }
    if (done < n && !put_run(c, done, n, false, err))
        return false;
    return put_runs(c, behavior, err);
}

bool dio_cut_before(dio_cutter *c, const char *mark, size_t length, const char *text, size_t n,
                    dio_error *err)
{
    size_t done = 0;
    c->count = 0;
    for (const char *at = text; (at = memmem(at, n - (size_t)(at - text), mark, length));) {
        size_t place = (size_t)(at - text);
        if ((done < place && !put_run(c, done, place, false, err)) ||
            !put_run(c, place, place + length, true, err))
            return false;
        done = place + length;
        at += length;
    }
    if (done < n && !put_run(c, done, n, false, err))
        return false;
    return put_runs(c, DIO_CUT_MERGED_NEXT, err);
}
