/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "spt/arguments.h"
#include "spt/options.h"

#define MIB (1ULL << 20)

/* Arguments that can be written to, as those of main() can. */
typedef struct CommandLine {
        char bytes[512];
        char *argv[16];
        int argc;
} CommandLine;

static void command_line(CommandLine *line, const char *const *words) {
        char *next = line->bytes;

        line->argc = 0;
        for (; *words; words++) {
                assert_true(next + strlen(*words) < line->bytes + sizeof(line->bytes));
                line->argv[line->argc++] = next;
                next = stpcpy(next, *words) + 1;
        }
        line->argv[line->argc] = NULL;
}

#define WORDS(...) ((const char *const[]){"albatross-spt", __VA_ARGS__, NULL})

static int parse(Options *ret, Refusal *refusal, const char *const *words) {
        CommandLine line;
        int r;

        command_line(&line, words);
        r = options_parse(ret, line.argv, options_find_image(line.argc, line.argv), refusal);
        if (r == 0 && ret->verb == OPTIONS_RUN)
                assert_string_equal(ret->image, words[options_find_image(line.argc, line.argv)]);
        return r;
}

static void finds_the_image_where_solo5_does(void **state) {
        CommandLine line;

        command_line(&line, WORDS("image", "--mem=3"));
        assert_int_equal(options_find_image(line.argc, line.argv), 1);
        command_line(&line, WORDS("--mem=3", "image", "--", "x"));
        assert_int_equal(options_find_image(line.argc, line.argv), 2);
        command_line(&line, WORDS("--mem=3", "--", "--image"));
        assert_int_equal(options_find_image(line.argc, line.argv), 3);
        command_line(&line, WORDS("--mem=3"));
        assert_int_equal(options_find_image(line.argc, line.argv), 2);
        command_line(&line, WORDS("--"));
        assert_int_equal(options_find_image(line.argc, line.argv), 2);
}

static void takes_options_and_defaults(void **state) {
        Refusal refusal;
        Options options;

        assert_int_equal(parse(&options, &refusal, WORDS("image")), 0);
        assert_int_equal(options.verb, OPTIONS_RUN);
        assert_int_equal(options.mem_size, 512 * MIB);
        assert_int_equal(options.image_fd, -1);
        assert_int_equal(options.arguments_fd, -1);

        assert_int_equal(
                parse(&options, &refusal, WORDS("--mem=3", "--arguments=@7", "--", "@12", "x")), 0);
        assert_int_equal(options.mem_size, 3 * MIB);
        assert_int_equal(options.image_fd, 12);
        assert_int_equal(options.arguments_fd, 7);
}

static void help_and_version_need_no_image_and_come_first(void **state) {
        Refusal refusal;
        Options options;

        assert_int_equal(parse(&options, &refusal, WORDS("--version")), 0);
        assert_int_equal(options.verb, OPTIONS_VERSION);
        assert_int_equal(parse(&options, &refusal, WORDS("--nonsense", "--help", "image")), 0);
        assert_int_equal(options.verb, OPTIONS_HELP);
        /* Behind the image it is the guest's. */
        assert_int_equal(parse(&options, &refusal, WORDS("image", "--version")), 0);
        assert_int_equal(options.verb, OPTIONS_RUN);
}

static void refuses_what_it_does_not_know(void **state) {
        static const struct {
                const char *words[4], *sentence;
        } wrong[] = {
                {{"albatross-spt"}, "No image"},
                {{"albatross-spt", "--"}, "No image"},
                {{"albatross-spt", "--mem=3"}, "No image"},
                {{"albatross-spt", "--mem=", "image"}, "Not a number of MiB"},
                {{"albatross-spt", "--mem=0", "image"}, "Not a number of MiB"},
                {{"albatross-spt", "--mem=-1", "image"}, "Not a number of MiB"},
                {{"albatross-spt", "--mem=1G", "image"}, "Not a number of MiB"},
                {{"albatross-spt", "--mem=17592186044416", "image"}, "Not a number of MiB"},
                {{"albatross-spt", "--mem", "image"}, "Unknown option"},
                {{"albatross-spt", "-", "image"}, "Unknown option"},
                {{"albatross-spt", "--x-exec-heap", "image"}, "Unknown option"},
                {{"albatross-spt", "--net=tap0", "image"}, "Unknown option"},
                {{"albatross-spt", "--net-mtu:service=9000", "image"}, "Unknown option"},
                {{"albatross-spt", "--net:service", "image"}, "Not --net:NAME=VALUE"},
                {{"albatross-spt", "--arguments=7", "image"}, "Not a descriptor"},
                {{"albatross-spt", "--arguments=@", "image"}, "Not a descriptor"},
                {{"albatross-spt", "--arguments=@2", "image"}, "Not a descriptor"},
                {{"albatross-spt", "--arguments=@2147483648", "image"}, "Not a descriptor"},
                {{"albatross-spt", "@x"}, "Not a descriptor"},
                {{"albatross-spt", "@1"}, "Not a descriptor"},
        };

        for (size_t i = 0; i < N_ELEMENTS(wrong); i++) {
                Options options = {.mem_size = 7};
                Refusal refusal = {};

                assert_int_equal(parse(&options, &refusal, wrong[i].words), -EINVAL);
                assert_non_null(strstr(refusal.sentence, wrong[i].sentence));
                assert_int_equal(options.mem_size, 7);
                assert_null(options.image);
        }
}

static void joins_arguments_and_wipes_them(void **state) {
        Arguments arguments;
        CommandLine line;
        Refusal refusal;

        command_line(&line, WORDS("--key=abc", "", "d e"));
        assert_int_equal(arguments_take(&arguments, line.argv + 1, &refusal), 0);
        assert_string_equal(arguments.text, "--key=abc  d e");
        assert_int_equal(arguments.length, strlen(arguments.text));
        for (size_t i = sizeof("albatross-spt"); i < sizeof("albatross-spt\0--key=abc\0\0d e"); i++)
                assert_int_equal(line.bytes[i], 0);

        assert_int_equal(arguments_take(&arguments, line.argv + line.argc, &refusal), 0);
        assert_string_equal(arguments.text, "");
        assert_int_equal(arguments.length, 0);
}

static void bounds_arguments_and_wipes_also_those_refused(void **state) {
        _cleanup_(freep) char *longest = malloc(8192), *more = malloc(8193);
        Arguments arguments;
        Refusal refusal;

        memset(longest, 'x', 8191);
        longest[8191] = '\0';
        memset(more, 'x', 8192);
        more[8192] = '\0';

        assert_int_equal(arguments_take(&arguments, (char *[]){longest, NULL}, &refusal), 0);
        assert_int_equal(arguments.length, 8191);
        assert_int_equal(strlen(arguments.text), 8191);

        arguments.length = 5;
        assert_int_equal(arguments_take(&arguments, (char *[]){more, NULL}, &refusal), -EINVAL);
        assert_string_equal(refusal.sentence, "The guest's arguments are longer than 8191 bytes");
        assert_int_equal(arguments.length, 5);
        for (size_t i = 0; i <= 8192; i++)
                assert_int_equal(more[i], 0);
}

static int read_bytes(Arguments *ret, const void *bytes, size_t size, Refusal *refusal) {
        _cleanup_(fd_closep) int fd = file_memfd("arguments", bytes, size);

        assert_true(fd >= 0);
        return arguments_read(ret, fd, refusal);
}

static void reads_arguments_from_a_descriptor(void **state) {
        Arguments arguments;
        Refusal refusal;

        assert_int_equal(read_bytes(&arguments, "a\0bc\0\0d e\0", 10, &refusal), 0);
        assert_string_equal(arguments.text, "a bc  d e");
        assert_int_equal(arguments.length, 9);
        assert_int_equal(read_bytes(&arguments, "", 0, &refusal), 0);
        assert_string_equal(arguments.text, "");
        assert_int_equal(arguments.length, 0);
}

static void refuses_arguments_that_are_too_long_or_do_not_end(void **state) {
        _cleanup_(freep) char *bytes = calloc(1, 8193);
        Arguments arguments;
        Refusal refusal;
        int fds[2];

        memset(bytes, 'x', 8192);
        assert_int_equal(read_bytes(&arguments, bytes, 8193, &refusal), -EINVAL);
        assert_non_null(strstr(refusal.sentence, "longer than 8191"));
        bytes[8191] = '\0';
        assert_int_equal(read_bytes(&arguments, bytes, 8192, &refusal), 0);
        assert_int_equal(arguments.length, 8191);

        strcpy(arguments.text, "as before");
        assert_int_equal(read_bytes(&arguments, "a\0b", 3, &refusal), -EINVAL);
        assert_non_null(strstr(refusal.sentence, "does not end"));
        assert_string_equal(arguments.text, "as before");

        assert_int_equal(pipe(fds), 0);
        assert_int_equal(arguments_read(&arguments, fds[0], &refusal), -EINVAL);
        assert_non_null(strstr(refusal.sentence, "Cannot read"));
        close(fds[0]);
        close(fds[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(finds_the_image_where_solo5_does),
                cmocka_unit_test(takes_options_and_defaults),
                cmocka_unit_test(help_and_version_need_no_image_and_come_first),
                cmocka_unit_test(refuses_what_it_does_not_know),
                cmocka_unit_test(joins_arguments_and_wipes_them),
                cmocka_unit_test(bounds_arguments_and_wipes_also_those_refused),
                cmocka_unit_test(reads_arguments_from_a_descriptor),
                cmocka_unit_test(refuses_arguments_that_are_too_long_or_do_not_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
