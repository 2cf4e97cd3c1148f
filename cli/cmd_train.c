/* cmd_train.c: `diorama train RECIPE.yaml`: a model from a recipe. */
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/recipes.h"
#include "fusion/chart.h"

struct options {
    const char *recipe, *output;
    bool resume;
};

static const dio_field fields[] = {
    DIO_FIELD(struct options, recipe, NULL, 0, 0, "the recipe, a YAML file"),
    DIO_FIELD(struct options, output, "", 0, 0,
              "folder of the run; default out/ and the recipe's name"),
    DIO_FIELD(struct options, resume, "false", 0, 0,
              "go on from the folder's checkpoint, if it has one"),
    {0},
};

enum { RECIPE_LIMIT = 1 << 20 };

/* What the hooks are given. */
struct run {
    dio_cli *cli;
    const struct options *o;
};

static void say(void *user, const char *line)
{
    dio_cli_say(((struct run *)user)->cli, "%s", line);
}

/* The picture is a comfort: a run does not fail for the want of it. */
static void draw(const struct run *r)
{
    dio_error ignored = {0};
    dio_chart_loss(dio_path_join(r->cli->arena, r->o->output, "loss.csv"),
                   dio_path_join(r->cli->arena, r->o->output, "loss.png"), &ignored);
}

static void event(dio_cli *cli, const dio_train_progress *p)
{
    dio_value *v = dio_value_map(cli->arena);
    dio_map_set(cli->arena, v, "event", dio_value_string(cli->arena, "step"));
    dio_map_set(cli->arena, v, "step", dio_value_int(cli->arena, p->step));
    dio_map_set(cli->arena, v, "steps", dio_value_int(cli->arena, p->steps));
    dio_map_set(cli->arena, v, "loss", dio_value_real(cli->arena, p->loss));
    if (p->evaluated && isfinite(p->validation))
        dio_map_set(cli->arena, v, "validation", dio_value_real(cli->arena, p->validation));
    dio_map_set(cli->arena, v, "lr", dio_value_real(cli->arena, p->lr));
    dio_map_set(cli->arena, v, "items_per_second", dio_value_real(cli->arena, p->items_per_second));
    dio_map_set(cli->arena, v, "gflops", dio_value_real(cli->arena, p->flops_per_second / 1e9));
    dio_map_set(cli->arena, v, "seconds_left", dio_value_real(cli->arena, p->seconds_left));
    for (int i = 0; i < p->n_extras; i++)
        dio_map_set(cli->arena, v, p->extras[i], dio_value_real(cli->arena, p->extra[i]));
    dio_cli_event(cli, v);
}

static void progress(void *user, const dio_train_progress *p)
{
    const struct run *r = user;
    dio_cli *cli = r->cli;
    char validation[48] = "", extras[DIO_TRAIN_EXTRAS * 32] = "";
    if (p->evaluated)
        draw(r);
    if (cli->common.json) {
        event(cli, p);
        return;
    }
    if (p->evaluated && isfinite(p->validation))
        snprintf(validation, sizeof validation, "  validation %.4f (best %.4f)", p->validation,
                 p->best);
    for (int i = 0, n = 0; i < p->n_extras; i++)
        n += snprintf(extras + n, sizeof extras - (size_t)n, "  %.16s %.3f", p->extras[i],
                      p->extra[i]);
    int left = (int)p->seconds_left;
    dio_cli_say(cli,
                "step %6lld/%lld  loss %.4f%s  lr %.2e  |g| %.2f  %.0f %s/s  %.0f GFLOP/s  left "
                "%d:%02d:%02d%s",
                (long long)p->step, (long long)p->steps, p->loss, extras, p->lr, p->norm,
                p->items_per_second, p->item_name, p->flops_per_second / 1e9, left / 3600,
                left / 60 % 60, left % 60, validation);
}

static void finish(dio_cli *cli, const struct options *o, const dio_recipe_report *report)
{
    char test[48] = "";
    if (isfinite(report->test_loss))
        snprintf(test, sizeof test, ", test %.4f", report->test_loss);
    if (report->run.cancelled)
        dio_cli_say(cli, "stopped at step %lld; go on with --resume", (long long)report->run.steps);
    else
        dio_cli_say(cli, "%s: %lld steps%s, best validation %.4f at step %lld%s, %.0f s", o->output,
                    (long long)report->run.steps,
                    report->run.stopped_early ? " (stopped early)" : "", report->run.best,
                    (long long)report->run.best_step, test, report->seconds);
}

static bool run(dio_cli *cli, void *options)
{
    struct options *o = options;
    const dio_value *recipe = dio_value_read(cli->arena, o->recipe, RECIPE_LIMIT, &cli->error);
    if (!recipe)
        return false;
    if (!o->output[0]) {
        const char *base = dio_path_base(o->recipe);
        int n = 0;
        while (base[n] && base[n] != '.')
            n++;
        o->output = dio_arena_printf(cli->arena, "out/%.*s", n, base);
    }
    const dio_recipe_kind *kind = dio_recipe_find(dio_recipes, recipe, &cli->error);
    dio_device *device = kind ? dio_cli_device(cli) : NULL;
    if (!device)
        return false;
    struct run r = {cli, o};
    dio_recipe_hooks hooks = {say, progress, &r, cli->cancel};
    dio_recipe_run job = {
        recipe, o->recipe, o->output, o->resume, device, &hooks, cli->arena,
    };
    dio_recipe_report report;
    bool ok = kind->run(&job, &report, &cli->error);
    if (ok)
        finish(cli, o, &report);
    dio_device_close(device);
    return ok;
}

const dio_command dio_command_train = {
    .name = "train",
    .doc = "train a model by a recipe",
    .options = fields,
    .aliases = (const dio_args_alias[]){{'o', "output"}, {0}},
    .operands = (const char *const[]){"recipe", NULL},
    .size = sizeof(struct options),
    .run = run,
};
