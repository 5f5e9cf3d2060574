/* SPDX-License-Identifier: ISC */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/mac.h"

static void check(const char *guest, const char *unikernel, const char *expected) {
        char text[MAC_TEXT_SIZE];
        Name name;
        Mac mac;

        assert_int_equal(name_parse(&name, unikernel, NULL), 0);
        mac = mac_derive(guest, &name);
        mac_format(&mac, text);
        assert_string_equal(text, expected);
}

/* As md5sum(1) has it of "servicealice:web" and so on. */
static void is_made_of_both_names(void **state) {
        check("service", "alice:web", "00:80:41:03:9d:1a");
        check("service", "ALICE:Web", "00:80:41:03:9d:1a");
        check("Service", "alice:web", "00:80:41:52:88:30");
        check("service2", "alice:bob:web", "00:80:41:c8:4e:ba");
        /* At the root, too, there is a ":". */
        check("service", "web", "00:80:41:42:21:ba");
        check("service", ":web", "00:80:41:42:21:ba");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(is_made_of_both_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
