/* yaml.c: reads YAML from libyaml's stream of events.
 * An alias is the very value that its anchor names, so a bomb costs nothing to build; what it
 * would expand to is counted all the same, for the sake of whoever walks the tree. The stack of
 * open lists and maps is ours and has 64 places, so libyaml is stopped before its own grows:
 * with 100 000 open brackets it takes 14 s. */
#include "base/yaml.h"

#include <string.h>

#include <yaml.h>

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
    yaml_parser_t parser;
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

/* Copies an event's text, NULL for none, into the arena; NULL when there is no memory. */
static char *copy_of(struct reader *r, const yaml_char_t *text)
{
    return dio_arena_strdup(r->a, text ? (const char *)text : "");
}

/* libyaml counts from 0. */
static void take_place(struct reader *r, const yaml_mark_t *m)
{
    r->line = (int)m->line + 1;
    r->column = (int)m->column + 1;
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
static bool take_anchor(struct reader *r, const yaml_char_t *anchor, dio_value *v, bool open,
                        int *index, dio_error *err)
{
    *index = -1;
    if (!anchor)
        return true;
    char *name = copy_of(r, anchor);
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
    return true;
}

static bool take_scalar(struct reader *r, const yaml_event_t *e, dio_error *err)
{
    int anchor;
    const char *text = (const char *)e->data.scalar.value;
    size_t n = e->data.scalar.length;
    bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    dio_value *v = new_value(r, DIO_STRING);
    if (memchr(text, '\0', n))
        return dio_value_fail(v, err, "an escape gives a NUL character, which no text may contain");
    if (!dio_utf8_valid(text, n, NULL))
        return dio_value_fail(v, err, "an escape gives a character that does not exist");
    char *tag = copy_of(r, e->data.scalar.tag);
    v->string.text = dio_arena_strndup(r->a, text, n);
    v->string.length = n;
    if (!v->string.text || !tag || dio_arena_failed(r->a))
        return dio_fail_memory(err, "a YAML document");
    if (!take_anchor(r, e->data.scalar.anchor, v, false, &anchor, err))
        return false;
    if (awaits_key(r))
        return take_key(r, v, plain, err);
    return dio_yaml_resolve(v, plain, tag, err) && place(r, v, 1, 0, err);
}

static bool take_alias(struct reader *r, const yaml_event_t *e, dio_error *err)
{
    char *name = copy_of(r, e->data.alias.anchor);
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

static bool open_level(struct reader *r, dio_kind kind, const yaml_char_t *full_tag,
                       const yaml_char_t *name, dio_error *err)
{
    int anchor;
    if (r->depth == DIO_VALUE_DEPTH)
        return too_deep(r, err);
    if (awaits_key(r)) {
        dio_fail(err, "a key must be a word or a text, not %s", dio_kind_name(kind));
        return fail_here(r, err);
    }
    dio_value *v = new_value(r, kind);
    char *tag = copy_of(r, full_tag);
    if (!tag || dio_arena_failed(r->a))
        return dio_fail_memory(err, "a YAML document");
    if (!dio_yaml_tag_fits(tag, kind))
        return dio_value_fail(v, err, "tag %.80s is not known, or does not fit %s", tag,
                              dio_kind_name(kind));
    if (!take_anchor(r, name, v, true, &anchor, err))
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

static bool start_document(struct reader *r, const yaml_version_directive_t *version,
                           dio_error *err)
{
    if (r->documents++ > 0) {
        dio_fail(err, "a second document begins here: one file holds one");
        return fail_here(r, err);
    }
    if (version && version->minor != 2) { /* where "no" would be a boolean */
        dio_fail(err, "the file says YAML %d.%d: only 1.2 is read", version->major, version->minor);
        return fail_here(r, err);
    }
    return true;
}

static bool take(struct reader *r, const yaml_event_t *e, dio_error *err)
{
    take_place(r, &e->start_mark);
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        return start_document(r, e->data.document_start.version_directive, err);
    case YAML_SCALAR_EVENT:
        return take_scalar(r, e, err);
    case YAML_ALIAS_EVENT:
        return take_alias(r, e, err);
    case YAML_SEQUENCE_START_EVENT:
        return open_level(r, DIO_LIST, e->data.sequence_start.tag, e->data.sequence_start.anchor,
                          err);
    case YAML_MAPPING_START_EVENT:
        return open_level(r, DIO_MAP, e->data.mapping_start.tag, e->data.mapping_start.anchor, err);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return close_level(r, err);
    default:
        return true;
    }
}

/* True when the line's indentation holds a tab. */
static bool has_tab_indent(const struct reader *r, int line)
{
    const char *p = r->text + r->bom, *end = r->text + r->length;
    for (int l = 1; l < line && p < end; p++)
        l += *p == '\n' || (*p == '\r' && (p + 1 == end || p[1] != '\n'));
    while (p < end && *p == ' ')
        p++;
    return p < end && *p == '\t';
}

/* The mistakes that people make most, in words that say what to do. */
static const struct {
    const char *problem, *words;
    bool where_it_began; /* the place to look at is the context's */
} hints[] = {
    {"mapping values are not allowed in this context",
     "a \":\" stands where no value may follow: quote the text, or check the indentation", false},
    {"found character that cannot start any token",
     "a text may not begin with this character: quote it", false},
    {"found unexpected end of stream", "the quote that opens here is never closed", true},
    {"did not find expected ',' or ']'", "the list that opens here lacks a \",\" or \"]\"", true},
    {"did not find expected ',' or '}'", "the map that opens here lacks a \",\" or \"}\"", true},
    {"did not find expected node content",
     "a value is missing here, or a bracket before it is not closed", false},
    {"could not find expected ':'", "a \":\" is missing after this key", true},
};

/* Says what libyaml said. */
static bool explain(struct reader *r, dio_error *err)
{
    const yaml_parser_t *p = &r->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return dio_fail_memory(err, "a YAML document");
    take_place(r, &p->problem_mark);
    const char *problem = p->problem ? p->problem : "it cannot be read";
    const char *gap = p->context ? " " : "", *context = p->context ? p->context : "";
    if (has_tab_indent(r, r->line)) {
        dio_fail(err, "a tab stands in the indentation: use spaces");
        return fail_here(r, err);
    }
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        if (strcmp(problem, hints[i].problem) != 0)
            continue;
        if (hints[i].where_it_began && p->context)
            take_place(r, &p->context_mark);
        problem = hints[i].words;
        gap = context = "";
    }
    dio_fail(err, "not valid YAML: %s%s%s", problem, gap, context);
    return fail_here(r, err);
}

static bool read_events(struct reader *r, dio_error *err)
{
    bool ok = true, end = false;
    while (ok && !end) {
        yaml_event_t e;
        if (!yaml_parser_parse(&r->parser, &e))
            return explain(r, err);
        ok = take(r, &e, err);
        end = e.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&e);
    }
    if (ok && dio_arena_failed(r->a))
        return dio_fail_memory(err, "a YAML document");
    return ok;
}

dio_value *dio_yaml_parse(dio_arena *a, const char *file, const char *text, size_t length,
                          dio_error *err)
{
    struct reader r = {
        .a = a, .file = file, .text = text, .length = length, .line = 1, .column = 1};
    if (!dio_text_check(file, text, length, &r.bom, err) ||
        !dio_yaml_check(file, text, length, err))
        return NULL;
    r.names = dio_value_map(a);
    r.root = new_value(&r, DIO_NULL); /* what an empty text is */
    if (!yaml_parser_initialize(&r.parser)) {
        dio_fail_memory(err, "a YAML reader");
        return NULL;
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text + r.bom, length - r.bom);
    bool ok = read_events(&r, err);
    yaml_parser_delete(&r.parser);
    return ok ? r.root : NULL;
}
