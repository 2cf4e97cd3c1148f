/* font.c: a private FontConfig and what it covers. */
#include "fusion/font.h"

#include <pango/pangofc-fontmap.h>
#include <stdlib.h>
#include <string.h>

#include "base/field.h"
#include "base/file.h"
#include "base/str.h"
#include "base/value.h"

struct settings {
    const char *display, *text, *packages;
    const dio_value *folders, *files;
};

static const dio_field fields[] = {
    DIO_FIELD(struct settings, display, NULL, 1, 200, "family of headlines"),
    DIO_FIELD(struct settings, text, NULL, 1, 200, "family of running text"),
    DIO_FIELD(struct settings, packages, NULL, 1, 500, "Debian packages that hold the fonts"),
    DIO_FIELD(struct settings, folders, NULL, 0, 0, "folders to search"),
    DIO_FIELD(struct settings, files, NULL, 0, 0, "file names that may be used"),
    {0},
};

struct dio_fonts {
    dio_arena *arena;
    struct settings s;
    FcConfig *config;
    PangoFontMap *map;
    PangoContext *context;
};

static void put_escaped(dio_str *xml, const char *text)
{
    for (; *text; text++) {
        if (*text == '<' || *text == '&')
            dio_str_printf(xml, "&#%d;", *text);
        else
            dio_str_putc(xml, *text);
    }
}

/* One element for every string of a list. */
static bool put_list(dio_str *xml, const dio_value *list, const char *what, const char *open,
                     const char *close, dio_error *err)
{
    if (list->kind != DIO_LIST || list->list.count == 0)
        return dio_value_fail(list, err, "%s: expected a list of names", what);
    for (int i = 0; i < list->list.count; i++) {
        const dio_value *item = list->list.items[i];
        if (item->kind != DIO_STRING)
            return dio_value_fail(item, err, "%s: expected a name, found %s", what,
                                  dio_kind_name(item->kind));
        dio_str_puts(xml, open);
        put_escaped(xml, item->string.text);
        dio_str_puts(xml, close);
    }
    return true;
}

/* FontConfig's system cache knows these folders already: opening takes 1 ms, not seconds. */
static bool build_config(dio_fonts *f, dio_error *err)
{
    dio_str xml = {0};
    dio_str_puts(&xml, "<fontconfig><cachedir>/var/cache/fontconfig</cachedir>"
                       "<cachedir prefix=\"xdg\">fontconfig</cachedir>");
    bool ok = put_list(&xml, f->s.folders, "folders", "<dir>", "</dir>", err);
    dio_str_puts(&xml, "<selectfont><rejectfont><glob>*</glob></rejectfont>");
    ok = ok &&
         put_list(&xml, f->s.files, "files", "<acceptfont><glob>*/", "</glob></acceptfont>", err);
    dio_str_puts(&xml, "</selectfont></fontconfig>");
    f->config = FcConfigCreate();
    if (ok && (!f->config || xml.failed))
        ok = dio_fail_memory(err, "the font list");
    if (ok && (!FcConfigParseAndLoadFromMemory(f->config, (const FcChar8 *)xml.text, FcFalse) ||
               !FcConfigBuildFonts(f->config)))
        ok = dio_fail(err, "the fonts could not be listed; install %s", f->s.packages);
    dio_str_deinit(&xml);
    return ok;
}

static bool has_family(const dio_fonts *f, const char *family)
{
    FcPattern *wanted = FcPatternBuild(NULL, FC_FAMILY, FcTypeString, family, NULL);
    FcObjectSet *nothing = FcObjectSetBuild(FC_FILE, NULL);
    FcFontSet *found = FcFontList(f->config, wanted, nothing);
    bool has = found && found->nfont > 0;
    if (found)
        FcFontSetDestroy(found);
    FcObjectSetDestroy(nothing);
    FcPatternDestroy(wanted);
    return has;
}

static bool open_fonts(dio_fonts *f, const char *assets, dio_error *err)
{
    f->arena = dio_arena_create();
    if (!f->arena)
        return dio_fail_memory(err, "the font list");
    char *path = dio_path_join(f->arena, assets, "fonts.yaml");
    dio_value *v = dio_value_read(f->arena, path, 1 << 16, err);
    if (!v ||
        !dio_fields_read(fields, &f->s, v, "fonts", DIO_FIELDS_STRICT, f->arena, NULL, NULL, err) ||
        !build_config(f, err))
        return false;
    const char *need[2] = {f->s.display, f->s.text};
    for (int i = 0; i < 2; i++) {
        if (!has_family(f, need[i]))
            return dio_fail(err, "font \"%s\" is not installed; install %s", need[i],
                            f->s.packages);
    }
    f->map = pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT);
    if (!f->map)
        return dio_fail(err, "this Cairo was built without FreeType fonts");
    pango_fc_font_map_set_config(PANGO_FC_FONT_MAP(f->map), f->config);
    f->context = pango_font_map_create_context(f->map);
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(f->context, options);
    cairo_font_options_destroy(options);
    pango_context_set_round_glyph_positions(f->context, FALSE);
    return true;
}

dio_fonts *dio_fonts_open(const char *assets, dio_error *err)
{
    dio_fonts *f = calloc(1, sizeof *f);
    if (!f) {
        dio_fail_memory(err, "the font list");
        return NULL;
    }
    if (!open_fonts(f, assets, err)) {
        dio_fonts_close(f);
        return NULL;
    }
    return f;
}

void dio_fonts_close(dio_fonts *f)
{
    if (!f)
        return;
    if (f->context)
        g_object_unref(f->context);
    if (f->map)
        g_object_unref(f->map);
    if (f->config)
        FcConfigDestroy(f->config);
    dio_arena_destroy(f->arena);
    free(f);
}

PangoContext *dio_fonts_context(dio_fonts *f)
{
    return f->context;
}

const char *dio_fonts_display(const dio_fonts *f)
{
    return f->s.display;
}

const char *dio_fonts_text(const dio_fonts *f)
{
    return f->s.text;
}

/* The first glyph of the run that stands for a character nobody has, or 0. */
static gunichar missing_in(const PangoLayoutRun *run)
{
    for (int i = 0; i < run->glyphs->num_glyphs; i++) {
        PangoGlyph g = run->glyphs->glyphs[i].glyph;
        if (g & PANGO_GLYPH_UNKNOWN_FLAG && g != PANGO_GLYPH_INVALID_INPUT)
            return g & ~PANGO_GLYPH_UNKNOWN_FLAG;
    }
    return 0;
}

bool dio_fonts_cover(const dio_fonts *f, PangoLayout *layout, const char *what, dio_error *err)
{
    if (pango_layout_get_unknown_glyphs_count(layout) == 0)
        return true;
    gunichar missing = 0;
    PangoLayoutIter *it = pango_layout_get_iter(layout);
    do {
        PangoLayoutRun *run = pango_layout_iter_get_run_readonly(it);
        missing = run ? missing_in(run) : 0;
    } while (!missing && pango_layout_iter_next_run(it));
    pango_layout_iter_free(it);
    return dio_fail(err, "%s: no font has the character U+%04X; tried the fonts of %s", what,
                    (unsigned)missing, f->s.packages);
}
