/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "ctl/remote.h"
#include "ctl/target.h"
#include "ctl/verb.h"

static void assert_name(const char *text, const char *path, const char *expected) {
        const Options options = {.path = path};
        Name name;

        assert_int_equal(target_name(&name, text, &options, NULL), 0);
        assert_string_equal(name.text, expected);
}

static void refuse_name(const char *text, const char *path) {
        const Options options = {.path = path};
        Name name = {.text = "untouched"};
        Fault fault = {};

        assert_true(target_name(&name, text, &options, &fault) < 0);
        assert_int_equal(fault.code, FAULT_INVALID_NAME);
        assert_string_equal(name.text, "untouched");
}

static void a_bare_label_is_completed(void **state) {
        assert_name("web", NULL, "web");
        assert_name("web", "alice", "alice:web");
        assert_name("web", "alice:", "alice:web");
        assert_name("web", "alice:bob", "alice:bob:web");
        assert_name("WEB", "Alice", "alice:web");
        assert_name("web", ":", "web");
        assert_name("web", "", "web");
}

static void a_name_with_a_colon_is_absolute(void **state) {
        assert_name("bob:web", "alice", "bob:web");
        assert_name(":web", "alice", "web");
        assert_name(":bob:web", "alice", "bob:web");
}

static void refuses_paths_and_nonsense_as_names(void **state) {
        refuse_name("alice:", NULL);
        refuse_name(":", NULL);
        refuse_name("", NULL);
        refuse_name("", "alice");
        refuse_name("-x", "alice");
        refuse_name("..", "alice");
        refuse_name("a/b", NULL);
        refuse_name("web", "a/b");
        refuse_name("web", "a::b");
}

static void refuses_what_gets_too_long_by_its_path(void **state) {
        char path[NAME_MAX_LENGTH + 1];
        Options options = {.path = path};
        Fault fault = {};
        Name name;

        /* Four labels, 199 characters. */
        memset(path, 'a', 199);
        path[49] = path[99] = path[149] = ':';
        path[199] = '\0';
        assert_int_equal(target_name(&name, "w", &options, &fault), -EINVAL);
        path[198] = '\0';
        assert_int_equal(target_name(&name, "w", &options, &fault), 0);
}

static void the_environment_completes_for_all_but_root(void **state) {
        const Options options = {};
        const Options explicit = {.path = "bob"};
        char text[NAME_MAX_LENGTH + 2];
        Name name;

        setenv("ALBATROSS_PATH", "alice", 1);
        assert_int_equal(target_name(&name, "web", &options, NULL), 0);
        assert_string_equal(name.text, geteuid() == 0 ? "web" : "alice:web");
        assert_int_equal(target_name(&name, "web", &explicit, NULL), 0);
        assert_string_equal(name.text, "bob:web");
        target_text("web", &options, text);
        assert_string_equal(text, geteuid() == 0 ? "web" : ":web");
        unsetenv("ALBATROSS_PATH");
}

static void paths_are_completed_too(void **state) {
        const Options options = {.path = "alice"};
        Name path;

        assert_int_equal(target_path(&path, "bob", &options, NULL), 0);
        assert_string_equal(path.text, "alice:bob");
        assert_int_equal(target_path(&path, "bob:", &options, NULL), 0);
        assert_string_equal(path.text, "bob");
        assert_int_equal(target_path(&path, ":", &options, NULL), 0);
        assert_string_equal(path.text, "");
        assert_int_equal(target_default_path(&path, &options, NULL), 0);
        assert_string_equal(path.text, "alice");
        assert_true(target_is_path("alice:"));
        assert_true(target_is_path(":"));
        assert_false(target_is_path("alice"));
        assert_false(target_is_path(""));
}

static void an_own_path_completes_what_no_other_does(void **state) {
        const Options own = {.own_path = {"alice"}};
        const Options both = {.own_path = {"alice"}, .path = "bob"};
        char text[NAME_MAX_LENGTH + 2];
        Name name;

        assert_int_equal(target_name(&name, "web", &own, NULL), 0);
        assert_string_equal(name.text, "alice:web");
        assert_int_equal(target_name(&name, "alice", &own, NULL), 0);
        assert_string_equal(name.text, "alice:alice");
        /* Where a path is meant, it is itself. */
        assert_int_equal(target_path(&name, "Alice", &own, NULL), 0);
        assert_string_equal(name.text, "alice");
        assert_int_equal(target_path(&name, "team", &own, NULL), 0);
        assert_string_equal(name.text, "alice:team");
        assert_int_equal(target_path(&name, "alice:alice", &own, NULL), 0);
        assert_string_equal(name.text, "alice:alice");
        target_text("web", &own, text);
        assert_string_equal(text, ":web");

        assert_int_equal(target_name(&name, "web", &both, NULL), 0);
        assert_string_equal(name.text, "bob:web");
        assert_int_equal(target_path(&name, "alice", &both, NULL), 0);
        assert_string_equal(name.text, "bob:alice");
}

static void what_is_printed_can_be_typed_again(void **state) {
        const Options options = {.path = "alice"};
        const Options none = {};
        char text[NAME_MAX_LENGTH + 2];
        Name name;

        target_text("web", &options, text);
        assert_string_equal(text, ":web");
        assert_int_equal(target_name(&name, text, &options, NULL), 0);
        assert_string_equal(name.text, "web");
        target_text("alice:web", &options, text);
        assert_string_equal(text, "alice:web");
        target_text("web", &none, text);
        assert_string_equal(text, "web");
}

static void assert_command(char **argv, int argc, const char *expected) {
        _cleanup_(options_done) Options options = {};
        _cleanup_(freep) char *command = NULL;

        assert_int_equal(options_parse(&options, argc, argv, 0, NULL), 0);
        assert_int_equal(remote_command(&command, &options), 0);
        assert_string_equal(command, expected);
}

#define ARGV(...) ((char *[]){(char[]){"albatrossctl"}, __VA_ARGS__, NULL})
#define W(word)   ((char[]){word})
#define COMMAND(expected, ...)                                                                     \
        assert_command(ARGV(__VA_ARGS__), (int) N_ELEMENTS(ARGV(__VA_ARGS__)) - 1, expected)

static void the_other_host_gets_every_word_quoted(void **state) {
        COMMAND("albatrossctl --path='alice' 'list'", W("-H"), W("h"), W("-p"), W("alice"),
                W("list"));
        COMMAND("albatrossctl 'start' 'a'\\''; rm -rf ~ #' '$(id)'", W("start"), W("-Hh"),
                W("a'; rm -rf ~ #"), W("$(id)"));
        COMMAND("albatrossctl --property='A' --property='B' 'show' 'web'", W("-Hh"), W("show"),
                W("web"), W("-PA"), W("-PB"));
}

static void files_become_streams_there(void **state) {
        COMMAND("albatrossctl --memory='64' 'create' 'web' '-' '--' 'a b' '--c'", W("-Hh"),
                W("create"), W("web"), W("/my/img.spt"), W("--memory=64"), W("--"), W("a b"),
                W("--c"));
        COMMAND("albatrossctl 'inspect' '-'", W("-Hh"), W("inspect"), W("img"));
        COMMAND("albatrossctl 'get-image' 'web' '-'", W("-Hh"), W("get-image"), W("web"),
                W("file"));
        COMMAND("albatrossctl 'get-image' 'web' '-'", W("-Hh"), W("get-image"), W("web"));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_bare_label_is_completed),
                cmocka_unit_test(a_name_with_a_colon_is_absolute),
                cmocka_unit_test(refuses_paths_and_nonsense_as_names),
                cmocka_unit_test(refuses_what_gets_too_long_by_its_path),
                cmocka_unit_test(the_environment_completes_for_all_but_root),
                cmocka_unit_test(paths_are_completed_too),
                cmocka_unit_test(an_own_path_completes_what_no_other_does),
                cmocka_unit_test(what_is_printed_can_be_typed_again),
                cmocka_unit_test(the_other_host_gets_every_word_quoted),
                cmocka_unit_test(files_become_streams_there),
        };

        unsetenv("ALBATROSS_PATH");
        return cmocka_run_group_tests(tests, NULL, NULL);
}
