/* batch_worker.c: renders row after row, with models opened once. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "fusion/batch_parts.h"
#include "fusion/cache.h"
#include "fusion/ledger.h"
#include "fusion/pipeline.h"

/* ---- messages ---- */

static bool put_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        bytes += done;
        n -= (size_t)done;
    }
    return true;
}

static bool get_all(int fd, char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = read(fd, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        bytes += done;
        n -= (size_t)done;
    }
    return true;
}

bool dio_batch_send(int fd, const dio_value *v, dio_arena *a)
{
    const char *text = dio_json_write(a, v, 0);
    uint32_t length = text ? (uint32_t)strlen(text) : 0;
    return text && length <= DIO_BATCH_MESSAGE && put_all(fd, (char *)&length, sizeof length) &&
           put_all(fd, text, length);
}

const dio_value *dio_batch_receive(int fd, dio_arena *a)
{
    uint32_t length;
    dio_error ignored = {0};
    if (!get_all(fd, (char *)&length, sizeof length) || length > DIO_BATCH_MESSAGE)
        return NULL;
    char *text = dio_arena_try(a, (size_t)length + 1);
    if (!text || !get_all(fd, text, length))
        return NULL;
    text[length] = '\0';
    return dio_json_parse(a, "batch", text, length, &ignored);
}

/* ---- a row ---- */

struct work {
    const dio_batch_ground *ground;
    dio_studio *studio;
    dio_ledger *ledger;
    dio_cache *cache; /* or NULL */
    dio_arena *arena; /* of the row */
    dio_value *files;
    bool waits; /* the row, for a person's choice */
};

static int64_t integer_of(const dio_value *map, const char *key)
{
    const dio_value *v = dio_map_get(map, key);
    return v && v->kind == DIO_INT ? v->integer : 0;
}

/* Values with the places that they have in the table. */
static void give_values(struct work *w, dio_pipeline *p, const dio_value *values)
{
    for (int i = 0; values && values->kind == DIO_MAP && i < values->map.count; i++) {
        const dio_value *told = values->map.items[i], *value = dio_map_get(told, "value");
        if (!value)
            continue;
        dio_value *v = dio_arena_alloc(p->arena, sizeof *v);
        *v = *value;
        v->file = w->ground->options->rows;
        v->line = (int)integer_of(told, "line");
        v->column = (int)integer_of(told, "column");
        dio_pipeline_give(p, values->map.keys[i]->string.text, v);
    }
}

static void on_event(void *user, const dio_run_event *e)
{
    struct work *w = user;
    struct stat st;
    w->waits = w->waits || (e->what == DIO_RUN_DONE && e->waits);
    if (e->what != DIO_RUN_FILE || stat(e->text, &st) < 0)
        return;
    size_t root = strlen(w->ground->options->out);
    dio_value *f = dio_value_list(w->arena);
    dio_list_add(w->arena, f,
                 dio_value_string(w->arena, e->text + root + strspn(e->text + root, "/")));
    dio_list_add(w->arena, f, dio_value_int(w->arena, st.st_size));
    dio_list_add(w->arena, f,
                 dio_value_int(w->arena, st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec));
    dio_list_add(w->arena, w->files, f);
}

static bool is_cancelled(void *user)
{
    const dio_batch_options *o = ((struct work *)user)->ground->options;
    return o->cancelled && o->cancelled(o->user);
}

/* All of them on one line; without carets, which point into the pipeline and not into the table. */
static bool fail_with_problems(const dio_pipeline *p, dio_error *err)
{
    dio_str text = {0};
    if (dio_pipeline_starved(p))
        return dio_fail_memory(err, "a row");
    for (int i = 0; i < p->report.count; i++) {
        const dio_error *e = &p->report.list[i];
        dio_str_puts(&text, i ? "; " : "");
        if (e->file[0] && e->line)
            dio_str_printf(&text, "%s:%d:%d: ", e->file, e->line, e->column);
        dio_str_puts(&text, e->message);
    }
    dio_fail(err, "%s", text.text && !text.failed ? text.text : "it cannot be checked");
    dio_str_deinit(&text);
    return false;
}

static bool render(struct work *w, dio_pipeline *p, const dio_value *row, dio_error *err)
{
    const dio_batch_options *o = w->ground->options;
    for (int i = 0; i < o->set_count; i++)
        dio_pipeline_set(p, o->sets[i]);
    give_values(w, p, dio_map_get(row, "values"));
    dio_value place = {.kind = DIO_NULL, .file = o->rows, .column = 1};
    place.line = (int)integer_of(row, "line");
    dio_pipeline_row(p, &place);
    const dio_check_options check = {.has_seed = o->has_seed, .seed = o->seed, .out = o->out};
    if (!dio_pipeline_check(p, &check))
        return fail_with_problems(p, err);
    return dio_pipeline_run(p,
                            &(dio_run_options){.out = o->out,
                                               .cache = o->cache,
                                               .opened = w->cache,
                                               .ledger = w->ledger,
                                               .run = w->ground->run,
                                               .row = integer_of(row, "row"),
                                               .event = on_event,
                                               .cancelled = is_cancelled,
                                               .user = w},
                            err);
}

static const dio_value *answer(struct work *w, const dio_value *row)
{
    dio_error err = {0};
    const dio_batch_ground *g = w->ground;
    dio_value *v = dio_value_map(w->arena);
    w->files = dio_value_list(w->arena);
    w->waits = false;
    dio_pipeline *p =
        dio_pipeline_read(w->studio, g->options->pipeline, g->source, g->length, &err);
    bool ok = p && render(w, p, row, &err);
    dio_pipeline_close(p);
    const char *state = ok                            ? "done"
                        : w->waits                    ? "review"
                        : err.kind == DIO_ERROR_RETRY ? "retry"
                                                      : "failed";
    dio_map_set(w->arena, v, "state", dio_value_string(w->arena, state));
    if (!ok) {
        char text[DIO_ERROR_MESSAGE + DIO_ERROR_FILE + 64];
        dio_map_set(w->arena, v, "error",
                    dio_value_string(w->arena, dio_error_text(&err, text, sizeof text)));
    }
    dio_map_set(w->arena, v, "files", w->files);
    return v;
}

void dio_batch_work(const dio_batch_ground *ground, int fd)
{
    const dio_batch_options *o = ground->options;
    dio_error err = {0};
    const char *warning;
    dio_arena *life = dio_arena_create();
    struct work w = {.ground = ground, .studio = dio_studio_create(o->assets, &err)};
    if (!life || !w.studio)
        return;
    if (o->device)
        dio_studio_use(w.studio, o->device);
    w.ledger = dio_ledger_open(o->out, life, &warning, &err);
    dio_error ignored = {0}; /* told with each row, when its run tries to open it */
    w.cache = o->cache ? dio_cache_open(o->cache, false, &ignored) : NULL;
    for (;;) {
        w.arena = dio_arena_create();
        const dio_value *row = w.arena ? dio_batch_receive(fd, w.arena) : NULL;
        bool more = row && dio_batch_send(fd, answer(&w, row), w.arena);
        dio_arena_destroy(w.arena);
        if (!more || dio_studio_starved(w.studio)) /* a new worker begins anew */
            break;
    }
    dio_cache_close(w.cache);
    dio_ledger_close(w.ledger);
    dio_studio_destroy(w.studio);
    dio_arena_destroy(life);
}
