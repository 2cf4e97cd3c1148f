/* layers.c: reads every #include of the house and knows who may see whom.
 * Three rules: downward only; across modules only public headers; a library's headers only where
 * its column below says. Preprocessor conditions are not looked at: an include that is written
 * down counts. */
#include "layers.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Floors, lowest first. Same number: the two never include each other. */
static const struct {
    const char *name;
    int floor;
} modules[] = {
    {"base", 0},   {"tensor", 1}, {"text", 2},  {"vision", 3}, {"audio", 3},
    {"fusion", 4}, {"lib", 5},    {"bench", 5}, {"cli", 6},
};
enum { MODULES = sizeof modules / sizeof *modules };

/* A header whose name begins like `prefix` may be included by files whose path begins like one of
 * `places` (or, with `cu`, by any .cu file). */
static const struct {
    const char *prefix;
    const char *places[4];
    bool cu;
} libraries[] = {
    {"libav", {"fusion/"}},
    {"libsw", {"fusion/"}},
    {"pango/", {"fusion/"}},
    {"cairo", {"fusion/"}},
    {"fontconfig/", {"fusion/", "vision/scenes/"}},
    {"ft2build", {"vision/scenes/"}},
    {"freetype/", {"vision/scenes/"}},
    {"sqlite3", {"fusion/"}},
    {"ebur128", {"fusion/", "audio/"}},
    {"png.h", {"vision/", "fusion/"}},
    {"jpeglib", {"vision/"}},
    {"turbojpeg", {"vision/"}},
    {"webp/", {"vision/"}},
    {"sndfile", {"audio/"}},
    {"flite", {"audio/"}},
    {"cuda", {"tensor/cuda/"}, true},
    {"cublas", {"tensor/cuda/"}, true},
    {"cudnn", {"tensor/cuda/"}, true},
    {"nv", {"tensor/cuda/"}, true},
    {"dnnl", {"tensor/cpu/"}},
    {"oneapi/", {"tensor/cpu/"}},
    {"omp.h", {"base/", "tensor/cpu/"}},
    {"jansson", {"base/"}},
    {"yaml.h", {"base/"}},
    {"openssl/", {"base/", "fusion/"}},
    {"pcre2", {"text/"}},
    {"utf8proc", {"text/", "fusion/"}},
};
enum { LIBRARIES = sizeof libraries / sizeof *libraries };

struct check {
    const char *root;
    char *public_headers; /* the list, NUL-terminated */
    const char *file;     /* being read, relative to root */
    int line;
    layers_fault_fn *fault;
    void *user;
};

static void report(const struct check *c, const char *header, const char *why)
{
    char line[1024];
    snprintf(line, sizeof line, "%s:%d: %s: %s", c->file, c->line, header, why);
    c->fault(c->user, line);
}

/* Index of the module that a path like "tensor/ops/x.h" lies in, or -1. */
static int module_of(const char *path)
{
    size_t n = strcspn(path, "/");
    for (int i = 0; i < MODULES && path[n]; i++)
        if (strlen(modules[i].name) == n && memcmp(modules[i].name, path, n) == 0)
            return i;
    return -1;
}

static bool is_public(const struct check *c, const char *header)
{
    size_t n = strlen(header);
    for (const char *p = c->public_headers; (p = strstr(p, header)); p += n)
        if ((p == c->public_headers || p[-1] == '\n') && (p[n] == '\n' || p[n] == ' '))
            return true;
    return false;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, const char *with)
{
    size_t n = strlen(text), m = strlen(with);
    return n >= m && strcmp(text + n - m, with) == 0;
}

static void check_ours(const struct check *c, const char *header)
{
    int from = module_of(c->file), to = module_of(header);
    if (!strchr(header, '/'))
        return; /* beside the file itself */
    if (to < 0)
        report(c, header, "no module of that name");
    else if (to != from && modules[to].floor == modules[from].floor)
        report(c, header, "modules of one floor do not see each other");
    else if (to != from && modules[to].floor > modules[from].floor)
        report(c, header, "includes go downward only");
    else if (to != from && !is_public(c, header))
        report(c, header, "private to its module (tests/house/public_headers.txt)");
}

static void check_library(const struct check *c, const char *header)
{
    for (int i = 0; i < LIBRARIES; i++) {
        if (!begins(header, libraries[i].prefix))
            continue;
        bool allowed = libraries[i].cu && (ends(c->file, ".cu") || ends(c->file, ".cuh"));
        for (int k = 0; k < 4 && libraries[i].places[k]; k++)
            allowed = allowed || begins(c->file, libraries[i].places[k]);
        if (!allowed)
            report(c, header, "this library is seen elsewhere only (layers.c says where)");
        if (ends(c->file, ".h") && is_public(c, c->file))
            report(c, header, "a public header includes no library's header");
    }
}

static void check_line(const struct check *c, const char *text)
{
    char header[512], close;
    text += strspn(text, " \t");
    if (*text != '#')
        return;
    text++;
    text += strspn(text, " \t");
    if (!begins(text, "include"))
        return;
    text += 7 + strspn(text + 7, " \t");
    if (*text != '"' && *text != '<')
        return; /* a macro names it */
    close = *text == '"' ? '"' : '>';
    size_t n = 0;
    for (text++; text[n] && text[n] != close && n < sizeof header - 1; n++)
        header[n] = text[n];
    header[n] = '\0';
    check_library(c, header);
    if (close == '"')
        check_ours(c, header);
}

static bool check_file(struct check *c, const char *path)
{
    FILE *f = fopen(path, "r");
    if (!f)
        return false;
    char *line = NULL;
    size_t cap = 0;
    c->line = 0;
    while (getline(&line, &cap, f) >= 0) {
        c->line++;
        check_line(c, line);
    }
    free(line);
    fclose(f);
    return true;
}

static char *read_list(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = calloc(1, 64 * 1024);
    if (f && text)
        text[fread(text, 1, 64 * 1024 - 1, f)] = '\0';
    if (f)
        fclose(f);
    if (!f) {
        free(text);
        return NULL;
    }
    return text;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

int layers_check(const char *root, const char *list, layers_fault_fn *fault, void *user)
{
    struct check c = {.root = root, .fault = fault, .user = user};
    int files = 0;
    char start[1024];
    c.public_headers = read_list(list);
    if (!c.public_headers)
        return -1;
    for (int i = 0; i < MODULES; i++) {
        snprintf(start, sizeof start, "%s/%s", root, modules[i].name);
        char *const paths[] = {start, NULL};
        FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
        for (FTSENT *e; tree && (e = fts_read(tree));) {
            const char *name = e->fts_name;
            if (e->fts_info != FTS_F ||
                !(ends(name, ".c") || ends(name, ".h") || ends(name, ".cu") || ends(name, ".cuh")))
                continue;
            c.file = e->fts_path + strlen(root) + 1;
            files += check_file(&c, e->fts_path);
        }
        if (tree)
            fts_close(tree);
    }
    free(c.public_headers);
    return files;
}
