/* pattern.c: compiling and matching with PCRE2. Time is bounded by its match limit, memory by its
 * heap limit and the size of the JIT's stack; nothing recurses on the text. */
#define _GNU_SOURCE           /* memmem */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/pattern.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

struct dio_pattern {
    pcre2_code *code;
    char *literal; /* instead of code: plain search */
    size_t length;
};

struct dio_matcher {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    uint64_t budget;
};

/* What a match may cost. It first sees a window of the text and may take FIRST steps of
 * backtracking in it; almost every match needs less. A match that runs into the window's end gets
 * a larger one, and one that needs more steps gets them, from a budget that grows with the text:
 * a run of a million spaces is one match. An expression made to be slow uses the budget up. */
enum { WINDOW = 128, FIRST = 1000, GROWTH = 16, BUDGET = 20 * 1000 * 1000, BUDGET_A_BYTE = 256 };
enum { HEAP_KIB = 64 * 1024 };
enum { STACK_FIRST = 32 * 1024, STACK_MOST = 16 * 1024 * 1024 };

static bool compile(dio_pattern *p, const dio_str *rewritten, dio_error *err)
{
    int code = 0;
    PCRE2_SIZE offset = 0;
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C;
    p->code = pcre2_compile((PCRE2_SPTR)rewritten->text, rewritten->length, options, &code, &offset,
                            NULL);
    if (!p->code) {
        PCRE2_UCHAR message[256];
        pcre2_get_error_message(code, message, sizeof message);
        return dio_fail(err, "the expression is wrong: %s (at byte %zu of its PCRE2 form %.*s)",
                        (const char *)message, (size_t)offset,
                        (int)(rewritten->length < 300 ? rewritten->length : 300), rewritten->text);
    }
    /* Without a JIT for this machine the interpreter gives the same matches. */
    pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD);
    return true;
}

dio_pattern *dio_pattern_create(const char *text, size_t n, bool literal, dio_error *err)
{
    if (!n || n > DIO_PATTERN_LIMIT) {
        dio_fail(err, "a pattern of %zu bytes: 1 to %d are supported", n, DIO_PATTERN_LIMIT);
        return NULL;
    }
    dio_str rewritten = {0};
    bool ok = false;
    dio_pattern *p = calloc(1, sizeof *p);
    if (!p) {
        dio_fail_memory(err, "a pattern");
        return NULL;
    }
    if (literal) {
        p->literal = malloc(n);
        p->length = n;
        ok = p->literal != NULL;
        if (ok)
            memcpy(p->literal, text, n);
        else
            dio_fail_memory(err, "a pattern");
    } else {
        ok = dio_pattern_rewrite(text, n, &rewritten, err) && compile(p, &rewritten, err);
    }
    dio_str_deinit(&rewritten);
    if (ok)
        return p;
    dio_pattern_destroy(p);
    return NULL;
}

void dio_pattern_destroy(dio_pattern *p)
{
    if (!p)
        return;
    pcre2_code_free(p->code);
    free(p->literal);
    free(p);
}

dio_matcher *dio_matcher_create(dio_error *err)
{
    dio_matcher *m = calloc(1, sizeof *m);
    if (m) {
        m->data = pcre2_match_data_create(1, NULL);
        m->context = pcre2_match_context_create(NULL);
    }
    if (!m || !m->data || !m->context) {
        dio_matcher_destroy(m);
        dio_fail_memory(err, "matching a pattern");
        return NULL;
    }
    m->budget = BUDGET;
    pcre2_set_heap_limit(m->context, HEAP_KIB);
    return m;
}

void dio_matcher_destroy(dio_matcher *m)
{
    if (!m)
        return;
    pcre2_jit_stack_free(m->stack);
    pcre2_match_context_free(m->context);
    pcre2_match_data_free(m->data);
    free(m);
}

static int next_literal(const dio_pattern *p, const char *text, size_t n, dio_match *match)
{
    const char *at = memmem(text + match->next, n - match->next, p->literal, p->length);
    if (!at)
        return 0;
    match->start = (size_t)(at - text);
    match->end = match->next = match->start + p->length;
    return 1;
}

static size_t step(const char *text, size_t n, size_t at)
{
    uint32_t cp;
    int length = at < n ? dio_utf8_next(text + at, n - at, &cp) : 0;
    return at + (length ? (size_t)length : 1);
}

static bool spend(dio_matcher *m, uint64_t cost)
{
    if (m->budget < cost)
        return false;
    m->budget -= cost;
    return true;
}

/* Compiled code starts on 32 KiB of the machine's stack. What needs more gets a stack of its own,
 * which is not made before because making it costs more than most texts do. */
static int match_once(const dio_pattern *p, dio_matcher *m, const char *text, size_t end,
                      size_t start, uint32_t options)
{
    int found = pcre2_match(p->code, (PCRE2_SPTR)text, end, start, options, m->data, m->context);
    if (found != PCRE2_ERROR_JIT_STACKLIMIT || m->stack)
        return found;
    m->stack = pcre2_jit_stack_create(STACK_FIRST, STACK_MOST, NULL);
    if (!m->stack)
        return found;
    pcre2_jit_stack_assign(m->context, NULL, m->stack);
    return pcre2_match(p->code, (PCRE2_SPTR)text, end, start, options, m->data, m->context);
}

static int match_window(const dio_pattern *p, dio_matcher *m, const char *text, size_t end,
                        size_t start, uint32_t options)
{
    for (uint64_t steps = FIRST;; steps *= GROWTH) {
        pcre2_set_match_limit(m->context, (uint32_t)(steps < UINT32_MAX ? steps : UINT32_MAX));
        int found = match_once(p, m, text, end, start, options | PCRE2_NO_UTF_CHECK);
        if (found != PCRE2_ERROR_MATCHLIMIT || !spend(m, steps * GROWTH))
            return found;
    }
}

/* The first match from `start` on. An attempt that would look beyond the window says so (a
 * "partial" match) instead of deciding, so what windows give is what the whole text gives. */
static int search(const dio_pattern *p, dio_matcher *m, const char *text, size_t n, size_t start)
{
    for (size_t window = WINDOW;;) {
        size_t end = n - start <= window ? n : start + window;
        while (end < n && ((unsigned char)text[end] & 0xc0) == 0x80)
            end++;
        int found = match_window(p, m, text, end, start, end < n ? PCRE2_PARTIAL_HARD : 0);
        if (found == PCRE2_ERROR_PARTIAL) {
            start = pcre2_get_ovector_pointer(m->data)[0];
            window *= 4;
            if (!spend(m, window))
                return PCRE2_ERROR_MATCHLIMIT;
        } else if (found == PCRE2_ERROR_NOMATCH && end < n) {
            start = end;
            window *= 2;
        } else {
            return found;
        }
    }
}

int dio_pattern_next(const dio_pattern *p, dio_matcher *m, const char *text, size_t n,
                     dio_match *match, dio_error *err)
{
    if (p->literal)
        return match->next <= n ? next_literal(p, text, n, match) : 0;
    if (!match->any && !match->next)
        m->budget += (uint64_t)n * BUDGET_A_BYTE;
    while (match->next <= n) {
        int found = search(p, m, text, n, match->next);
        if (found == PCRE2_ERROR_NOMATCH)
            return 0;
        if (found < 0) {
            PCRE2_UCHAR message[256];
            pcre2_get_error_message(found, message, sizeof message);
            dio_fail(err, "the pattern could not be matched from byte %zu of %zu: %s", match->next,
                     n, (const char *)message);
            return -1;
        }
        const PCRE2_SIZE *span = pcre2_get_ovector_pointer(m->data);
        if (span[0] == span[1] && match->any && span[1] == match->end) {
            match->next = step(text, n, match->next);
            continue;
        }
        match->start = span[0];
        match->end = match->next = span[1];
        match->any = true;
        return 1;
    }
    return 0;
}
