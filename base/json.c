/* json.c: reads JSON with jansson, which keeps no places, and finds the places itself.
 * Once jansson has accepted a text, a scanner that knows only where tokens begin and end walks
 * it in step with jansson's tree: maps keep source order and duplicates are refused, so the next
 * value of the tree is always the next token of the text. The same scanner counts the depth
 * beforehand (jansson recurses) and finds the token that jansson did not like.
 * jansson 2.14 does not look whether the copy of a long token could grow, and reads past its end
 * when it could not (its issue 362): it is only called once all that it can take was there. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/str.h"
#include "base/text.h"
#include "base/tree.h"

struct scan {
    const char *text;
    size_t length, at; /* at: the next byte */
    int line, column;  /* its place */
};

/* Copies of the values, several to an allocation: arenas align, and documents are large. */
enum { CHUNK = 128 };

struct reader {
    dio_arena *a;
    const char *file;
    struct scan scan;
    dio_value *values;
    int values_left;
};

static void advance(struct scan *s, size_t n)
{
    for (; n > 0; n--, s->at++) {
        unsigned char c = (unsigned char)s->text[s->at];
        if (c == '\n' || (c == '\r' && (s->at + 1 == s->length || s->text[s->at + 1] != '\n'))) {
            s->line++;
            s->column = 1;
        } else if ((c & 0xc0) != 0x80) {
            s->column++;
        }
    }
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Length of the string at s->at, with its quotes; to the end of the text when it is open. */
static size_t string_length(const struct scan *s)
{
    size_t i = s->at + 1;
    while (i < s->length && s->text[i] != '"')
        i += s->text[i] == '\\' ? 2 : 1;
    return (i < s->length ? i + 1 : s->length) - s->at;
}

/* Moves to the next token. Returns its first character, 0 at the end, and its length. */
static char look(struct scan *s, size_t *n)
{
    size_t i = s->at;
    while (i < s->length && is_space(s->text[i]))
        i++;
    advance(s, i - s->at);
    *n = 0;
    if (i == s->length)
        return '\0';
    char c = s->text[i];
    if (c == '"') {
        *n = string_length(s);
    } else if (strchr("[]{},:", c)) {
        *n = 1;
    } else {
        while (i < s->length && !is_space(s->text[i]) && !strchr("[]{},:\"", s->text[i]))
            i++;
        *n = i - s->at;
    }
    return c;
}

/* Steps over the token `c`, which jansson has found to be there. */
static void skip(struct scan *s, char c)
{
    size_t n;
    char found = look(s, &n);
    assert(found == c);
    (void)found;
    (void)c;
    advance(s, n);
}

/* Whether the depth is within the limit; counts the tokens. */
static bool shallow(struct scan s, const char *file, size_t *tokens, dio_error *err)
{
    size_t n;
    int depth = 0;
    *tokens = 0;
    for (char c; (c = look(&s, &n)); advance(&s, n), ++*tokens) {
        if (c == ']' || c == '}')
            depth--;
        if ((c == '[' || c == '{') && ++depth > DIO_VALUE_DEPTH) {
            dio_fail(err, "lists and maps are nested more than %d deep", DIO_VALUE_DEPTH);
            return dio_error_at(err, file, s.line, s.column);
        }
    }
    return true;
}

/* Whether as much memory can be had as jansson may take. Worst is an empty map in a list, three
 * tokens for 248 bytes (2.14: 72 and 8 buckets of 16, malloc's headers, and up to three places in a
 * list that grows); a text lies in its value, and twice in the lexer while its buffer doubles. */
static bool has_room(size_t tokens, size_t length, dio_error *err)
{
    enum { EACH = 96, AT_ALL = 4096 };
    size_t bytes, texts;
    void *volatile all = NULL; /* volatile: or the compiler takes the request away */
    if (dio_mul_size(tokens, EACH, &bytes) && dio_mul_size(length, 4, &texts) &&
        dio_add_size(bytes, texts, &bytes) && dio_add_size(bytes, AT_ALL, &bytes))
        all = malloc(bytes);
    if (!all)
        return dio_fail_memory(err, "a JSON document");
    free(all);
    return true;
}

/* The line of the key written like the one at `offset`, in the same map; 0 when it is written
 * with other escapes. `s` is at the start of the text. */
static int first_line(struct scan s, size_t offset)
{
    size_t n;
    struct scan at[DIO_VALUE_DEPTH + 1];
    int depth = 0;
    for (char c; s.at < offset && (c = look(&s, &n)) && s.at < offset; advance(&s, n)) {
        if ((c == '[' || c == '{') && depth < DIO_VALUE_DEPTH) {
            at[++depth] = s;
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    look(&s, &n);
    const char *key = s.text + s.at;
    size_t length = n;
    if (depth == 0 || s.at != offset)
        return 0;
    s = at[depth];
    int inside = 0;
    for (char c; (c = look(&s, &n)) && s.at < offset; advance(&s, n)) {
        inside += (c == '[' || c == '{') - (c == ']' || c == '}');
        struct scan after = s;
        size_t colon;
        advance(&after, n);
        if (inside == 1 && n == length && memcmp(s.text + s.at, key, n) == 0 &&
            look(&after, &colon) == ':')
            return s.line;
    }
    return 0;
}

/* The token, at most 40 bytes of it, on one line. */
static void quote(const char *token, size_t n, char out[41])
{
    size_t shown = n > 40 ? 40 : n;
    while (shown > 0 && shown < n && ((unsigned char)token[shown] & 0xc0) == 0x80)
        shown--;
    for (size_t i = 0; i < shown; i++)
        out[i] = (unsigned char)token[i] < 0x20 || token[i] == 0x7f ? ' ' : token[i];
    out[shown] = '\0';
}

/* Says in our words, at the token, what jansson said at the byte after it. */
static void explain(struct scan s, const char *file, const json_error_t *said, dio_error *err)
{
    struct scan start = s;
    size_t n, wrong = s.at + (said->position > 0 ? (size_t)said->position : 0);
    while (look(&s, &n) && s.at + n < wrong)
        advance(&s, n);
    char token[41];
    quote(s.text + s.at, n, token);
    const char *near = strstr(said->text, " near ");
    int reason = near ? (int)(near - said->text) : (int)strlen(said->text);
    switch (json_error_code(said)) {
    case json_error_out_of_memory:
    case json_error_unknown: /* what it leaves when a value could not be made */
        dio_fail_memory(err, "a JSON document");
        return;
    case json_error_duplicate_key:
        dio_fail(err, "key %s appears twice in this map: first on line %d", token,
                 first_line(start, s.at));
        break;
    case json_error_numeric_overflow:
        dio_fail(err, "number %s is too large: integers have 64 bits, others end at 1.8e308",
                 token);
        break;
    case json_error_null_character:
    case json_error_null_byte_in_key:
        dio_fail(err, "a string contains \\u0000, which no text may");
        break;
    case json_error_premature_end_of_input:
        dio_fail(err, "not valid JSON: the text ends too early");
        break;
    default:
        if (n)
            dio_fail(err, "not valid JSON: %.*s, at %s", reason, said->text, token);
        else
            dio_fail(err, "not valid JSON: %.*s, at the end", reason, said->text);
    }
    dio_error_at(err, file, s.line, s.column);
}

/* The next value, with the place of the next token; NULL when there is no memory. */
static dio_value *new_value(struct reader *r, dio_kind kind, size_t *n)
{
    if (r->values_left == 0) {
        r->values = dio_arena_try(r->a, CHUNK * sizeof *r->values);
        if (!r->values)
            return NULL;
        r->values_left = CHUNK;
    }
    dio_value *v = r->values++;
    r->values_left--;
    look(&r->scan, n);
    v->kind = kind;
    v->file = r->file;
    v->line = r->scan.line;
    v->column = r->scan.column;
    return v;
}

static dio_value *read_string(struct reader *r, const char *text, size_t length)
{
    size_t n;
    dio_value *v = new_value(r, DIO_STRING, &n);
    if (!v)
        return NULL;
    v->string.text = dio_arena_strndup(r->a, text, length);
    v->string.length = length;
    advance(&r->scan, n);
    return v->string.text ? v : NULL;
}

static dio_value *read_scalar(struct reader *r, const json_t *j)
{
    size_t n;
    dio_kind kind = json_is_integer(j)   ? DIO_INT
                    : json_is_real(j)    ? DIO_REAL
                    : json_is_boolean(j) ? DIO_BOOL
                                         : DIO_NULL;
    dio_value *v = new_value(r, kind, &n);
    if (!v)
        return NULL;
    v->scalar.source = dio_arena_strndup(r->a, r->scan.text + r->scan.at, n);
    if (kind == DIO_INT)
        v->integer = json_integer_value(j);
    else if (kind == DIO_REAL)
        v->real = json_real_value(j);
    else
        v->boolean = json_is_true(j);
    advance(&r->scan, n);
    return v->scalar.source ? v : NULL;
}

static dio_value *read_value(struct reader *r, json_t *j);

static dio_value *read_list(struct reader *r, json_t *j)
{
    size_t n, count = json_array_size(j);
    dio_value *v = new_value(r, DIO_LIST, &n);
    if (!v || !dio_list_reserve(r->a, v, count))
        return NULL;
    skip(&r->scan, '[');
    for (size_t i = 0; i < count; i++) {
        if (i)
            skip(&r->scan, ',');
        dio_value *item = read_value(r, json_array_get(j, i));
        if (!item)
            return NULL;
        dio_list_add(r->a, v, item);
    }
    skip(&r->scan, ']');
    return v;
}

static dio_value *read_map(struct reader *r, json_t *j)
{
    size_t n;
    dio_value *v = new_value(r, DIO_MAP, &n);
    if (!v || !dio_map_reserve(r->a, v, json_object_size(j)))
        return NULL;
    skip(&r->scan, '{');
    bool first = true;
    for (void *it = json_object_iter(j); it; it = json_object_iter_next(j, it)) {
        if (!first)
            skip(&r->scan, ',');
        first = false;
        dio_value *key = read_string(r, json_object_iter_key(it), json_object_iter_key_len(it));
        if (!key)
            return NULL;
        skip(&r->scan, ':');
        dio_value *item = read_value(r, json_object_iter_value(it));
        if (!item)
            return NULL;
        dio_map_put(r->a, v, key, item);
    }
    skip(&r->scan, '}');
    return v;
}

/* NULL when there is no memory. The depth is at most DIO_VALUE_DEPTH. */
static dio_value *read_value(struct reader *r, json_t *j)
{
    switch (json_typeof(j)) {
    case JSON_OBJECT:
        return read_map(r, j);
    case JSON_ARRAY:
        return read_list(r, j);
    case JSON_STRING:
        return read_string(r, json_string_value(j), json_string_length(j));
    default:
        return read_scalar(r, j);
    }
}

dio_value *dio_json_parse(dio_arena *a, const char *file, const char *text, size_t length,
                          dio_error *err)
{
    size_t bom;
    if (!dio_text_check(file, text, length, &bom, err))
        return NULL;
    struct reader r = {.a = a,
                       .file = file,
                       .scan = {.text = text, .length = length, .at = bom, .line = 1, .column = 1}};
    size_t tokens;
    if (!shallow(r.scan, file, &tokens, err) || !has_room(tokens, length, err))
        return NULL;
    json_error_t said;
    json_t *root =
        json_loadb(text + bom, length - bom, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &said);
    if (!root) {
        explain(r.scan, file, &said, err);
        return NULL;
    }
    dio_value *v = read_value(&r, root);
    json_decref(root);
    if (!v || dio_arena_failed(a)) {
        dio_fail_memory(err, file);
        return NULL;
    }
    return v;
}
