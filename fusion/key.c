/* key.c: keys by content. Places never count: the same file elsewhere is the same file. */
#define _GNU_SOURCE
#include "fusion/key.h"

#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "base/assets.h"
#include "base/str.h"

/* ---- the epoch ---- */

/* The linker's identity of an object: a hash over all that was linked. */
static void put_build_id(dio_str *s, const char *note, size_t size)
{
    while (size >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) head;
        memcpy(&head, note, sizeof head);
        size_t name = (head.n_namesz + 3u) & ~3u, desc = (head.n_descsz + 3u) & ~3u;
        if (name + desc > size - sizeof head)
            return;
        const char *bytes = note + sizeof head + name;
        if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 &&
            memcmp(note + sizeof head, "GNU", 4) == 0)
            for (unsigned i = 0; i < head.n_descsz; i++)
                dio_str_printf(s, "%02x", (unsigned)(unsigned char)bytes[i]);
        note += sizeof head + name + desc;
        size -= sizeof head + name + desc;
    }
}

static int put_object(struct dl_phdr_info *info, size_t size, void *user)
{
    (void)size;
    dio_str *s = user;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type == PT_NOTE)
            put_build_id(s, (const char *)(info->dlpi_addr + p->p_vaddr), p->p_filesz);
    }
    dio_str_putc(s, '\n');
    return 0;
}

static bool make_epoch(dio_studio *s, char out[DIO_HASH_TEXT], dio_error *err)
{
    static const char *const shared[] = {"fonts.yaml", "palettes.yaml", "presets", "scenes"};
    dio_str text = {0};
    bool ok = true;
    dl_iterate_phdr(put_object, &text);
    for (size_t i = 0; ok && i < sizeof shared / sizeof *shared; i++) {
        char hash[DIO_HASH_TEXT];
        dio_str path = {0};
        dio_str_printf(&path, "%s/%s", dio_studio_assets(s), shared[i]);
        ok = (!path.failed || dio_fail_memory(err, "a key")) &&
             dio_studio_hash(s, path.text, hash, err);
        if (ok)
            dio_str_puts(&text, hash);
        dio_str_deinit(&path);
    }
    if (ok && text.failed)
        ok = dio_fail_memory(err, "a key");
    ok = ok && dio_hash_bytes(text.text, text.length, out, err);
    dio_str_deinit(&text);
    return ok;
}

const char *dio_epoch(dio_studio *s, dio_error *err)
{
    char hash[DIO_HASH_TEXT];
    const char *known = dio_studio_epoch(s, NULL);
    if (known)
        return known;
    return make_epoch(s, hash, err) ? dio_studio_epoch(s, hash) : NULL;
}

/* ---- the key ---- */

static const dio_result *result_at(const dio_run *run, const char *path)
{
    for (int i = 0; i < run->record_count; i++)
        for (int k = 0; k < run->records[i].made.results; k++) {
            const dio_result *r = &run->records[i].made.result[k];
            if (r->is_file && strcmp(r->text, path) == 0)
                return r;
        }
    return NULL;
}

/* Paths of other steps' files become what is in them. */
static void by_content(const dio_run *run, dio_value *v)
{
    const dio_result *r = v->kind == DIO_STRING ? result_at(run, v->string.text) : NULL;
    if (r) {
        v->string.text = dio_arena_printf(run->arena, "sha256:%s", r->hash);
        v->string.length = strlen(v->string.text);
    }
    for (int i = 0; v->kind == DIO_LIST && i < v->list.count; i++)
        by_content(run, v->list.items[i]);
    for (int i = 0; v->kind == DIO_MAP && i < v->map.count; i++)
        by_content(run, v->map.items[i]);
}

bool dio_key_make(const dio_run *run, const dio_record *r, uint64_t seed, char out[DIO_HASH_TEXT],
                  dio_error *err)
{
    dio_arena *a = run->arena;
    const char *epoch = dio_epoch(run->p->studio, err);
    dio_value *with = epoch ? dio_json_parse(a, "with", r->params, strlen(r->params), err) : NULL;
    if (!with)
        return false;
    by_content(run, with);
    const char *uses = dio_arena_printf(a, "%s@%d", r->node->type->name, r->node->type->version);
    dio_value *v = dio_value_map(a);
    dio_map_set(a, v, "epoch", dio_value_string(a, epoch));
    dio_map_set(a, v, "uses", dio_value_string(a, uses));
    dio_map_set(a, v, "title", dio_value_string(a, run->p->name));
    dio_map_set(a, v, "seed",
                dio_value_string(a, dio_arena_printf(a, "%llu", (unsigned long long)seed)));
    dio_map_set(a, v, "with", with);
    const char *text = dio_json_write(a, v, 0);
    if (!text || dio_arena_failed(a))
        return dio_fail_memory(err, "a key");
    return dio_hash_bytes(text, strlen(text), out, err);
}

/* ---- what a step turned to ---- */

static bool content_of(const dio_run *run, dio_touch what, const char *name,
                       char out[DIO_HASH_TEXT], dio_error *err)
{
    dio_studio *s = run->p->studio;
    if (what == DIO_TOUCH_DEVICE)
        return dio_studio_device_hash(s, out, err);
    const char *path = what == DIO_TOUCH_MODEL ? dio_assets_model(run->arena, name, err) : name;
    return path && dio_studio_hash(s, path, out, err);
}

static const char *const touches[] = {
    [DIO_TOUCH_FILE] = "file", [DIO_TOUCH_MODEL] = "model", [DIO_TOUCH_DEVICE] = "device"};
enum { TOUCHES = sizeof touches / sizeof *touches };

dio_value *dio_deps_take(const dio_run *run, dio_arena *a, dio_error *err)
{
    dio_value *list = dio_value_list(a);
    dio_touch what;
    const char *name;
    if (!dio_studio_told_all(run->p->studio)) {
        dio_fail_memory(err, "what a step depends on");
        return NULL;
    }
    for (int i = 0; (name = dio_studio_touched(run->p->studio, i, &what)); i++) {
        char hash[DIO_HASH_TEXT];
        if (!content_of(run, what, name, hash, err))
            return NULL;
        dio_value *v = dio_value_map(a);
        dio_map_set(a, v, "what", dio_value_string(a, touches[what]));
        dio_map_set(a, v, "name", dio_value_string(a, name));
        dio_map_set(a, v, "sha256", dio_value_string(a, hash));
        dio_list_add(a, list, v);
    }
    return list;
}

static bool holds(const dio_run *run, const dio_value *v)
{
    const dio_value *what = dio_map_get(v, "what"), *name = dio_map_get(v, "name");
    const dio_value *hash = dio_map_get(v, "sha256");
    char now[DIO_HASH_TEXT];
    dio_error ignored = {0};
    if (!what || what->kind != DIO_STRING || !name || name->kind != DIO_STRING || !hash ||
        hash->kind != DIO_STRING)
        return false;
    for (int i = 0; i < TOUCHES; i++)
        if (strcmp(touches[i], what->string.text) == 0)
            return content_of(run, (dio_touch)i, name->string.text, now, &ignored) &&
                   strcmp(now, hash->string.text) == 0;
    return false;
}

bool dio_deps_hold(const dio_run *run, const dio_value *deps)
{
    for (int i = 0; i < deps->list.count; i++)
        if (!holds(run, deps->list.items[i]))
            return false;
    return true;
}
