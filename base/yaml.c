/* yaml.c: reads YAML from libfyaml's stream of events.
 * Events rather than its documents: documents follow aliases, and that code has recursed without
 * end before (libfyaml issues 172, 173, 186). Here an alias is the very value that its anchor
 * names, so a bomb costs nothing to build; what it would expand to is counted all the same, for
 * the sake of whoever walks the tree. The stack of open lists and maps is ours and has 64 places.
 */
#include "base/yaml.h"

#include <string.h>

#include <libfyaml.h>

#include "base/str.h"
#include "base/text.h"
#include "base/tree.h"

/* A list or map being filled. */
struct level {
    dio_value *value;
    dio_value *key; /* of a map: the key whose item is awaited */
    int anchor;     /* which anchor names it, or -1 */
    long nodes;     /* in it so far, with aliases expanded; itself included */
    int height;     /* levels below it */
};

struct anchor {
    dio_value *value;
    long nodes;
    int height;
    bool open; /* its list or map is still being filled */
};

struct reader {
    dio_arena *a;
    const char *file, *text;
    size_t length, bom;
    struct fy_diag *diag;
    struct fy_parser *parser;
    dio_value *root;
    dio_value *names; /* anchor name -> index into anchors */
    struct anchor *anchors;
    int anchor_count, anchor_cap;
    struct level levels[DIO_VALUE_DEPTH];
    int depth;
    int documents;
    long alias_nodes;
    int line, column; /* of the last event that had a place */
};

static bool fail_here(const struct reader *r, dio_error *err)
{
    return dio_error_at(err, r->file, r->line, r->column);
}

/* The token's text; "" for none. */
static const char *text_of(struct fy_token *token, size_t *n)
{
    const char *text = token ? fy_token_get_text(token, n) : NULL;
    if (!text)
        *n = 0;
    return text ? text : "";
}

/* Copies a token's text into the arena; NULL when there is no memory. */
static char *copy_of(struct reader *r, struct fy_token *token)
{
    size_t n;
    const char *text = text_of(token, &n);
    return dio_arena_strndup(r->a, text, n);
}

/* libfyaml counts from 0, and marks quoted scalars and aliases after their first character. */
static void take_place(struct reader *r, struct fy_event *e)
{
    const struct fy_mark *m = fy_event_start_mark(e);
    if (!m)
        return;
    bool after = e->type == FYET_ALIAS;
    if (e->type == FYET_SCALAR) {
        enum fy_scalar_style style = fy_token_scalar_style(e->scalar.value);
        after = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
    }
    r->line = m->line + 1;
    r->column = m->column + (after && m->column > 0 ? 0 : 1);
}

static dio_value *new_value(struct reader *r, dio_kind kind)
{
    dio_value *v = dio_arena_alloc(r->a, sizeof *v);
    v->kind = kind;
    v->file = r->file;
    v->line = r->line;
    v->column = r->column;
    return v;
}

static bool too_deep(const struct reader *r, dio_error *err)
{
    dio_fail(err, "lists and maps are nested more than %d deep", DIO_VALUE_DEPTH);
    return fail_here(r, err);
}

/* Puts a value of `nodes` nodes and `height` levels where one is awaited. */
static bool place(struct reader *r, dio_value *v, long nodes, int height, dio_error *err)
{
    if (r->depth == 0) {
        r->root = v;
        return true;
    }
    if (r->depth + height > DIO_VALUE_DEPTH)
        return too_deep(r, err);
    struct level *l = &r->levels[r->depth - 1];
    l->nodes += nodes;
    if (height > l->height)
        l->height = height;
    if (l->value->kind == DIO_LIST) {
        dio_list_add(r->a, l->value, v);
        return true;
    }
    dio_value *key = l->key;
    l->key = NULL;
    const dio_value *first = dio_map_put(r->a, l->value, key, v);
    if (!first)
        return true;
    return dio_value_fail(key, err, "key \"%.80s\" appears twice in this map: first on line %d",
                          key->string.text, first->line);
}

static bool awaits_key(const struct reader *r)
{
    const struct level *l = r->depth > 0 ? &r->levels[r->depth - 1] : NULL;
    return l && l->value->kind == DIO_MAP && !l->key;
}

/* Remembers the anchor, if any; *index is -1 without one. A name may be given again: later
 * aliases mean the later value. */
static bool take_anchor(struct reader *r, struct fy_event *e, dio_value *v, bool open, int *index,
                        dio_error *err)
{
    struct fy_token *token = fy_event_get_anchor_token(e);
    *index = -1;
    if (!token)
        return true;
    char *name = copy_of(r, token);
    if (!name ||
        !dio_arena_grow(r->a, &r->anchors, r->anchor_count, &r->anchor_cap, sizeof *r->anchors))
        return dio_fail_memory(err, "YAML anchors");
    *index = r->anchor_count++;
    r->anchors[*index] = (struct anchor){.value = v, .nodes = 1, .open = open};
    dio_map_set(r->a, r->names, name, dio_value_int(r->a, *index));
    return true;
}

/* The scalar becomes the awaited key, whatever its kind: 1: and yes: are "1" and "yes". */
static bool take_key(struct reader *r, dio_value *v, bool plain, dio_error *err)
{
    struct level *l = &r->levels[r->depth - 1];
    if (plain && v->string.length == 0)
        return dio_value_fail(v, err, "a key is missing before \":\"");
    if (plain && strcmp(v->string.text, "<<") == 0)
        return dio_value_fail(v, err,
                              "merge keys (<<) are not part of YAML 1.2: write the entries "
                              "out, or quote the key");
    l->key = v;
    l->nodes++;
    bool before =
        v->line < l->value->line || (v->line == l->value->line && v->column < l->value->column);
    if (before && l->value->map.count == 0) { /* [a: 1]: the map starts with its key */
        l->value->line = v->line;
        l->value->column = v->column;
    }
    return true;
}

static bool take_scalar(struct reader *r, struct fy_event *e, dio_error *err)
{
    size_t n, bad;
    int anchor;
    const char *text = text_of(e->scalar.value, &n);
    bool plain = fy_token_scalar_style(e->scalar.value) == FYSS_PLAIN;
    dio_value *v = new_value(r, DIO_STRING);
    if (memchr(text, '\0', n))
        return dio_value_fail(v, err, "an escape gives a NUL character, which no text may contain");
    if (!dio_utf8_valid(text, n, &bad))
        return dio_value_fail(v, err, "an escape gives a character that does not exist");
    char *tag = copy_of(r, fy_event_get_tag_token(e));
    v->string.text = dio_arena_strndup(r->a, text, n);
    v->string.length = n;
    if (!v->string.text || !tag || dio_arena_failed(r->a))
        return dio_fail_memory(err, "a YAML document");
    if (!take_anchor(r, e, v, false, &anchor, err))
        return false;
    if (awaits_key(r))
        return take_key(r, v, plain, err);
    return dio_yaml_resolve(v, plain, tag, err) && place(r, v, 1, 0, err);
}

static bool take_alias(struct reader *r, struct fy_event *e, dio_error *err)
{
    char *name = copy_of(r, e->alias.anchor);
    if (!name)
        return dio_fail_memory(err, "a YAML alias");
    const dio_value *index = dio_map_get(r->names, name);
    if (awaits_key(r)) {
        dio_fail(err, "alias *%.80s cannot be a key: write the key out", name);
        return fail_here(r, err);
    }
    if (!index) {
        dio_fail(err, "alias *%.80s: no anchor &%.80s stands before it", name, name);
        return fail_here(r, err);
    }
    const struct anchor *t = &r->anchors[index->integer];
    if (t->open) {
        dio_fail(err, "alias *%.80s stands inside the value that it names", name);
        return fail_here(r, err);
    }
    r->alias_nodes += t->nodes;
    if (r->alias_nodes > DIO_VALUE_ALIAS_NODES) {
        dio_fail(err, "alias expansion exceeds %d nodes", DIO_VALUE_ALIAS_NODES);
        return fail_here(r, err);
    }
    return place(r, t->value, t->nodes, t->height, err);
}

static bool open_level(struct reader *r, struct fy_event *e, dio_kind kind, dio_error *err)
{
    int anchor;
    if (r->depth == DIO_VALUE_DEPTH)
        return too_deep(r, err);
    if (awaits_key(r)) {
        dio_fail(err, "a key must be a word or a text, not %s", dio_kind_name(kind));
        return fail_here(r, err);
    }
    dio_value *v = new_value(r, kind);
    char *tag = copy_of(r, fy_event_get_tag_token(e));
    if (!tag || dio_arena_failed(r->a))
        return dio_fail_memory(err, "a YAML document");
    if (!dio_yaml_tag_fits(tag, kind))
        return dio_value_fail(v, err, "tag %.80s is not known, or does not fit %s", tag,
                              dio_kind_name(kind));
    if (!take_anchor(r, e, v, true, &anchor, err))
        return false;
    r->levels[r->depth++] = (struct level){.value = v, .anchor = anchor, .nodes = 1};
    return true;
}

static bool close_level(struct reader *r, dio_error *err)
{
    struct level l = r->levels[--r->depth];
    if (l.anchor >= 0) {
        struct anchor *t = &r->anchors[l.anchor];
        t->nodes = l.nodes;
        t->height = l.height + 1;
        t->open = false;
    }
    return place(r, l.value, l.nodes, l.height + 1, err);
}

static bool take(struct reader *r, struct fy_event *e, dio_error *err)
{
    take_place(r, e);
    switch (e->type) {
    case FYET_DOCUMENT_START:
        if (r->documents++ == 0)
            return true;
        dio_fail(err, "a second document begins here: one file holds one");
        return fail_here(r, err);
    case FYET_SCALAR:
        return take_scalar(r, e, err);
    case FYET_ALIAS:
        return take_alias(r, e, err);
    case FYET_SEQUENCE_START:
        return open_level(r, e, DIO_LIST, err);
    case FYET_MAPPING_START:
        return open_level(r, e, DIO_MAP, err);
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END:
        return close_level(r, err);
    default:
        return true;
    }
}

/* True when the line's indentation, up to `column`, holds a tab. */
static bool has_tab_indent(const struct reader *r, int line)
{
    const char *p = r->text + r->bom, *end = r->text + r->length;
    for (int l = 1; l < line && p < end; p++)
        l += *p == '\n' || (*p == '\r' && (p + 1 == end || p[1] != '\n'));
    while (p < end && *p == ' ')
        p++;
    return p < end && *p == '\t';
}

/* Says what libfyaml said first. */
static bool explain(const struct reader *r, dio_error *err)
{
    void *iterator = NULL;
    struct fy_diag_error *said;
    while ((said = fy_diag_errors_iterate(r->diag, &iterator)))
        if (said->type >= FYET_ERROR)
            break;
    if (!said)
        return dio_fail_memory(err, "a YAML document");
    if (has_tab_indent(r, said->line))
        dio_fail(err, "a tab stands in the indentation: use spaces");
    else
        dio_fail(err, "not valid YAML: %s", said->msg);
    return dio_error_at(err, r->file, said->line, said->column);
}

static bool read_events(struct reader *r, dio_error *err)
{
    struct fy_event *e;
    bool ok = true;
    while (ok && (e = fy_parser_parse(r->parser))) {
        ok = take(r, e, err);
        fy_parser_event_free(r->parser, e);
    }
    if (ok && fy_parser_get_stream_error(r->parser))
        ok = explain(r, err);
    if (ok && dio_arena_failed(r->a))
        ok = dio_fail_memory(err, "a YAML document");
    return ok;
}

static bool open_parser(struct reader *r, dio_error *err)
{
    struct fy_diag_cfg quiet;
    fy_diag_cfg_default(&quiet);
    quiet.fp = NULL;
    quiet.colorize = false;
    r->diag = fy_diag_create(&quiet);
    if (!r->diag)
        return dio_fail_memory(err, "a YAML reader");
    fy_diag_set_collect_errors(r->diag, true);
    struct fy_parse_cfg cfg = {
        .flags = FYPCF_QUIET | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
        .diag = r->diag,
    };
    r->parser = fy_parser_create(&cfg);
    if (!r->parser || fy_parser_set_string(r->parser, r->text + r->bom, r->length - r->bom) != 0)
        return dio_fail_memory(err, "a YAML reader");
    return true;
}

dio_value *dio_yaml_parse(dio_arena *a, const char *file, const char *text, size_t length,
                          dio_error *err)
{
    struct reader r = {
        .a = a, .file = file, .text = text, .length = length, .line = 1, .column = 1};
    bool ok = false;
    if (!dio_text_check(file, text, length, &r.bom, err) ||
        !dio_yaml_check(file, text, length, err))
        return NULL;
    r.names = dio_value_map(a);
    r.root = new_value(&r, DIO_NULL); /* what an empty text is */
    if (r.length > r.bom) {
        if (!open_parser(&r, err))
            goto done;
        if (!read_events(&r, err))
            goto done;
    }
    ok = true;
done:
    if (r.parser)
        fy_parser_destroy(r.parser);
    if (r.diag)
        fy_diag_destroy(r.diag);
    return ok ? r.root : NULL;
}
