# An installation in a folder of its own, and a program of others built against it: the example
# renders, is told of mistakes and stops when asked; from C and C++, shared and static, and after
# the tree has been moved.
cmake_policy(SET CMP0054 NEW)
set(first ${WORK}/first)
set(tree ${WORK}/moved)
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})

# must(EXPECTED WHAT COMMAND...): ends with that code; what it said is in `out` and `err`.
function(must expected what)
    execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${WORK} RESULT_VARIABLE code
                    OUTPUT_VARIABLE out ERROR_VARIABLE err TIMEOUT 300)
    if(NOT "${code}" STREQUAL "${expected}")
        message(FATAL_ERROR "${what}: ended with ${code}, not ${expected}:\n${out}\n${err}")
    endif()
    set(out "${out}" PARENT_SCOPE)
    set(err "${err}" PARENT_SCOPE)
endfunction()

must(0 "install" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${first})
file(RENAME ${first} ${tree})
foreach(file ${BINDIR}/diorama ${INCLUDEDIR}/diorama.h ${LIBDIR}/libdiorama.so ${LIBDIR}/libdiorama.a
             ${LIBDIR}/pkgconfig/diorama.pc ${DATADIR}/diorama/assets/fonts.yaml
             ${MANDIR}/man1/diorama.1 ${DATADIR}/bash-completion/completions/diorama
             ${DATADIR}/zsh/site-functions/_diorama ${DATADIR}/diorama/pipelines/product-ad.yaml ${DOCDIR}/examples/render.c)
    if(NOT EXISTS ${tree}/${file})
        message(FATAL_ERROR "${file} is not installed")
    endif()
endforeach()
file(GLOB headers RELATIVE ${tree}/${INCLUDEDIR} ${tree}/${INCLUDEDIR}/*)
if(NOT headers STREQUAL "diorama.h")
    message(FATAL_ERROR "headers installed: ${headers}")
endif()
must(0 "the installed command" ${tree}/${BINDIR}/diorama presets)

# Completion knows what --help knows.
file(WRITE ${WORK}/complete.sh [[
source "$1"
COMP_WORDS=(diorama render --dr) COMP_CWORD=2; _diorama; echo ${COMPREPLY[@]}
COMP_WORDS=(diorama ren) COMP_CWORD=1; _diorama; echo ${COMPREPLY[@]}
COMP_WORDS=(diorama completion z) COMP_CWORD=2; _diorama; echo ${COMPREPLY[@]}
]])
must(0 "completion" bash complete.sh ${tree}/${DATADIR}/bash-completion/completions/diorama)
if(NOT out STREQUAL "--dry-run\nrender\nzsh\n")
    message(FATAL_ERROR "completion gives:\n${out}")
endif()
file(STRINGS ${tree}/${MANDIR}/man1/diorama.1 page REGEX "dry.-run|^.SS diorama render PIPELINE$")
list(LENGTH page count)
if(count LESS 2)
    message(FATAL_ERROR "diorama.1 says of render: ${page}")
endif()

set(ENV{PKG_CONFIG_PATH} ${tree}/${LIBDIR}/pkgconfig)
must(0 "pkg-config" pkg-config --modversion diorama)
if(NOT out STREQUAL "${VERSION}\n")
    message(FATAL_ERROR "diorama.pc is of version ${out}")
endif()
must(0 "pkg-config" pkg-config --cflags --libs diorama)
separate_arguments(shared UNIX_COMMAND "${out}")
must(0 "pkg-config" pkg-config --cflags --libs --static diorama)
string(REPLACE "-ldiorama" "-l:libdiorama.a" out "${out}")
separate_arguments(static UNIX_COMMAND "${out}")

set(example ${tree}/${DOCDIR}/examples/render.c)
set(strict ${FLAGS} -Wall -Wextra -Wpedantic -Werror)
must(0 "as C99" ${C} -std=c99 ${strict} ${example} ${shared} -o render)
file(WRITE ${WORK}/render.cpp [[
#include <diorama.h>
#include <cstdio>
#include <memory>

int main(int argc, char **argv)
{
    std::unique_ptr<diorama, decltype(&diorama_close)> d(diorama_open(argv[1], nullptr), diorama_close);
    diorama_run_options o{};
    o.size = sizeof o;
    o.out = argc > 2 ? argv[2] : nullptr;
    o.event = [](void *, const diorama_event *e) {
        if (e->what == DIORAMA_FILE)
            std::puts(e->text);
    };
    bool ok = diorama_set(d.get(), "product", "Lumo Lamp") == DIORAMA_DONE &&
              diorama_check(d.get(), nullptr) == DIORAMA_DONE && diorama_run(d.get(), &o) == DIORAMA_DONE;
    std::fputs(diorama_message(d.get()), stderr);
    return ok ? 0 : 1;
}
]])
must(0 "as C++" ${CXX} -std=c++11 ${strict} render.cpp ${shared} -o render_cxx)
must(0 "static" ${C} -std=c99 ${FLAGS} ${example} ${static} -o render_static)

set(card ${ROOT}/tests/lib/card.yaml)
set(ENV{LD_LIBRARY_PATH} ${tree}/${LIBDIR})
must(0 "render" ./render ${card} render_out "product=Lumo Lamp" film=false)
if(NOT out STREQUAL "render_out/lumo-lamp.png\n" OR NOT err MATCHES "done after .*1 files")
    message(FATAL_ERROR "render said:\n${out}\n${err}")
endif()
must(0 "from C++" ./render_cxx ${card} cxx_out)
if(NOT out STREQUAL "cxx_out/lumo-lamp.png\n")
    message(FATAL_ERROR "render_cxx said:\n${out}\n${err}")
endif()
# The static one lies beside no share/, so it is told; and the same bytes come out.
set(ENV{DIORAMA_ASSETS} ${tree}/${DATADIR}/diorama/assets)
must(0 "static" ./render_static ${card} static_out "product=Lumo Lamp")
unset(ENV{DIORAMA_ASSETS})
must(0 "the same bytes" ${CMAKE_COMMAND} -E compare_files render_out/lumo-lamp.png static_out/lumo-lamp.png)

must(2 "a mistake" ./render ${card} wrong_out product=Lumo film=perhaps)
if(NOT err MATCHES "input .film.: expected true or false" OR EXISTS ${WORK}/wrong_out)
    message(FATAL_ERROR "a mistake is told so:\n${err}")
endif()
must(2 "no file" ./render nothing.yaml wrong_out)
if(NOT err MATCHES "render: cannot open nothing.yaml: No such file or directory")
    message(FATAL_ERROR "a missing pipeline is told so:\n${err}")
endif()

# A minute of film, stopped when it has begun: nothing of it stands there.
file(WRITE ${WORK}/stop.sh [[
./render "$1" stopped_out product=Lumo film=true 2> said &
for i in $(seq 600); do grep -q "%  film" said && break; sleep 0.1; done
kill -INT $!; wait $!; code=$?; cat said >&2; exit $code
]])
must(130 "stopped" bash -m stop.sh ${card})
file(GLOB_RECURSE left RELATIVE ${WORK}/stopped_out ${WORK}/stopped_out/*)
list(FILTER left EXCLUDE REGEX "^(lumo.png|run.json|\\.diorama/ledger\\.db.*)$")
if(left OR NOT err MATCHES "stopped on request")
    message(FATAL_ERROR "a stopped run leaves ${left} and says:\n${err}")
endif()
message("installed, moved, built against, rendered and stopped")
