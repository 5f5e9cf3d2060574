/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "ctl/options.h"
#include "ctl/verb.h"

#define NOW_USEC  UINT64_C(1763766082000000)
#define WORDS_MAX 64

/* Parses "albatrossctl" and the words of @line, which are separated by one space. */
typedef struct Parsed {
        Options options;
        Fault fault;
        int r;
        char line[1024];
        char *argv[WORDS_MAX + 1];
} Parsed;

static void parse(Parsed *ret, const char *line) {
        char *rest = ret->line;
        int argc = 1;

        memset(ret, 0, sizeof(*ret));
        strcpy(ret->line, line);
        ret->argv[0] = (char[]){"albatrossctl"};
        while (rest && *rest)
                ret->argv[argc++] = strsep(&rest, " ");
        ret->r = options_parse(&ret->options, argc, ret->argv, NOW_USEC, &ret->fault);
}

static void parsed_done(Parsed *parsed) {
        options_done(&parsed->options);
}

#define PARSED(variable, line)                                                                     \
        _cleanup_(parsed_done) Parsed variable;                                                    \
        parse(&(variable), line)

static void assert_refused(const char *line, const char *message) {
        PARSED(parsed, line);
        assert_int_equal(parsed.r, -EINVAL);
        assert_string_equal(parsed.fault.message, message);
        /* Untouched. */
        assert_null(parsed.options.verb);
        assert_null(parsed.options.args);
}

static void finds_the_verb_its_arguments_and_options(void **state) {
        PARSED(parsed, "-p alice create --memory=64 web --cpus 0-1 img.spt -- --ipv4=1 -q");

        assert_int_equal(parsed.r, 0);
        assert_ptr_equal(parsed.options.verb, verb_find("create"));
        assert_int_equal(parsed.options.n_args, 2);
        assert_string_equal(parsed.options.args[0], "web");
        assert_string_equal(parsed.options.args[1], "img.spt");
        assert_int_equal(parsed.options.memory_bytes, 64U << 20);
        assert_true(cpus_contains(&parsed.options.cpus, 1));
        assert_string_equal(parsed.options.path, "alice");
        assert_true(parsed.options.has_rest);
        assert_int_equal(parsed.options.n_rest, 2);
        assert_string_equal(parsed.options.rest[0], "--ipv4=1");
        assert_string_equal(parsed.options.rest[1], "-q");
        assert_false(option_given(&parsed.options, OPTION_QUIET));
}

static void options_stand_anywhere(void **state) {
        PARSED(parsed, "list -q alice --no-legend");

        assert_int_equal(parsed.r, 0);
        assert_true(option_given(&parsed.options, OPTION_QUIET));
        assert_true(option_given(&parsed.options, OPTION_NO_LEGEND));
        assert_int_equal(parsed.options.n_args, 1);
        assert_false(parsed.options.has_rest);
}

static void two_dashes_with_nothing_behind_are_seen(void **state) {
        PARSED(parsed, "create web img --");

        assert_int_equal(parsed.r, 0);
        assert_true(parsed.options.has_rest);
        assert_int_equal(parsed.options.n_rest, 0);
}

static void two_dashes_as_a_value_end_nothing(void **state) {
        PARSED(parsed, "list -p --");

        assert_int_equal(parsed.r, 0);
        assert_string_equal(parsed.options.path, "--");
        assert_false(parsed.options.has_rest);
}

static void two_dashes_end_the_options_of_other_verbs(void **state) {
        PARSED(parsed, "stop a -- b -q");

        assert_int_equal(parsed.r, 0);
        assert_int_equal(parsed.options.n_args, 3);
        assert_string_equal(parsed.options.args[1], "b");
        assert_string_equal(parsed.options.args[2], "-q");
        assert_int_equal(parsed.options.n_rest, 0);
        assert_false(option_given(&parsed.options, OPTION_QUIET));
}

static void a_lone_dash_is_an_argument(void **state) {
        PARSED(parsed, "create web -");

        assert_int_equal(parsed.r, 0);
        assert_string_equal(parsed.options.args[1], "-");
}

static void devices_add_up(void **state) {
        PARSED(parsed, "create web img --net=service:br0 --block storage:data@4096 "
                       "--net=other@02:00:00:00:00:01,isolated");

        assert_int_equal(parsed.r, 0);
        assert_int_equal(parsed.options.devices.n_nets, 2);
        assert_string_equal(parsed.options.devices.nets[0].bridge.text, "br0");
        assert_true(parsed.options.devices.nets[1].isolated);
        assert_int_equal(parsed.options.devices.n_blocks, 1);
        assert_int_equal(parsed.options.devices.blocks[0].sector_size, 4096);
}

static void refuses_devices_that_can_not_be(void **state) {
        assert_refused("create web img --net=:br0", "The device's name in the guest is empty");
        assert_refused("create web img --net=a --block=a", "The device a is given twice");
        assert_refused("create web img --net=a:b/c", "No bridge can be called \"b/c\"");
        assert_refused("create web img --block=a@100",
                       "A sector has 512 to 32768 bytes, a power of two, not 100");
}

static void an_empty_list_of_devices_is_one(void **state) {
        PARSED(parsed, "set web --net= --block= --restart --startup=7 --now --");

        assert_int_equal(parsed.r, 0);
        assert_true(option_given(&parsed.options, OPTION_NET));
        assert_true(option_given(&parsed.options, OPTION_BLOCK));
        assert_int_equal(parsed.options.devices.n_nets + parsed.options.devices.n_blocks, 0);
        assert_true(parsed.options.restart.restarts);
        assert_int_equal(parsed.options.startup, 7);
        assert_true(parsed.options.has_rest);
}

static void times_to_wait_are_whole_seconds(void **state) {
        PARSED(parsed, "update web img --wait-running");
        PARSED(other, "update web img --wait-running=3");

        assert_int_equal(parsed.options.wait_running_usec, 10000000);
        assert_int_equal(other.options.wait_running_usec, 3000000);
        assert_refused("update web img --wait-running=1.5",
                       "\"1.5\" of --wait-running is no number of seconds from 1 to 86400");
        assert_refused("set web --wait-running", "The verb 'set' takes no option '--wait-running'");
}

static void an_alias_is_its_verb(void **state) {
        PARSED(parsed, "logs -f -n 5 web");

        assert_int_equal(parsed.r, 0);
        assert_string_equal(parsed.options.verb->name, "console");
        assert_int_equal(parsed.options.n_lines, 5);
}

static void fields_add_up(void **state) {
        PARSED(parsed, "show web -P State --property=MainPID");

        assert_int_equal(parsed.r, 0);
        assert_int_equal(parsed.options.n_properties, 2);
        assert_string_equal(parsed.options.properties[1], "MainPID");
}

static void no_verb_is_no_mistake_here(void **state) {
        PARSED(parsed, "--version");

        assert_int_equal(parsed.r, 0);
        assert_null(parsed.options.verb);
        assert_true(option_given(&parsed.options, OPTION_VERSION));
}

static void help_needs_no_arguments(void **state) {
        PARSED(parsed, "create --help");

        assert_int_equal(parsed.r, 0);
        assert_true(option_given(&parsed.options, OPTION_HELP));
}

static void suggests_what_was_meant(void **state) {
        assert_refused("lsit", "Unknown verb 'lsit', did you mean 'list'?");
        assert_refused("creat web x", "Unknown verb 'creat', did you mean 'create'?");
        assert_refused("log web", "Unknown verb 'log', did you mean 'logs'?");
        assert_refused("frobnicate", "Unknown verb 'frobnicate'");
        assert_refused("list --qiet", "Unknown option '--qiet', did you mean '--quiet'?");
        assert_refused("create a b --memroy=3",
                       "Unknown option '--memroy', did you mean '--memory'?");
        assert_refused("list --frobnicate", "Unknown option '--frobnicate'");
        assert_refused("list -x", "Unknown option '-x'");
        assert_refused("list -qx", "Unknown option '-x'");
}

static void refuses_options_of_other_verbs(void **state) {
        assert_refused("list --memory=3", "The verb 'list' takes no option '--memory'");
        assert_refused("destroy --all", "The verb 'destroy' takes no option '--all'");
        assert_refused("start web -f", "The verb 'start' takes no option '--follow'");
}

static void block_is_a_size_where_limits_are_set(void **state) {
        PARSED(parsed, "--block=12G policy set alice --owner=alice --owner @staff --bridges= -q");
        const Options *options = &parsed.options;
        size_t i = 0;

        assert_int_equal(parsed.r, 0);
        assert_int_equal(options->devices.n_blocks, 0);
        assert_string_equal(options->values[OPTION_BLOCK], "12G");
        assert_string_equal(options->values[OPTION_BRIDGES], "");
        assert_string_equal(option_next_value(options, OPTION_OWNER, &i), "alice");
        assert_string_equal(option_next_value(options, OPTION_OWNER, &i), "@staff");
        assert_null(option_next_value(options, OPTION_OWNER, &i));
        assert_null(option_next_value(options, OPTION_OWNER, &i));
        assert_int_equal(options->n_all, 5);

        /* And nowhere else. */
        assert_refused("policy remove web --restart",
                       "The verb 'policy' takes no option '--restart'");
        assert_refused("create a b --owner=bob", "The verb 'create' takes no option '--owner'");
}

static void many_options_in_one_word_are_as_many(void **state) {
        PARSED(parsed, "list -qjqjqj");

        assert_int_equal(parsed.r, 0);
        assert_int_equal(parsed.options.n_all, 6);
}

static void refuses_too_few_and_too_many_arguments(void **state) {
        assert_refused("create web", "The verb 'create' takes more arguments");
        assert_refused("create web img arg",
                       "The verb 'create' takes the guest's arguments behind \"--\"");
        assert_refused("list a b", "The verb 'list' takes fewer arguments");
        assert_refused("list -- a b", "The verb 'list' takes fewer arguments");
        assert_refused("destroy", "The verb 'destroy' takes more arguments");
}

static void refuses_missing_and_superfluous_values(void **state) {
        assert_refused("list -p", "The option '--path' needs a value: PATH");
        assert_refused("list --json", "The option '--json' needs a value: pretty|short|off");
        assert_refused("list --quiet=yes", "The option '--quiet' takes no value");
}

static void refuses_values_out_of_form(void **state) {
        assert_refused("create a b --memory=x", "\"x\" is no size of a memory");
        assert_refused("create a b --memory=", "\"\" is no size of a memory");
        assert_refused("create a b --memory=0", "\"0\" is no size of a memory");
        assert_refused("create a b --memory=-1", "\"-1\" is no size of a memory");
        assert_refused("create a b --memory=1.5G", "\"1.5G\" is no size of a memory");
        assert_refused("create a b --memory=99999999T",
                       "\"99999999T\" is more memory than any machine has");
        assert_refused("create a b --cpus=", "\"\" in the CPU list \"\" is not a number");
        assert_refused("list --json=xml",
                       "\"xml\" is nothing that --json takes, which is pretty|short|off");
        assert_refused("logs -n x web", "\"x\" is nothing that --lines takes, which is N|all");
        assert_refused("logs -o fancy web", "\"fancy\" is nothing that --output takes, which is "
                                            "short|short-iso|cat|json");
        assert_refused("logs --since=later web", "\"later\" of --since is no time");
}

static void reads_all_lines_and_times(void **state) {
        PARSED(parsed, "logs web -n all --since=-5min --until=@7");

        assert_int_equal(parsed.r, 0);
        assert_true(parsed.options.n_lines == LINES_ALL);
        assert_true(parsed.options.since_usec == NOW_USEC - UINT64_C(300000000));
        assert_true(parsed.options.until_usec == 7000000);
}

static void every_verb_can_be_found(void **state) {
        for (size_t i = 0; i < n_verbs; i++) {
                assert_ptr_equal(verb_find(verbs[i].name), &verbs[i]);
                /* What is there and what is not yet exclude each other. */
                assert_true(!verbs[i].run || (verbs[i].synopsis && verbs[i].help));
        }
        assert_null(verb_find(""));
        assert_null(verb_find("List"));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(finds_the_verb_its_arguments_and_options),
                cmocka_unit_test(options_stand_anywhere),
                cmocka_unit_test(two_dashes_with_nothing_behind_are_seen),
                cmocka_unit_test(two_dashes_as_a_value_end_nothing),
                cmocka_unit_test(two_dashes_end_the_options_of_other_verbs),
                cmocka_unit_test(a_lone_dash_is_an_argument),
                cmocka_unit_test(devices_add_up),
                cmocka_unit_test(refuses_devices_that_can_not_be),
                cmocka_unit_test(an_empty_list_of_devices_is_one),
                cmocka_unit_test(times_to_wait_are_whole_seconds),
                cmocka_unit_test(an_alias_is_its_verb),
                cmocka_unit_test(fields_add_up),
                cmocka_unit_test(no_verb_is_no_mistake_here),
                cmocka_unit_test(help_needs_no_arguments),
                cmocka_unit_test(suggests_what_was_meant),
                cmocka_unit_test(refuses_options_of_other_verbs),
                cmocka_unit_test(block_is_a_size_where_limits_are_set),
                cmocka_unit_test(many_options_in_one_word_are_as_many),
                cmocka_unit_test(refuses_too_few_and_too_many_arguments),
                cmocka_unit_test(refuses_missing_and_superfluous_values),
                cmocka_unit_test(refuses_values_out_of_form),
                cmocka_unit_test(reads_all_lines_and_times),
                cmocka_unit_test(every_verb_can_be_found),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
