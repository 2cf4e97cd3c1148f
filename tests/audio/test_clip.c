/* test_clip.c: clips: limits, shares, cuts beyond both ends, channels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audio/clip.h"

static dio_clip *counted(int channels, int64_t length)
{
    dio_error err = {0};
    dio_clip *clip = dio_clip_create(8000, channels, length, &err);
    assert_non_null(clip);
    for (int c = 0; c < channels; c++)
        for (int64_t i = 0; i < length; i++)
            dio_clip_channel(clip, c)[i] = (float)(100 * c + i + 1);
    return clip;
}

static void sizes_are_held_to_limits(void **state)
{
    (void)state;
    dio_error err = {0};
    assert_null(dio_clip_create(999, 1, 1, &err));
    assert_string_equal(err.message, "a clip of 999 samples a second: there are 1000 to 384000");
    err = (dio_error){0};
    assert_null(dio_clip_create(8000, 9, 1, &err));
    assert_string_equal(err.message, "a clip of 9 channels: there are 1 to 8");
    err = (dio_error){0};
    assert_null(dio_clip_create(8000, 2, INT64_MAX, &err));
    assert_string_equal(err.message, "a clip of 9223372036854775807 samples in 2 channels is above "
                                     "the limit of 536870912");
    err = (dio_error){0};
    assert_false(dio_clip_size_check(8000, 1, -1, &err));
    dio_clip *none = dio_clip_create(8000, 1, 0, &err);
    assert_non_null(none);
    assert_true(dio_clip_seconds(none) == 0);
    dio_clip_unref(none);
}

static void writing_parts_what_is_shared(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_clip *a = counted(2, 4), *b = dio_clip_ref(a);
    assert_true(dio_clip_writable(&b, &err));
    assert_ptr_not_equal(a, b);
    dio_clip_channel(b, 1)[3] = 7;
    assert_true(dio_clip_channel(a, 1)[3] == 104);
    assert_true(dio_clip_channel(b, 1)[0] == 101);
    dio_clip *own = b;
    assert_true(dio_clip_writable(&b, &err));
    assert_ptr_equal(own, b);
    dio_clip_unref(a);
    dio_clip_unref(b);
}

static void cuts_are_silent_outside(void **state)
{
    (void)state;
    static const struct {
        int64_t begin, length;
        float want[4];
    } cases[] = {
        {1, 2, {2, 3}}, {-2, 4, {0, 0, 1, 2}}, {2, 4, {3, 0, 0, 0}}, {-9, 4, {0}},
        {9, 4, {0}},    {-1, 4, {0, 1, 2, 3}}, {INT64_MAX, 2, {0}},  {INT64_MIN / 2, 4, {0, 0}},
    };
    dio_error err = {0};
    dio_clip *a = counted(1, 3);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_clip *b = dio_clip_cut(a, cases[i].begin, cases[i].length, &err);
        assert_non_null(b);
        assert_memory_equal(dio_clip_channel(b, 0), cases[i].want,
                            (size_t)cases[i].length * sizeof(float));
        dio_clip_unref(b);
    }
    dio_clip_unref(a);
}

static void channels_are_copied_or_averaged(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_clip *two = counted(2, 3), *same = dio_clip_remix(two, 2, &err);
    assert_ptr_equal(two, same);
    dio_clip *one = dio_clip_remix(two, 1, &err);
    assert_true(dio_clip_channel(one, 0)[2] == 53);
    dio_clip *four = dio_clip_remix(one, 4, &err);
    assert_true(dio_clip_channel(four, 3)[2] == 53);
    assert_null(dio_clip_remix(two, 4, &err));
    assert_string_equal(err.message,
                        "a clip of 2 channels does not say what 4 would hold: make it 1 first");
    dio_clip_unref(same);
    dio_clip_unref(two);
    dio_clip_unref(one);
    dio_clip_unref(four);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_held_to_limits),
        cmocka_unit_test(writing_parts_what_is_shared),
        cmocka_unit_test(cuts_are_silent_outside),
        cmocka_unit_test(channels_are_copied_or_averaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
