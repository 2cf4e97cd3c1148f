# What every file of ours is compiled with. -Wno-missing-braces: gcc flags nested tables that C allows.
add_compile_options(
    $<$<COMPILE_LANGUAGE:C,CXX>:-Wall>
    $<$<COMPILE_LANGUAGE:C,CXX>:-Wextra>
    $<$<COMPILE_LANGUAGE:C>:-Wshadow>
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
    $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>
    $<$<COMPILE_LANGUAGE:C>:-Wvla>
    $<$<COMPILE_LANGUAGE:C>:-Wno-missing-braces>
    $<$<COMPILE_LANGUAGE:C>:-Wno-missing-field-initializers>
    # The compiler must not fuse a*b+c where it likes: results would depend on how it inlines.
    $<$<COMPILE_LANGUAGE:C>:-ffp-contract=off>
    $<$<COMPILE_LANGUAGE:C>:-fno-math-errno>)
if(DIORAMA_WERROR)
    add_compile_options($<$<COMPILE_LANGUAGE:C>:-Werror>)
endif()
if(DIORAMA_SANITIZE) # -O1: checks stay cheap to compile, and lines in reports stay true
    add_compile_options(-fsanitize=${DIORAMA_SANITIZE} -fno-omit-frame-pointer
                        -fno-sanitize-recover=all -O1 -g1)
    add_link_options(-fsanitize=${DIORAMA_SANITIZE})
endif()
if(DIORAMA_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
