/* docs_media.c: pages about pipelines. */
#include "cli/docs_media.h"

#include <string.h>

#include "base/assets.h"
#include "base/file.h"
#include "fusion/check.h"
#include "fusion/fusion.h"

/* Placements and what `diorama check` holds a file to. */
static const char *placements(dio_arena *a, const char *assets, dio_error *err)
{
    const char *presets = dio_presets_text(a, assets, false, err);
    if (!presets)
        return NULL;
    return dio_arena_printf(
        a,
        "# Placements\n\n<!-- Made by `./dev docs`: change the source, not this page. -->\n\n"
        "What `preset:` of the composing steps and `--preset` of `diorama check` may say. "
        "Platforms change their minds: each file of assets/presets/ says where its numbers come "
        "from and when they were checked. To correct one, copy it, change it, and give its path in "
        "place of the "
        "name.\n\n```\n%s```\n\n## Rules\n\n`diorama check FILE --preset P [--captions FILE]` "
        "tells every rule that the file breaks: exit code 0 ready, 1 not ready, 2 cannot be "
        "read.\n\n| rule | what it looks at |\n|---|---|\n%s",
        presets, dio_rules_text(a, true));
}

static bool write_scores(dio_arena *a, const char *folder, dio_error *err)
{
    const char *body = dio_scores_page(a, err);
    const char *page = !body ? NULL
                             : dio_arena_printf(a,
                                                "# Scores\n\n<!-- Made by `./dev docs`: change the "
                                                "source, not this page. -->\n\n%s",
                                                body);
    return page && dio_file_write(dio_path_join(a, folder, "scores.md"), page, strlen(page), err);
}

bool dio_docs_media(dio_cli *cli, const char *folder, dio_error *err)
{
    dio_arena *a = cli->arena;
    if (!write_scores(a, folder, err))
        return false;
    const char *assets = dio_assets_dir(a, err);
    const char *schema = assets ? dio_pipeline_schema(a, assets, err) : NULL;
    if (schema)
        schema = dio_arena_printf(a, "%s\n", schema);
    const char *page = schema ? placements(a, assets, err) : NULL;
    return page &&
           dio_file_write(dio_path_join(a, folder, "pipeline.schema.json"), schema, strlen(schema),
                          err) &&
           dio_file_write(dio_path_join(a, folder, "placements.md"), page, strlen(page), err);
}
