/* docs_media.c: pages about pipelines. */
#include "cli/docs_media.h"

#include <string.h>

#include "base/assets.h"
#include "base/file.h"
#include "fusion/fusion.h"

bool dio_docs_media(dio_cli *cli, const char *folder, dio_error *err)
{
    dio_arena *a = cli->arena;
    const char *assets = dio_assets_dir(a, err);
    const char *schema = assets ? dio_pipeline_schema(a, assets, err) : NULL;
    if (schema)
        schema = dio_arena_printf(a, "%s\n", schema);
    return schema && dio_file_write(dio_path_join(a, folder, "pipeline.schema.json"), schema,
                                    strlen(schema), err);
}
