#pragma once
/* build.h: what the schedulers share while they fill a schedule. Private to vision/sample/.
 *
 * One struct holds every key that any scheduler knows; each scheduler's table lists those that it
 * reads, with its own defaults. What a table does not list stays zero.
 */
#include "vision/sample/schedule.h"

enum {
    MAX_TRAIN_STEPS = 100000,
    MAX_GIVEN = 10000, /* timesteps or sigmas in the options */
};

enum beta_schedule { BETA_LINEAR, BETA_SCALED_LINEAR, BETA_SQUAREDCOS, BETA_EXP };
enum prediction { PREDICT_EPSILON, PREDICT_V, PREDICT_SAMPLE };
enum spacing { SPACE_LINSPACE, SPACE_LEADING, SPACE_TRAILING };

struct scheduler_config {
    /* the noise a model was trained with */
    int num_train_timesteps, beta_schedule, prediction_type;
    double beta_start, beta_end;
    const dio_value *trained_betas;
    bool rescale_betas_zero_snr;
    /* which levels a run visits */
    int timestep_spacing, steps_offset;
    bool use_karras_sigmas, use_exponential_sigmas, use_beta_sigmas, use_lu_lambdas;
    double sigma_min, sigma_max; /* 0: the model's own */
    int final_sigmas_type, interpolation_type, timestep_type;
    /* what becomes of the picture that the model points at */
    bool clip_sample, thresholding, set_alpha_to_one;
    double clip_sample_range, dynamic_thresholding_ratio, sample_max_value;
    /* DPM-Solver */
    int solver_order, algorithm_type, solver_type;
    bool lower_order_final, euler_at_final, use_flow_sigmas;
    const char *variance_type;
    const dio_value *lambda_min_clipped;
    /* LCM, PNDM */
    int original_inference_steps;
    double timestep_scaling;
    bool skip_prk_steps;
    /* flow matching */
    double shift, base_shift, max_shift, shift_terminal;
    int base_image_seq_len, max_image_seq_len, time_shift_type;
    bool use_dynamic_shifting, invert_sigmas, stochastic_sampling;
};

struct dio_schedule_build {
    dio_schedule *s;
    dio_arena *arena;
    const dio_value *json;
    const struct scheduler_config *c;
    const dio_schedule_options *o;
    int n;               /* steps asked for, or given */
    const float *alphas; /* alphas_cumprod, [num_train_timesteps]; NULL without betas */
};

extern const char *const beta_schedule_words[], *const beta_schedule_words_exp[];
extern const char *const prediction_words[], *const spacing_words[], *const final_sigmas_words[];

/* Rows of the tables. */
#define CONFIG(key, fallback, lo, hi, doc)                                                         \
    DIO_FIELD(struct scheduler_config, key, fallback, lo, hi, doc)
#define CONFIG_WORDS(key, fallback, words, doc)                                                    \
    DIO_FIELD_WORDS(struct scheduler_config, key, fallback, words, doc)
#define CONFIG_BETAS(start, end, schedule, words)                                                  \
    CONFIG(num_train_timesteps, "1000", 2, MAX_TRAIN_STEPS, "noise levels in training"),           \
        CONFIG(beta_start, start, 1e-9, 0.999, "noise added by the first of them"),                \
        CONFIG(beta_end, end, 1e-9, 0.999, "by the last"),                                         \
        CONFIG_WORDS(beta_schedule, schedule, words, "how it rises in between"),                   \
        CONFIG(trained_betas, "", 0, 0, "all of them, as a list, in place of the above")
#define CONFIG_PREDICTION                                                                          \
    CONFIG_WORDS(prediction_type, "epsilon", prediction_words, "what the model answers with")
#define CONFIG_SPACING(fallback)                                                                   \
    CONFIG_WORDS(timestep_spacing, fallback, spacing_words, "which timesteps are visited"),        \
        CONFIG(steps_offset, "0", 0, MAX_TRAIN_STEPS, "added to them when spacing is leading")
#define CONFIG_SIGMAS                                                                              \
    CONFIG(use_karras_sigmas, "false", 0, 0, "levels even in sigma^(1/7)"),                        \
        CONFIG(use_exponential_sigmas, "false", 0, 0, "levels even in log sigma"),                 \
        CONFIG(use_beta_sigmas, "false", 0, 0, "levels by the beta distribution, 0.6 and 0.6")
#define CONFIG_RESCALE CONFIG(rescale_betas_zero_snr, "false", 0, 0, "the last level is pure noise")
#define CONFIG_THRESHOLD                                                                           \
    CONFIG(thresholding, "false", 0, 0, "clip each picture to its own quantile"),                  \
        CONFIG(dynamic_thresholding_ratio, "0.995", 0, 1, "which quantile"),                       \
        CONFIG(sample_max_value, "1.0", 1, 1e6, "and at most this")
#define CONFIG_CLIP(fallback)                                                                      \
    CONFIG(clip_sample, fallback, 0, 0, "clip the clean picture"),                                 \
        CONFIG(clip_sample_range, "1.0", 1e-6, 1e6, "to this, both ways")

/* Where the key stands in the config, for messages; the whole map when it is absent. */
const dio_value *config_place(const struct dio_schedule_build *b, const char *key);
/* Zeroed memory from the schedule's arena; NULL with a message. */
void *build_memory(struct dio_schedule_build *b, int count, size_t size, dio_error *err);
/* Makes `count` rows and finds where the run begins by strength. Calls with floor_rest as SD3 and
 * FLUX round: (int)(n - n * strength) are left out, not n - (int)(n * strength). */
bool build_rows(struct dio_schedule_build *b, int count, bool floor_rest, dio_error *err);
/* Copies sigmas into the schedule, rounded to float32. */
bool build_sigmas(struct dio_schedule_build *b, const double *sigmas, int count, dio_error *err);
/* clip_sample and thresholding become the schedule's clip. */
void build_clip(struct dio_schedule_build *b);
/* Fails at `key` when the model's answer is of a kind that the scheduler cannot use. */
bool refuse_sample(struct dio_schedule_build *b, dio_error *err);

/* betas.c: the products of 1 - beta, rounded as torch rounds them. */
bool build_alphas(struct dio_schedule_build *b, dio_error *err);
/* Keeps the last level just above none, for those who divide by it: 2^-24. */
void lift_last_alpha(struct dio_schedule_build *b);

/* spacing.c: numpy's linspace (with its end point) and the timesteps of a run. */
double linspace(double start, double stop, int n, int i);
/* numpy's arange downwards from `start` to above 0 by `step`, rounded to integers, less 1. Returns
 * how many there are; writes at most cap. */
int trailing(double start, double step, double *out, int cap);
/* Timesteps by timestep_spacing into *out; whole: rounded to integers where linspace is not. */
bool spaced_timesteps(struct dio_schedule_build *b, bool whole, double **out, int *count,
                      dio_error *err);
/* Those of the options, checked to fall and to lie in the model's range. */
bool given_timesteps(struct dio_schedule_build *b, bool whole, double **out, int *count,
                     dio_error *err);
/* Fails unless every timestep is one of the model's. */
bool check_timesteps(struct dio_schedule_build *b, const double *t, int count, dio_error *err);

/* sigmas.c: levels as sigma = noise / signal. */
float table_sigma(const struct dio_schedule_build *b, int t);
double sigma_at(const struct dio_schedule_build *b, double t); /* between timesteps, linear */
double timestep_of(const struct dio_schedule_build *b, double sigma);
/* True when the config asks for one of the spreads; respread fills n sigmas from `high` to `low`
 * (or sigma_max to sigma_min). check_spread refuses two at once, and sigma_min above sigma_max. */
bool has_spread(const struct scheduler_config *c);
bool check_spread(struct dio_schedule_build *b, dio_error *err);
void respread(const struct scheduler_config *c, double high, double low, int n, double *out);

/* What a run from noise begins with: the largest sigma, or for leading spacing sqrt(sigma^2 + 1).
 */
double start_sigma(const struct dio_schedule_build *b);

/* beta_quantile.c: x where the beta distribution (a, a) has the share p below it. */
double beta_quantile(double p, double a);

/* levels.c: rows of models that were trained with signal^2 + noise^2 = 1. */
void row_clean(dio_schedule_row *row, enum prediction kind, double signal, double noise);
/* Rows in the form of k-diffusion: picture + sigma * noise. */
void row_sigma(dio_schedule_row *row, enum prediction kind, double sigma);
