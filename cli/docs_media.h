#pragma once
/* docs_media.h: the pages that need the media libraries' floor. */
#include "cli/command.h"

/* Writes steps.md and pipeline.schema.json; nothing in a build without media libraries. */
bool dio_docs_media(dio_cli *cli, const char *folder, dio_error *err);
